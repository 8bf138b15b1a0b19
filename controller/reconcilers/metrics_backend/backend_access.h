// How a MetricsBackend is reached: its address, and what its Secrets say.

#pragma once

#include "api/v1alpha1/metrics_backend.h"
#include "controller/prometheus/query_client.h"
#include "controller/reconcilers/caches.h"

#include <optional>
#include <string>

namespace clickdeploy::reconcilers {

struct BackendAccess {
  prometheus::Access prometheus;
  std::optional<prometheus::Access> alertmanager;

  bool operator==(const BackendAccess&) const = default;
};

// A Secret that is missing or of no use is told by `problem`: what needs no connection goes on.
BackendAccess access_of(const Caches& caches, const std::string& namespace_name,
                        const api::v1alpha1::MetricsBackendSpec& spec);

// Does the backend read this Secret?
bool uses_secret(const api::v1alpha1::MetricsBackend& backend, const api::ObjectKey& secret);

}  // namespace clickdeploy::reconcilers
