// ChainTimes: how long it takes until what was asked for is proven by Prometheus. The times of the
// whole chain, from a server's start and from a change of rules, for our own /metrics.
//
// It is shown each change of the caches and measures with the steady clock from the change that
// begins a wait to the one that ends it. Only a wait that this process has seen begin is counted:
// after a restart a fleet that was proven before, or broke meanwhile, adds nothing.
//
// Threads: that of the caches. Lifetime: the clock outlives it. It keeps one entry for each
// Instance and policy that waits now.

#pragma once

#include "api/meta/object_meta.h"
#include "api/v1alpha1/instance.h"
#include "api/v1alpha1/monitoring_policy.h"
#include "controller/async/clock.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>

namespace clickdeploy::app {

// What a histogram of Prometheus tells: how many took at most so many seconds.
struct Durations {
  static constexpr std::array<double, 11> kBounds{1, 2.5, 5, 10, 15, 30, 60, 120, 300, 600, 1800};

  std::array<std::uint64_t, kBounds.size()> at_most{};  // by bound; each contains those before it
  std::uint64_t count = 0;
  double sum_seconds = 0;

  void add(std::chrono::nanoseconds duration);
};

class ChainTimes {
 public:
  explicit ChainTimes(const Clock& clock) : clock_(clock) {}

  // `before` and `now` as a cache tells them: nullptr before an object is known, and when it is
  // gone.
  void look(const api::ObjectKey& key, const api::v1alpha1::Instance* before,
            const api::v1alpha1::Instance* now);
  void look(const api::ObjectKey& key, const api::v1alpha1::MonitoringPolicy* before,
            const api::v1alpha1::MonitoringPolicy* now);

  // From ACTIVE (status.bootedAt) to the first time that Prometheus has scraped all agents of the
  // server. Once for each server; of those that we adopt, and of those without agents, never.
  const Durations& first_scrapes() const { return first_scrapes_; }

  // From a change of a policy's rules, its creation among them, to the moment when Prometheus has
  // all of that version. A change while the one before still waits begins anew. Rules that no
  // Service needs yet are loaded later and not counted.
  const Durations& rule_loads() const { return rule_loads_; }

 private:
  struct Boot {
    std::string server;
    SteadyTime since{};
  };
  struct Change {
    std::int64_t generation = 0;
    SteadyTime since{};
  };

  const Clock& clock_;
  std::map<api::ObjectKey, Boot> boots_;
  std::map<api::ObjectKey, Change> changes_;
  Durations first_scrapes_;
  Durations rule_loads_;
};

}  // namespace clickdeploy::app
