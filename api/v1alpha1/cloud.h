// Cloud: one OpenStack project and region: credentials, pinned identity, limits.
//
// Wire name: clouds.clickdeploy.io/v1alpha1, namespaced. Schema: crds/clouds.yaml.

#pragma once

#include "api/v1alpha1/common.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

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

struct CloudSpec {
  std::string type = "OpenStack";
  CloudCredentials credentials;
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

struct CloudStatus {
  std::int64_t observed_generation = 0;
  CloudIdentity identity;
  std::string token_expires_at;
  std::map<std::string, QuotaStatus> quota;     // instances, cores, ramMiB, ports, floatingIPs, …
  std::map<std::string, std::string> services;  // compute, network, image → Available | Absent
  std::int64_t servers = 0;                     // ours, as observed
  std::string instances_summary;                // "3/10"
  std::vector<Orphan> orphans;
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
