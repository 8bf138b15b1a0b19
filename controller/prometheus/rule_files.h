// Rule files: recording and alerting rules as text, the mapping, and their validation.

#pragma once

#include "controller/async/disk.h"
#include "controller/async/process.h"
#include "controller/async/random.h"
#include "controller/prometheus/query_client.h"

#include <chrono>
#include <string>
#include <vector>

namespace clickdeploy::prometheus {

struct Rule {
  std::string record;  // exactly one of record and alert
  std::string alert;
  std::string expr;
  std::string for_duration;  // Prometheus's form, "5m"; "" is none
  Labels labels;
  Labels annotations;

  bool operator==(const Rule&) const = default;
};

struct RuleGroup {
  std::string name;
  std::string interval;  // "" is the server's own
  std::vector<Rule> rules;

  bool operator==(const RuleGroup&) const = default;
};

// The YAML of a rule file, made by a writer, never by pasting text. To it a group
// "click_deploy_info" is added with one recording rule
// click_deploy_rules_info{file, owner, spec_hash} = 1: seeing that hash in /api/v1/rules proves
// that exactly this text is loaded. `owner` tells apart the files of several who share one
// Prometheus.
struct RuleFile {
  std::string text;
  std::string spec_hash;

  bool operator==(const RuleFile&) const = default;
};
RuleFile render_rule_file(const std::string& file_name, const std::string& owner,
                          const std::vector<RuleGroup>& groups);

// The spec_hash that render_rule_file wrote into the text; "" if it has none.
std::string hash_in(const std::string& text);

inline constexpr std::string_view kRulesInfoMetric = "click_deploy_rules_info";

// The recording rules for node_exporter (click_deploy_service_… and click_deploy_instance_…) and
// for the agents' own use, over targets that carry our labels.
std::vector<RuleGroup> mapping_rule_groups(const std::string& interval);

// Says whether Prometheus would load a rule file. Blocks; use run_on.
class RuleChecker {
 public:
  virtual ~RuleChecker() = default;
  // InvalidArgument with promtool's words about the first bad rule; NotFound or DeadlineExceeded if
  // the check could not be made.
  virtual Result<void> check(const std::string& text) = 0;
};

// Runs `promtool check rules` on a temporary file in `folder`.
class PromtoolRuleChecker final : public RuleChecker {
 public:
  PromtoolRuleChecker(ProcessRunner& processes, Disk& disk, Random& random, std::string folder,
                      std::string promtool = "promtool");
  Result<void> check(const std::string& text) override;

 private:
  ProcessRunner& processes_;
  Disk& disk_;
  Random& random_;
  std::string folder_;
  std::string promtool_;
};

}  // namespace clickdeploy::prometheus
