// MonitoringPolicyReconciler: tells what a policy selects, and what Prometheus does with its rules.
//
// It changes nothing outside (what it asks Prometheus in the background, back_tests.h, is only told
// in the status): agents are carried by Instances, targets and rules by the
// MetricsBackend, from the same pure plan that this reads.

#pragma once

#include "controller/client/typed_client.h"
#include "controller/reconcilers/context.h"
#include "controller/reconcilers/metrics_backend/rule_verdicts.h"
#include "controller/reconcilers/monitoring_policy/back_tests.h"
#include "controller/runtime/controller.h"

namespace clickdeploy::reconcilers {

// What is known about one policy.
struct PolicyView {
  std::shared_ptr<const api::v1alpha1::MonitoringPolicy> policy;
  std::vector<std::string> matched;    // Services, "namespace/name"
  std::vector<std::string> applied;    // those of them that no other policy takes
  std::string nearest_miss;            // when nothing matches: who nearly did, and why not
  std::int64_t agents_up_to_date = 0;  // Instances that carry the policy's agents
  std::int64_t instances = 0;
  // The first Instance whose agents are not what it says, "shop/web-1", with its condition.
  std::string drifted;
  std::optional<api::Condition> drift;
  std::int64_t drifted_count = 0;
  std::map<std::string, std::map<std::string, std::int64_t>> running;  // agent → version → how many
  std::int64_t targets_desired = 0;
  std::int64_t targets_up = 0;
  std::string backend_problem;  // why there is no backend; "" if there is one
  bool alertmanager = false;    // the backend names one
  bool observed = false;        // Prometheus could be observed
  std::string observe_problem;
  bool wants_rules = false;  // there are rules, and a Service for them
  std::shared_ptr<const PolicyRules> rules;
  Result<std::vector<std::string>> faults;      // of each rule, as RuleVerdicts::check
  std::shared_ptr<const RulesOutcome> outcome;  // of these rules' delivery; nullptr before it
  std::string loaded_hash;                      // of the policy's file in Prometheus; "" if none
  std::vector<prometheus::RuleGroupStatus> groups;  // of that file, as Prometheus has them
  std::string retention;                            // in Prometheus's words
  std::map<std::size_t, api::v1alpha1::RuleBackTest> back_tests;  // by the place of the rule
};

// Pure.
api::v1alpha1::MonitoringPolicyStatus report_policy(const PolicyView& view, WallTime now);

class MonitoringPolicyReconciler final : public runtime::Reconciler {
 public:
  MonitoringPolicyReconciler(Context& context, RuleVerdicts& verdicts, BackTests& back_tests);

  Task<Result<runtime::ReconcileResult>> reconcile(api::ObjectKey key) override;

 private:
  Task<PolicyView> observe(std::shared_ptr<const api::v1alpha1::MonitoringPolicy> policy);
  void observe_services(PolicyView& view, const MonitoringInput& input) const;
  void observe_prometheus(PolicyView& view, const BackendPlan& plan,
                          const api::ObjectKey& backend) const;
  void observe_back_tests(PolicyView& view, const api::ObjectKey& backend);

  Context& context_;
  RuleVerdicts& verdicts_;
  BackTests& back_tests_;
  client::TypedClient<api::v1alpha1::MonitoringPolicy> policies_;
};

}  // namespace clickdeploy::reconcilers
