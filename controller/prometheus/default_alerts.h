// The curated alerts: what one wants to be told about every fleet.
//
// Each asks for targets that carry our labels and names the Service and the Instance in its labels.
// Expressions are not bound to Services yet, but for targetMissing, which is of one Service each.

#pragma once

#include "controller/prometheus/rule_files.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::prometheus {

struct DefaultAlert {
  std::string_view key;           // in spec.defaultAlerts
  std::string_view name;          // of the alert
  std::string_view for_duration;  // "" is at once
  std::string_view severity;
  std::int64_t threshold = 0;  // 0: it has none
};

// By key.
const std::vector<DefaultAlert>& default_alerts();

// What a policy says otherwise; "" and nullopt are the alert's own.
struct AlertSettings {
  std::string for_duration;
  std::string severity;
  std::optional<std::int64_t> threshold;
};

struct AlertedService {
  std::string id;
  std::string project_id;
  std::string namespace_name;
  std::string name;
  bool has_targets = true;  // there should be some: it is not paused or of no replicas

  bool operator==(const AlertedService&) const = default;
};

struct AlertedFleet {
  std::vector<AlertedService> services;
  std::vector<std::string> agents;  // names
};

// The rules of one alert; none for a key that is not known. targetMissing has one for each Service.
std::vector<Rule> default_alert_rules(std::string_view key, const AlertSettings& settings,
                                      const AlertedFleet& fleet);

// Fires while the controller takes an Instance down itself; for Alertmanager to inhibit by.
inline constexpr std::string_view kExpectedDownAlert = "ClickDeployExpectedDown";
inline constexpr std::string_view kExpectedDownMetric = "click_deploy_expected_down";
Rule expected_down_rule();

}  // namespace clickdeploy::prometheus
