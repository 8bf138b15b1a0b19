#include "controller/base/json.h"
#include "tests/simulation/sim_fleet.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

// Through `bad` nothing is created or deleted, not even what is asked for; afterwards it is.
void expect_frozen_while(SimWorld& world, const std::function<void()>& begin,
                         const std::function<void()>& end) {
  make_fleet(world, 3);
  const std::vector<std::string> ids = our_server_ids(world);
  const std::size_t before = world.checker.mutations().size();
  begin();
  ASSERT_TRUE(world.run_until(
      [&] { return !is_condition(world.object(kClouds, kCloud), "Ready", "True"); }, 2min))
      << describe(world);
  EXPECT_EQ(condition(world.object(kClouds, kCloud), "Ready")["reason"].as_string(), "Blocked");
  world.patch(kServices, kWeb, Json::object({{"spec", Json::object({{"replicas", 4}})}}));
  world.run_for(15min);
  EXPECT_EQ(world.checker.mutations().size(), before) << describe(world);
  EXPECT_EQ(world.prometheus.targets(), 3U) << "a frozen cloud must not unregister its servers";
  end();
  ASSERT_TRUE(world.run_until([&] { return is_converged(world, 4); }, 10min)) << describe(world);
  for (const std::string& id : ids) {
    EXPECT_EQ(std::ranges::count(our_server_ids(world), id), 1);
  }
}

TEST(Simulation, AnotherProjectFreezesTheCloud) {
  replay({1, 2}, [](SimWorld& world) {
    expect_frozen_while(
        world, [&] { world.apply(secret_manifest("admin", "admin")); },
        [&] { world.apply(secret_manifest("controller", "demo")); });
  });
}

TEST(Simulation, AFleetThatIsSuddenlyMissingFreezesTheCloud) {
  replay({1, 2}, [](SimWorld& world) {
    auto begin = [&world] {
      world.network.faults = [](const http::Request& request) -> std::optional<NetworkFault> {
        const bool list =
            request.method == "GET" && request.url.contains("/compute/v2.1/servers/detail");
        if (!list) return std::nullopt;
        return NetworkFault{
            .kind = NetworkFault::Kind::Status, .status = 200, .body = R"({"servers": []})"};
      };
    };
    expect_frozen_while(world, begin, [&world] { world.network.faults = nullptr; });
  });
}

// Each booting server has a silence of its own, and each would wait for its own time-out.
TEST(Simulation, AnAlertmanagerThatTakesNoSilencesHoldsNobodyUp) {
  replay({1, 2}, [](SimWorld& world) {
    const std::string url = "http://alertmanager.sim:9093";
    world.network.route(url, [](http::Request) -> Task<http::Reply> {
      http::Reply nothing;
      nothing.response.status = 200;
      nothing.response.body = "[]";
      co_return nothing;
    });
    std::size_t in_a_row = 0;  // without another look at what is there
    std::size_t most = 0;
    world.network.faults = [&](const http::Request& request) -> std::optional<NetworkFault> {
      if (!request.url.starts_with(url + "/api/v2/silences")) return std::nullopt;
      if (request.method != "POST") in_a_row = 0;
      if (request.method != "POST") return std::nullopt;
      most = std::max(most, ++in_a_row);
      return NetworkFault{.kind = NetworkFault::Kind::Hang};
    };
    world.apply(platform_manifests());
    const Json alertmanager = Json::object({{"alertmanager", Json::object({{"url", url}})}});
    world.patch(kBackends, kBackend, Json::object({{"spec", alertmanager}}));
    const Json alerting =
        Json::object({{"alerting", Json::object({{"silenceDuringActions", true}})}});
    world.patch(kPolicies, kPolicy, Json::object({{"spec", alerting}}));
    world.run_for(1min);
    world.apply(service_manifest(12));
    EXPECT_TRUE(world.run_until([&] { return is_converged(world, 12); }, 3min)) << describe(world);
    EXPECT_EQ(most, 1U);
    world.network.faults = nullptr;
  });
}

// There are no alerts whose change would tell of it; looked at without a cause, the backend is
// every half minute.
TEST(Simulation, AnAlertmanagerThatFallsSilentIsSoonToldOf) {
  replay({1, 2}, [](SimWorld& world) {
    const std::string url = "http://alertmanager.sim:9093";
    bool silent = false;
    world.network.route(url, [&silent](http::Request) -> Task<http::Reply> {
      http::Reply reply;
      reply.response.status = silent ? 503 : 200;
      reply.response.body = "[]";
      co_return reply;
    });
    make_fleet(world, 1);
    const Json alertmanager = Json::object({{"alertmanager", Json::object({{"url", url}})}});
    world.patch(kBackends, kBackend, Json::object({{"spec", alertmanager}}));
    const auto becomes = [&world](const std::string& status, std::chrono::seconds within) {
      const auto is = [&] {
        return is_condition(world.object(kBackends, kBackend), "AlertmanagerReachable", status);
      };
      return world.run_until(is, within);
    };
    ASSERT_TRUE(becomes("True", 1min)) << describe(world);
    for (int i = 0; i < 8; ++i) {
      world.run_for(1min + std::chrono::seconds(7 * i));
      silent = true;
      // Two polls that fail, the second after a longer pause.
      EXPECT_TRUE(becomes("Unknown", 18s)) << describe(world);
      world.run_for(std::chrono::seconds(5 * i));
      silent = false;
      // The pause between polls that fail grows to half a minute.
      EXPECT_TRUE(becomes("True", 33s)) << describe(world);
    }
  });
}

// A Service without servers hears nothing by way of them, and looks by itself every two minutes.
TEST(Simulation, AServiceIsSoonToldThatNobodyKnowsItsAlerts) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 1);
    world.patch(kServices, kWeb, Json::object({{"spec", Json::object({{"replicas", 0}})}}));
    const auto becomes = [&world](const std::string& status, std::chrono::seconds within) {
      const auto is = [&] {
        return is_condition(world.object(kServices, kWeb), "AlertsObserved", status);
      };
      return world.run_until(is, within);
    };
    ASSERT_TRUE(world.run_until([&] { return world.objects(kInstances).empty(); }, 5min));
    ASSERT_TRUE(becomes("True", 3min)) << describe(world);
    for (int i = 0; i < 6; ++i) {
      world.run_for(1min + std::chrono::seconds(17 * i));
      world.prometheus.set_down(true);
      // What was seen is good for some time, and the pause between polls that fail grows.
      EXPECT_TRUE(becomes("Unknown", 80s)) << describe(world);
      world.run_for(std::chrono::seconds(5 * i));
      world.prometheus.set_down(false);
      EXPECT_TRUE(becomes("True", 60s)) << describe(world);
    }
  });
}

// Whoever reloads reads the files anew: what is not in them any more is news to nobody.
TEST(Simulation, TheLastTargetsGoAlsoWhenPrometheusIsReloadedAtOnce) {
  replay({1, 2}, [](SimWorld& world) {
    make_fleet(world, 1);
    world.prometheus.look_every(60s);
    world.run_for(10s);
    const http::Request reload{.method = "POST", .url = "/-/reload"};
    world.remove(kServices, kWeb);
    std::size_t files = world.disk.list(kTargetsFolder)->size();
    // At each change in the folder, before Prometheus looks there.
    world.always = [&] {
      const std::size_t now = world.disk.list(kTargetsFolder)->size();
      if (std::exchange(files, now) != now) world.prometheus.handle(reload);
    };
    ASSERT_TRUE(world.run_until([&] { return world.objects(kServices).empty(); }, 5min))
        << describe(world);
    world.run_for(11min);
    world.always = nullptr;
    EXPECT_EQ(world.prometheus.targets(), 0U);
    EXPECT_EQ(files, 1U) << "the stamp alone";
  });
}

TEST(Simulation, ABadRuleNeverTakesTheLastGoodOneDown) {
  replay({1, 2, 3}, [](SimWorld& world) {
    make_fleet(world, 2);
    const std::string good = world.prometheus.rule_expression("HighCPU");
    const std::size_t reloads = world.prometheus.reloads();
    world.apply(policy_manifest("sum((( click_deploy_service_cpu_usage_percent > 90"));
    ASSERT_TRUE(world.run_until(
        [&] { return is_condition(world.object(kPolicies, kPolicy), "RulesLoaded", "False"); },
        2min))
        << describe(world);
    world.run_for(5min);
    EXPECT_EQ(world.prometheus.rule_expression("HighCPU"), good);
    EXPECT_EQ(world.prometheus.reloads(), reloads) << "a bad rule is not even tried";
    const Json policy = world.object(kPolicies, kPolicy);
    EXPECT_EQ(policy["status"]["rules"][0]["state"].as_string(), "PreviousVersionLoaded");
    EXPECT_TRUE(condition(policy, "RulesLoaded")["message"].as_string().contains("parenthesis"))
        << to_json(policy["status"]);

    const std::string better = "click_deploy_service_cpu_usage_percent > 95";
    world.apply(policy_manifest(better));
    ASSERT_TRUE(world.run_until(
        [&] {
          return world.prometheus.rule_expression("HighCPU") == better && is_converged(world, 2);
        },
        2min))
        << describe(world);
  });
}

// Prometheus reads its whole configuration at a reload: what it refuses need not be ours.
TEST(Simulation, AReloadThatFailsForAnotherReasonIsTriedAgain) {
  replay({1, 2}, [](SimWorld& world) {
    world.network.faults = [](const http::Request& request) -> std::optional<NetworkFault> {
      if (!request.url.ends_with("/-/reload")) return std::nullopt;
      return NetworkFault{.kind = NetworkFault::Kind::Status,
                          .status = 500,
                          .body = "failed to reload config: somebody else's file"};
    };
    apply_fleet(world, 2);
    world.run_for(3min);
    EXPECT_EQ(world.prometheus.rule_expression("HighCPU"), "");
    world.network.faults = nullptr;
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 2); }, 15min)) << describe(world);
  });
}

TEST(Simulation, AnImageThatDoesNotExistLeavesNoPortsAndSaysSo) {
  replay({1, 2}, [](SimWorld& world) {
    world.apply(platform_manifests());
    world.apply(service_manifest(3, "no-such-image"));
    world.run_for(10min);
    EXPECT_TRUE(world.checker.our_ports().empty());
    EXPECT_TRUE(world.checker.our_servers().empty());
    EXPECT_EQ(world.objects(kInstances).size(), 3U);
    for (const Json& instance : world.objects(kInstances)) {
      const Json progressing = condition(instance, "Progressing");
      EXPECT_EQ(progressing["reason"].as_string(), "InvalidConfiguration");
      EXPECT_EQ(progressing["status"].as_string(), "False");
      EXPECT_TRUE(progressing["message"].as_string().contains("no-such-image"));
    }
    world.apply(service_manifest(3));
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 3); }, 10min)) << describe(world);
  });
}

TEST(Simulation, AServerThatFindsNoHostIsTriedAgainEverMoreSlowly) {
  replay({1}, [](SimWorld& world) {
    make_fleet(world, 2);
    const std::vector<std::string> healthy = our_server_ids(world);
    world.cloud.faults().no_valid_host = 1'000'000;
    world.always = [&world] {
      EXPECT_LE(world.checker.our_ports().size(), 3U);
      EXPECT_LE(world.checker.our_servers().size(), 3U);
    };
    world.patch(kServices, kWeb, Json::object({{"spec", Json::object({{"replicas", 3}})}}));
    world.run_for(10min);
    const std::size_t early = world.checker.count("POST", "/compute/v2.1/servers") - 2;
    EXPECT_GE(early, 3U);
    EXPECT_LE(early, 10U);
    world.run_for(30min);
    const std::size_t late = world.checker.count("POST", "/compute/v2.1/servers") - 2 - early;
    EXPECT_GE(late, 1U);
    EXPECT_LE(late, 6U);  // every ten minutes, less up to a half
    const Json service = world.object(kServices, kWeb);
    EXPECT_EQ(service["status"]["monitoredReplicas"].as_int(), 2) << describe(world);
    EXPECT_TRUE(condition(service, "Ready")["message"].as_string().contains("No valid host"))
        << describe(world);

    world.cloud.faults().no_valid_host = 0;
    ASSERT_TRUE(world.run_until([&] { return is_converged(world, 3); }, 20min)) << describe(world);
    for (const std::string& id : healthy) {
      EXPECT_EQ(std::ranges::count(our_server_ids(world), id), 1);
      EXPECT_EQ(world.checker.count("POST", "/compute/v2.1/servers/" + id), 0U);
    }
  });
}

}  // namespace
}  // namespace clickdeploy::simulation
