// Trouble: what an object cannot get over by itself, told once by an Event of type Warning.

#pragma once

#include "api/meta/condition.h"
#include "api/meta/object_meta.h"
#include "controller/runtime/event_recorder.h"

#include <optional>

namespace clickdeploy::reconcilers {

// The condition Progressing, if its reason is one that waits for a person or for room, and is news
// after `before`. Numbers in a message change all the time, so another message alone is news only
// where the configuration is wrong. Pure.
std::optional<api::Condition> new_trouble(const api::Conditions& before,
                                          const api::Conditions& now);

// Call it when the new conditions are stored.
void record_trouble(runtime::EventRecorder& events, const api::GroupVersionKind& gvk,
                    const api::ObjectMeta& about, const api::Conditions& before,
                    const api::Conditions& now);

}  // namespace clickdeploy::reconcilers
