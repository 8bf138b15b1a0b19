// Each curated alert fires when it should, and not when it should not, as the real promtool
// evaluates it.

#include "controller/prometheus/default_alerts.h"

#include "controller/prometheus/promql.h"
#include "tests/prometheus/rule_bench.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace clickdeploy::prometheus {
namespace {

const AlertedFleet kFleet{.services = {{"s", "p", "shop", "web"},
                                       {"s2", "p", "shop", "api"},
                                       {"s3", "p", "shop", "asleep", false}},
                          .agents = {"node-exporter", "cadvisor"}};

std::vector<RuleGroup> group_of(const std::string& key, const AlertSettings& settings = {}) {
  return {{.name = "g", .interval = "", .rules = default_alert_rules(key, settings, kFleet)}};
}

std::string labels_of(const std::string& instance, const std::string& agent = "node-exporter") {
  return fmt::format(
      R"(managed_by="click-deploy",project_id="p",service_id="s",instance_id="{0}",service="web",)"
      R"(namespace="shop",instance_name="web-{0}",agent="{1}")",
      instance, agent);
}

// Labels of an alert about an Instance.
Labels about(const std::string& instance, Labels more = {}) {
  Labels labels = {{"project_id", "p"},       {"service_id", "s"},
                   {"instance_id", instance}, {"service", "web"},
                   {"namespace", "shop"},     {"instance_name", "web-" + instance},
                   {"severity", "ticket"}};
  for (auto& [name, value] : more) labels[name] = value;
  return labels;
}

Labels about_target(const std::string& instance, Labels more = {}) {
  Labels labels = about(instance, {{"managed_by", "click-deploy"}, {"agent", "node-exporter"}});
  for (auto& [name, value] : more) labels[name] = value;
  return labels;
}

TEST(DefaultAlerts, InstanceDownIsOfAllItsAgents) {
  RuleBench bench(group_of("instanceDown"));
  bench.given("up{" + labels_of("1") + "}", "0x40");
  bench.given("up{" + labels_of("1", "cadvisor") + "}", "0x40");
  bench.given("up{" + labels_of("2") + "}", "0x40");
  bench.given("up{" + labels_of("2", "cadvisor") + "}", "1x40");
  bench.given(R"(up{job="foreign",instance_id="3"})", "0x40");
  bench.expect_alerts("4m", "InstanceDown", {});
  bench.expect_alerts("6m", "InstanceDown", {about("1", {{"severity", "page"}})});
  bench.run();
}

TEST(DefaultAlerts, AgentDownNeedsAnotherThatIsUp) {
  RuleBench bench(group_of("agentDown"));
  bench.given("up{" + labels_of("1") + "}", "0x40");
  bench.given("up{" + labels_of("2") + "}", "0x40");
  bench.given("up{" + labels_of("2", "cadvisor") + "}", "1x40");
  bench.expect_alerts("11m", "AgentDown", {about_target("2")});
  bench.run();
}

TEST(DefaultAlerts, TargetMissingIsToldOfEachServiceThatShouldHaveSome) {
  RuleBench bench(group_of("targetMissing"));
  bench.given("up{" + labels_of("1") + "}", "0x40");
  bench.given(R"(up{service_id="s2"})", "1x40");  // not of ours
  bench.expect_alerts("11m", "TargetMissing",
                      {{{"severity", "page"},
                        {"managed_by", "click-deploy"},
                        {"project_id", "p"},
                        {"service_id", "s2"},
                        {"service", "api"},
                        {"namespace", "shop"}}});
  bench.run();
}

TEST(DefaultAlerts, DiskFullLooksAtRealDisks) {
  RuleBench bench(group_of("diskFull"));
  const auto disk = [&](const std::string& mount, const std::string& type, const char* available) {
    const std::string labels = fmt::format(R"({},device="/dev/vda1",mountpoint="{}",fstype="{}")",
                                           labels_of("1"), mount, type);
    bench.given("node_filesystem_avail_bytes{" + labels + "}", available);
    bench.given("node_filesystem_size_bytes{" + labels + "}", "100x60");
  };
  disk("/", "ext4", "9x60");
  disk("/data", "ext4", "11x60");
  disk("/run", "tmpfs", "1x60");
  const Labels full =
      about_target("1", {{"device", "/dev/vda1"}, {"mountpoint", "/"}, {"fstype", "ext4"}});
  bench.expect_alerts("14m", "DiskNearlyFull", {});
  bench.expect_alerts("16m", "DiskNearlyFull", {full});
  bench.run();
}

TEST(DefaultAlerts, DiskFillingLooksAhead) {
  RuleBench bench(group_of("diskFilling"), "5m");
  const auto disk = [&](const std::string& mount, const char* available) {
    const std::string labels =
        fmt::format(R"({},mountpoint="{}",fstype="ext4")", labels_of("1"), mount);
    bench.given("node_filesystem_avail_bytes{" + labels + "}", available);
    bench.given("node_filesystem_size_bytes{" + labels + "}", "1000x100");
  };
  disk("/fast", "300-1x100");    // empty in a day and two hours at first, then sooner
  disk("/slow", "300-0.1x100");  // in ten days
  disk("/large", "900-1x100");   // three days, and hardly used
  bench.expect_alerts("7h", "DiskFilling",
                      {about_target("1", {{"mountpoint", "/fast"}, {"fstype", "ext4"}})});
  bench.run();
}

TEST(DefaultAlerts, MemoryAndCpuOfInstances) {
  std::vector<RuleGroup> groups = group_of("memoryLow");
  for (RuleGroup& group : group_of("cpuHigh")) {
    group.name = "cpu";
    groups.push_back(group);
  }
  RuleBench bench(groups);
  bench.given("node_memory_MemAvailable_bytes{" + labels_of("1") + "}", "4x100");
  bench.given("node_memory_MemTotal_bytes{" + labels_of("1") + "}", "100x100");
  bench.given("node_memory_MemAvailable_bytes{" + labels_of("2") + "}", "6x100");
  bench.given("node_memory_MemTotal_bytes{" + labels_of("2") + "}", "100x100");
  bench.given("node_cpu_seconds_total{" + labels_of("1") + R"(,cpu="0",mode="idle"})", "0+1.2x100");
  bench.given("node_cpu_seconds_total{" + labels_of("2") + R"(,cpu="0",mode="idle"})", "0+3x100");
  bench.expect_alerts("16m", "InstanceMemoryLow", {about_target("1")});
  bench.expect_alerts("16m", "InstanceCPUHigh", {});
  bench.expect_alerts("33m", "InstanceCPUHigh", {about("1")});
  bench.run();
}

TEST(DefaultAlerts, AgentsAreLookedAtAndApplicationsAreNot) {
  std::vector<RuleGroup> groups =
      group_of("agentMemory", {.for_duration = "1m", .severity = "page", .threshold = 50});
  for (RuleGroup& group : group_of("agentRestarting")) {
    group.name = "restarts";
    groups.push_back(group);
  }
  RuleBench bench(groups, "1m");
  bench.given("process_resident_memory_bytes{" + labels_of("1") + "}", "60000000x70");
  bench.given("process_resident_memory_bytes{" + labels_of("2") + "}", "50000000x70");
  bench.given("process_resident_memory_bytes{" + labels_of("1", "app") + "}", "900000000x70");
  bench.given("process_start_time_seconds{" + labels_of("1") + "}", "0+1x70");
  bench.given("process_start_time_seconds{" + labels_of("2") + "}", "0x30 5x40");
  bench.expect_alerts("2m", "AgentMemoryHigh", {about_target("1", {{"severity", "page"}})});
  bench.expect_alerts("60m", "AgentRestarting", {about_target("1")});
  bench.run();
}

TEST(DefaultAlerts, ExpectedDownIsWhatTheControllerSays) {
  RuleBench bench({{.name = "g", .interval = "", .rules = {expected_down_rule()}}});
  bench.given(R"(click_deploy_expected_down{service_id="s",instance_id="1"})", "1x10");
  bench.expect_alerts("1m", "ClickDeployExpectedDown",
                      {{{"service_id", "s"}, {"instance_id", "1"}, {"severity", "none"}}});
  bench.run();
}

TEST(DefaultAlerts, EachCanBeParsedAndSaysWhatItIs) {
  ASSERT_EQ(default_alerts().size(), 9u);
  for (const DefaultAlert& alert : default_alerts()) {
    const std::vector<Rule> rules = default_alert_rules(alert.key, {}, kFleet);
    ASSERT_FALSE(rules.empty()) << alert.key;
    for (const Rule& rule : rules) {
      EXPECT_EQ(rule.alert, alert.name);
      EXPECT_TRUE(promql::parse_promql(rule.expr)) << rule.expr;
      EXPECT_TRUE(rule.annotations.contains("summary"));
      EXPECT_TRUE(rule.labels.contains("severity"));
    }
  }
  EXPECT_TRUE(default_alert_rules("nothing", {}, kFleet).empty());
}

}  // namespace
}  // namespace clickdeploy::prometheus
