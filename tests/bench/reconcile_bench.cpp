#include "controller/reconcilers/service/service_plan.h"
#include "tests/bench/fleet_world.h"
#include "tests/bench/heap_count.h"
#include "tests/bench/measure.h"

#include <fmt/format.h>

namespace clickdeploy::bench {

using api::ObjectKey;
using api::v1alpha1::Instance;
using reconcilers::InstanceObserved;
using reconcilers::ServiceObserved;

namespace {

Task<Result<void>> reconcile_many(runtime::Reconciler& reconciler, std::vector<ObjectKey> keys,
                                  std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    ObjectKey key = keys[i % keys.size()];
    Result<runtime::ReconcileResult> result = co_await reconciler.reconcile(std::move(key));
    if (!result) co_return std::unexpected(std::move(result).error());
  }
  co_return Result<void>{};
}

// A plan is so much quicker than a reconcile that more of them are needed for a time worth having.
constexpr std::size_t kPlans = 50;

struct Cost {
  double micros = 0;
  double allocations = 0;
};

Cost cost_of(std::size_t count, const std::function<void()>& work) {
  const std::uint64_t before = allocations();
  const Stopwatch watch;
  work();
  const double n = static_cast<double>(count);
  return {watch.seconds() * 1e6 / n, static_cast<double>(allocations() - before) / n};
}

std::string limit_text(double our_allocations, double limit_allocations) {
  return fmt::format("one get from the cache and one plan (allocations: {:.0f} against {:.0f})",
                     our_allocations, limit_allocations);
}

template <class Kind>
std::vector<ObjectKey> keys_of(const runtime::Informer<Kind>& cache) {
  std::vector<ObjectKey> keys;
  for (const auto& object : cache.list()) keys.push_back(object->metadata.key());
  return keys;
}

// What the reconciler would see, seen before the clock runs.
std::vector<InstanceObserved> observe_all(const FleetWorld& world) {
  std::vector<InstanceObserved> all;
  for (const auto& instance : world.caches().instances.list()) {
    InstanceObserved observed;
    observed.cloud = InstanceObserved::Cloud::Trusted;
    observed.now = world.now();
    observed.server = openstack::Server{.id = instance->status.server.id, .status = "ACTIVE"};
    observed.agents = {{.name = "node-exporter",
                        .address = instance->status.address + ":9100",
                        .target = reconcilers::TargetView::Up}};
    all.push_back(std::move(observed));
  }
  return all;
}

Cost reconcile_cost(FleetWorld& world, runtime::Reconciler& reconciler,
                    const std::vector<ObjectKey>& keys, std::size_t count) {
  const store::Revision before = world.revision();
  const Cost cost = cost_of(count, [&] {
    Result<void> done = world.run(reconcile_many(reconciler, keys, count));
    if (!done) give_up(done.error().message());
  });
  if (world.revision() != before) give_up("a reconcile that had nothing to do wrote something");
  return cost;
}

void bench_instances(FleetWorld& world, const Sizes& sizes, Report& report) {
  const std::vector<ObjectKey> keys = keys_of(world.caches().instances);
  const std::vector<InstanceObserved> observed = observe_all(world);
  const std::string token(32, 'a');
  double our_allocations = 0;
  double limit_allocations = 0;
  const auto ours = [&] {
    const Cost cost = reconcile_cost(world, world.instances(), keys, sizes.reconciles);
    our_allocations = cost.allocations;
    return cost.micros;
  };
  const auto limit = [&] {
    bool quiet = true;
    const std::size_t count = sizes.reconciles * kPlans;
    const Cost cost = cost_of(count, [&] {
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = i % keys.size();
        const auto instance = world.caches().instances.get(keys[at]);
        const auto action = reconcilers::plan_instance(*instance, observed[at], token);
        const auto* rest = std::get_if<reconcilers::Rest>(&action);
        quiet = quiet && rest != nullptr && rest->reason.empty();
      }
    });
    if (!quiet) give_up("the plan of a healthy Instance is not to rest");
    limit_allocations = cost.allocations;
    return cost.micros;
  };
  const Taken taken = take_turns(sizes.rounds, ours, limit);
  report.add({.name = fmt::format("no-op reconcile, Instance (fleet of {})", keys.size()),
              .unit = "us",
              .better = Better::Lower,
              .taken = taken,
              .limit_is = limit_text(our_allocations, limit_allocations)});
}

void bench_services(FleetWorld& world, const Sizes& sizes, Report& report) {
  const std::vector<ObjectKey> keys = keys_of(world.caches().services);
  std::vector<ServiceObserved> observed(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto service = world.caches().services.get(keys[i]);
    observed[i].project_id = service->spec.project_id;
    for (const auto& instance : world.caches().instances.list()) {
      if (instance->spec.service_name != keys[i].name) continue;
      observed[i].instances.push_back(*instance);
      observed[i].agents = instance->spec.agents;
    }
  }
  const std::size_t count = std::max<std::size_t>(sizes.reconciles / sizes.replicas, 4);
  double our_allocations = 0;
  double limit_allocations = 0;
  const auto ours = [&] {
    const Cost cost = reconcile_cost(world, world.services(), keys, count);
    our_allocations = cost.allocations;
    return cost.micros;
  };
  const auto limit = [&] {
    bool quiet = true;
    const Cost cost = cost_of(count, [&] {
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = i % keys.size();
        const auto service = world.caches().services.get(keys[at]);
        quiet = quiet && reconcilers::plan_service(*service, observed[at]).empty();
      }
    });
    if (!quiet) give_up("the plan of a healthy Service is not empty");
    limit_allocations = cost.allocations;
    return cost.micros;
  };
  const Taken taken = take_turns(sizes.rounds, ours, limit);
  report.add({.name = fmt::format("no-op reconcile, Service of {}", sizes.replicas),
              .unit = "us",
              .better = Better::Lower,
              .taken = taken,
              .limit_is = limit_text(our_allocations, limit_allocations)});
}

}  // namespace

void bench_reconciles(const Sizes& sizes, const std::string& folder, Report& report) {
  report.begin(fmt::format("reconciles with nothing to do: {} Services of {} Instances",
                           sizes.services, sizes.replicas));
  FleetWorld world(folder + "/reconciles.db", sizes.services, sizes.replicas);
  bench_instances(world, sizes, report);
  bench_services(world, sizes, report);
}

}  // namespace clickdeploy::bench
