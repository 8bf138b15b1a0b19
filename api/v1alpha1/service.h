// Service: a fleet of servers made from one template.
//
// Wire name: services.clickdeploy.io/v1alpha1, namespaced. Schema: crds/services.yaml.

#pragma once

#include "api/v1alpha1/common.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace clickdeploy::api::v1alpha1 {

struct RolloutSpec {
  std::int64_t max_surge = 1;
  std::int64_t max_unavailable = 0;  // not both 0

  bool operator==(const RolloutSpec&) const = default;
};

struct ServiceSpec {
  NamespacedRef cloud_ref;
  std::string project_id;  // value of the project_id label; "": the Cloud's project
  bool paused = false;
  std::int64_t replicas = 1;
  std::map<std::string, std::string> template_labels;
  ServerTemplate template_spec;
  RolloutSpec rollout;
  RemediationSpec remediation;

  bool operator==(const ServiceSpec&) const = default;
};

struct AppliedPolicy {
  std::string name;  // "namespace/name"
  std::int64_t generation = 0;

  bool operator==(const AppliedPolicy&) const = default;
};

struct FleetRemediation {
  std::int64_t allowed = 0;  // repairs that may start now
  std::int64_t in_flight = 0;
  bool blocked = false;  // the brake is on

  bool operator==(const FleetRemediation&) const = default;
};

struct ServiceStatus {
  std::int64_t observed_generation = 0;
  std::string revision;
  std::int64_t replicas = 0;
  std::int64_t updated_replicas = 0;
  std::int64_t ready_replicas = 0;
  std::int64_t available_replicas = 0;
  std::int64_t monitored_replicas = 0;  // the full chain proven
  std::string selector;
  std::vector<AppliedPolicy> policies;
  FleetRemediation remediation;
  std::vector<OwnedResource> resources;  // ServerGroup | SecurityGroup
  std::string last_sync_time;
  Conditions conditions;

  bool operator==(const ServiceStatus&) const = default;
};

struct Service {
  static constexpr GroupVersionKind kGvk{kGroup, kVersion, "Service", "services"};

  ObjectMeta metadata;
  ServiceSpec spec;
  ServiceStatus status;

  bool operator==(const Service&) const = default;
};

}  // namespace clickdeploy::api::v1alpha1
