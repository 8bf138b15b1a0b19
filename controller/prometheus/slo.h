// Service level objectives as rules: error ratios over several windows, the rest of the error
// budget, and alerts on how fast it burns.
//
// A time without requests never gives NaN: it has no ratio, or the ratio 0, as the SLO says.

#pragma once

#include "controller/prometheus/rule_files.h"

#include <cstdint>
#include <string>

namespace clickdeploy::prometheus {

struct Slo {
  std::string name;
  std::string objective;  // percent, "99.9"
  std::string window;     // "30d"
  std::string errors;     // vector selectors of counters, bound to the Services
  std::string total;
  std::string page_severity;    // "" for no such alert
  std::string ticket_severity;  // likewise
  bool no_traffic_is_good = false;
  std::int64_t minimum_requests = 0;  // in the longer window, before an alert fires
};

inline constexpr std::string_view kSloRatioMetric = "click_deploy_slo_error_ratio";

// `policy`, as "namespace/name", is a label of all series. InvalidArgument if the objective or the
// window is not one.
Result<std::vector<Rule>> slo_rules(const Slo& slo, const std::string& policy);

// The selector if the text is one, without a range or a time; InvalidArgument if it is not.
Result<std::string> check_slo_selector(const std::string& text);

}  // namespace clickdeploy::prometheus
