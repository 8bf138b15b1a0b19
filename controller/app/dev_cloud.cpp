#include "controller/app/dev_cloud_internal.h"
#include "controller/base/json.h"

#include <utility>

namespace clickdeploy::app {

Task<Result<LocalCloudState>> read_local_cloud(http::HttpClient& http, std::string cloud_url) {
  http::Request request;
  request.url = cloud_url + "/localcloud/v1/state";
  request.deadline = std::chrono::milliseconds(10'000);
  Result<http::Response> response = co_await http.send(std::move(request));
  if (!response) co_return std::unexpected(std::move(response).error().with_context("localcloud"));
  Result<Json> json = parse_json(response->body);
  if (!json) co_return std::unexpected(std::move(json).error().with_context("localcloud"));
  LocalCloudState state;
  state.ports = (*json)["counts"]["ports"].as_int();
  for (const Json& item : (*json)["servers"].as_array()) {
    LocalServer server;
    server.id = item["id"].as_string();
    server.name = item["name"].as_string();
    for (const Json& pid : item["pids"].as_array()) server.pids.push_back(pid.as_int());
    state.servers.push_back(std::move(server));
  }
  co_return state;
}

}  // namespace clickdeploy::app
