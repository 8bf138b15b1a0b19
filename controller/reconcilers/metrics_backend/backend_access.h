// How a MetricsBackend is reached: its address, and what its Secrets say.

#pragma once

#include "api/v1alpha1/metrics_backend.h"
#include "controller/prometheus/query_client.h"
#include "controller/reconcilers/caches.h"

#include <string>

namespace clickdeploy::reconcilers {

// A Secret that is missing or of no use is told by `problem`: what needs no connection goes on.
prometheus::Access access_of(const Caches& caches, const std::string& namespace_name,
                             const api::v1alpha1::MetricsBackendSpec& spec);

// Does the backend read this Secret?
bool uses_secret(const api::v1alpha1::MetricsBackend& backend, const api::ObjectKey& secret);

}  // namespace clickdeploy::reconcilers
