// For tests with real programs on real loopback addresses.

#pragma once

#include "controller/base/json.h"
#include "controller/http/http_client.h"

#include <functional>
#include <memory>
#include <string>

namespace clickdeploy::localcloud {

// A block of 127.128.0.0/9 that no other test process uses at the same time: "127.130.2.32/27".
std::string own_block();
// An address of it.
std::string own_address();

// True as soon as `condition` is; false after the deadline.
bool eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds deadline = std::chrono::seconds(20));

bool is_running(pid_t pid);

// A plain client of the machine's own loopback.
class Client {
 public:
  Client();
  http::Headers headers;  // sent with each request

  // Status 0: no answer.
  http::Response call(std::string method, std::string url, const Json& body = {});
  http::Response get(std::string url) { return call("GET", std::move(url)); }

 private:
  std::unique_ptr<http::HttpClient> http_;
};

}  // namespace clickdeploy::localcloud
