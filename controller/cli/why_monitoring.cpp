#include "controller/cli/why_links_internal.h"

namespace clickdeploy::cli {

using api::v1alpha1::Cloud;
using api::v1alpha1::MetricsBackend;
using api::v1alpha1::MonitoringPolicy;
using api::v1alpha1::PolicyRuleStatus;

namespace {

constexpr const char* kNeedsPolicy = "first a MonitoringPolicy must select the Service";

// The links of a kind that are conditions and nothing more.
struct ConditionLink {
  const char* name;
  const char* type;
  std::string next;
};

void add_links(Chain& chain, const api::Conditions& conditions, std::int64_t generation,
               std::vector<ConditionLink> links) {
  for (ConditionLink& link : links) {
    chain.links.push_back(
        link_of(link.name, conditions, link.type, generation, std::move(link.next)));
  }
}

Link backend_missing(std::string name, const MonitoringPolicy& policy) {
  return broken_link(
      std::move(name), "NotFound",
      "MetricsBackend " + policy.spec.backend_ref.key(policy.metadata.namespace_name).text() +
          " does not exist",
      "create it, or correct spec.backendRef of MonitoringPolicy " + policy.metadata.key().text());
}

std::string config_command(const MetricsBackend& backend) {
  return "compare Prometheus's configuration with: clickctl prometheus-config metricsbackend/" +
         backend.metadata.name + " -n " + backend.metadata.namespace_name;
}

}  // namespace

Link backend_link(std::string name, const std::optional<MonitoringPolicy>& policy,
                  const std::optional<MetricsBackend>& backend, std::string_view type) {
  if (!policy) {
    return broken_link(std::move(name), "NoPolicy", "no MonitoringPolicy names a backend",
                       kNeedsPolicy);
  }
  if (!backend) return backend_missing(std::move(name), *policy);
  Link link =
      link_of(std::move(name), backend->status.conditions, type, backend->metadata.generation,
              why_command("metricsbackend", backend->metadata.key()));
  link.evidence = "MetricsBackend " + backend->metadata.key().text() + ": " + link.evidence;
  return link;
}

Link rules_link(const std::optional<MonitoringPolicy>& policy,
                const std::optional<MetricsBackend>& backend) {
  if (!policy) return broken_link("rules loaded", "NoPolicy", "no policy applies", kNeedsPolicy);
  if (!backend) return backend_missing("rules loaded", *policy);
  return link_of("rules loaded", policy->status.conditions, "RulesLoaded",
                 policy->metadata.generation,
                 why_command("monitoringpolicy", policy->metadata.key()));
}

Chain explain_policy(const PolicyFacts& facts) {
  const MonitoringPolicy& policy = facts.policy;
  const std::int64_t generation = policy.metadata.generation;
  const auto& conditions = policy.status.conditions;
  Chain chain = chain_of("monitoringpolicy", policy.metadata, conditions);
  chain.links.push_back(
      link_of("accepted", conditions, "Accepted", generation, "correct the policy's spec"));
  if (policy.status.services.matched > 0) {
    chain.links.push_back(
        good_link("services selected", policy.status.services_summary + " Services carry it"));
  } else {
    const api::Condition* ready = api::find_condition(conditions, "Ready");
    chain.links.push_back(broken_link(
        "services selected", ready == nullptr ? "" : ready->reason,
        ready == nullptr ? "it selects no Service yet" : ready->message,
        "compare spec.serviceSelector and spec.namespaceSelector with the Services' labels: "
        "clickctl get services -A --show-labels"));
  }
  chain.links.push_back(link_of("agents up to date", conditions, "AgentsUpToDate", generation,
                                "wait: the Instances take the new agents on one after the other"));
  const std::optional<MonitoringPolicy> named = policy;
  chain.links.push_back(backend_link("backend reached", named, facts.backend, "Reachable"));
  chain.links.push_back(
      backend_link("targets delivered", named, facts.backend, "TargetsDelivered"));
  Link rules = link_of("rules loaded", conditions, "RulesLoaded", generation,
                       "correct the rule in spec.rules");
  if (rules.state != LinkState::Holds) {
    for (const PolicyRuleStatus& rule : policy.status.rules) {
      if (rule.last_error.empty()) continue;
      rules.evidence += "; " + rule.ref + " " + rule.name + ": " + rule.last_error;
      break;
    }
  }
  chain.links.push_back(std::move(rules));
  return chain;
}

Chain explain_backend(const MetricsBackend& backend) {
  Chain chain = chain_of("metricsbackend", backend.metadata, backend.status.conditions);
  add_links(chain, backend.status.conditions, backend.metadata.generation,
            {{"folders are ours", "OwnershipHeld",
              "another controller writes there: give each its own folder"},
             {"reached", "Reachable", "is Prometheus running at " + backend.spec.url + "?"},
             {"targets delivered", "TargetsDelivered", config_command(backend)},
             {"reloaded", "ReloadSucceeded",
              "read Prometheus's log; it must run with --web.enable-lifecycle"},
             {"rules loaded", "RulesLoaded", config_command(backend)}});
  return chain;
}

Chain explain_cloud(const Cloud& cloud) {
  Chain chain = chain_of("cloud", cloud.metadata, cloud.status.conditions);
  add_links(chain, cloud.status.conditions, cloud.metadata.generation,
            {{"logged in", "AuthenticationSucceeded",
              cloud.spec.ssh
                  ? "correct spec.ssh, or the key in Secret " + cloud.spec.ssh->key.name
                  : "correct the clouds.yaml in Secret " + cloud.spec.credentials.secret_ref.name},
             {cloud.spec.ssh ? "right machines" : "right project", "IdentityVerified",
              cloud.spec.ssh ? "another machine may have the address: nothing was said to it"
                             : "these credentials belong to another project than the one pinned in "
                               "the spec or status"},
             {"fleet observed", "FleetObserved",
              "clickctl events --for cloud/" + cloud.metadata.name + " -n " +
                  cloud.metadata.namespace_name},
             {"ready", "Ready",
              "clickctl describe cloud " + cloud.metadata.name + " -n " +
                  cloud.metadata.namespace_name}});
  return chain;
}

}  // namespace clickdeploy::cli
