#include "controller/app/dev_setup_internal.h"
#include "controller/base/json.h"
#include "controller/base/text.h"
#include "controller/base/yaml.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace clickdeploy::app {

namespace fs = std::filesystem;

namespace {

constexpr unsigned kPrivate = 0700;

bool is_program(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && access(path.c_str(), X_OK) == 0;
}

std::string find_in_path(const std::string& name) {
  if (name.find('/') != std::string::npos) return is_program(name) ? name : "";
  const char* path = std::getenv("PATH");
  for (const std::string& folder : split(path == nullptr ? "" : path, ':')) {
    if (!folder.empty() && is_program(folder + "/" + name)) return folder + "/" + name;
  }
  return "";
}

std::string find_beside_us(const std::string& name) {
  std::error_code ignored;
  const fs::path self = fs::read_symlink("/proc/self/exe", ignored);
  const std::string beside = (self.parent_path() / name).string();
  return is_program(beside) ? beside : find_in_path(name);
}

}  // namespace

Result<DevPrograms> find_dev_programs(const Settings& settings) {
  DevPrograms programs;
  programs.localcloud = find_beside_us("localcloud");
  programs.clickctl = find_beside_us("clickctl");
  if (find_in_path("clickctl").empty()) {
    programs.clickctl_dir = fs::path(programs.clickctl).parent_path().string();
  }
  programs.prometheus = find_in_path("prometheus");
  programs.alertmanager = find_in_path("prometheus-alertmanager");
  if (programs.alertmanager.empty()) programs.alertmanager = find_in_path("alertmanager");
  programs.node_exporter = find_in_path("prometheus-node-exporter");
  if (programs.node_exporter.empty()) programs.node_exporter = find_in_path("node_exporter");
  std::vector<std::string> missing;
  std::vector<std::string> packages;
  auto need = [&](const std::string& path, const std::string& name, const std::string& package) {
    if (!path.empty()) return;
    missing.push_back(name);
    if (packages.empty() || packages.back() != package) packages.push_back(package);
  };
  need(programs.prometheus, "prometheus", "prometheus");
  need(find_in_path(settings.promtool), settings.promtool, "prometheus");
  need(programs.alertmanager, "prometheus-alertmanager", "prometheus-alertmanager");
  need(programs.node_exporter, "prometheus-node-exporter", "prometheus-node-exporter");
  if (!missing.empty()) {
    return fail(ErrorCode::NotFound, "not found in PATH: " + join(missing, ", ") +
                                         "\n  On Debian: sudo apt-get install " +
                                         join(packages, " "));
  }
  if (programs.localcloud.empty()) {
    return fail(ErrorCode::NotFound,
                "localcloud is neither beside this program nor in PATH\n  Build it: make build");
  }
  return programs;
}

Result<std::string> make_dev_folder(const Settings& settings, bool temporary, Disk& disk) {
  std::error_code problem;
  if (temporary) {
    std::string name = (fs::temp_directory_path(problem) / "clickdeploy-dev-XXXXXX").string();
    if (problem || mkdtemp(name.data()) == nullptr) {
      return fail(ErrorCode::Unavailable, "cannot make the temporary folder " + name);
    }
    return name;
  }
  const bool chosen = settings.data != Settings().data;
  const fs::path wanted = chosen ? settings.data : "clickdeploy-dev";
  std::string data = fs::absolute(wanted, problem).lexically_normal().string();
  while (data.size() > 1 && data.ends_with("/")) data.pop_back();
  // Prometheus reads the target and rule files by a pattern that begins with this path.
  if (data.find_first_of("*?[]\\") != std::string::npos) {
    return fail(ErrorCode::InvalidArgument,
                "--data " + data + ": the path must not contain any of * ? [ ] \\");
  }
  Result<void> made = disk.make_folder(data, kPrivate);
  if (!made) return std::unexpected(std::move(made).error().with_context("--data " + data));
  return data;
}

Result<void> write_dev_configuration(const DevPlaces& places, Disk& disk) {
  const std::string prometheus = places.data + "/prometheus";
  for (const std::string& folder : {prometheus, places.targets(), places.rules(),
                                    places.data + "/alertmanager", places.data + "/guests"}) {
    Result<void> made = disk.make_folder(folder, kPrivate);
    if (!made) return made;
  }
  const Json job = Json::object(
      {{"job_name", "click-deploy"},
       {"file_sd_configs", Json::array({Json::object({
                               {"files", Json::array({places.targets() + "/clickdeploy-*.json"})},
                               {"refresh_interval", "30s"},
                           })})}});
  const Json alertmanagers = Json::array({Json::object(
      {{"static_configs",
        Json::array({Json::object({{"targets", Json::array({places.alertmanager_address})}})})}})});
  const Json config = Json::object({
      {"global",
       Json::object(
           {{"scrape_interval", "5s"}, {"scrape_timeout", "3s"}, {"evaluation_interval", "5s"}})},
      {"rule_files", Json::array({places.rules() + "/clickdeploy-*.yml"})},
      {"scrape_configs", Json::array({job})},
      {"alerting", Json::object({{"alertmanagers", alertmanagers}})},
  });
  Result<void> written = disk.write_atomic(prometheus + "/prometheus.yml", to_yaml(config), 0600);
  if (!written) return written;
  // Alerts are shown, and sent to nobody.
  const Json routes = Json::object({
      {"route", Json::object({{"receiver", "nobody"}})},
      {"receivers", Json::array({Json::object({{"name", "nobody"}})})},
  });
  return disk.write_atomic(places.data + "/alertmanager/alertmanager.yml", to_yaml(routes), 0600);
}

ChildProgram localcloud_program(const DevPrograms& programs, const DevPlaces& places) {
  return {.name = "localcloud",
          .argv = {programs.localcloud, "--listen", places.cloud_address, "--cidr", places.cidr,
                   "--state", places.data + "/localcloud.json", "--guests", "process",
                   "--guests-dir", places.data + "/guests", "--exporter", programs.node_exporter,
                   "--write-clouds", places.clouds_file(), "--verbose"},
          .log_file = places.log("localcloud")};
}

ChildProgram prometheus_program(const DevPrograms& programs, const DevPlaces& places) {
  const std::string folder = places.data + "/prometheus";
  return {.name = "Prometheus",
          .argv = {programs.prometheus, "--config.file=" + folder + "/prometheus.yml",
                   "--web.listen-address=" + places.prometheus_address,
                   "--web.external-url=" + places.prometheus_url(),
                   "--storage.tsdb.path=" + folder + "/data", "--storage.tsdb.retention.time=2d",
                   "--storage.tsdb.retention.size=512MB", "--web.enable-lifecycle",
                   "--enable-feature=new-service-discovery-manager"},
          .log_file = places.log("prometheus")};
}

ChildProgram alertmanager_program(const DevPrograms& programs, const DevPlaces& places) {
  const std::string folder = places.data + "/alertmanager";
  return {.name = "Alertmanager",
          .argv = {programs.alertmanager, "--config.file=" + folder + "/alertmanager.yml",
                   "--storage.path=" + folder + "/data",
                   "--web.listen-address=" + places.alertmanager_address,
                   "--web.external-url=" + places.alertmanager_url(), "--cluster.listen-address="},
          .log_file = places.log("alertmanager")};
}

}  // namespace clickdeploy::app
