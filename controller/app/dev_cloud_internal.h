// What localcloud says of itself, beyond OpenStack's API: its servers and the processes in them.

#pragma once

#include "controller/async/task.h"
#include "controller/base/error.h"
#include "controller/http/http_client.h"

#include <cstdint>
#include <string>
#include <vector>

namespace clickdeploy::app {

struct LocalServer {
  std::string id;
  std::string name;
  std::vector<std::int64_t> pids;  // of its exporter
};

struct LocalCloudState {
  std::vector<LocalServer> servers;
  std::int64_t ports = 0;  // of all projects
};

// `cloud_url`: "http://127.0.0.1:8774".
Task<Result<LocalCloudState>> read_local_cloud(http::HttpClient& http, std::string cloud_url);

}  // namespace clickdeploy::app
