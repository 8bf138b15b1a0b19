// A healthy fleet as data: Instances as the reconcilers leave them, and what the cloud and
// Prometheus say of them.

#pragma once

#include "api/v1alpha1/codec.h"
#include "controller/base/json.h"

#include <cstddef>
#include <string>
#include <vector>

namespace clickdeploy::bench {

api::v1alpha1::Instance sample_instance(std::size_t index);

// Gives it the server number `index`, ACTIVE, with its agents scraped.
void make_healthy(api::v1alpha1::Instance& instance, std::size_t index);

// The objects around `services` Services of `replicas` Instances.
api::v1alpha1::Cloud sample_cloud();
api::v1alpha1::MetricsBackend sample_backend();
api::v1alpha1::MonitoringPolicy sample_policy();
api::v1alpha1::Service sample_service(std::size_t index, std::size_t replicas);

// The answers of Nova, Neutron and Prometheus to lists, for healthy Instances.
Json nova_servers(const std::vector<api::v1alpha1::Instance>& instances);
Json neutron_ports(const std::vector<api::v1alpha1::Instance>& instances);
Json prometheus_targets(const std::vector<api::v1alpha1::Instance>& instances);

inline constexpr const char* kScrapedAt = "2026-11-22T12:00:00Z";

}  // namespace clickdeploy::bench
