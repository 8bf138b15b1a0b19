// Access: where a Prometheus or an Alertmanager is, and how one request reaches it.

#pragma once

#include "controller/async/task.h"
#include "controller/base/secret.h"
#include "controller/http/http_client.h"

#include <chrono>
#include <optional>
#include <string>

namespace clickdeploy::prometheus {

// Where a server is, and how we show it who we are.
struct Access {
  std::string url;                             // with or without a trailing slash
  std::chrono::milliseconds deadline{20'000};  // of each request
  SecretString authorization;                  // value of the header; "" sends none
  http::TlsOptions tls;
  std::optional<Error> problem;  // why it cannot be used now: every request fails with it

  bool needs_own_client() const;  // for its certificates
  bool operator==(const Access& other) const;
};

// One try. `request.url` is the path below the server's url; the rest is added. `what` is the
// context of an error. `http` trusts and shows the certificates of `access.tls`; both outlive the
// task.
Task<Result<http::Response>> send_to(http::HttpClient& http, const Access& access,
                                     http::Request request, std::string what);

}  // namespace clickdeploy::prometheus
