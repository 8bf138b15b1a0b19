// QueryClient: one function per request of Prometheus's HTTP API that we use.
//
// Errors: 503 and no answer → Unavailable (also while the WAL is replayed), 400/422 →
// InvalidArgument with Prometheus's own words, a body that is not the JSON expected → Unavailable.
// It tries once. Threads and lifetime: any coroutine of one executor; refers to the HttpClient.

#pragma once

#include "controller/base/json.h"
#include "controller/base/text.h"
#include "controller/prometheus/access.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace clickdeploy::prometheus {

using Labels = std::map<std::string, std::string>;

struct Sample {
  Labels labels;
  double time_seconds = 0;
  std::string value;  // Prometheus's text: "1", "+Inf", "NaN"

  bool operator==(const Sample&) const = default;
};

struct ActiveTarget {
  Labels labels;
  Labels discovered_labels;
  std::string scrape_pool;
  std::string scrape_url;
  std::string health;  // up | down | unknown
  std::string last_error;
  std::optional<WallTime> last_scrape;  // nullopt before the first

  bool operator==(const ActiveTarget&) const = default;
};

// One that is pending or fires.
struct Alert {
  Labels labels;        // with alertname
  std::string state;    // pending | firing
  std::string since;    // RFC 3339: since when its condition holds
  std::string summary;  // the annotation

  const std::string& label(const std::string& name) const;  // "" if there is none
  bool operator==(const Alert&) const = default;
};

struct RuleStatus {
  std::string name;
  std::string type;    // alerting | recording
  std::string query;   // canonical form
  std::string health;  // ok | err | unknown
  std::string last_error;
  std::string state;  // inactive | pending | firing; alerting rules only
  double duration_seconds = 0;
  std::string last_evaluation;  // RFC 3339; "" before the first
  double evaluation_seconds = 0;
  Labels labels;
  Labels annotations;
  std::size_t firing = 0;           // alerts of it that fire
  std::vector<std::string> paging;  // service_id of those with severity page, each once
  std::vector<Alert> alerts;        // those with a service_id

  bool operator==(const RuleStatus&) const = default;
};

struct RuleGroupStatus {
  std::string name;
  std::string file;
  double interval_seconds = 0;
  std::vector<RuleStatus> rules;

  bool operator==(const RuleGroupStatus&) const = default;
};

// An expression evaluated again and again over a time that is over.
struct RangeQuery {
  std::string expression;
  WallTime start{};
  WallTime end{};
  std::chrono::seconds step{60};  // at most 11,000 fit between start and end
};

// When a series was there. What it was is not kept.
struct Presence {
  Labels labels;
  std::vector<std::int64_t> times;  // seconds since 1970, ascending

  bool operator==(const Presence&) const = default;
};

struct RuntimeInfo {
  std::string version;
  bool reload_config_success = false;
  std::string last_config_time;  // RFC 3339, whole seconds
  std::string storage_retention;

  bool operator==(const RuntimeInfo&) const = default;
};

class QueryClient {
 public:
  // `http` trusts and shows the certificates of `access.tls`.
  QueryClient(http::HttpClient& http, Access access);
  QueryClient(http::HttpClient& http, std::string url, std::chrono::milliseconds deadline);

  Task<Result<void>> ready();
  Task<Result<std::vector<Sample>>> query(
      std::string expression);  // instant; a scalar is one sample without labels
  // An answer of more than 8 MiB is an error. Prometheus gives up at our deadline, too.
  Task<Result<std::vector<Presence>>> query_range(RangeQuery query);
  Task<Result<std::vector<ActiveTarget>>> active_targets();
  Task<Result<std::vector<RuleGroupStatus>>> rules();
  Task<Result<RuntimeInfo>> runtime_info();
  Task<Result<std::string>> canonical(
      std::string expression);  // format_query, white space squeezed

  // POST /-/reload. InvalidArgument with the body for a 500 (the new configuration is bad),
  // PermissionDenied when the lifecycle API is off.
  Task<Result<void>> reload();

 private:
  Task<Result<Json>> request_data(http::Request request, std::string what);

  http::HttpClient& http_;
  Access access_;
};

}  // namespace clickdeploy::prometheus
