#include "tests/localcloud/real_world.h"

#include "controller/async/block_on.h"

#include <fmt/format.h>

#include <csignal>
#include <thread>
#include <unistd.h>

namespace clickdeploy::localcloud {
namespace {

std::uint32_t block_first() {
  const auto pid = static_cast<std::uint32_t>(::getpid());
  return (127u << 24) | (1u << 23) | ((pid & 0x3FFFF) << 5);
}

std::string dotted(std::uint32_t address) {
  return fmt::format("{}.{}.{}.{}", address >> 24, (address >> 16) & 255, (address >> 8) & 255,
                     address & 255);
}

}  // namespace

std::string own_block() {
  return dotted(block_first()) + "/27";
}
std::string own_address() {
  return dotted(block_first() + 5);
}

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

bool is_running(pid_t pid) {
  return ::kill(pid, 0) == 0;
}

Client::Client() : http_(http::make_curl_client({})) {}

http::Response Client::call(std::string method, std::string url, const Json& body) {
  http::Request request;
  request.method = std::move(method);
  request.url = std::move(url);
  request.headers = headers;
  request.deadline = std::chrono::seconds(10);
  if (!body.is_null()) request.body = to_json(body);
  Result<http::Response> response = block_on(http_->send(std::move(request)));
  return response ? std::move(*response) : http::Response{.status = 0, .headers = {}, .body = {}};
}

}  // namespace clickdeploy::localcloud
