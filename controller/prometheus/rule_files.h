// Rule files: recording and alerting rules as text, the mapping, and their validation.

#pragma once

#include "controller/async/disk.h"
#include "controller/async/process.h"
#include "controller/async/random.h"
#include "controller/base/json.h"
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

// The groups of a file that render_rule_file wrote, without the one that it adds.
Result<std::vector<RuleGroup>> read_rule_groups(const std::string& text);

inline constexpr std::string_view kRulesInfoMetric = "click_deploy_rules_info";

// The recording rules for node_exporter, cAdvisor, applications and Caddy (click_deploy_service_…,
// click_deploy_instance_… and click_deploy_container_…) and for the agents' own use, over targets
// that carry our labels.
std::vector<RuleGroup> mapping_rule_groups(const std::string& interval);

// Says whether Prometheus would load rules, and whether they do what their tests say. Blocks; use
// run_on.
class RuleChecker {
 public:
  virtual ~RuleChecker() = default;

  // What promtool says against a rule file: its words for each bad rule, "group "g", rule 1, "r":
  // …", or for the whole; none if the file is good. NotFound or DeadlineExceeded if the check could
  // not be made; likewise all others here.
  virtual Result<std::vector<std::string>> complaints(const std::string& text) = 0;

  // Runs promtool's unit tests, a list in its own form. InvalidArgument with its words if one
  // fails.
  virtual Result<void> test(const std::vector<RuleGroup>& groups, const Json& tests) = 0;

  // InvalidArgument with the first complaint.
  Result<void> check(const std::string& text);

  // What is wrong with each of the rules; "" if nothing is. One run for good ones.
  Result<std::vector<std::string>> check_rules(const std::vector<Rule>& rules);
};

// Runs `promtool` on temporary files in `folder`.
class PromtoolRuleChecker final : public RuleChecker {
 public:
  PromtoolRuleChecker(ProcessRunner& processes, Disk& disk, Random& random, std::string folder,
                      std::string promtool = "promtool");
  Result<std::vector<std::string>> complaints(const std::string& text) override;
  Result<void> test(const std::vector<RuleGroup>& groups, const Json& tests) override;

 private:
  ProcessRunner& processes_;
  Disk& disk_;
  Random& random_;
  std::string folder_;
  std::string promtool_;
};

}  // namespace clickdeploy::prometheus
