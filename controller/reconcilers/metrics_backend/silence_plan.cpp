#include "controller/reconcilers/metrics_backend/silence_plan.h"

#include "controller/reconcilers/instance/expected_down.h"

#include <algorithm>
#include <map>
#include <utility>

namespace clickdeploy::reconcilers {

using prometheus::Matcher;
using prometheus::Silence;

namespace {

constexpr std::chrono::minutes kLasts{10};
constexpr std::chrono::minutes kExtendBefore{5};
constexpr const char* kCreatedBy = "click-deploy";

std::string mark_of(const std::string& owner) {
  return " [click-deploy " + owner + "]";
}

bool is_ours(const Silence& silence, const std::string& mark) {
  return silence.created_by == kCreatedBy && silence.comment.ends_with(mark) &&
         silence.state != "expired" && !silence.id.empty();
}

Silence make_silence(const WantedSilence& wanted, const std::string& mark, WallTime now) {
  Silence silence;
  silence.matchers = {{"instance_name", wanted.instance},
                      {"namespace", wanted.namespace_name},
                      {"service", wanted.service}};
  silence.starts_at = now;
  silence.ends_at = now + kLasts;
  silence.created_by = kCreatedBy;
  silence.comment = "Instance " + wanted.namespace_name + "/" + wanted.instance + ": " +
                    wanted.reason + ", by the controller itself." + mark;
  return silence;
}

}  // namespace

std::vector<WantedSilence> wanted_silences(const api::ObjectKey& backend,
                                           const MonitoringInput& input) {
  std::vector<WantedSilence> wanted;
  for (const Binding& binding : plan_bindings(input)) {
    if (binding.backend != backend || !binding.policy->spec.silence_during_actions) continue;
    for (const auto& instance : input.instances) {
      const std::optional<ExpectedDown> down = expected_down(*instance);
      if (!down || down->service_id != binding.service->metadata.uid) continue;
      wanted.push_back({down->namespace_name, down->service, down->instance_name, down->reason});
    }
  }
  return wanted;
}

std::vector<SilenceStep> plan_silences(const std::string& owner,
                                       const std::vector<WantedSilence>& wanted,
                                       const std::vector<Silence>& existing, WallTime now) {
  const std::string mark = mark_of(owner);
  std::vector<SilenceStep> steps;
  // Of several for one Instance the one that lasts longest stays.
  std::map<std::vector<Matcher>, const Silence*> ours;
  for (const Silence& silence : existing) {
    if (!is_ours(silence, mark)) continue;
    const Silence*& kept = ours[silence.matchers];
    const bool longer = kept == nullptr || kept->ends_at < silence.ends_at;
    const Silence* surplus = longer ? std::exchange(kept, &silence) : &silence;
    if (surplus != nullptr) steps.push_back(ExpireSilence{surplus->id});
  }
  for (const WantedSilence& one : wanted) {
    Silence fresh = make_silence(one, mark, now);
    const auto found = ours.find(fresh.matchers);
    if (found == ours.end()) {
      steps.push_back(PutSilence{std::move(fresh)});
      continue;
    }
    const Silence& old = *found->second;
    if (old.ends_at - now < kExtendBefore) {
      fresh.id = old.id;
      fresh.starts_at = old.starts_at;
      steps.push_back(PutSilence{std::move(fresh)});
    }
    ours.erase(found);
  }
  for (const auto& [matchers, silence] : ours) steps.push_back(ExpireSilence{silence->id});
  return steps;
}

}  // namespace clickdeploy::reconcilers
