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
  std::string interval = "30s";                // Prometheus's form
  std::string timeout;                         // "": 10s, or the interval if that is shorter
  std::string address_policy = "PrivateOnly";  // PrivateOnly | Any
  std::optional<std::int64_t> sample_limit;    // of one scrape
  std::optional<std::int64_t> label_limit;     // of one sample
  std::map<std::string, std::string> target_labels;

  bool operator==(const ScrapeSpec&) const = default;
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

// What a unit test of rules expects; the words are promtool's.
struct RuleTestSeries {
  std::string series;
  std::string values;

  bool operator==(const RuleTestSeries&) const = default;
};

struct RuleTestAlert {
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;

  bool operator==(const RuleTestAlert&) const = default;
};

struct RuleTestAlerts {
  std::string alert;
  std::string eval_time;
  std::vector<RuleTestAlert> expect;  // all that fire then

  bool operator==(const RuleTestAlerts&) const = default;
};

struct RuleTestSample {
  std::string series;
  double value = 0;

  bool operator==(const RuleTestSample&) const = default;
};

struct RuleTestExpression {
  std::string expr;
  std::string eval_time;
  std::vector<RuleTestSample> expect;

  bool operator==(const RuleTestExpression&) const = default;
};

struct RuleTestSpec {
  std::string name;
  std::string interval = "1m";
  std::vector<RuleTestSeries> input_series;
  std::vector<RuleTestAlerts> alerts;
  std::vector<RuleTestExpression> expressions;

  bool operator==(const RuleTestSpec&) const = default;
};

// What a policy's alerts would have done in the past is asked of Prometheus.
struct BackTestSpec {
  bool enabled = true;
  std::string window = "7d";  // until now; Prometheus's form

  bool operator==(const BackTestSpec&) const = default;
};

// One of the curated alerts; which they are says controller/prometheus/default_alerts.h.
struct DefaultAlertSpec {
  bool enabled = true;
  std::string for_duration;               // "" is the alert's own
  std::string severity;                   // likewise
  std::optional<std::int64_t> threshold;  // likewise, in the alert's unit

  bool operator==(const DefaultAlertSpec&) const = default;
};

struct SloAlertSpec {
  bool enabled = true;
  std::string severity;  // "" is page or ticket

  bool operator==(const SloAlertSpec&) const = default;
};

struct SloSpec {
  std::string name;
  std::string objective;       // percent of requests that are good: "99.9"
  std::string window = "30d";  // Prometheus's form
  std::string errors;          // vector selectors of counters
  std::string total;
  SloAlertSpec page;
  SloAlertSpec ticket;
  std::string zero_traffic = "Ignore";  // Ignore | CountAsGood
  std::int64_t minimum_requests = 0;

  bool operator==(const SloSpec&) const = default;
};

struct MonitoringPolicySpec {
  LabelSelector service_selector;                   // empty: all
  std::optional<LabelSelector> namespace_selector;  // nullopt: its own namespace
  std::int64_t priority = 100;
  NamespacedRef backend_ref;
  std::vector<AgentSpec> agents;
  ScrapeSpec scrape;
  std::optional<SshSpec> ssh;  // nullopt: RestartAgent is not possible
  std::string on_drift;  // Report ("" too) | Replace: servers whose agents are not as installed
  std::string metrics_mapping = "Enabled";  // Enabled | Disabled
  std::string metrics_retention;            // that Prometheus is to keep at least; "" asks nothing
  std::vector<RuleGroupSpec> rule_groups;
  bool scope_to_services = true;
  std::vector<RuleTestSpec> rule_tests;
  BackTestSpec back_test;
  std::map<std::string, DefaultAlertSpec> default_alerts;  // by name, as in "instanceDown"
  std::vector<SloSpec> slos;
  std::map<std::string, std::string> alert_labels;  // of every alert of the policy
  bool inhibit_during_actions = false;
  bool silence_during_actions = false;

  bool operator==(const MonitoringPolicySpec&) const = default;
};

// What an alert would have done.
struct RuleBackTest {
  std::string hash;                 // of the rule and the window that were tested
  std::string time;                 // RFC 3339: when
  std::string result;               // Fired | DidNotFire | NoSeries | Failed
  std::int64_t fired = 0;           // times
  std::int64_t firing_seconds = 0;  // altogether
  std::string message;              // the same in words, or why it could not be tested

  bool operator==(const RuleBackTest&) const = default;
};

struct PolicyRuleStatus {
  std::string ref;  // "group/0", "defaultAlerts/instanceDown", "slos/availability/0"
  std::string name;
  std::string state;  // Pending | Loaded | Rejected | PreviousVersionLoaded
  std::string health;
  std::string last_error;
  std::string last_evaluation;         // RFC 3339: when Prometheus evaluated it last
  double last_evaluation_seconds = 0;  // how long it took
  std::int64_t firing = 0;
  std::optional<RuleBackTest> back_test;  // of alerts that are written in the policy

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

// How many Instances run a version of an agent.
struct RunningVersion {
  std::string version;  // in the agent's own words; "" if it tells none
  std::int64_t instances = 0;

  bool operator==(const RunningVersion&) const = default;
};

struct PolicyAgentStatus {
  std::string name;
  std::string version;  // that the policy asks for; "" if any will do
  std::vector<RunningVersion> running;

  bool operator==(const PolicyAgentStatus&) const = default;
};

struct MonitoringPolicyStatus {
  std::int64_t observed_generation = 0;
  PolicyServices services;
  std::vector<PolicyAgentStatus> agents;
  std::string services_summary;  // "1/1": applied/matched
  PolicyTargets targets;
  std::string targets_summary;  // "3/3": up/desired
  std::string rules_summary;    // "2/2": loaded/desired
  std::int64_t firing = 0;
  std::vector<PolicyRuleStatus> rules;
  std::vector<std::string> warnings;  // about rules that are good, but probably not meant so
  std::string retention;              // that Prometheus has, in its words
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
