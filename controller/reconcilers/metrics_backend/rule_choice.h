// Per-rule last good: which version of each rule of a policy goes into its file.
//
// A rule with a fault does not replace its last good version, nor keep others from being loaded:
// its last version stays, or it is left out if there is none. Rules that ask for a series which a
// held rule records are held with it, for they may have been written for the new version of it.
// What a held version asks for of rules that are no longer wanted stays with it.

#pragma once

#include "controller/prometheus/rule_files.h"

#include <cstdint>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

enum class RuleVersion : std::uint8_t { Wanted, LastGood, None };

struct RuleFate {
  RuleVersion version = RuleVersion::Wanted;
  std::string why;     // it is not the wanted one; "" if it is
  std::size_t at = 0;  // place in its group of the file; not for None

  bool operator==(const RuleFate&) const = default;
};

struct RuleChoice {
  std::vector<prometheus::RuleGroup> groups;
  std::vector<RuleFate> fates;  // of the wanted rules, in order
};

// What became of the rules of one policy on their way into Prometheus.
struct RulesOutcome {
  std::string wanted_hash;  // of the file with all wanted rules
  std::string chosen_hash;  // of the file that is to be loaded
  std::string refusal;      // why Prometheus does not load that one; "" if it may
  std::vector<RuleFate> fates;

  bool operator==(const RulesOutcome&) const = default;
};

// `faults`: what is wrong with each wanted rule, in order, "" if nothing is.
RuleChoice choose_rules(const std::vector<prometheus::RuleGroup>& wanted,
                        const std::vector<std::string>& faults,
                        const std::vector<prometheus::RuleGroup>& last_good);

}  // namespace clickdeploy::reconcilers
