// The wire names of MonitoringPolicy.

#pragma once

#include "api/v1alpha1/common_fields_internal.h"
#include "api/v1alpha1/monitoring_policy.h"

namespace clickdeploy::api {

namespace v1alpha1 {

template <class Io>
void fields(Io& io, ScrapeSpec& x) {
  io.field("interval", x.interval);
  io.field("timeout", x.timeout);
  io.field("addressPolicy", x.address_policy);
  io.field("sampleLimit", x.sample_limit);
  io.field("labelLimit", x.label_limit);
  io.field("targetLabels", x.target_labels);
}

template <class Io>
void fields(Io& io, RuleSpec& x) {
  io.field("alert", x.alert);
  io.field("record", x.record);
  io.field("expr", x.expr);
  io.field("for", x.for_duration);
  io.field("labels", x.labels);
  io.field("annotations", x.annotations);
}

template <class Io>
void fields(Io& io, RuleGroupSpec& x) {
  io.field("name", x.name);
  io.field("interval", x.interval);
  io.field("rules", x.rules);
}

template <class Io>
void fields(Io& io, RuleTestSeries& x) {
  io.field("series", x.series);
  io.field("values", x.values);
}

template <class Io>
void fields(Io& io, RuleTestAlert& x) {
  io.field("labels", x.labels);
  io.field("annotations", x.annotations);
}

template <class Io>
void fields(Io& io, RuleTestAlerts& x) {
  io.field("alert", x.alert);
  io.field("evalTime", x.eval_time);
  io.field("expect", x.expect);
}

template <class Io>
void fields(Io& io, RuleTestSample& x) {
  io.field("series", x.series);
  io.field("value", x.value);
}

template <class Io>
void fields(Io& io, RuleTestExpression& x) {
  io.field("expr", x.expr);
  io.field("evalTime", x.eval_time);
  io.field("expect", x.expect);
}

template <class Io>
void fields(Io& io, RuleTestSpec& x) {
  io.field("name", x.name);
  io.field("interval", x.interval);
  io.field("inputSeries", x.input_series);
  io.field("alerts", x.alerts);
  io.field("expressions", x.expressions);
}

template <class Io>
void fields(Io& io, BackTestSpec& x) {
  io.field("enabled", x.enabled);
  io.field("window", x.window);
}

template <class Io>
void fields(Io& io, DefaultAlertSpec& x) {
  io.field("enabled", x.enabled);
  io.field("for", x.for_duration);
  io.field("severity", x.severity);
  io.field("threshold", x.threshold);
}

template <class Io>
void fields(Io& io, SloAlertSpec& x) {
  io.field("enabled", x.enabled);
  io.field("severity", x.severity);
}

template <class Io>
void fields(Io& io, SloSpec& x) {
  io.field("name", x.name);
  io.field("objective", x.objective);
  io.field("window", x.window);
  io.nested("indicator", [&](Io& indicator) {
    indicator.nested("ratio", [&](Io& ratio) {
      ratio.field("errors", x.errors);
      ratio.field("total", x.total);
    });
  });
  io.nested("alerting", [&](Io& alerting) {
    alerting.field("page", x.page);
    alerting.field("ticket", x.ticket);
  });
  io.field("zeroTraffic", x.zero_traffic);
  io.field("minimumRequests", x.minimum_requests);
}

template <class Io>
void fields(Io& io, MonitoringPolicySpec& x) {
  io.field("serviceSelector", x.service_selector);
  io.field("namespaceSelector", x.namespace_selector);
  io.field("priority", x.priority);
  io.field("backendRef", x.backend_ref);
  io.field("agents", x.agents);
  io.field("scrape", x.scrape);
  io.nested("repair", [&](Io& inner) {
    inner.field("ssh", x.ssh);
    inner.field("onDrift", x.on_drift);
  });
  io.nested("metrics", [&](Io& inner) {
    inner.field("mapping", x.metrics_mapping);
    inner.field("retention", x.metrics_retention);
  });
  io.nested("rules", [&](Io& inner) {
    inner.field("groups", x.rule_groups);
    inner.field("scopeToServices", x.scope_to_services);
    inner.field("tests", x.rule_tests);
    inner.field("backTest", x.back_test);
  });
  io.field("defaultAlerts", x.default_alerts);
  io.field("slos", x.slos);
  io.nested("alerting", [&](Io& inner) {
    inner.field("labels", x.alert_labels);
    inner.field("inhibitDuringActions", x.inhibit_during_actions);
    inner.field("silenceDuringActions", x.silence_during_actions);
  });
}

template <class Io>
void fields(Io& io, RuleBackTest& x) {
  io.field("hash", x.hash);
  io.field("time", x.time);
  io.field("result", x.result);
  io.field("fired", x.fired);
  io.field("firingSeconds", x.firing_seconds);
  io.field("message", x.message);
}

template <class Io>
void fields(Io& io, PolicyRuleStatus& x) {
  io.field("ref", x.ref);
  io.field("name", x.name);
  io.field("state", x.state);
  io.field("health", x.health);
  io.field("lastError", x.last_error);
  io.field("lastEvaluation", x.last_evaluation);
  io.field("lastEvaluationSeconds", x.last_evaluation_seconds);
  io.field("firing", x.firing);
  io.field("backTest", x.back_test);
}

template <class Io>
void fields(Io& io, PolicyBinding& x) {
  io.field("service", x.service);
  io.field("backend", x.backend);
}

template <class Io>
void fields(Io& io, PolicyServices& x) {
  io.field("matched", x.matched);
  io.field("applied", x.applied);
}

template <class Io>
void fields(Io& io, PolicyTargets& x) {
  io.field("desired", x.desired);
  io.field("up", x.up);
}

template <class Io>
void fields(Io& io, RunningVersion& x) {
  io.field("version", x.version);
  io.field("instances", x.instances);
}

template <class Io>
void fields(Io& io, PolicyAgentStatus& x) {
  io.field("name", x.name);
  io.field("version", x.version);
  io.field("running", x.running);
}

template <class Io>
void fields(Io& io, MonitoringPolicyStatus& x) {
  io.field("observedGeneration", x.observed_generation);
  io.field("services", x.services);
  io.field("agents", x.agents);
  io.field("servicesSummary", x.services_summary);
  io.field("targets", x.targets);
  io.field("targetsSummary", x.targets_summary);
  io.field("rulesSummary", x.rules_summary);
  io.field("firing", x.firing);
  io.field("rules", x.rules);
  io.field("warnings", x.warnings);
  io.field("retention", x.retention);
  io.field("bindings", x.bindings);
  io.field("lastSyncTime", x.last_sync_time);
  io.field("conditions", x.conditions);
}

}  // namespace v1alpha1

}  // namespace clickdeploy::api
