// SelfSubjectAccessReview and its siblings. There is no authentication: everybody may do
// everything.

#pragma once

#include "controller/apiserver/core_internal.h"

#include <optional>

namespace clickdeploy::apiserver {

// nullopt: the path is not that of a review.
std::optional<Answer<http::Reply>> reply_review(const Core& core, const ApiRequest& request);

}  // namespace clickdeploy::apiserver
