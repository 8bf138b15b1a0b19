#include "tests/bench/etcd.h"

#include "controller/base/json.h"
#include "controller/base/text.h"
#include "tests/bench/load_client.h"
#include "tests/bench/measure.h"

#include <fmt/format.h>

#include <utility>

namespace clickdeploy::bench {
namespace {

// So long that its base64 needs no padding, and the first six characters make eight.
std::string key_of(std::size_t number) {
  return base64_encode(fmt::format("bench-{:08d}/", number));
}

Json all_keys() {
  return Json::object({{"key", base64_encode("bench-")}, {"range_end", base64_encode("bench.")}});
}

std::string post(const std::string& path, const Json& body) {
  return http_send("POST", path, "application/json", to_json(body));
}

}  // namespace

Etcd::Etcd(std::string folder) : folder_(std::move(folder)), port_(free_port()) {
  start();
}

double Etcd::start() {
  const std::string client = fmt::format("http://127.0.0.1:{}", port_);
  const std::string peer = fmt::format("http://127.0.0.1:{}", free_port());
  program_ = std::make_unique<Program>(
      std::vector<std::string>{"etcd", "--name", "bench", "--data-dir", folder_ + "/etcd",
                               "--listen-client-urls", client, "--advertise-client-urls", client,
                               "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                               "--initial-cluster", "bench=" + peer, "--log-level", "error"},
      folder_ + "/etcd.log");
  return wait_until_ready(port_, "/health");
}

double Etcd::restart() {
  program_->stop();
  return start();
}

std::vector<std::string> etcd_puts(std::size_t count, std::size_t value_bytes, std::size_t first) {
  const std::string value = base64_encode(std::string(value_bytes, 'x'));
  std::vector<std::string> requests;
  for (std::size_t i = 0; i < count; ++i) {
    requests.push_back(
        post("/v3/kv/put", Json::object({{"key", key_of(first + i)}, {"value", value}})));
  }
  return requests;
}

std::string etcd_get(std::size_t number) {
  return post("/v3/kv/range", Json::object({{"key", key_of(number)}}));
}

std::string etcd_list() {
  return post("/v3/kv/range", all_keys());
}

std::string etcd_watch() {
  return post("/v3/watch", Json::object({{"create_request", all_keys()}}));
}

}  // namespace clickdeploy::bench
