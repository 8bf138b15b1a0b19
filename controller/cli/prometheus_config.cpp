#include "controller/base/yaml.h"
#include "controller/cli/targets_internal.h"
#include "controller/prometheus/scrape_jobs.h"

#include <ostream>
#include <set>

namespace clickdeploy::cli {
namespace {

std::string in_folder(std::string folder, const char* files) {
  while (folder.ends_with('/')) folder.pop_back();
  return folder + "/" + files;
}

// The jobs that the policies of this backend ask for; the one without limits is always there.
Task<Result<std::set<prometheus::ScrapeJob>>> jobs_of(Session& session, api::ObjectKey backend) {
  std::set<prometheus::ScrapeJob> jobs;
  jobs.insert(prometheus::ScrapeJob{});
  client::ResourcePath path{"clickdeploy.io", "v1alpha1", "monitoringpolicies"};
  Result<client::ObjectList> policies = co_await session.client.list(std::move(path), "");
  if (!policies) co_return std::unexpected(std::move(policies).error());
  for (const Json& policy : policies->items) {
    const Json& ref = policy["spec"]["backendRef"];
    const std::string home =
        ref["namespace"].as_string(policy["metadata"]["namespace"].as_string());
    if (ref["name"].as_string() != backend.name || home != backend.namespace_name) continue;
    const Json& scrape = policy["spec"]["scrape"];
    jobs.insert(
        prometheus::ScrapeJob{scrape["sampleLimit"].as_int(), scrape["labelLimit"].as_int()});
  }
  co_return jobs;
}

Json prometheus_yml(const Json& spec, const std::set<prometheus::ScrapeJob>& jobs) {
  Json scrape = Json::array();
  for (const prometheus::ScrapeJob& job : jobs) {
    scrape.push_back(job.with_files(spec["targets"]["directory"].as_string()));
  }
  return Json::object({{"rule_files", Json::array({in_folder(spec["rules"]["directory"].as_string(),
                                                             "clickdeploy-*.yml")})},
                       {"scrape_configs", std::move(scrape)}});
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
  Result<std::optional<Json>> backend = co_await session.client.get(path_of(*target->info), key);
  if (!backend || !backend->has_value()) {
    report(session, backend ? not_found(session, *target) : backend.error());
    co_return kFailed;
  }
  Result<std::set<prometheus::ScrapeJob>> jobs = co_await jobs_of(session, key);
  if (!jobs) {
    report(session, jobs.error().with_context("list the policies"));
    co_return kFailed;
  }
  const Json& spec = (**backend)["spec"];
  std::ostream& out = session.console.out();
  out << "# What a Prometheus needs in its prometheus.yml for MetricsBackend "
      << session.namespace_name << "/" << target->name << ".\n"
      << "# The files carry addresses, labels and intervals. A job is needed for each different "
         "set "
         "of limits\n# in the policies (sampleLimit, labelLimit), and for no other reason.\n";
  if (spec["rules"]["reload"].as_string("HTTP") == "HTTP") {
    out << "# It must run with --web.enable-lifecycle: rules are loaded by POST /-/reload.\n";
  } else {
    out << "# Somebody has to reload it when the rule files change: spec.rules.reload is None.\n";
  }
  out << to_yaml(prometheus_yml(spec, *jobs));
  co_return kDone;
}

}  // namespace clickdeploy::cli
