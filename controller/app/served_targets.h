// The path at which a Prometheus asks for its targets (HTTPSD), and what is answered.
//
//   GET /httpsd/v1/namespaces/NAMESPACE/metricsbackends/NAME/targets?job=JOB
//   Authorization: Bearer TOKEN
//
// 200 with the list of one job, in the format of http_sd; 401 without the right token, whether or
// not there is such a backend; 503 while the list is not known, so that Prometheus keeps its last.

#pragma once

#include "api/meta/object_meta.h"
#include "controller/http/message.h"

#include <optional>
#include <string>
#include <string_view>

namespace clickdeploy::app {

struct TargetsRequest {
  api::ObjectKey backend;
  std::string job;  // by default the one of targets that ask for nothing

  bool operator==(const TargetsRequest&) const = default;
};

// Nullopt if it is another path, or one that is none.
std::optional<TargetsRequest> parse_targets_request(std::string_view url);

// `token` and `targets` are what is known of the backend.
http::Response answer_targets(const http::Request& request, const Result<std::string>& token,
                              const Result<std::string>& targets);

}  // namespace clickdeploy::app
