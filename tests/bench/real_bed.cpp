#include "tests/bench/real_bed.h"

#include "controller/async/block_on.h"
#include "tests/bench/load_client.h"
#include "tests/bench/measure.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace clickdeploy::bench {
namespace {

// A program that was built beside this one.
std::vector<std::string> words(const std::string& program, std::vector<std::string> more) {
  const auto beside = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  more.insert(more.begin(), beside / program);
  return more;
}

Json named(const std::string& name) {
  return Json::object({{"name", name}});
}

}  // namespace

std::string read_text(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path + ".new") << text;
  std::filesystem::rename(path + ".new", path);
}

std::string address_of(std::uint16_t port) {
  return fmt::format("127.0.0.1:{}", port);
}

Json service_spec(std::size_t replicas) {
  const Json network = Json::object({{"name", "app"}, {"network", named("app-net")}});
  const Json server = Json::object({{"image", named("debian-12")},
                                    {"flavors", Json::array({named("m1.tiny")})},
                                    {"networks", Json::array({network})}});
  return Json::object({{"cloudRef", named("cloud")},
                       {"replicas", static_cast<std::int64_t>(replicas)},
                       {"template", Json::object({{"spec", server}})},
                       {"remediation", Json::object({{"enabled", false}})}});
}

RealBed::RealBed(RealBedOptions options) : folder_(std::move(options.folder)) {
  for (const char* name : {"targets", "rules"}) {
    std::filesystem::create_directories(folder_ + "/" + name);
  }
  start_prometheus(options.prometheus_config);
  start_cloud(options.cloud_flags);
  daemon_.emplace(words("clickdeployd", {"--data", folder_ + "/data", "--listen", address_of(api_),
                                         "--log-level", "warning"}),
                  folder_ + "/clickdeployd.log");
  wait_until_ready(api_, "/readyz");
  create("/api/v1/namespaces/default/secrets",
         {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata", named("cloud")},
          {"stringData", Json::object({{"clouds.yaml", read_text(folder_ + "/clouds.yaml")}})}});
  Json cloud = std::move(options.cloud_spec);
  cloud.set("credentials",
            Json::object({{"secretRef", named("cloud")}, {"cloudName", "localcloud"}}));
  create_ours("Cloud", "clouds", "cloud", std::move(cloud));
  create_ours("MetricsBackend", "metricsbackends", "main",
              Json::object({{"url", "http://" + address_of(prometheus_)},
                            {"targets", Json::object({{"directory", folder_ + "/targets"}})},
                            {"rules", Json::object({{"directory", folder_ + "/rules"}})}}));
}

void RealBed::start_prometheus(const std::string& config) {
  write_text(folder_ + "/prometheus.yml", config);
  prometheus_program_.emplace(
      std::vector<std::string>{"prometheus", "--config.file=" + folder_ + "/prometheus.yml",
                               "--storage.tsdb.path=" + folder_ + "/tsdb",
                               "--web.listen-address=" + address_of(prometheus_),
                               "--web.enable-lifecycle"},
      folder_ + "/prometheus.log");
  wait_until_ready(prometheus_, "/-/ready");
}

void RealBed::start_cloud(const std::vector<std::string>& flags) {
  std::vector<std::string> all{
      "--listen", address_of(cloud_), "--guests",       "none",
      "--cidr",   "127.99.0.0/16",    "--write-clouds", folder_ + "/clouds.yaml"};
  all.insert(all.end(), flags.begin(), flags.end());
  cloud_program_.emplace(words("localcloud", std::move(all)), folder_ + "/localcloud.log");
  wait_for("localcloud", [this] { return std::filesystem::exists(folder_ + "/clouds.yaml"); });
}

void RealBed::wait_for(const std::string& what, const std::function<bool()>& question,
                       double seconds) const {
  const Stopwatch watch;
  while (!question()) {
    if (watch.seconds() > seconds) give_up("waited for " + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void RealBed::create_ours(const char* kind, const char* plural, const std::string& name, Json spec,
                          Json labels) const {
  create(kApi + std::string(plural),
         {{"apiVersion", "clickdeploy.io/v1alpha1"},
          {"kind", kind},
          {"metadata", Json::object({{"name", name}, {"labels", std::move(labels)}})},
          {"spec", std::move(spec)}});
}

void RealBed::create(const std::string& path,
                     std::initializer_list<std::pair<std::string, Json>> members) const {
  Json object = Json::object();
  for (const auto& [name, value] : members) object.set(name, value);
  ask(http_send("POST", path, "application/json", to_json(object)), api_);
}

void RealBed::patch(const std::string& path, const Json& merge) const {
  ask(http_send("PATCH", path, "application/merge-patch+json", to_json(merge)), api_);
}

void RealBed::ask(const std::string& request, std::uint16_t port) {
  run_load({.to = {.port = port}, .requests = 1, .request = [&](std::size_t) -> const std::string& {
              return request;
            }});
}

std::string RealBed::get(std::uint16_t port, const std::string& path) const {
  http::Request request;
  request.url = fmt::format("http://{}{}", address_of(port), path);
  request.deadline = std::chrono::seconds(30);
  request.response_bytes_max = std::size_t{256} * 1024 * 1024;
  Result<http::Response> response = block_on(http_->send(std::move(request)));
  return response ? std::move(response->body) : "";
}

Json RealBed::get_json(std::uint16_t port, const std::string& path) const {
  Result<Json> body = parse_json(get(port, path));
  return body ? *std::move(body) : Json();
}

}  // namespace clickdeploy::bench
