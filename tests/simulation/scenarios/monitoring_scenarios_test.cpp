// Hard scenarios about what Prometheus is told, and what it makes of it.

#include "controller/base/yaml.h"
#include "tests/simulation/checks/watched_world.h"
#include "tests/simulation/scenarios/scenario_world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;
using Kind = NetworkFault::Kind;

constexpr const char* kNewRule = "click_deploy_service_cpu_usage_percent > 97";
constexpr int kRules = 200;
constexpr int kBad = 77;

// With so many rules, of which one has this expression.
Json policy_of_many(const std::string& of_one) {
  Json policy = parse_single_yaml(policy_manifest("x")).value_or(Json());
  Json groups = Json::array();
  for (int from = 0; from < kRules; from += 50) {
    Json rules = Json::array();
    for (int i = from; i < from + 50; ++i) {
      const std::string usual = fmt::format("click_deploy_service_cpu_usage_percent > {}", i);
      rules.push_back(Json::object({{"alert", fmt::format("Rule{}", i)},
                                    {"expr", i == kBad ? of_one : usual},
                                    {"for", "5m"}}));
    }
    groups.push_back(
        Json::object({{"name", fmt::format("from-{}", from)}, {"rules", std::move(rules)}}));
  }
  policy.member("spec").set("rules", Json::object({{"groups", std::move(groups)}}));
  return policy;
}

TEST(Scenario, OneBadRuleOfTwoHundredKeepsItsLastGoodSelfAlsoThroughARestart) {
  replay({1}, [](SimWorld& world) {
    const std::string name = fmt::format("Rule{}", kBad);
    const std::string good = "click_deploy_service_cpu_usage_percent > 1";
    const std::string better = "click_deploy_service_cpu_usage_percent > 2";
    apply_fleet(world, 1);
    apply_object(world, policy_of_many(good));
    const auto loaded = [&](const std::string& expression) {
      return [&world, name, expression] {
        return world.prometheus.rule_expression(name) == expression;
      };
    };
    ASSERT_TRUE(world.run_until(loaded(good), 5min)) << describe(world);
    const std::size_t all = world.prometheus.rule_names().size();
    apply_object(world, policy_of_many("sum((( up"));
    const auto refused = [&] {
      return is_condition(world.object(kPolicies, kPolicy), "RulesLoaded", "False");
    };
    ASSERT_TRUE(world.run_until(refused, 2min)) << describe(world);
    for (int restarts = 0; restarts < 2; ++restarts) {
      world.run_for(1min);
      EXPECT_EQ(world.prometheus.rule_names().size(), all);
      EXPECT_TRUE(loaded(good)());
      EXPECT_TRUE(condition(world.object(kPolicies, kPolicy), "RulesLoaded")["message"]
                      .as_string()
                      .contains(name))
          << describe(world);
      world.prometheus.set_down(true);
      world.run_for(10s);
      world.prometheus.set_down(false);
    }
    apply_object(world, policy_of_many(better));
    ASSERT_TRUE(world.run_until(loaded(better), 2min)) << describe(world);
    EXPECT_EQ(world.prometheus.rule_names().size(), all);
  });
}

// Whatever a reload is answered with, RulesLoaded is True only when the rules are.
TEST(Scenario, RulesCountAsLoadedOnlyWhenPrometheusShowsThem) {
  using Answer = std::function<NetworkFault()>;
  const Answer kAnswers[] = {
      [] { return NetworkFault{.kind = Kind::Status, .status = 200, .body = ""}; },
      [] { return NetworkFault{.kind = Kind::Status, .status = 401, .body = "who?"}; },
      [] { return NetworkFault{.kind = Kind::Status, .status = 500, .body = "failed"}; },
      [] { return NetworkFault{.kind = Kind::Status, .status = 503, .body = "starting"}; },
      [] { return NetworkFault{.kind = Kind::Late, .delay = 40s}; },
  };
  for (const Answer& answer : kAnswers) {
    replay({1}, [&](SimWorld& world) {
      make_fleet(world, 1);
      const SteadyTime end = world.context().now() + 3min;
      world.network.faults = [&](const http::Request& request) -> std::optional<NetworkFault> {
        if (!request.url.ends_with("/-/reload") || world.context().now() > end) return std::nullopt;
        return answer();
      };
      world.apply(policy_manifest(kNewRule));
      const auto active = [&] { return world.prometheus.rule_expression("HighCPU") == kNewRule; };
      world.always = [&] {
        const Json& policy = world.object(kPolicies, kPolicy);
        const Json& told = condition(policy, "RulesLoaded");
        const bool of_new = told["observedGeneration"] == policy["metadata"]["generation"];
        if (!of_new || told["status"].as_string() != "True") return;
        EXPECT_TRUE(active());
        EXPECT_FALSE(world.prometheus.rule_names().empty());
      };
      ASSERT_TRUE(world.run_until(
          [&] {
            return active() &&
                   is_condition(world.object(kPolicies, kPolicy), "RulesLoaded", "True");
          },
          20min))
          << describe(world);
      world.always = nullptr;
      world.network.faults = nullptr;
    });
  }
}

// What anybody reads who reads at this moment: "" if every file is whole.
std::string torn_file(SimWorld& world) {
  const auto files = world.disk.list(kTargetsFolder);
  if (!files) return files.error().message();
  for (const FileInfo& file : *files) {
    if (!file.name.ends_with(".json")) continue;
    const Result<std::string> text = world.disk.read(kTargetsFolder + ("/" + file.name));
    const Result<Json> json = text ? parse_json(*text) : Result<Json>(Json());
    if (!json || !json->is_array()) return file.name + ": " + text.value_or("");
  }
  return "";
}

TEST(Scenario, WhoeverReadsTheTargetsReadsAWholeList) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 2);
    std::string torn;
    world.storage.after_change = [&] {
      if (torn.empty()) torn = torn_file(world);
    };
    SeededRandom dice(world.seed());
    for (int round = 0; round < 12; ++round) {
      const int replicas = static_cast<int>(dice.next() % 4);
      world.patch(kServices, kWeb, with_spec(Json::object({{"replicas", replicas}})));
      if (round % 3 == 0) world.crash_at(world.context().steps() + dice.next() % 2000);
      if (round % 4 == 0) {
        world.storage.faults.capacity_bytes = world.storage.used_bytes() + 2'000;
        world.run_for(5s);
        world.storage.faults.capacity_bytes.reset();
      }
      world.run_for(10s);
    }
    world.patch(kServices, kWeb, with_spec(Json::object({{"replicas", 2}})));
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 2); }, 10min)) << describe(world);
    // Somebody empties, then removes a file.
    for (const bool remove : {false, true}) {
      const auto files = world.disk.list(kTargetsFolder);
      ASSERT_TRUE(files);
      for (const FileInfo& file : *files) {
        if (!file.name.ends_with(".json")) continue;
        const std::string path = kTargetsFolder + ("/" + file.name);
        ASSERT_TRUE(remove ? world.disk.remove(path) : world.disk.write_atomic(path, "[]"));
      }
      const auto restored = [&] {
        const auto now = world.disk.list(kTargetsFolder);
        return now && std::ranges::any_of(*now, [&](const FileInfo& file) {
                 const auto text = world.disk.read(kTargetsFolder + ("/" + file.name));
                 return file.name.ends_with(".json") && text && text->contains("instance_id");
               });
      };
      ASSERT_TRUE(world.run_until(restored, 5min)) << describe(world);
      ASSERT_TRUE(world.run_until([&] { return is_converged(world, 2); }, 5min)) << describe(world);
    }
    // The last one leaves an empty list, or no file.
    world.patch(kServices, kWeb, with_spec(Json::object({{"replicas", 0}})));
    ASSERT_TRUE(world.run_until([&] { return world.prometheus.targets() == 0; }, 2min));
    EXPECT_EQ(torn, "");
    world.storage.after_change = nullptr;
  });
}

// Another controller has the folder: nothing of it is touched, and who has it is told.
TEST(Scenario, AFolderOfSomebodyElseIsLeftAlone) {
  replay({1}, [](SimWorld& world) {
    const std::string stamp = std::string(kTargetsFolder) + "/.clickdeploy-owner";
    const std::string theirs = std::string(kTargetsFolder) + "/clickdeploy-theirs.json";
    const std::string others = std::string(kTargetsFolder) + "/by-hand.json";
    const std::string owner = R"({"clusterID": "99999999-0000-4000-8000-000000000001"})";
    ASSERT_TRUE(world.disk.write_atomic(stamp, owner));
    ASSERT_TRUE(world.disk.write_atomic(theirs, "[]"));
    ASSERT_TRUE(world.disk.write_atomic(others, "[]"));
    apply_fleet(world, 1);
    world.run_for(5min);
    EXPECT_EQ(world.disk.read(stamp).value_or(""), owner);
    EXPECT_EQ(world.disk.list(kTargetsFolder).value_or(std::vector<FileInfo>()).size(), 3U);
    const Json& backend = world.object(kBackends, kBackend);
    EXPECT_FALSE(is_condition(backend, "Ready", "True"));
    EXPECT_TRUE(to_json(backend["status"]).contains("99999999")) << to_json(backend["status"]);
    // Its owner gives it up.
    ASSERT_TRUE(world.disk.remove(stamp));
    ASSERT_TRUE(world.disk.remove(theirs));
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 1); }, 5min)) << describe(world);
    EXPECT_EQ(world.disk.read(others).value_or(""), "[]");
    world.remove(kServices, kWeb);
    ASSERT_TRUE(world.run_until([&] { return is_all_gone(world); }, 5min)) << describe(world);
    EXPECT_EQ(world.disk.read(others).value_or(""), "[]");
  });
}

std::string policy_with_rules(const std::string& rules) {
  std::string text = policy_manifest("up > 1");
  const std::string from = "    groups:\n";
  return text.substr(0, text.find(from)) + from + rules;
}

// Rules as people write them: what cannot be meant is refused with its path, and nothing crashes.
TEST(Scenario, RulesThatAreWrittenOddlyAreRefusedWithTheirPathOrTakenAsTheyAre) {
  replay({1}, [](SimWorld& world) {
    apply_fleet(world, 1);
    const std::string group = "    - name: node\n      rules:\n";
    const std::string alert = "      - alert: HighCPU\n        expr: up > 1\n";
    const std::pair<std::string, const char*> kRefused[] = {
        {group + alert + "        for: 5\n", "spec.rules.groups[0].rules[0].for"},
        {group + alert + "        labels: {severity: 1}\n", "labels"},
        {group + alert + group + alert, "spec.rules.groups[1]"},
        {group + alert + "        annotations: {summary: No}\n", "annotations.summary"},
    };
    for (const auto& [rules, path] : kRefused) {
      SCOPED_TRACE(rules);
      const Result<Json> policy = parse_single_yaml(policy_with_rules(rules));
      ASSERT_TRUE(policy) << policy.error().message();
      const Result<void> refused = world.try_apply(*policy);
      ASSERT_FALSE(refused);
      EXPECT_TRUE(refused.error().message().contains(path)) << refused.error().message();
    }
    // Two thresholds of one alert are both kept.
    const std::string twice = group + alert + "        annotations: {summary: \"No\"}\n" +
                              "      - alert: HighCPU\n        expr: up > 2\n" +
                              "        labels: {severity: page}\n";
    world.apply(policy_with_rules(twice));
    const auto both = [&] {
      return std::ranges::count(world.prometheus.rule_names(), "HighCPU") == 2;
    };
    ASSERT_TRUE(world.run_until(both, 3min)) << describe(world);
    EXPECT_TRUE(world.run_until(
        [&] { return is_condition(world.object(kPolicies, kPolicy), "RulesLoaded", "True"); },
        3min));
    // Names of objects become names of files.
    Json odd = parse_single_yaml(policy_manifest("up > 3")).value_or(Json());
    odd.member("metadata").set("name", "../../etc/passwd");
    EXPECT_FALSE(world.try_apply(odd));
  });
}

// Statuses are written for an hour while the log of changes is compacted and watched; the files
// stay small.
TEST(Scenario, StatusesDoNotMakeTheDatabaseGrow) {
  WatchedWorld watched(1);
  SimWorld& world = watched.world;
  world.log_events_max = 200;
  world.crash();
  world.boot();
  make_fleet(world, 2);
  world.run_for(1h);
  EXPECT_GT(world.revision(), world.log_events_max);
  EXPECT_LE(world.storage.used_bytes(), 8U << 20);
  const store::Revision before = world.revision();
  world.power_loss();
  world.boot();
  EXPECT_GE(world.revision(), before);
  EXPECT_TRUE(world.run_until([&] { return is_converged(world, 2); }, 5min)) << describe(world);
}

}  // namespace
}  // namespace clickdeploy::simulation
