#include "tests/openstack/fake_cloud.h"

#include "controller/base/text.h"

#include <utility>

namespace clickdeploy::openstack {
namespace {

Json endpoint(const std::string& url) {
  return Json::object({{"interface", "public"}, {"region", "RegionOne"}, {"url", url}});
}

Json service(const std::string& type, const std::string& url) {
  return Json::object({{"type", type}, {"endpoints", Json::array({endpoint(url)})}});
}

bool is_login(const http::Request& request) {
  return request.url.ends_with("/v3/auth/tokens");
}

}  // namespace

Credentials fake_credentials() {
  Credentials credentials;
  credentials.auth_url = "http://cloud:5000/v3";
  credentials.username = "controller";
  credentials.password = SecretString(kSecret);
  credentials.project_name = "demo";
  return credentials;
}

http::Response json_response(int status, const Json& body) {
  return http::Response{
      .status = status,
      .headers = {{"Content-Type", "application/json"}, {"x-openstack-request-id", "req-1234"}},
      .body = to_json(body)};
}

http::Response text_response(int status, std::string body, std::string type) {
  return http::Response{
      .status = status, .headers = {{"Content-Type", std::move(type)}}, .body = std::move(body)};
}

std::vector<http::Request> FakeCloud::asked(const std::string& part_of_url) const {
  std::vector<http::Request> found;
  for (const http::Request& request : requests) {
    if (request.url.find(part_of_url) != std::string::npos) found.push_back(request);
  }
  return found;
}

Task<Result<http::Response>> FakeCloud::send(http::Request request) {
  requests.push_back(request);
  if (is_login(request)) ++logins;
  Result<http::Response> response = reply(request);
  co_await world_.sleep(latency);
  co_return response;
}

Task<Result<http::StreamingResponse>> FakeCloud::stream(http::Request /*request*/,
                                                        std::chrono::milliseconds /*idle_max*/) {
  co_return fail(ErrorCode::Internal, "nothing streams here");
}

Result<http::Response> FakeCloud::reply(const http::Request& request) {
  if (is_login(request)) return answer_login ? answer_login(request) : log_in();
  const std::string* token = http::find_header(request.headers, "X-Auth-Token");
  const int number = token && token->starts_with("token-") ? std::stoi(token->substr(6)) : 0;
  if (refuse_all_tokens || number < oldest_accepted || number == 0) {
    return json_response(
        401, Json::object({{"error", Json::object({{"code", 401}, {"message", "No."}})}}));
  }
  if (request.url.ends_with("/v2.1/")) {
    return json_response(
        200, Json::object({{"version", Json::object({{"id", "v2.1"},
                                                     {"min_version", "2.1"},
                                                     {"version", newest_microversion}})}}));
  }
  return answer ? answer(request) : json_response(200, Json::object());
}

http::Response FakeCloud::log_in() const {
  Json services = catalog;
  if (services.is_null()) {
    services =
        Json::array({service("compute", compute_endpoint), service("network", "http://cloud:9696/"),
                     service("image", "http://cloud:9292")});
  }
  const WallTime now = world_.wall_now();
  Json token = Json::object({{"issued_at", format_micro_time(now)},
                             {"expires_at", format_micro_time(now + token_life)},
                             {"project", Json::object({{"id", "project-1"}})},
                             {"user", Json::object({{"id", "user-1"}})},
                             {"catalog", std::move(services)}});
  http::Response response = json_response(201, Json::object({{"token", std::move(token)}}));
  response.headers.push_back({"X-Subject-Token", "token-" + std::to_string(logins)});
  return response;
}

}  // namespace clickdeploy::openstack
