// Instance: one server of a Service, with its ports, addresses and agents.
//
// Wire name: instances.clickdeploy.io/v1alpha1, namespaced. Schema: crds/instances.yaml. Its spec
// is written by the Service reconciler, its status by the Instance reconciler.

#pragma once

#include "api/v1alpha1/common.h"

#include <cstdint>
#include <string>
#include <vector>

namespace clickdeploy::api::v1alpha1 {

// A server that exists and becomes this Instance's instead of a new one.
struct Adoption {
  std::string server_id;  // of one that somebody else made
  std::string token;      // of one that we made, for an Instance that is no longer known
  std::string identity;  // the uid that its marks and its agents tell, from then on this Instance's

  bool empty() const { return server_id.empty() && token.empty(); }
  bool operator==(const Adoption&) const = default;
};

struct InstanceSpec {
  NamespacedRef cloud_ref;
  std::string service_name;
  std::string project_id;
  std::string availability_zone;  // the one that is tried first; "": the cloud chooses
  ServerTemplate server;
  std::vector<AgentSpec> agents;
  RemediationSpec remediation;
  Adoption adopt;
  std::string deletion_policy;  // of its Service, when that is deleted; "": Delete

  bool operator==(const InstanceSpec&) const = default;
};

// The create protocol's record: what was intended is durable before anything is called.
struct Claim {
  std::string token;
  std::string state;  // Intended | Uncertain | Confirmed
  std::string since;  // RFC 3339: when the state was entered
  std::int64_t attempts = 0;
  // RFC 3339: when a part (a port, a volume) was asked for and not answered at once. For a
  // minute another one may still appear, made by whatever sent the request again on its way. "": no
  // such doubt.
  std::string parts_asked;

  bool operator==(const Claim&) const = default;
};

struct InstanceServer {
  std::string id;
  std::string state;  // Nova's status
  std::string task;
  std::string fault;
  std::string request_id;

  bool operator==(const InstanceServer&) const = default;
};

struct InstanceAddress {
  std::string type;  // InternalIP | ExternalIP
  std::string address;
  std::string network;

  bool operator==(const InstanceAddress&) const = default;
};

// A flavor in an availability zone where the cloud found no host.
struct FailedPlacement {
  std::string flavor_id;
  std::string availability_zone;
  std::string reason;
  std::string at;

  bool operator==(const FailedPlacement&) const = default;
};

struct ResolvedAttachment {
  std::string name;
  std::string network_id;
  std::string subnet_id;
  std::vector<std::string> security_group_ids;

  bool operator==(const ResolvedAttachment&) const = default;
};

// Names and filters turned into the cloud's ids when the server was made.
struct ResolvedThings {
  std::string image_id;
  std::string flavor_id;
  std::string flavor;  // its name
  std::string availability_zone;
  std::vector<ResolvedAttachment> attachments;
  std::string at;
  std::vector<FailedPlacement> failed_placements;  // of this round of tries
  std::string host;  // the machine that is taken, where the Cloud's machines exist already

  bool operator==(const ResolvedThings&) const = default;
};

struct BootstrapStatus {
  std::string state;  // Pending | Succeeded | Failed | TimedOut
  std::int64_t duration_seconds = 0;
  std::string step;  // the one that failed

  bool operator==(const BootstrapStatus&) const = default;
};

struct AgentStatus {
  std::string name;
  std::string state;              // Pending | Up | Down | IdentityMismatch
  std::string version;            // that runs, in its own words; "" if it tells none
  std::string installed_version;  // the first that it told on this server
  std::string address;            // host:port
  std::string last_scrape;
  std::string reported_id;  // the instance uid that the agent tells

  bool operator==(const AgentStatus&) const = default;
};

struct InstanceRemediation {
  std::string step;  // the last step that was begun; "" when none is
  std::int64_t retries = 0;
  std::string last_reason;
  std::string started_at;  // of the step
  std::string unhealthy_since;

  bool operator==(const InstanceRemediation&) const = default;
};

struct AlertCounts {
  std::int64_t firing = 0;
  std::int64_t pending = 0;

  bool operator==(const AlertCounts&) const = default;
};

struct InstanceStatus {
  std::int64_t observed_generation = 0;
  std::string phase;  // Pending, Creating, Booting, Running, Stopped, Unhealthy, Repairing,
                      // Deleting, Failed
  Claim claim;
  InstanceServer server;
  std::vector<OwnedResource> resources;  // Port | RootVolume | Volume | FloatingIP | Server
  std::vector<InstanceAddress> addresses;
  std::string address;   // where its agents are scraped
  bool adopted = false;  // spec.adopt has been done, or proved impossible
  ResolvedThings resolved;
  BootstrapStatus bootstrap;
  std::string booted_at;
  std::vector<AgentStatus> agents;
  std::string agents_summary;  // "1/1"
  std::string scraped;         // time of the last sample
  AlertCounts alerts;          // about it, as last observed
  InstanceRemediation remediation;
  std::string ssh_host_key;  // as the server showed it first: "ssh-ed25519 AAAA…"
  std::string last_sync_time;
  Conditions conditions;

  bool operator==(const InstanceStatus&) const = default;
};

struct Instance {
  static constexpr GroupVersionKind kGvk{kGroup, kVersion, "Instance", "instances"};

  ObjectMeta metadata;
  InstanceSpec spec;
  InstanceStatus status;

  bool operator==(const Instance&) const = default;
};

}  // namespace clickdeploy::api::v1alpha1
