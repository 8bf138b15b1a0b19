// MonitoringPolicy: agents, scraping and rules for the Services that it selects.
//
// Wire name: monitoringpolicies.clickdeploy.io/v1alpha1, namespaced. Schema:
// crds/monitoringpolicies.yaml.

#pragma once

#include "api/v1alpha1/common.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::api::v1alpha1 {

struct ScrapeSpec {
  std::string interval = "30s";  // Prometheus's form
  std::string timeout = "10s";
  std::string address_policy = "PrivateOnly";  // PrivateOnly | Any
  std::optional<std::int64_t> sample_limit;    // of one scrape
  std::optional<std::int64_t> label_limit;     // of one sample
  std::map<std::string, std::string> target_labels;

  bool operator==(const ScrapeSpec&) const = default;
};

// How the controller may log in to servers to restart an agent.
struct SshSpec {
  std::string user;
  SecretKeyRef key;  // a private key
  std::int64_t port = 22;

  bool operator==(const SshSpec&) const = default;
};

struct RuleSpec {
  std::string alert;  // exactly one of alert and record
  std::string record;
  std::string expr;
  std::string for_duration;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;

  bool operator==(const RuleSpec&) const = default;
};

struct RuleGroupSpec {
  std::string name;
  std::string interval;
  std::vector<RuleSpec> rules;

  bool operator==(const RuleGroupSpec&) const = default;
};

struct MonitoringPolicySpec {
  LabelSelector service_selector;                   // empty: all
  std::optional<LabelSelector> namespace_selector;  // nullopt: its own namespace
  std::int64_t priority = 100;
  NamespacedRef backend_ref;
  std::vector<AgentSpec> agents;
  ScrapeSpec scrape;
  std::optional<SshSpec> ssh;               // nullopt: RestartAgent is not possible
  std::string metrics_mapping = "Enabled";  // Enabled | Disabled
  std::vector<RuleGroupSpec> rule_groups;

  bool operator==(const MonitoringPolicySpec&) const = default;
};

struct PolicyRuleStatus {
  std::string ref;  // "group/0"
  std::string name;
  std::string state;  // Pending | Loaded | Rejected | PreviousVersionLoaded
  std::string health;
  std::string last_error;
  std::int64_t firing = 0;

  bool operator==(const PolicyRuleStatus&) const = default;
};

struct PolicyBinding {
  std::string service;  // "namespace/name"
  std::string backend;

  bool operator==(const PolicyBinding&) const = default;
};

struct PolicyServices {
  std::int64_t matched = 0;
  std::int64_t applied = 0;

  bool operator==(const PolicyServices&) const = default;
};

struct PolicyTargets {
  std::int64_t desired = 0;
  std::int64_t up = 0;

  bool operator==(const PolicyTargets&) const = default;
};

struct MonitoringPolicyStatus {
  std::int64_t observed_generation = 0;
  PolicyServices services;
  std::string services_summary;  // "1/1": applied/matched
  PolicyTargets targets;
  std::string targets_summary;  // "3/3": up/desired
  std::string rules_summary;    // "2/2": loaded/desired
  std::int64_t firing = 0;
  std::vector<PolicyRuleStatus> rules;
  std::vector<PolicyBinding> bindings;
  std::string last_sync_time;
  Conditions conditions;

  bool operator==(const MonitoringPolicyStatus&) const = default;
};

struct MonitoringPolicy {
  static constexpr GroupVersionKind kGvk{kGroup, kVersion, "MonitoringPolicy",
                                         "monitoringpolicies"};

  ObjectMeta metadata;
  MonitoringPolicySpec spec;
  MonitoringPolicyStatus status;

  bool operator==(const MonitoringPolicy&) const = default;
};

}  // namespace clickdeploy::api::v1alpha1
