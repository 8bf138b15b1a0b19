#include "controller/reconcilers/metrics_backend/rule_choice.h"

#include "controller/prometheus/promql_scope.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace clickdeploy::reconcilers {

using prometheus::Rule;
using prometheus::RuleGroup;

namespace {

const std::string& name_of(const Rule& rule) {
  return rule.alert.empty() ? rule.record : rule.alert;
}

// Alerts may share a name; the second of a name is another rule than the first.
struct Identity {
  std::string group;
  bool is_alert = false;
  std::string name;
  std::size_t ordinal = 0;

  auto operator<=>(const Identity&) const = default;
};

struct Entry {
  Identity identity;
  std::size_t index = 0;  // in its group
  const Rule* rule = nullptr;
};

std::vector<Entry> entries_of(const std::vector<RuleGroup>& groups) {
  std::vector<Entry> entries;
  std::map<std::tuple<std::string, bool, std::string>, std::size_t> seen;
  for (const RuleGroup& group : groups) {
    for (std::size_t i = 0; i < group.rules.size(); ++i) {
      const Rule& rule = group.rules[i];
      const bool is_alert = !rule.alert.empty();
      const std::size_t ordinal = seen[{group.name, is_alert, name_of(rule)}]++;
      entries.push_back({{group.name, is_alert, name_of(rule), ordinal}, i, &rule});
    }
  }
  return entries;
}

// Finds the last good version of a rule: by its name, or by its place if it was renamed.
class LastGood {
 public:
  LastGood(const std::vector<RuleGroup>& groups, const std::vector<Entry>& wanted)
      : entries_(entries_of(groups)) {
    std::set<Identity> names;
    for (const Entry& entry : wanted) names.insert(entry.identity);
    for (const Entry& entry : entries_) {
      by_identity_[entry.identity] = entry.rule;
      if (!names.contains(entry.identity)) {
        renamed_[{entry.identity.group, entry.index}] = entry.rule;
      }
    }
  }

  const Rule* find(const Entry& wanted) const {
    auto same = by_identity_.find(wanted.identity);
    if (same != by_identity_.end()) return same->second;
    auto place = renamed_.find({wanted.identity.group, wanted.index});
    return place == renamed_.end() ? nullptr : place->second;
  }

  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
  std::map<Identity, const Rule*> by_identity_;
  std::map<std::pair<std::string, std::size_t>, const Rule*> renamed_;
};

// Holds the rules that ask for what a held rule records, and those that ask for these, and so on.
void hold_dependants(const std::vector<Entry>& wanted, std::vector<std::string>& faults) {
  std::vector<std::set<std::string>> asked;
  for (const Entry& entry : wanted) asked.push_back(prometheus::metrics_of(entry.rule->expr));
  bool changed = true;
  while (changed) {
    changed = false;
    std::set<std::string> held;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!faults[i].empty()) held.insert(wanted[i].rule->record);
    }
    held.erase("");
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!faults[i].empty()) continue;
      const auto cause =
          std::ranges::find_if(asked[i], [&held](const auto& name) { return held.contains(name); });
      if (cause == asked[i].end()) continue;
      faults[i] = "held with the rule that records " + *cause + ", which is not good";
      changed = true;
    }
  }
}

// The rules that held versions ask for, and that nobody wants any more.
void keep_what_is_asked(const LastGood& last_good, RuleChoice& choice,
                        const std::vector<const Rule*>& held) {
  std::set<std::string> there;
  for (const RuleGroup& group : choice.groups) {
    for (const Rule& rule : group.rules) there.insert(rule.record);
  }
  std::vector<const Rule*> to_look_at = held;
  while (!to_look_at.empty()) {
    const std::set<std::string> asked = prometheus::metrics_of(to_look_at.back()->expr);
    to_look_at.pop_back();
    for (const Entry& entry : last_good.entries()) {
      const Rule& rule = *entry.rule;
      if (rule.record.empty() || !asked.contains(rule.record) || there.contains(rule.record)) {
        continue;
      }
      there.insert(rule.record);
      to_look_at.push_back(&rule);
      auto group = std::ranges::find(choice.groups, entry.identity.group, &RuleGroup::name);
      if (group == choice.groups.end()) {
        choice.groups.insert(choice.groups.begin(),
                             {.name = entry.identity.group, .interval = "", .rules = {rule}});
      } else {
        group->rules.push_back(rule);  // last, so that the places of the others stay
      }
    }
  }
}

}  // namespace

RuleChoice choose_rules(const std::vector<RuleGroup>& wanted,
                        const std::vector<std::string>& faults,
                        const std::vector<RuleGroup>& last_good) {
  const std::vector<Entry> entries = entries_of(wanted);
  std::vector<std::string> held = faults;
  held.resize(entries.size());
  hold_dependants(entries, held);

  const LastGood known(last_good, entries);
  RuleChoice choice;
  std::vector<const Rule*> held_versions;
  std::size_t next = 0;
  for (const RuleGroup& group : wanted) {
    RuleGroup chosen{.name = group.name, .interval = group.interval, .rules = {}};
    for (const Rule& rule : group.rules) {
      const std::string& why = held[next];
      const Rule* version = why.empty() ? &rule : known.find(entries[next]);
      ++next;
      RuleFate fate;
      fate.at = chosen.rules.size();
      if (version == nullptr) {
        fate.version = RuleVersion::None;
        fate.why = why;
      } else {
        chosen.rules.push_back(*version);
        if (*version != rule) {
          fate.version = RuleVersion::LastGood;
          fate.why = why;
          held_versions.push_back(version);
        }
      }
      choice.fates.push_back(std::move(fate));
    }
    if (!chosen.rules.empty()) choice.groups.push_back(std::move(chosen));
  }
  keep_what_is_asked(known, choice, held_versions);
  return choice;
}

}  // namespace clickdeploy::reconcilers
