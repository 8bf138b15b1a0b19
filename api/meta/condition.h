// Condition: one observation about an object, for people and for `kubectl wait`.
//
// Conditions are positive. Unknown means "we could not observe" and is never reported as False.
// lastTransitionTime moves only when the status moves.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::api {

enum class ConditionStatus : std::uint8_t { True, False, Unknown };
std::string_view to_string(ConditionStatus status);

struct Condition {
  std::string type;
  ConditionStatus status = ConditionStatus::Unknown;
  std::string reason;
  std::string message;
  std::int64_t observed_generation = 0;
  std::string last_transition_time;  // RFC 3339

  bool operator==(const Condition&) const = default;
};
using Conditions = std::vector<Condition>;

// nullptr if there is none of that type.
const Condition* find_condition(const Conditions& conditions, std::string_view type);
bool is_true(const Conditions& conditions, std::string_view type);

// Puts `condition` in place of the one of its type, or at the end. Its last_transition_time becomes
// `now`, unless the status is the same as before: then the old time stays.
void set_condition(Conditions& conditions, Condition condition, const std::string& now);

// The shared vocabulary of reasons: each says what to do.
inline constexpr std::string_view kSucceeded = "Succeeded";
inline constexpr std::string_view kProgressing = "Progressing";
inline constexpr std::string_view kWaiting = "Waiting";
inline constexpr std::string_view kTransientError = "TransientError";
inline constexpr std::string_view kInvalidConfiguration = "InvalidConfiguration";
inline constexpr std::string_view kQuotaExceeded = "QuotaExceeded";
inline constexpr std::string_view kUnauthorized = "Unauthorized";
inline constexpr std::string_view kBlocked = "Blocked";
inline constexpr std::string_view kPaused = "Paused";
inline constexpr std::string_view kObservationFailed = "ObservationFailed";
inline constexpr std::string_view kFailed = "Failed";

}  // namespace clickdeploy::api
