// What a Prometheus that asks for its targets (HTTPSD) is answered. It asks at the path that
// controller/prometheus/targets_request.h tells, with Authorization: Bearer TOKEN.
//
// 200 with the list of one job, in the format of http_sd; 401 without the right token, whether or
// not there is such a backend; 503 while the list is not known, so that Prometheus keeps its last.

#pragma once

#include "controller/http/message.h"

#include <string>

namespace clickdeploy::app {

// `token` and `targets` are what is known of the backend.
http::Response answer_targets(const http::Request& request, const Result<std::string>& token,
                              const Result<std::string>& targets);

}  // namespace clickdeploy::app
