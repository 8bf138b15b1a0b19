// The rules that a policy stands for: those written in it, its default alerts and its SLOs, bound
// to its Services. Pure; equal objects give equal bytes.

#pragma once

#include "api/v1alpha1/monitoring_policy.h"
#include "api/v1alpha1/service.h"
#include "controller/base/json.h"
#include "controller/prometheus/rule_files.h"

#include <memory>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

// What people call a rule: "node/0", "defaultAlerts/instanceDown", "slos/availability/2".
struct RuleEntry {
  std::string ref;
  std::string name;   // of the alert or of the series
  std::string group;  // as Prometheus shows it

  bool operator==(const RuleEntry&) const = default;
};

struct PolicyRules {
  api::ObjectKey policy;
  std::string file_name;
  std::vector<prometheus::RuleGroup> groups;
  std::vector<RuleEntry> entries;     // of all rules, in order
  std::vector<std::string> faults;    // of each, found here: it cannot be bound to the Services
  std::vector<std::string> warnings;  // about rules that are written in the policy
  prometheus::RuleFile file;          // with all the rules
  // The unit tests, and the rules that they are of: as written, not bound to Services.
  std::vector<prometheus::RuleGroup> tested;
  Json tests = Json::array();  // in promtool's form
  std::string digest;          // of all that a verdict depends on
};

// Without Services it says what would be loaded if there were some. `owner` as rules_owner_of says.
// Asked for again with the same objects it is not made anew.
std::shared_ptr<const PolicyRules> make_policy_rules(
    std::shared_ptr<const api::v1alpha1::MonitoringPolicy> policy,
    const std::vector<std::shared_ptr<const api::v1alpha1::Service>>& services,
    const std::string& owner);

std::string rule_file_name(const api::ObjectKey& policy);

}  // namespace clickdeploy::reconcilers
