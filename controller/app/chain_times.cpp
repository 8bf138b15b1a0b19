#include "controller/app/chain_times.h"

#include "api/meta/condition.h"

#include <algorithm>

namespace clickdeploy::app {

using api::Condition;
using api::ConditionStatus;
using api::ObjectKey;
using api::v1alpha1::Instance;
using api::v1alpha1::MonitoringPolicy;
using api::v1alpha1::MonitoringPolicySpec;

namespace {

// Has this server been ACTIVE?
bool has_booted(const Instance& instance, const std::string& server) {
  return instance.status.server.id == server && !instance.status.booted_at.empty();
}

// Does another file of rules follow from it? Which Services it selects is not the person's change
// of the rules.
bool asks_for_other_rules(const MonitoringPolicySpec& a, const MonitoringPolicySpec& b) {
  return a.rule_groups != b.rule_groups || a.default_alerts != b.default_alerts ||
         a.slos != b.slos || a.alert_labels != b.alert_labels ||
         a.scope_to_services != b.scope_to_services ||
         a.inhibit_during_actions != b.inhibit_during_actions;
}

bool all_loaded(const MonitoringPolicy& policy) {
  return !policy.status.rules.empty() &&
         std::ranges::all_of(policy.status.rules,
                             [](const auto& rule) { return rule.state == "Loaded"; });
}

}  // namespace

void Durations::add(std::chrono::nanoseconds duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  for (std::size_t i = 0; i < kBounds.size(); ++i) at_most[i] += seconds <= kBounds[i] ? 1 : 0;
  ++count;
  sum_seconds += seconds;
}

void ChainTimes::look(const ObjectKey& key, const Instance* before, const Instance* now) {
  if (now == nullptr || now->metadata.is_deleting()) {
    boots_.erase(key);
    return;
  }
  const std::string& server = now->status.server.id;
  const Condition* scraped = api::find_condition(now->status.conditions, "TargetScraped");
  const bool proven = scraped != nullptr && scraped->status == ConditionStatus::True;
  const auto boot = boots_.find(key);
  if (boot != boots_.end() && boot->second.server == server) {
    const bool no_agents = scraped != nullptr && scraped->reason == "NoAgents";
    if (!proven && !no_agents) return;
    if (proven) first_scrapes_.add(clock_.steady_now() - boot->second.since);
    boots_.erase(boot);
    return;
  }
  if (boot != boots_.end()) boots_.erase(boot);  // of a server that never got so far
  const bool begins = before != nullptr && has_booted(*now, server) && !has_booted(*before, server);
  // What others made has been ACTIVE for long.
  if (begins && !proven && !now->status.adopted) boots_[key] = {server, clock_.steady_now()};
}

void ChainTimes::look(const ObjectKey& key, const MonitoringPolicy* before,
                      const MonitoringPolicy* now) {
  if (now == nullptr || now->metadata.is_deleting()) {
    changes_.erase(key);
    return;
  }
  const bool is_new = before == nullptr && now->status.conditions.empty();
  if (is_new || (before != nullptr && asks_for_other_rules(before->spec, now->spec))) {
    changes_[key] = {now->metadata.generation, clock_.steady_now()};
  }
  const auto change = changes_.find(key);
  const Condition* loaded = api::find_condition(now->status.conditions, "RulesLoaded");
  if (change == changes_.end() || loaded == nullptr || loaded->status != ConditionStatus::True ||
      loaded->observed_generation < change->second.generation) {
    return;
  }
  if (all_loaded(*now)) rule_loads_.add(clock_.steady_now() - change->second.since);
  changes_.erase(change);
}

}  // namespace clickdeploy::app
