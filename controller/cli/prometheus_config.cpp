#include "controller/base/yaml.h"
#include "controller/cli/targets_internal.h"

#include <ostream>

namespace clickdeploy::cli {
namespace {

std::string in_folder(std::string folder, const char* files) {
  while (folder.ends_with('/')) folder.pop_back();
  return folder + "/" + files;
}

Json prometheus_yml(const Json& spec) {
  Json job =
      Json::object({{"job_name", "click-deploy"},
                    {"file_sd_configs",
                     Json::array({Json::object(
                         {{"files", Json::array({in_folder(spec["targets"]["directory"].as_string(),
                                                           "clickdeploy-*.json")})}})})}});
  return Json::object({{"rule_files", Json::array({in_folder(spec["rules"]["directory"].as_string(),
                                                             "clickdeploy-*.yml")})},
                       {"scrape_configs", Json::array({std::move(job)})}});
}

}  // namespace

Task<int> run_prometheus_config(Session& session, std::vector<std::string> words) {
  Result<Target> target = parse_one_target(words);
  if (target && target->info->kind != "MetricsBackend") {
    target = fail(ErrorCode::InvalidArgument, "name a MetricsBackend, as metricsbackend/main");
  }
  if (!target) {
    session.console.error(target.error().message());
    co_return kWrongUsage;
  }
  api::ObjectKey key{session.namespace_name, target->name};
  Result<std::optional<Json>> backend =
      co_await session.client.get(path_of(*target->info), std::move(key));
  if (!backend || !backend->has_value()) {
    report(session, backend ? not_found(session, *target) : backend.error());
    co_return kFailed;
  }
  const Json& spec = (**backend)["spec"];
  std::ostream& out = session.console.out();
  out << "# What a Prometheus needs in its prometheus.yml for MetricsBackend "
      << session.namespace_name << "/" << target->name << ".\n"
      << "# One job is enough for every Service: the files carry intervals, labels and "
         "addresses.\n";
  if (spec["rules"]["reload"].as_string("HTTP") == "HTTP") {
    out << "# It must run with --web.enable-lifecycle: rules are loaded by POST /-/reload.\n";
  } else {
    out << "# Somebody has to reload it when the rule files change: spec.rules.reload is None.\n";
  }
  out << to_yaml(prometheus_yml(spec));
  co_return kDone;
}

}  // namespace clickdeploy::cli
