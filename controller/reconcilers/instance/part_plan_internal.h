// What plan_instance does about parts: made before the server, removed after it. Pure.

#pragma once

#include "controller/reconcilers/instance/instance_plan.h"

#include <optional>

namespace clickdeploy::reconcilers {

// The next thing that is missing of what the server needs. Nullopt when all is there.
std::optional<InstanceAction> make_parts(const Instance& instance, const TokenLookUp& found);

// The next thing to be done about volumes before a server can be asked for; all those that are
// wanted have been made. Nullopt when all are ready.
std::optional<InstanceAction> ready_volumes(const Instance& instance,
                                            const InstanceObserved& observed);

enum class Remove : std::uint8_t { OfTheServer, OfTheInstance };

// The last made first. Nullopt when none is left that can be removed now.
std::optional<InstanceAction> remove_parts(const Instance& instance, const TokenLookUp& found,
                                           Remove which);

// Volumes go in their own time. Nullopt when none is left to wait for.
std::optional<InstanceAction> await_parts(const TokenLookUp& found, Remove which);

}  // namespace clickdeploy::reconcilers
