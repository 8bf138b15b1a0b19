// What a reconcile of a Service does about its rollout: its state, its history, and what it is
// judged by.

#include "controller/reconcilers/service/rollout.h"
#include "controller/reconcilers/service/service_reconciler.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::v1alpha1::Instance;
using api::v1alpha1::Service;
using runtime::EventKind;

namespace {

const client::ResourcePath kConfigMaps{"", "v1", "configmaps"};

}  // namespace

Task<Result<void>> ServiceReconciler::advance(Service& service, ServiceObserved& observed) {
  const std::string hash = template_hash(service);
  const api::v1alpha1::RolloutStatus& before = service.status.rollout;
  const bool unrecorded = before.number == 0 || before.template_hash != hash ||
                          service.status.observed_generation != service.metadata.generation;
  const bool may_go_back = !before.completed.empty() && before.completed != hash;
  std::vector<TemplateRecord> records;
  if (unrecorded || may_go_back) {
    Result<std::vector<TemplateRecord>> read = co_await read_history(service);
    if (!read) co_return std::unexpected(std::move(read).error());
    records = *std::move(read);
    const auto completed = std::ranges::find(records, before.completed, &TemplateRecord::hash);
    if (may_go_back && completed != records.end()) {
      if (std::optional<Service> old = with_template(service, *completed)) {
        observed.completed = std::make_shared<const Service>(*std::move(old));
      }
    }
  }
  observe_time(service, observed);
  observed.page_alert = page_alert(service);
  const std::string state = before.state;
  service.status.rollout =
      advance_rollout(service, observed, format_time(context_.clock.wall_now()));
  if (unrecorded) {
    const HistoryPlan plan = plan_history(service, hash, std::move(records));
    Result<void> written = co_await write_history(service, hash, plan);
    if (!written) co_return written;
    service.status.rollout.number = plan.number;
  }
  const api::v1alpha1::RolloutStatus& now = service.status.rollout;
  const bool failed = now.state == kRolloutFailed || now.state == kRolloutRolledBack;
  if (now.state != state && failed) {
    context_.events.record(
        Service::kGvk, service.metadata, EventKind::Warning,
        now.state == kRolloutFailed ? "RolloutFailed" : "RolledBack",
        now.message + (now.state == kRolloutFailed ? "" : "; back to the last complete template"));
  } else if (now.state != state && now.state == kRolloutComplete) {
    context_.events.record(Service::kGvk, service.metadata, EventKind::Normal, "RolloutComplete",
                           "template " + std::to_string(now.number));
  }
  if (now.state == kRolloutRolledBack && observed.completed != nullptr) {
    service.spec = observed.completed->spec;
  }
  co_return Result<void>{};
}

void ServiceReconciler::observe_time(const Service& service, ServiceObserved& observed) {
  std::vector<std::string> times{service.status.rollout.progressed_at};
  for (const Instance& instance : observed.instances) {
    const api::Condition* ready = api::find_condition(instance.status.conditions, "Ready");
    if (ready != nullptr) times.push_back(ready->last_transition_time);
  }
  observed.ages = ages_[service.metadata.key()].look(times, context_.clock.wall_now(),
                                                     context_.clock.steady_now());
}

namespace {

std::string firing_page_alert(const prometheus::PrometheusSnapshot& snapshot,
                              const std::string& service_uid) {
  for (const prometheus::RuleGroupStatus& group : snapshot.groups) {
    for (const prometheus::RuleStatus& rule : group.rules) {
      if (std::ranges::find(rule.paging, service_uid) != rule.paging.end()) {
        return "alert " + rule.name + " fires";
      }
    }
  }
  return "";
}

}  // namespace

// A gate that nobody can look through is closed.
std::string ServiceReconciler::page_alert(const Service& service) const {
  const auto& gates = service.spec.rollout.gates;
  if (std::ranges::find(gates, "NoPageAlert") == gates.end()) return "";
  const Context::Monitoring monitoring = context_.monitoring_of(service);
  if (monitoring.connection == nullptr) return "";  // nothing could fire
  std::string why;
  const auto snapshot = monitoring.connection->fresh_snapshot(&why);
  if (snapshot == nullptr) return "alerts are not known: " + why;
  return firing_page_alert(*snapshot, service.metadata.uid);
}

Task<Result<std::vector<TemplateRecord>>> ServiceReconciler::read_history(Service service) {
  client::Query query{
      {"labelSelector", std::string(api::v1alpha1::kServiceLabel) + "=" + service.metadata.name}};
  Result<client::ObjectList> list =
      co_await context_.client.list(kConfigMaps, service.metadata.namespace_name, std::move(query));
  if (!list) co_return std::unexpected(std::move(list).error());
  std::vector<TemplateRecord> records;
  for (const Json& item : list->items) {
    if (std::optional<TemplateRecord> record = read_record(item, service)) {
      records.push_back(*std::move(record));
    }
  }
  co_return records;
}

Task<Result<void>> ServiceReconciler::write_history(const Service& service, std::string hash,
                                                    const HistoryPlan& plan) {
  const std::string& home = service.metadata.namespace_name;
  if (plan.create) {
    Json record = make_record(service, hash, plan.number);
    Result<Json> made = co_await context_.client.create(kConfigMaps, home, std::move(record));
    if (!made) co_return std::unexpected(std::move(made).error());
  }
  if (plan.renumber) {
    Json annotations =
        Json::object({{std::string(kNumberAnnotation), std::to_string(plan.number)}});
    Json patch =
        Json::object({{"metadata", Json::object({{"annotations", std::move(annotations)}})}});
    api::ObjectKey key{home, plan.renumber->name};
    Result<Json> patched =
        co_await context_.client.merge_patch(kConfigMaps, std::move(key), std::move(patch));
    if (!patched) co_return std::unexpected(std::move(patched).error());
  }
  for (const TemplateRecord& old : plan.remove) {
    api::ObjectKey key{home, old.name};
    Result<void> removed = co_await context_.client.remove(kConfigMaps, std::move(key), old.uid);
    if (!removed) co_return removed;
  }
  co_return Result<void>{};
}

}  // namespace clickdeploy::reconcilers
