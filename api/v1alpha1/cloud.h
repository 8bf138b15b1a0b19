// Cloud: one OpenStack project and region, or machines that exist already: how to get in, what is
// meant, limits.
//
// Wire name: clouds.clickdeploy.io/v1alpha1, namespaced. Schema: crds/clouds.yaml.

#pragma once

#include "api/v1alpha1/common.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::api::v1alpha1 {

struct CloudCredentials {
  SecretKeyRef secret_ref;
  std::string cloud_name;

  bool operator==(const CloudCredentials&) const = default;
};

struct CloudLimits {
  double requests_per_second = 10;
  std::int64_t burst = 20;
  std::int64_t max_concurrent_creates = 5;

  bool operator==(const CloudLimits&) const = default;
};

// A machine that exists already.
struct HostSpec {
  std::string name;       // unique in the list
  std::string address;    // of its SSH server and of its agents
  std::int64_t port = 0;  // 0: that of spec.ssh
  std::map<std::string, std::string> labels;
  std::string host_key;  // "ssh-ed25519 AAAA…"; "": that which it shows first

  bool operator==(const HostSpec&) const = default;
};

struct CloudSpec {
  std::string type = "OpenStack";  // OpenStack | Hosts
  CloudCredentials credentials;
  std::vector<HostSpec> hosts;  // of type Hosts
  std::optional<SshSpec> ssh;   // likewise
  std::string region;
  std::string identity_project_id;                  // "": pinned on first success
  std::optional<LabelSelector> allowed_namespaces;  // nullopt: its own only
  CloudLimits limits;
  std::int64_t poll_seconds = 10;
  std::string missing_fleet_threshold = "20%";

  bool operator==(const CloudSpec&) const = default;
};

struct QuotaStatus {
  std::int64_t limit = -1;  // -1: unlimited
  std::int64_t used = 0;

  bool operator==(const QuotaStatus&) const = default;
};

struct CloudIdentity {
  std::string project_id;
  std::string user_id;
  std::string catalog_hash;

  bool operator==(const CloudIdentity&) const = default;
};

// Something in the cloud with our mark that no object accounts for.
struct Orphan {
  std::string kind;  // Server | Port
  std::string id;
  std::string name;
  std::string belonged_to;  // the Instance that its mark names
  std::string since;        // RFC 3339

  bool operator==(const Orphan&) const = default;
};

// A machine, as it was last seen. One that is no longer in the spec stays here while it is taken.
struct HostStatus {
  std::string name;
  std::string address;
  std::int64_t port = 22;
  std::string state;      // Free | Taken | Foreign | Unreachable
  std::string server_id;  // of what it was taken for; "": nothing
  std::string instance;   // whose it is, as its mark tells; "" if it is free
  std::string host_key;   // that it showed first
  std::string message;    // why it cannot be used

  bool operator==(const HostStatus&) const = default;
};

struct CloudStatus {
  std::int64_t observed_generation = 0;
  CloudIdentity identity;
  std::string token_expires_at;
  std::map<std::string, QuotaStatus> quota;     // instances, cores, ramMiB, ports, floatingIPs, …
  std::map<std::string, std::string> services;  // compute, network, image → Available | Absent
  std::int64_t servers = 0;                     // ours, as observed
  std::string instances_summary;                // "3/10"
  std::vector<Orphan> orphans;
  std::vector<HostStatus> hosts;
  std::string last_sync_time;
  Conditions conditions;

  bool operator==(const CloudStatus&) const = default;
};

struct Cloud {
  static constexpr GroupVersionKind kGvk{kGroup, kVersion, "Cloud", "clouds"};

  ObjectMeta metadata;
  CloudSpec spec;
  CloudStatus status;

  bool operator==(const Cloud&) const = default;
};

}  // namespace clickdeploy::api::v1alpha1
