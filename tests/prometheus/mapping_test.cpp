// The mapping's rules, evaluated by the real promtool on series as exporters give them.

#include "controller/async/disk.h"
#include "controller/async/process.h"
#include "controller/base/json.h"
#include "controller/base/yaml.h"
#include "controller/prometheus/rule_files.h"
#include "tests/testing/golden.h"
#include "tests/testing/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace clickdeploy::prometheus {
namespace {

constexpr std::string_view kFirst =
    R"(managed_by="click-deploy",project_id="p",service_id="s",instance_id="i-1",agent="node-exporter")";
constexpr std::string_view kSecond =
    R"(managed_by="click-deploy",project_id="p",service_id="s",instance_id="i-2",agent="node-exporter")";
constexpr std::string_view kForeign = R"(project_id="p",service_id="s",instance_id="i-9")";

Json series(std::string_view metric, std::string_view labels, std::string_view more,
            std::string_view values) {
  return Json::object(
      {{"series", fmt::format("{}{{{}{}}}", metric, labels, more)}, {"values", values}});
}

struct Expected {
  std::string labels;
  double value = 0;
};

class Mapping : public ::testing::Test {
 protected:
  void given(Json one_series) { series_.push_back(std::move(one_series)); }

  // Eight minutes on, `metric` has exactly these samples.
  void expect(const std::string& metric, const std::vector<Expected>& samples) {
    Json wanted = Json::array();
    for (const Expected& sample : samples) {
      wanted.push_back(Json::object(
          {{"labels", fmt::format("{}{{{}}}", metric, sample.labels)}, {"value", sample.value}}));
    }
    expectations_.push_back(
        Json::object({{"expr", metric}, {"eval_time", "8m"}, {"exp_samples", std::move(wanted)}}));
  }

  void TearDown() override {
    PosixDisk disk;
    const RuleFile rules =
        render_rule_file("clickdeploy-mapping.yml", "c1/shop/main", mapping_rule_groups("15s"));
    ASSERT_TRUE(disk.write_atomic(folder_ / "rules.yml", rules.text, 0644));
    const Json test = Json::object(
        {{"interval", "15s"}, {"input_series", series_}, {"promql_expr_test", expectations_}});
    const Json file = Json::object({{"rule_files", Json::array({"rules.yml"})},
                                    {"evaluation_interval", "15s"},
                                    {"tests", Json::array({test})}});
    ASSERT_TRUE(disk.write_atomic(folder_ / "test.yml", to_yaml(file), 0644));
    SystemProcessRunner processes;
    const Result<ProcessResult> result = processes.run(
        {"promtool", "test", "rules", folder_ / "test.yml"}, std::chrono::seconds(60));
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_EQ(result->exit_code, 0) << result->out << result->err;
  }

  testing::TemporaryFolder folder_;
  Json series_ = Json::array();
  Json expectations_ = Json::array();
};

constexpr const char* kService = R"(project_id="p",service_id="s")";
constexpr const char* kInstance1 = R"(project_id="p",service_id="s",instance_id="i-1")";
constexpr const char* kInstance2 = R"(project_id="p",service_id="s",instance_id="i-2")";

TEST_F(Mapping, CpuIsTheShareThatIsNotIdle) {
  given(series("node_cpu_seconds_total", kFirst, R"(,cpu="0",mode="idle")", "0+7.5x40"));
  given(series("node_cpu_seconds_total", kFirst, R"(,cpu="1",mode="idle")", "0+15x40"));
  given(series("node_cpu_seconds_total", kFirst, R"(,cpu="1",mode="user")", "0+15x40"));
  given(series("node_cpu_seconds_total", kSecond, R"(,cpu="0",mode="idle")", "0+0x40"));
  given(series("node_cpu_seconds_total", kForeign, R"(,cpu="0",mode="idle")", "0+15x40"));
  expect("click_deploy_service_cpu_usage_percent", {{kService, 50}});
  expect("click_deploy_instance_cpu_usage_percent", {{kInstance1, 25}, {kInstance2, 100}});
}

TEST_F(Mapping, CpuIsNeverBelowZero) {
  given(series("node_cpu_seconds_total", kFirst, R"(,cpu="0",mode="idle")", "0+15.1x40"));
  expect("click_deploy_instance_cpu_usage_percent", {{kInstance1, 0}});
}

TEST_F(Mapping, MemoryIsWhatIsNotAvailable) {
  given(series("node_memory_MemTotal_bytes", kFirst, "", "1000x40"));
  given(series("node_memory_MemAvailable_bytes", kFirst, "", "400x40"));
  given(series("node_memory_MemTotal_bytes", kSecond, "", "2000x40"));
  given(series("node_memory_MemAvailable_bytes", kSecond, "", "2000x40"));
  given(series("node_memory_MemTotal_bytes", kForeign, "", "5000x40"));
  given(series("node_memory_MemAvailable_bytes", kForeign, "", "1x40"));
  expect("click_deploy_service_memory_usage_bytes", {{kService, 600}});
  expect("click_deploy_instance_memory_usage_bytes", {{kInstance1, 600}, {kInstance2, 0}});
}

TEST_F(Mapping, NetworkCountsRealDevicesOnly) {
  for (const char* device : {"eth0", "ens3", "bond0"}) {
    given(series("node_network_receive_bytes_total", kFirst, fmt::format(",device=\"{}\"", device),
                 "0+1000x40"));
  }
  for (const char* device :
       {"lo", "veth12ab", "docker0", "br-1f", "cni0", "virbr0", "ifb0", "tun0", "tap1"}) {
    given(series("node_network_receive_bytes_total", kFirst, fmt::format(",device=\"{}\"", device),
                 "0+77777x40"));
  }
  given(series("node_network_receive_bytes_total", kSecond, R"(,device="eth0")", "5x40"));
  given(series("node_network_transmit_bytes_total", kSecond, R"(,device="eth0")", "7x40"));
  expect("click_deploy_service_network_traffic_in_bytes_total", {{kService, 96005}});
  expect("click_deploy_service_network_traffic_out_bytes_total", {{kService, 7}});
  expect("click_deploy_instance_network_traffic_in_bytes_total",
         {{kInstance1, 96000}, {kInstance2, 5}});
  expect("click_deploy_instance_network_traffic_out_bytes_total", {{kInstance2, 7}});
}

TEST_F(Mapping, SilenceIsZeroAndAbsenceIsNothing) {
  given(series("node_network_receive_bytes_total", kFirst, R"(,device="eth0")", "0x40"));
  expect("click_deploy_instance_network_traffic_in_bytes_total", {{kInstance1, 0}});
  expect("click_deploy_instance_network_traffic_out_bytes_total", {});
  expect("click_deploy_service_cpu_usage_percent", {});
  expect("click_deploy_service_memory_usage_bytes", {});
  expect("click_deploy_agent_memory_bytes", {});
}

TEST_F(Mapping, AgentsTellWhatTheyUseThemselves) {
  given(series("process_resident_memory_bytes", kFirst, "", "20000000x40"));
  given(series("process_cpu_seconds_total", kFirst, "", "0+15x40"));
  given(series("process_resident_memory_bytes", kForeign, "", "1x40"));
  const std::string labels = std::string(kInstance1) + R"(,agent="node-exporter")";
  expect("click_deploy_agent_memory_bytes", {{labels, 20000000}});
  expect("click_deploy_agent_cpu_usage_percent", {{labels, 100}});
}

TEST(MappingText, IsAsReviewed) {
  testing::expect_golden(
      "prometheus/mapping.yml",
      render_rule_file("clickdeploy-mapping.yml", "c1/shop/main", mapping_rule_groups("30s")).text);
}

}  // namespace
}  // namespace clickdeploy::prometheus
