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
  std::int64_t min_ready_seconds = 0;
  std::vector<std::string> gates;  // AgentsHealthy | NoPageAlert
  bool paused = false;             // scaling and repairs go on
  std::int64_t progress_deadline_seconds = 1800;
  std::string on_failure = "Pause";  // Pause | Rollback
  std::int64_t revision_history_limit = 10;

  bool operator==(const RolloutSpec&) const = default;
};

struct DeletionSpec {
  std::string policy = "Delete";  // Delete | Detach | DetachMonitoring
  std::string order = "Oldest";   // Oldest | Newest

  bool operator==(const DeletionSpec&) const = default;
};

// Servers that somebody else made and that the Service takes over: those that match all of it.
struct AdoptFilter {
  std::string name_prefix;
  std::map<std::string, std::string> metadata;
  std::vector<std::string> tags;

  bool empty() const { return name_prefix.empty() && metadata.empty() && tags.empty(); }
  bool operator==(const AdoptFilter&) const = default;
};

// Where the application itself tells its metrics, on each server.
struct EndpointSpec {
  std::string name;
  std::string type = "Application";  // Application | Caddy
  std::int64_t port = 0;
  std::string path;    // "": /metrics
  std::string scheme;  // http | https; "": http
  std::map<std::string, std::string> params;
  std::string interval;  // "": the policy's
  std::string timeout;

  bool operator==(const EndpointSpec&) const = default;
};

struct ServiceSpec {
  NamespacedRef cloud_ref;
  std::string project_id;  // value of the project_id label; "": the Cloud's project
  std::string management_policy = "Managed";  // Managed | Observe | Adopt
  AdoptFilter adopt_filter;
  bool paused = false;
  std::int64_t replicas = 1;
  std::map<std::string, std::string> template_labels;
  std::map<std::string, std::string> template_annotations;
  ServerTemplate template_spec;
  std::vector<EndpointSpec> endpoints;
  RolloutSpec rollout;
  RemediationSpec remediation;
  DeletionSpec deletion;

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

// How far the template of the spec has got.
struct RolloutStatus {
  std::string state;          // Progressing | Complete | Paused | Failed | RolledBack
  std::string template_hash;  // of the spec's whole template
  std::int64_t number = 0;    // of its record in the history
  std::string completed;      // hash of the last template that was rolled out to the end
  std::string started_at;     // RFC 3339
  std::string progressed_at;  // when a server was last replaced or became available
  std::int64_t progress = 0;  // a measure that rises with it
  std::string message;        // why it does not go on

  bool operator==(const RolloutStatus&) const = default;
};

// One of those that are pending or fire, without what changes while it lasts.
struct ServiceAlert {
  std::string name;
  std::string severity;
  std::string instance;                       // name of the Instance; "" if it is about all
  std::string state;                          // Pending | Firing
  std::string since;                          // RFC 3339: since when its condition holds
  std::string silenced;                       // True | False | Unknown; "" while it is pending
  std::string summary;                        // as it was when the alert was first seen
  std::map<std::string, std::string> labels;  // the others

  bool operator==(const ServiceAlert&) const = default;
};

struct ServiceAlerts {
  std::int64_t firing = 0;
  std::int64_t pending = 0;
  std::vector<ServiceAlert> worst;  // the most severe

  bool operator==(const ServiceAlerts&) const = default;
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
  RolloutStatus rollout;
  std::vector<std::string> planned_steps;  // what an observed Service would do
  ServiceAlerts alerts;                    // as last observed; see AlertsObserved
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
