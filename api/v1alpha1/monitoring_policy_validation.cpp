#include "api/v1alpha1/validation.h"
#include "api/v1alpha1/validation_parts.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

namespace clickdeploy::api::v1alpha1 {
namespace {

// What the controller puts on every target, and what Prometheus does; dashboards rely on them.
constexpr std::array<std::string_view, 9> kTargetLabels = {
    "agent",     "instance",   "instance_id", "instance_name", "job",
    "namespace", "project_id", "service",     "service_id"};

void check_label_names(FieldErrors& errors, const Json& labels, const std::string& path) {
  for (const auto& [name, value] : labels.as_object()) {
    if (!is_prometheus_label_name(name) && errors.size() < kFieldErrorsMax) {
      errors.push_back(invalid(path, name,
                               "a name must match '[a-zA-Z_][a-zA-Z0-9_]*' and not begin with "
                               "the reserved '__'"));
    }
  }
}

void check_scrape(FieldErrors& errors, const Json& scrape) {
  check_duration(errors, scrape["interval"], "spec.scrape.interval");
  check_duration(errors, scrape["timeout"], "spec.scrape.timeout");
  const auto interval = parse_prometheus_duration(scrape["interval"].as_string());
  const auto timeout = parse_prometheus_duration(scrape["timeout"].as_string());
  if (interval && timeout && *timeout > *interval) {
    errors.push_back(invalid(
        "spec.scrape.timeout", scrape["timeout"],
        fmt::format("must not be longer than the interval ({})", scrape["interval"].as_string())));
  }
  check_label_names(errors, scrape["targetLabels"], "spec.scrape.targetLabels");
  for (const auto& [name, value] : scrape["targetLabels"].as_object()) {
    if (std::find(kTargetLabels.begin(), kTargetLabels.end(), name) != kTargetLabels.end()) {
      errors.push_back(
          invalid("spec.scrape.targetLabels", name, "this label is set by the controller"));
    }
  }
}

void check_rule(FieldErrors& errors, const Json& rule, const std::string& path) {
  const bool alert = rule.contains("alert");
  if (alert == rule.contains("record")) {
    broken_rule(errors, path, "exactly one of alert and record must be set");
  }
  if (rule.contains("record") && (rule.contains("for") || rule.contains("annotations"))) {
    broken_rule(errors, path, "for and annotations are for alerts only");
  }
  if (rule.contains("for") && !parse_prometheus_duration(rule["for"].as_string())) {
    errors.push_back(
        invalid(path + ".for", rule["for"], "must be a duration such as 30s or 1h30m"));
  }
  if (trim(rule["expr"].as_string()).empty()) {
    errors.push_back(invalid(path + ".expr", rule["expr"], "must hold an expression"));
  }
  check_label_names(errors, rule["labels"], path + ".labels");
  check_label_names(errors, rule["annotations"], path + ".annotations");
  if (rule["record"].as_string().starts_with("click_deploy_")) {
    errors.push_back(invalid(path + ".record", rule["record"],
                             "names that begin with click_deploy_ are the controller's own"));
  }
  if (alert && rule["labels"].contains("alertname")) {
    errors.push_back(invalid(path + ".labels", "alertname", "this label is set by Prometheus"));
  }
}

void check_groups(FieldErrors& errors, const Json& groups) {
  std::size_t index = 0;
  for (const Json& group : groups.as_array()) {
    const std::string path = item_path("spec.rules.groups", index++);
    check_duration(errors, group["interval"], path + ".interval");
    std::size_t rule_index = 0;
    for (const Json& rule : group["rules"].as_array()) {
      check_rule(errors, rule, item_path(path + ".rules", rule_index++));
    }
  }
}

void check_tests(FieldErrors& errors, const Json& tests) {
  std::size_t index = 0;
  for (const Json& test : tests.as_array()) {
    const std::string path = item_path("spec.rules.tests", index++);
    check_duration(errors, test["interval"], path + ".interval");
    for (const char* list : {"alerts", "expressions"}) {
      std::size_t step = 0;
      for (const Json& item : test[list].as_array()) {
        const std::string time = item_path(path + "." + list, step++) + ".evalTime";
        if (parse_prometheus_duration(item["evalTime"].as_string())) continue;
        errors.push_back(invalid(time, item["evalTime"], "must be a duration such as 0s or 1h30m"));
      }
    }
  }
}

// Prometheus refuses more than 11,000 points; shorter windows tell of too few evaluations.
void check_back_test(FieldErrors& errors, const Json& test) {
  constexpr std::chrono::hours kShortest(1);
  constexpr std::chrono::hours kLongest(24 * 31);
  if (!test["window"].is_string()) return;
  const auto window = parse_prometheus_duration(test["window"].as_string());
  if (!window || *window < kShortest || *window > kLongest) {
    errors.push_back(invalid("spec.rules.backTest.window", test["window"],
                             "must be a duration of at least 1h and at most 31d"));
  }
}

void check_slos(FieldErrors& errors, const Json& slos) {
  constexpr std::chrono::hours kShortest(1);
  constexpr std::chrono::hours kLongest(24 * 366);
  std::size_t index = 0;
  for (const Json& slo : slos.as_array()) {
    const std::string path = item_path("spec.slos", index++) + ".window";
    const auto window = parse_prometheus_duration(slo["window"].as_string());
    if (!window || *window <= kShortest || *window > kLongest) {
      errors.push_back(
          invalid(path, slo["window"], "must be a duration of more than 1h and at most a year"));
    }
  }
}

}  // namespace

FieldErrors monitoring_policy_rules(const Json& object, const Json*) {
  FieldErrors errors;
  const Json& spec = object["spec"];
  check_selector(errors, spec["serviceSelector"], "spec.serviceSelector");
  check_selector(errors, spec["namespaceSelector"], "spec.namespaceSelector");
  check_agents(errors, spec["agents"], "spec.agents");
  check_scrape(errors, spec["scrape"]);
  check_groups(errors, spec["rules"]["groups"]);
  check_tests(errors, spec["rules"]["tests"]);
  check_back_test(errors, spec["rules"]["backTest"]);
  for (const auto& [name, alert] : spec["defaultAlerts"].as_object()) {
    check_duration(errors, alert["for"], "spec.defaultAlerts." + name + ".for");
  }
  check_slos(errors, spec["slos"]);
  check_label_names(errors, spec["alerting"]["labels"], "spec.alerting.labels");
  check_duration(errors, spec["metrics"]["retention"], "spec.metrics.retention");
  return errors;
}

}  // namespace clickdeploy::api::v1alpha1
