// MetricsBackend: one Prometheus: where to query it, where its target and rule files are.
//
// Wire name: metricsbackends.clickdeploy.io/v1alpha1, namespaced. Schema:
// crds/metricsbackends.yaml.

#pragma once

#include "api/v1alpha1/common.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::api::v1alpha1 {

// How we show a server who we are, and know that it is the right one. At most one of basic and
// bearer; a client certificate goes with either. Each names a Secret in the same namespace.
struct AccessSpec {
  std::string basic_secret;  // keys username and password
  SecretKeyRef bearer;       // a token
  std::string mtls_secret;   // keys tls.crt and tls.key
  SecretKeyRef ca;           // certificates in PEM that are trusted instead of the system's

  bool operator==(const AccessSpec&) const = default;
};

// Where the alerts of this Prometheus go.
struct AlertmanagerSpec {
  std::string url;
  AccessSpec access;

  bool operator==(const AlertmanagerSpec&) const = default;
};

struct MetricsBackendSpec {
  std::string type = "Prometheus";
  std::string url;
  AccessSpec access;
  std::optional<LabelSelector> allowed_namespaces;  // nullopt: its own only
  std::string targets_type = "FileSD";              // FileSD | HTTPSD | OpenStackSD
  std::string targets_directory;                    // FileSD
  SecretKeyRef targets_token;                       // HTTPSD: what Prometheus shows us
  std::string rules_directory;
  std::string rules_reload = "HTTP";  // HTTP | None (somebody else reloads; we still verify)
  std::optional<AlertmanagerSpec> alertmanager;  // nullopt: what it does is not known
  std::int64_t verify_seconds = 60;
  std::int64_t query_timeout_seconds = 20;
  std::vector<std::string> scrapes_from;  // CIDRs; empty: security groups are somebody else's

  bool operator==(const MetricsBackendSpec&) const = default;
};

struct LastReload {
  std::string time;
  bool succeeded = false;
  std::string message;

  bool operator==(const LastReload&) const = default;
};

struct TargetCounts {
  std::int64_t desired = 0;
  std::int64_t delivered = 0;  // in the files; with OpenStackSD all that are desired
  std::int64_t known = 0;      // to Prometheus
  std::int64_t up = 0;

  bool operator==(const TargetCounts&) const = default;
};

struct RuleCounts {
  std::int64_t desired = 0;
  std::int64_t loaded = 0;
  std::int64_t rejected = 0;
  std::int64_t failing_evaluation = 0;

  bool operator==(const RuleCounts&) const = default;
};

struct MetricsBackendStatus {
  std::int64_t observed_generation = 0;
  std::string version;
  std::string cluster_id;  // in the metadata of the servers that are scraped
  std::optional<LastReload> last_reload;
  TargetCounts targets;
  RuleCounts rules;
  std::string targets_summary;  // "3/3": up/desired
  std::string rules_summary;    // "16/16": loaded/desired
  std::string last_sync_time;
  Conditions conditions;

  bool operator==(const MetricsBackendStatus&) const = default;
};

struct MetricsBackend {
  static constexpr GroupVersionKind kGvk{kGroup, kVersion, "MetricsBackend", "metricsbackends"};

  ObjectMeta metadata;
  MetricsBackendSpec spec;
  MetricsBackendStatus status;

  bool operator==(const MetricsBackend&) const = default;
};

}  // namespace clickdeploy::api::v1alpha1
