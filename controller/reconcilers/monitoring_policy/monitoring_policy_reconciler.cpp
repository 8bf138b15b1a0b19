#include "controller/reconcilers/monitoring_policy/monitoring_policy_reconciler.h"

#include "controller/reconcilers/instance/agent_drift.h"
#include "controller/reconcilers/trouble.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::v1alpha1::MonitoringPolicy;
using runtime::ReconcileResult;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kSettling{2'000};
constexpr milliseconds kResync{30'000};
constexpr std::chrono::seconds kRefresh{60};

bool is_worth_writing(const api::v1alpha1::MonitoringPolicyStatus& before,
                      const api::v1alpha1::MonitoringPolicyStatus& after, WallTime now) {
  auto a = before;
  auto b = after;
  a.last_sync_time = b.last_sync_time = "";
  // When each evaluation was and how long it took is different every time: told when something else
  // is.
  for (auto* status : {&a, &b}) {
    for (auto& rule : status->rules) {
      rule.last_evaluation_seconds = 0;
      rule.last_evaluation = "";
      if (rule.back_test) rule.back_test->time = "";
    }
  }
  if (a != b) return true;
  const std::optional<WallTime> written = parse_time(before.last_sync_time);
  return !written || now - *written >= kRefresh;
}

// The Service that shares most labels with the selector, for the person who wonders why nothing
// matches.
std::string find_nearest_miss(const MonitoringPolicy& policy, const MonitoringInput& input) {
  std::string best;
  std::size_t best_score = 0;
  for (const auto& service : input.services) {
    std::size_t met = 0;
    std::string unmet;
    for (const auto& requirement : policy.spec.service_selector.requirements()) {
      auto label = service->metadata.labels.find(requirement.key);
      const bool has =
          label != service->metadata.labels.end() &&
          std::ranges::find(requirement.values, label->second) != requirement.values.end();
      if (has) {
        ++met;
      } else if (unmet.empty()) {
        unmet = label == service->metadata.labels.end()
                    ? "lacks the label " + requirement.key
                    : "has " + requirement.key + "=" + label->second;
      }
    }
    if (unmet.empty()) unmet = "is in namespace " + service->metadata.namespace_name;
    if (best.empty() || met > best_score) {
      best = "Service " + service->metadata.key().text() + " " + unmet;
      best_score = met;
    }
  }
  return best.empty() ? "there are no Services" : best;
}

}  // namespace

MonitoringPolicyReconciler::MonitoringPolicyReconciler(Context& context, RuleVerdicts& verdicts,
                                                       BackTests& back_tests)
    : context_(context), verdicts_(verdicts), back_tests_(back_tests), policies_(context.client) {}

Task<Result<ReconcileResult>> MonitoringPolicyReconciler::reconcile(api::ObjectKey key) {
  const auto cached = context_.caches.policies.get(key);
  if (cached == nullptr || cached->metadata.is_deleting()) co_return ReconcileResult{};
  PolicyView view = co_await observe(cached);
  const WallTime now = context_.clock.wall_now();
  MonitoringPolicy reported = *cached;
  reported.status = report_policy(view, now);
  const bool ready = api::is_true(reported.status.conditions, "Ready");
  if (is_worth_writing(cached->status, reported.status, now)) {
    Result<MonitoringPolicy> written = co_await policies_.update_status(std::move(reported));
    if (!written) {
      co_return std::unexpected(std::move(written).error().with_context("report MonitoringPolicy"));
    }
    record_trouble(context_.events, MonitoringPolicy::kGvk, cached->metadata,
                   cached->status.conditions, written->status.conditions);
  }
  co_return ReconcileResult{.requeue_after = ready ? kResync : kSettling};
}

Task<PolicyView> MonitoringPolicyReconciler::observe(
    std::shared_ptr<const MonitoringPolicy> policy) {
  PolicyView view;
  view.policy = policy;
  const MonitoringInput input = context_.monitoring_input(true);
  observe_services(view, input);
  const api::ObjectKey backend = policy->spec.backend_ref.key(policy->metadata.namespace_name);
  const auto object = context_.caches.backends.get(backend);
  view.alertmanager = object != nullptr && object->spec.alertmanager.has_value();
  if (object == nullptr) {
    view.backend_problem = "MetricsBackend " + backend.text() +
                           " does not exist; create it, or correct spec.backendRef";
  } else if (!context_.caches.reference_allowed(policy->metadata.namespace_name,
                                                backend.namespace_name,
                                                object->spec.allowed_namespaces)) {
    view.backend_problem = "MetricsBackend " + backend.text() + " does not allow namespace " +
                           policy->metadata.namespace_name + "; see its spec.allowedNamespaces";
  }
  const BackendPlan plan = plan_backend(backend, input);
  const std::string file_name = rule_file_name(policy->metadata.key());
  for (const auto& rules : plan.policy_rules) {
    if (rules->file_name == file_name) view.rules = rules;
  }
  view.wants_rules = view.rules != nullptr;
  // The rules are checked even while nothing matches: a bad expression is told at once.
  if (view.rules == nullptr) view.rules = make_policy_rules(policy, {}, plan.rules_owner);
  if (!view.rules->entries.empty()) view.faults = co_await verdicts_.check(view.rules);
  const auto outcome = verdicts_.outcome(plan.rules_owner, file_name);
  if (outcome != nullptr && outcome->wanted_hash == view.rules->file.spec_hash) {
    view.outcome = outcome;
  }
  if (view.backend_problem.empty()) observe_prometheus(view, plan, backend);
  observe_back_tests(view, backend);
  co_return view;
}

// What was found before stays in the status, as long as it is of the same rule.
void MonitoringPolicyReconciler::observe_back_tests(PolicyView& view,
                                                    const api::ObjectKey& backend) {
  if (!view.wants_rules) return;
  const auto connection = context_.backends.find(backend);
  const auto& told = view.policy->status.rules;
  for (auto& [i, order] : back_test_orders(*view.policy, *view.rules)) {
    if (!view.faults || !(*view.faults)[i].empty()) continue;
    const api::v1alpha1::RuleBackTest* known = back_tests_.result(order.hash);
    const auto before =
        std::ranges::find(told, view.rules->entries[i].ref, &api::v1alpha1::PolicyRuleStatus::ref);
    if (known == nullptr && before != told.end() && before->back_test &&
        before->back_test->hash == order.hash) {
      known = &*before->back_test;
    }
    if (known != nullptr) view.back_tests[i] = *known;
    const bool fresh = known != nullptr && is_fresh(*known, order, context_.clock.wall_now());
    if (!fresh && view.observed && connection) back_tests_.want(std::move(order), connection);
  }
}

namespace {

void observe_instance(PolicyView& view, const api::v1alpha1::Instance& instance) {
  for (const auto& agent : instance.status.agents) {
    if (wants_agent(*view.policy, agent.name)) ++view.running[agent.name][agent.version];
  }
  const api::Condition* told = api::find_condition(instance.status.conditions, kAgentsUpToDate);
  if (told == nullptr || told->status != api::ConditionStatus::False) return;
  if (view.drifted_count++ > 0) return;
  view.drifted = instance.metadata.key().text();
  view.drift = *told;
}

}  // namespace

void MonitoringPolicyReconciler::observe_services(PolicyView& view,
                                                  const MonitoringInput& input) const {
  const std::vector<api::v1alpha1::AgentSpec> agents = wanted_agents(*view.policy);
  for (const auto& service : input.services) {
    if (!policy_matches(*view.policy, *service, input)) continue;
    view.matched.push_back(service->metadata.key().text());
    const auto applied = applied_policy(*service, input);
    if (applied == nullptr || applied->metadata.key() != view.policy->metadata.key()) continue;
    view.applied.push_back(service->metadata.key().text());
    for (const auto& instance : input.instances) {
      const bool ours = std::ranges::any_of(
          instance->metadata.owner_references,
          [&](const auto& owner) { return owner.uid == service->metadata.uid; });
      if (!ours || instance->metadata.is_deleting()) continue;
      ++view.instances;
      const bool carries = std::ranges::all_of(agents, [&](const auto& agent) {
        return std::ranges::find(instance->spec.agents, agent) != instance->spec.agents.end();
      });
      view.agents_up_to_date += carries ? 1 : 0;
      observe_instance(view, *instance);
    }
  }
  if (view.matched.empty()) view.nearest_miss = find_nearest_miss(*view.policy, input);
}

void MonitoringPolicyReconciler::observe_prometheus(PolicyView& view, const BackendPlan& plan,
                                                    const api::ObjectKey& backend) const {
  const auto connection = context_.backends.find(backend);
  if (connection == nullptr) {
    view.observe_problem = "MetricsBackend " + backend.text() + " has no connection yet";
    return;
  }
  const auto snapshot = connection->fresh_snapshot(&view.observe_problem);
  for (const prometheus::Target& target : plan.targets) {
    const std::string service = target.labels.at("namespace") + "/" + target.labels.at("service");
    if (std::ranges::find(view.applied, service) == view.applied.end()) continue;
    ++view.targets_desired;
    if (snapshot == nullptr) continue;
    const auto* known =
        snapshot->find_target(target.labels.at("instance_id"), target.labels.at("agent"));
    if (known != nullptr && known->health == "up") ++view.targets_up;
  }
  if (snapshot == nullptr) return;
  view.observed = true;
  view.retention = snapshot->runtime.storage_retention;
  const std::string name = rule_file_name(view.policy->metadata.key());
  view.loaded_hash = snapshot->loaded_hash(name, plan.rules_owner);
  const auto files = snapshot->files_of(plan.rules_owner);
  for (const prometheus::RuleGroupStatus& group : snapshot->groups) {
    auto file = files.find(group.file);
    if (file != files.end() && file->second == name) view.groups.push_back(group);
  }
}

}  // namespace clickdeploy::reconcilers
