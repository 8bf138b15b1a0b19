// Connection: which API server is meant, and as whom, from flags and kubeconfig.

#pragma once

#include "controller/base/error.h"
#include "controller/base/secret.h"
#include "controller/cli/environment.h"
#include "controller/http/http_client.h"

#include <chrono>
#include <optional>
#include <string>

namespace clickdeploy::cli {

struct ConnectionOptions {
  std::string kubeconfig;      // --kubeconfig
  std::string context;         // --context
  std::string namespace_name;  // --namespace
  std::string server;          // --server
  bool all_namespaces = false;
  std::optional<std::chrono::seconds> request_timeout;
};

struct Connection {
  std::string server;  // scheme://host:port, without a slash at the end
  http::TlsOptions tls;
  SecretString token;
  std::string namespace_name = "default";
};

// InvalidArgument says which file, which entry, and what to write instead. With --server alone no
// kubeconfig is needed.
Result<Connection> find_connection(const Environment& environment,
                                   const ConnectionOptions& options);

}  // namespace clickdeploy::cli
