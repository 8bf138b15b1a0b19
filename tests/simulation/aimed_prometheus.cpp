// Aimed at what Prometheus has loaded, and when it looks.

#include "tests/simulation/aimed_runs.h"

namespace clickdeploy::simulation {

using namespace std::chrono_literals;
using Kind = NetworkFault::Kind;

namespace {

constexpr const char* kOtherRule = "click_deploy_service_cpu_usage_percent > 95";
constexpr const char* kBadRule = "sum((( click_deploy_service_cpu_usage_percent > 90";

bool is_reload(const http::Request& request) {
  return request.url.ends_with("/-/reload");
}

// A rule that cannot be parsed leaves the last good one active, also through a restart.
void rule_refused(SimWorld& world) {
  if (!has_fleet(world, 1)) return;
  const std::string good = world.prometheus.rule_expression("HighCPU");
  world.apply(policy_manifest(kBadRule));
  for (int life = 0; life < 2; ++life) {
    if (world.run_until([&] { return world.prometheus.rule_expression("HighCPU") != good; }, 90s)) {
      return world.report.add("S15", "a rule that is refused takes the last good one with it");
    }
    if (life == 0) world.crash();
    if (life == 0) world.boot();
  }
}

void expect_other_rule(SimWorld& world, std::chrono::nanoseconds limit) {
  const auto active = [&] { return world.prometheus.rule_expression("HighCPU") == kOtherRule; };
  comes_about(world, "L4", "a good rule does not become active", active, limit);
}

// Prometheus answers that it has reloaded, and has not.
void reload_ignored(SimWorld& world) {
  if (!has_fleet(world, 1)) return;
  int ignored = 1 + static_cast<int>(world.seed() % 2);
  world.network.faults = [&](const http::Request& request) -> std::optional<NetworkFault> {
    if (!is_reload(request) || ignored-- <= 0) return std::nullopt;
    return NetworkFault{.kind = Kind::Status, .status = 200};
  };
  world.apply(policy_manifest(kOtherRule));
  expect_other_rule(world, 15min);
  world.network.faults = nullptr;
}

// A reload fails for another reason than our rules, and the next one does not: the rules are taken
// for the reason.
void reload_fails(SimWorld& world) {
  if (!has_fleet(world, 1)) return;
  std::uint64_t number = 0;
  const std::uint64_t last = 1 + 2 * (world.seed() % 3);
  world.network.faults = [&](const http::Request& request) -> std::optional<NetworkFault> {
    if (!is_reload(request)) return std::nullopt;
    ++number;
    if (number > last || number % 2 == 0) return std::nullopt;
    return NetworkFault{.kind = Kind::Status, .status = 500, .body = "failed to reload config"};
  };
  world.apply(policy_manifest(kOtherRule));
  expect_other_rule(world, 30min);
  world.network.faults = nullptr;
}

// The cloud refuses every connection for some minutes: what is known stays monitored.
void cloud_outage(SimWorld& world) {
  if (!has_fleet(world, 3)) return;
  world.network.faults = [](const http::Request& request) -> std::optional<NetworkFault> {
    if (!request.url.starts_with(kCloudOrigin)) return std::nullopt;
    return NetworkFault{.kind = Kind::Refuse};
  };
  if (world.run_until([&] { return world.prometheus.targets() < 3; }, 5min)) {
    world.report.add("S13", "targets vanish while the cloud cannot be observed");
  }
  world.network.faults = nullptr;
}

bool is_gone(const SimWorld& world) {
  return world.objects(kServices).empty();
}

// Prometheus looks at its files rarely, and still scrapes what the last look showed.
void slow_discovery(SimWorld& world) {
  if (!has_fleet(world, 1)) return;
  world.prometheus.look_every(90s);
  world.run_for(90s + 1s * (world.seed() % 20));
  world.remove(kServices, kWeb);
  comes_about(world, "L3", "the Service does not go", [&] { return is_gone(world); }, 10min);
}

// The answers of Prometheus tell how it was a while ago, and a Service goes as soon as its first
// target is scraped.
void old_answers(SimWorld& world) {
  world.prometheus.look_every(60s);
  world.network.faults = [&](const http::Request& request) -> std::optional<NetworkFault> {
    if (!request.url.contains("/api/v1/targets")) return std::nullopt;
    return NetworkFault{.kind = Kind::LateAnswer, .delay = 1s * (15 + world.seed() % 10)};
  };
  world.apply(platform_manifests());
  for (int round = 0; round < 4 && world.report.empty(); ++round) {
    world.apply(service_manifest(1));
    const auto scraped = [&] { return world.prometheus.targets() == 1; };
    if (!comes_about(world, "L1", "nothing is scraped", scraped, 5min)) break;
    world.run_for(1s * round);
    world.remove(kServices, kWeb);
    comes_about(world, "L3", "the Service does not go", [&] { return is_gone(world); }, 10min);
  }
  world.network.faults = nullptr;
}

}  // namespace

std::vector<AimedRun> aimed_at_prometheus() {
  return {
      {"rule-refused", "a rule that cannot be parsed", rule_refused},
      {"reload-ignored", "Prometheus says that it has reloaded", reload_ignored},
      {"reload-fails", "a reload fails, and the next does not", reload_fails},
      {"cloud-outage", "the cloud is away", cloud_outage},
      {"slow-discovery", "Prometheus looks at its files rarely", slow_discovery},
      {"old-answers", "Prometheus answers late", old_answers},
  };
}

}  // namespace clickdeploy::simulation
