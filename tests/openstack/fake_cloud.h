// FakeCloud: a small Keystone, and whatever the test says for the rest. Remembers what it was
// asked.

#pragma once

#include "controller/base/json.h"
#include "controller/http/http_client.h"
#include "controller/openstack/types.h"
#include "tests/openstack/virtual_world.h"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace clickdeploy::openstack {

inline constexpr const char* kSecret = "s3cret-canary";

class FakeCloud final : public http::HttpClient {
 public:
  explicit FakeCloud(VirtualWorld& world) : world_(world) {}

  Task<Result<http::Response>> send(http::Request request) override;
  Task<Result<http::StreamingResponse>> stream(http::Request request,
                                               std::chrono::milliseconds idle_max) override;

  // Everything that is neither a log-in nor the compute version document.
  using Answer = std::function<Result<http::Response>(const http::Request&)>;
  Answer answer;

  // If set, it is asked instead of the built-in log-in.
  Answer answer_login;

  // Refuse tokens older than this one ("token-3"); 0 accepts all.
  int oldest_accepted = 0;
  bool refuse_all_tokens = false;
  std::chrono::seconds token_life{3600};
  std::chrono::milliseconds latency{5};
  std::string compute_endpoint = "http://cloud:8774/v2.1";
  std::string newest_microversion = "2.93";
  Json catalog;  // null: compute, network and image in RegionOne

  int logins = 0;
  std::vector<http::Request> requests;  // all of them
  std::vector<http::Request> asked(const std::string& part_of_url) const;

 private:
  Result<http::Response> reply(const http::Request& request);
  http::Response log_in() const;

  VirtualWorld& world_;
};

Credentials fake_credentials();
http::Response json_response(int status, const Json& body);
http::Response text_response(int status, std::string body, std::string type = "text/html");

}  // namespace clickdeploy::openstack
