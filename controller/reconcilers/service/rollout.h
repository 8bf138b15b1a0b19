// How far the template of a Service has got, and whether its rollout may go on. Pure.
//
// A rollout begins with another template and is complete when every replica is made from it and
// available. Progress is a server more of the new template, one more of them available, or one less
// of the old that are not ready; without any for progressDeadlineSeconds the rollout has failed.
// Time in which nobody can see the fleet does not count.

#pragma once

#include "controller/reconcilers/service/service_plan.h"

#include <string>

namespace clickdeploy::reconcilers {

// The states of status.rollout.
inline constexpr std::string_view kRolloutProgressing = "Progressing";
inline constexpr std::string_view kRolloutComplete = "Complete";
inline constexpr std::string_view kRolloutPaused = "Paused";
inline constexpr std::string_view kRolloutFailed = "Failed";
inline constexpr std::string_view kRolloutRolledBack = "RolledBack";

// Of the whole template, also of what changes no server; its record in the history has this name.
std::string template_hash(const api::v1alpha1::Service& service);

// Ready for minReadySeconds, and through the gates that look at one server.
bool is_available(const api::v1alpha1::Service& service, const ServiceObserved& observed,
                  const api::v1alpha1::Instance& instance);

// The next status.rollout.
api::v1alpha1::RolloutStatus advance_rollout(const api::v1alpha1::Service& service,
                                             const ServiceObserved& observed,
                                             const std::string& now);

// Why no server may be replaced now; "" if it may.
std::string rollout_hold(const api::v1alpha1::Service& service, const ServiceObserved& observed);

}  // namespace clickdeploy::reconcilers
