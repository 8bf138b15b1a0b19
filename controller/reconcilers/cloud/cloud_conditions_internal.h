// The conditions of a Cloud, and what else its two types report in the same way.

#pragma once

#include "api/v1alpha1/cloud.h"
#include "controller/async/clock.h"
#include "controller/base/text.h"

#include <string>
#include <string_view>

namespace clickdeploy::reconcilers {

inline constexpr std::size_t kOrphansMax = 200;  // as in the schema

// Writes the conditions of one Cloud, each with the time at which it is found to be so: a log-in
// may take a minute.
class CloudConditions {
 public:
  CloudConditions(api::v1alpha1::Cloud& cloud, const Clock& clock) : cloud_(cloud), clock_(clock) {}

  void set(std::string_view type, api::ConditionStatus status, std::string_view reason,
           std::string message) {
    api::Condition condition;
    condition.type = type;
    condition.status = status;
    condition.reason = reason;
    condition.message = std::move(message);
    condition.observed_generation = cloud_.metadata.generation;
    api::set_condition(cloud_.status.conditions, std::move(condition),
                       format_time(clock_.wall_now()));
  }

  // The Cloud cannot be used: why, and will we come back by ourselves?
  void not_ready(api::ConditionStatus ready, std::string_view reason, const std::string& message) {
    const bool stopped = reason == api::kInvalidConfiguration || reason == api::kBlocked ||
                         reason == api::kUnauthorized;
    set("Ready", ready, reason, message);
    set("Progressing", stopped ? api::ConditionStatus::False : api::ConditionStatus::True, reason,
        message);
  }

 private:
  api::v1alpha1::Cloud& cloud_;
  const Clock& clock_;
};

}  // namespace clickdeploy::reconcilers
