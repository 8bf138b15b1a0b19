#include "api/meta/condition.h"
#include "api/meta/object_meta.h"
#include "controller/base/planted.h"
#include "controller/base/utf8.h"

#include <algorithm>

namespace clickdeploy::api {

namespace {
// Far below the schemas' limit: a message of somebody else's words never keeps a status from being
// written.
constexpr std::size_t kMessageBytesMax = 4096;
}  // namespace

bool ObjectMeta::has_finalizer(std::string_view finalizer) const {
  return std::ranges::find(finalizers, finalizer) != finalizers.end();
}

std::string_view to_string(ConditionStatus status) {
  switch (status) {
    case ConditionStatus::True:
      return "True";
    case ConditionStatus::False:
      return "False";
    case ConditionStatus::Unknown:
      break;
  }
  return "Unknown";
}

const Condition* find_condition(const Conditions& conditions, std::string_view type) {
  auto found = std::ranges::find(conditions, type, &Condition::type);
  return found == conditions.end() ? nullptr : &*found;
}

bool is_true(const Conditions& conditions, std::string_view type) {
  const Condition* condition = find_condition(conditions, type);
  return condition != nullptr && condition->status == ConditionStatus::True;
}

void set_condition(Conditions& conditions, Condition condition, const std::string& now) {
  condition.message.resize(utf8_prefix(condition.message, kMessageBytesMax).size());
  auto found = std::ranges::find(conditions, condition.type, &Condition::type);
  condition.last_transition_time = now;
  if (found == conditions.end()) {
    conditions.push_back(std::move(condition));
    return;
  }
  const bool same = found->status == condition.status && !planted(Bug::TransitionTimeMoves);
  if (same && !found->last_transition_time.empty()) {
    condition.last_transition_time = found->last_transition_time;
  }
  *found = std::move(condition);
}

}  // namespace clickdeploy::api
