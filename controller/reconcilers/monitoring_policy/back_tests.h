// BackTests: what the alerts of policies would have done in the past, asked of Prometheus in the
// background, one rule at a time for all policies.
//
// What a test showed is kept in the status of its policy, with a hash of what was tested: that is
// the memory. Here are the newest results, which a status may not have yet; at most 5,000.
//
// Threads: the event loop's. Lifetime: stop() has finished before destruction. At most 2,000 tests
// wait; what is wanted beyond is asked for again by the next reconcile of its policy.

#pragma once

#include "api/v1alpha1/monitoring_policy.h"
#include "controller/async/clock.h"
#include "controller/async/task_group.h"
#include "controller/prometheus/back_test.h"
#include "controller/reconcilers/metrics_backend/backend_connections.h"
#include "controller/reconcilers/metrics_backend/policy_rules.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace clickdeploy::reconcilers {

// An alert that is written in a policy.
struct BackTestOrder {
  api::ObjectKey policy;
  std::string hash;  // of what follows
  api::ObjectKey backend;
  prometheus::Rule rule;
  std::string window;
  std::string interval;  // of its group; "" is the server's own
};

// The orders of a policy that applies to Services, by the place of the rule in `rules.entries`.
// None for rules with a fault.
std::map<std::size_t, BackTestOrder> back_test_orders(const api::v1alpha1::MonitoringPolicy& policy,
                                                      const PolicyRules& rules);

// Is the result of this order still good at `now`? For six hours; a failure is for ten minutes.
bool is_fresh(const api::v1alpha1::RuleBackTest& result, const BackTestOrder& order, WallTime now);

// For people, and for the status.
api::v1alpha1::RuleBackTest describe_back_test(const BackTestOrder& order,
                                               const Result<prometheus::BackTest>& test,
                                               WallTime now);

// Whether the author should look at it: "" if not.
std::string back_test_warning(const api::v1alpha1::RuleBackTest& result, const std::string& window);

class BackTests {
 public:
  BackTests(Clock& clock, Executor executor);

  // Tests it soon, unless that is under way.
  void want(BackTestOrder order, std::shared_ptr<BackendConnection> connection);
  // The newest result; nullptr if there is none here.
  const api::v1alpha1::RuleBackTest* result(const std::string& hash) const;

  // Called after each test.
  using Listener = std::function<void(const api::ObjectKey& policy)>;
  void listen(Listener listener) { listener_ = std::move(listener); }

  Task<void> stop();

 private:
  struct Waiting {
    BackTestOrder order;
    std::shared_ptr<BackendConnection> connection;
  };
  Task<void> work();

  Clock& clock_;
  Listener listener_;
  std::deque<Waiting> waiting_;
  std::set<std::string> known_;  // hashes of those that wait or run
  std::map<std::string, api::v1alpha1::RuleBackTest> results_;
  bool working_ = false;
  TaskGroup tasks_;
};

}  // namespace clickdeploy::reconcilers
