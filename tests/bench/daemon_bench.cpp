// The daemon itself, as a process of its own, beside etcd.

#include "controller/base/json.h"
#include "tests/bench/bare_store.h"
#include "tests/bench/child.h"
#include "tests/bench/etcd.h"
#include "tests/bench/load_client.h"
#include "tests/bench/measure.h"
#include "tests/bench/stack.h"

#include <fmt/format.h>

#include <filesystem>

namespace clickdeploy::bench {
namespace {

constexpr std::size_t kBytes = 880;
constexpr double kMebi = 1024 * 1024;

// ConfigMaps, which no controller acts on: what is measured is the serving of objects.
std::vector<std::string> config_maps(std::size_t count) {
  std::vector<std::string> requests;
  for (std::size_t i = 0; i < count; ++i) {
    Json object =
        Json::object({{"apiVersion", "v1"},
                      {"kind", "ConfigMap"},
                      {"metadata", Json::object({{"name", fmt::format("map-{:05d}", i)},
                                                 {"namespace", "default"},
                                                 {"labels", Json::object({{"app", "web"}})}})},
                      {"data", Json::object({{"text", ""}})}});
    const std::size_t bytes = to_json(object).size();
    object.member("data").set("text", std::string(kBytes - bytes, 'x'));
    requests.push_back(http_send("POST", "/api/v1/namespaces/default/configmaps",
                                 "application/json", to_json(object)));
  }
  return requests;
}

class DaemonProcess {
 public:
  explicit DaemonProcess(const std::string& folder) : folder_(folder) { start(); }

  double start() {
    port_ = free_port();
    const auto beside = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    program_ = std::make_unique<Program>(
        std::vector<std::string>{beside / "clickdeployd", "--data", folder_ + "/data", "--listen",
                                 fmt::format("127.0.0.1:{}", port_), "--log-level", "warning"},
        folder_ + "/clickdeployd.log");
    return wait_until_ready(port_, "/readyz");
  }
  void stop() { program_->stop(); }
  Endpoint endpoint() const { return {.port = port_}; }
  double resident_bytes() const { return bench::resident_bytes(program_->pid()); }

 private:
  const std::string folder_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Program> program_;
};

}  // namespace

void bench_daemon(const Sizes& sizes, const std::string& folder, Report& report) {
  report.begin(fmt::format("the daemon with {} objects", sizes.loaded));
  DaemonProcess ours(folder);
  send_all(ours.endpoint(), sizes.connections, config_maps(sizes.loaded));
  const double our_memory = ours.resident_bytes() / kMebi;
  Etcd etcd(folder);
  send_all(etcd.endpoint(), sizes.connections, etcd_puts(sizes.loaded, kBytes));
  const double etcd_memory = etcd.resident_bytes() / kMebi;

  const std::string database = folder + "/data/clickdeploy.db";
  std::vector<double> our_millis;
  std::vector<double> etcd_millis;
  std::vector<double> read_millis;
  std::vector<double> restarted_memory;
  for (std::size_t round = 0; round < sizes.rounds; ++round) {
    ours.stop();
    our_millis.push_back(ours.start() * 1e3);
    restarted_memory.push_back(ours.resident_bytes() / kMebi);
    etcd_millis.push_back(etcd.restart() * 1e3);
  }
  ours.stop();
  const double documents = BareStore(database).sum("SELECT sum(length(bytes)) FROM documents");
  for (std::size_t round = 0; round < sizes.rounds; ++round) {
    read_millis.push_back(BareStore(database).read_all() * 1e3);
  }
  const std::string with = fmt::format("with {} objects of {} bytes", sizes.loaded, kBytes);
  const std::vector<double> limit(restarted_memory.size(), documents / kMebi);
  report.add({.name = "clickdeployd, resident, " + with,
              .unit = "MiB",
              .better = Better::Lower,
              .taken = {our_memory, documents / kMebi, our_memory / (documents / kMebi)},
              .limit_is = "the bytes of their documents",
              .aim = 50,
              .etcd = etcd_memory});
  report.add({.name = "the same after a restart",
              .unit = "MiB",
              .better = Better::Lower,
              .taken = medians_of(restarted_memory, limit),
              .limit_is = "the bytes of their documents",
              .aim = 50,
              .etcd = etcd.resident_bytes() / kMebi});
  report.add({.name = "clickdeployd, start to ready, " + with,
              .unit = "ms",
              .better = Better::Lower,
              .taken = medians_of(our_millis, read_millis),
              .limit_is = "reading all its rows with bare SQLite",
              .aim = 250,
              .etcd = median(etcd_millis)});
}

}  // namespace clickdeploy::bench
