#include "tests/simulation/aimed_runs.h"

#include "tests/simulation/invariants.h"

#include <algorithm>
#include <iterator>

namespace clickdeploy::simulation {

using namespace std::chrono_literals;

const std::vector<AimedRun>& aimed_runs() {
  static const std::vector<AimedRun> kAll = [] {
    std::vector<AimedRun> all = aimed_at_cloud();
    std::ranges::copy(aimed_at_prometheus(), std::back_inserter(all));
    return all;
  }();
  return kAll;
}

std::vector<Violation> run_aimed(const AimedRun& run, std::uint64_t seed) {
  SimWorld world(seed);
  world.report.sink = [](const Violation&) {};
  Invariants invariants(world);
  world.always = [&invariants] { invariants.look(); };
  run.run(world);
  world.always = nullptr;
  return world.report.violations();
}

bool comes_about(SimWorld& world, const char* promise, const char* what,
                 const std::function<bool()>& predicate, std::chrono::nanoseconds limit) {
  const auto over = [&] { return !world.report.empty() || predicate(); };
  if (world.run_until(over, limit)) return world.report.empty();
  world.report.add(promise, what + ("\n" + describe(world)));
  return false;
}

bool has_fleet(SimWorld& world, int replicas) {
  apply_fleet(world, replicas);
  const Json protection = Json::object({{"missingFleetThreshold", "100%"}});
  world.patch(kClouds, kCloud, spec_of("protection", protection));
  world.patch(kServices, kWeb, spec_of("remediation", Json::object({{"maxUnhealthy", "100%"}})));
  const auto converged = [&] { return is_converged(world, replicas); };
  return comes_about(world, "L1", "the fleet does not come up", converged, 5min);
}

Json spec_of(const char* name, Json value) {
  return Json::object({{"spec", Json::object({{name, std::move(value)}})}});
}

}  // namespace clickdeploy::simulation
