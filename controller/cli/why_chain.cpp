#include "controller/cli/why_chain.h"

#include "controller/cli/why_links_internal.h"

#include <algorithm>

namespace clickdeploy::cli {

using api::Condition;
using api::ConditionStatus;
using api::v1alpha1::Cloud;
using api::v1alpha1::Instance;
using api::v1alpha1::MetricsBackend;
using api::v1alpha1::MonitoringPolicy;
using api::v1alpha1::NamespacedRef;

namespace {

constexpr std::size_t kInstancesShown = 5;

LinkState state_of(ConditionStatus status) {
  if (status == ConditionStatus::True) return LinkState::Holds;
  return status == ConditionStatus::False ? LinkState::Broken : LinkState::Unknown;
}

Link policy_link(const ServiceFacts& facts) {
  const auto& status = facts.service.status;
  if (status.policies.empty()) {
    const Condition* agents = api::find_condition(status.conditions, "AgentsHealthy");
    if (agents == nullptr) {
      return unknown_link("policy selected", "", "no controller has looked at the Service yet",
                          "wait a moment; if it stays so, is clickdeployd running?");
    }
    Link link =
        broken_link("policy selected", agents->reason, "no MonitoringPolicy selects this Service",
                    "compare its labels (clickctl get service " + facts.service.metadata.name +
                        " -n " + facts.service.metadata.namespace_name +
                        " --show-labels) with spec.serviceSelector of the policies "
                        "(clickctl get monitoringpolicies -A)");
    link.since = agents->last_transition_time;
    return link;
  }
  const std::string& name = status.policies.front().name;
  if (!facts.policy) {
    return broken_link("policy selected", "NotFound", "MonitoringPolicy " + name + " is gone",
                       "wait a moment: the Service looks for another one");
  }
  Link link = link_of(
      "policy selected", facts.policy->status.conditions, "Accepted",
      facts.policy->metadata.generation,
      "correct the policy: " + why_command("monitoringpolicy", facts.policy->metadata.key()));
  link.evidence = "MonitoringPolicy " + name + ": " + link.evidence;
  return link;
}

// The worst alert that fires; what is only pending breaks nothing yet.
Link alerts_link(const api::v1alpha1::Service& service, const std::string& next) {
  Link link = link_of("alerts", service.status.conditions, "AlertsObserved",
                      service.metadata.generation, next);
  const auto& alerts = service.status.alerts;
  if (link.state != LinkState::Holds || alerts.firing == 0 || alerts.worst.empty()) return link;
  const auto& worst = alerts.worst.front();
  link.state = LinkState::Broken;
  link.reason = "Firing";
  link.since = worst.since;
  link.evidence += "; the worst is " + worst.name +
                   (worst.instance.empty() ? "" : " of Instance " + worst.instance) +
                   (worst.summary.empty() ? "" : ": " + worst.summary);
  link.next = next;
  return link;
}

bool is_ready(const Instance& instance) {
  return api::is_true(instance.status.conditions, "Ready");
}

Link instances_link(const ServiceFacts& facts) {
  const auto& service = facts.service;
  Link link = link_of("instances", service.status.conditions, "InstancesReady",
                      service.metadata.generation, "");
  if (link.state == LinkState::Holds) return link;
  std::size_t left_out = 0;
  for (const Instance& instance : facts.instances) {
    if (is_ready(instance)) continue;
    if (link.details.size() == kInstancesShown) {
      ++left_out;
      continue;
    }
    link.details.push_back(
        explain_instance({instance, facts.cloud, facts.policy, facts.backend, facts.now}));
  }
  if (left_out > 0) link.evidence += "; " + std::to_string(left_out) + " more are not shown";
  const Condition* progressing = api::find_condition(service.status.conditions, "Progressing");
  const bool stopped = progressing != nullptr && progressing->status == ConditionStatus::False;
  const bool waits = progressing != nullptr && (progressing->reason == api::kQuotaExceeded ||
                                                progressing->reason == api::kWaiting);
  if (stopped) link.evidence += "; stopped: " + progressing->message;
  if (!stopped && waits) link.evidence += "; waiting: " + progressing->message;
  const auto first = std::ranges::find_if_not(facts.instances, is_ready);
  link.next = first != facts.instances.end()
                  ? why_command("instance", first->metadata.key())
                  : "clickctl events --for service/" + service.metadata.name + " -n " +
                        service.metadata.namespace_name;
  return link;
}

}  // namespace

const Link* Chain::first_broken() const {
  const auto broken =
      std::ranges::find_if(links, [](const Link& link) { return link.state != LinkState::Holds; });
  return broken == links.end() ? nullptr : &*broken;
}

Link link_of(std::string name, const api::Conditions& conditions, std::string_view type,
             std::int64_t generation, std::string next) {
  const Condition* condition = api::find_condition(conditions, type);
  if (condition == nullptr) {
    return unknown_link(std::move(name), "", "there is no condition " + std::string(type) + " yet",
                        "wait a moment; if it stays so, is clickdeployd running?");
  }
  Link link;
  link.name = std::move(name);
  link.state = state_of(condition->status);
  link.evidence = condition->message;
  link.reason = condition->reason;
  link.since = condition->last_transition_time;
  if (condition->observed_generation < generation) {
    link.state = LinkState::Unknown;
    link.evidence += " (of generation " + std::to_string(condition->observed_generation) +
                     "; the spec is at " + std::to_string(generation) + ")";
    next = "wait a moment: the controller has not seen the newest spec yet";
  }
  if (link.state != LinkState::Holds) link.next = std::move(next);
  return link;
}

Link broken_link(std::string name, std::string reason, std::string evidence, std::string next) {
  Link link =
      unknown_link(std::move(name), std::move(reason), std::move(evidence), std::move(next));
  link.state = LinkState::Broken;
  return link;
}

Link unknown_link(std::string name, std::string reason, std::string evidence, std::string next) {
  Link link;
  link.name = std::move(name);
  link.reason = std::move(reason);
  link.evidence = std::move(evidence);
  link.next = std::move(next);
  return link;
}

Link good_link(std::string name, std::string evidence) {
  Link link;
  link.name = std::move(name);
  link.state = LinkState::Holds;
  link.evidence = std::move(evidence);
  return link;
}

std::string title_of(std::string_view kind, const api::ObjectMeta& metadata) {
  return std::string(kind) + ".clickdeploy.io/" + metadata.name + " in namespace " +
         metadata.namespace_name;
}

Chain chain_of(std::string_view kind, const api::ObjectMeta& metadata,
               const api::Conditions& conditions) {
  Chain chain;
  chain.title = title_of(kind, metadata);
  if (!metadata.is_deleting()) return chain;
  const api::Condition* progressing = api::find_condition(conditions, "Progressing");
  const bool told = progressing != nullptr && !progressing->message.empty() &&
                    progressing->observed_generation >= metadata.generation;
  Link link = broken_link(
      "wanted", "Deleting", "it is being deleted" + (told ? ": " + progressing->message : ""),
      "clickctl wait --for=delete " + std::string(kind) + "/" + metadata.name + " -n " +
          metadata.namespace_name + " shows what it waits for until it is gone");
  link.since = metadata.deletion_timestamp;
  chain.links.push_back(std::move(link));
  return chain;
}

std::string why_command(std::string_view kind, const api::ObjectKey& key) {
  return "clickctl why " + std::string(kind) + "/" + key.name + " -n " + key.namespace_name;
}

Link cloud_link(const NamespacedRef& ref, const std::string& home,
                const std::optional<Cloud>& cloud) {
  const api::ObjectKey key = ref.key(home);
  if (!cloud) {
    return broken_link("cloud ready", "NotFound", "Cloud " + key.text() + " does not exist",
                       "create it, or correct spec.cloudRef");
  }
  Link link = link_of("cloud ready", cloud->status.conditions, "Ready", cloud->metadata.generation,
                      why_command("cloud", key));
  link.evidence = "Cloud " + key.text() + ": " + link.evidence;
  return link;
}

Chain explain_service(const ServiceFacts& facts) {
  const auto& service = facts.service;
  const std::int64_t generation = service.metadata.generation;
  const auto& conditions = service.status.conditions;
  Chain chain = chain_of("service", service.metadata, conditions);
  chain.links.push_back(policy_link(facts));
  chain.links.push_back(
      cloud_link(service.spec.cloud_ref, service.metadata.namespace_name, facts.cloud));
  chain.links.push_back(instances_link(facts));
  chain.links.push_back(link_of("agents", conditions, "AgentsHealthy", generation,
                                "see which Instance's agent does not answer: clickctl get "
                                "instances -n " +
                                    service.metadata.namespace_name +
                                    " -l clickdeploy.io/service=" + service.metadata.name));
  chain.links.push_back(
      backend_link("targets delivered", facts.policy, facts.backend, "TargetsDelivered"));
  chain.links.push_back(link_of("scraped", conditions, "TargetsScraped", generation,
                                "can Prometheus reach the agents' addresses? See the targets' "
                                "errors: clickctl get instances -n " +
                                    service.metadata.namespace_name + " -o wide"));
  chain.links.push_back(link_of("rules loaded", conditions, "RulesLoaded", generation,
                                facts.policy
                                    ? why_command("monitoringpolicy", facts.policy->metadata.key())
                                    : "first a MonitoringPolicy must select the Service"));
  if (api::find_condition(conditions, "AlertsObserved") != nullptr) {
    chain.links.push_back(alerts_link(service, "clickctl alerts " + service.metadata.name + " -n " +
                                                   service.metadata.namespace_name));
  }
  return chain;
}

}  // namespace clickdeploy::cli
