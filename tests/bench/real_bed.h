// RealBed: the real clickdeployd, localcloud and Prometheus on free ports of 127.0.0.1, with a
// Cloud and a MetricsBackend that join them.

#pragma once

#include "controller/base/json.h"
#include "controller/http/http_client.h"
#include "tests/bench/child.h"
#include "tests/bench/endpoint.h"

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace clickdeploy::bench {

inline constexpr const char* kApi = "/apis/clickdeploy.io/v1alpha1/namespaces/default/";

std::string read_text(const std::string& path);
// In one step, for those who watch the file.
void write_text(const std::string& path, const std::string& text);

struct RealBedOptions {
  std::string folder;
  std::string prometheus_config;  // what rules and jobs there are; paths are below `folder`
  std::vector<std::string> cloud_flags;
  Json cloud_spec = Json::object();  // beside the credentials
};

class RealBed {
 public:
  explicit RealBed(RealBedOptions options);

  Endpoint api() const { return {.port = api_}; }
  std::uint16_t prometheus() const { return prometheus_; }
  std::uint16_t cloud() const { return cloud_; }
  pid_t daemon_pid() const { return daemon_->pid(); }
  const std::string& folder() const { return folder_; }

  // Gives up after so many seconds. `what` is said then.
  void wait_for(const std::string& what, const std::function<bool()>& question,
                double seconds = 120) const;

  // An object of ours in the namespace "default".
  void create_ours(const char* kind, const char* plural, const std::string& name, Json spec,
                   Json labels = Json::object()) const;
  void patch(const std::string& path, const Json& merge) const;

  // The body of a GET; "" where there is no answer, as long as a program has not begun to listen.
  std::string get(std::uint16_t port, const std::string& path) const;
  Json get_json(std::uint16_t port, const std::string& path) const;

  // Sends one request; gives up if the answer is not 2xx.
  static void ask(const std::string& request, std::uint16_t port);

 private:
  void start_prometheus(const std::string& config);
  void start_cloud(const std::vector<std::string>& flags);
  void create(const std::string& path,
              std::initializer_list<std::pair<std::string, Json>> members) const;

  const std::string folder_;
  const std::uint16_t api_ = free_port();
  const std::uint16_t cloud_ = free_port();
  const std::uint16_t prometheus_ = free_port();
  std::unique_ptr<http::HttpClient> http_ = http::make_curl_client({});
  std::optional<Program> prometheus_program_;
  std::optional<Program> cloud_program_;
  std::optional<Program> daemon_;
};

// A Service of `replicas` small servers in which the bed runs nothing, and repairs nothing.
Json service_spec(std::size_t replicas);

// "127.0.0.1:PORT".
std::string address_of(std::uint16_t port);

}  // namespace clickdeploy::bench
