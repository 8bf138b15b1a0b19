#include "api/v1alpha1/codec.h"
#include "controller/base/text.h"
#include "controller/base/yaml.h"
#include "controller/cli/openstack_targets_internal.h"
#include "controller/cli/targets_internal.h"
#include "controller/prometheus/targets_request.h"

#include <optional>
#include <ostream>
#include <set>

namespace clickdeploy::cli {
namespace {

using api::v1alpha1::MonitoringPolicy;
using prometheus::kSecretsFolder;
using prometheus::ScrapeJob;

std::string in_folder(std::string folder, const char* files) {
  while (folder.ends_with('/')) folder.pop_back();
  return folder + "/" + files;
}

// What has to be put into the folder of secrets: the file, and the Secret and key that it is of.
using SecretFiles = std::map<std::string, std::pair<std::string, std::string>>;

struct Needed {
  std::set<ScrapeJob> jobs;
  SecretFiles files;
  bool unverified = false;  // a job takes any certificate
};

// The name in a Secret with a password; Prometheus reads names from nowhere else than its
// configuration.
Task<Result<std::string>> username_of(Session& session, std::string secret) {
  const std::size_t slash = secret.find('/');
  const api::ObjectKey key{secret.substr(0, slash), secret.substr(slash + 1)};
  client::ResourcePath path{"", "v1", "secrets"};
  Result<std::optional<Json>> object = co_await session.client.get(std::move(path), key);
  if (!object)
    co_return std::unexpected(std::move(object).error().with_context("Secret " + secret));
  if (!object->has_value()) {
    co_return fail(ErrorCode::NotFound, "Secret " + secret +
                                            " does not exist; make it with the keys username and "
                                            "password");
  }
  const std::optional<std::string> name = base64_decode((**object)["data"]["username"].as_string());
  if (!name || trim(*name).empty()) {
    co_return fail(ErrorCode::InvalidArgument, "Secret " + secret + " has no username");
  }
  co_return std::string(trim(*name));
}

Task<Result<void>> add_job(Session& session, Needed& needed, ScrapeJob job) {
  const prometheus::JobAccess& access = job.access;
  if (!access.basic_secret.empty()) {
    Result<std::string> name = co_await username_of(session, access.basic_secret);
    if (!name) co_return std::unexpected(std::move(name).error());
    job.username = *std::move(name);
    needed.files[job.password_file()] = {access.basic_secret, "password"};
  }
  if (!access.ca_secret.empty()) needed.files[job.ca_file()] = {access.ca_secret, access.ca_key};
  needed.unverified = needed.unverified || (access.tls && access.ca_secret.empty());
  needed.jobs.insert(std::move(job));
  co_return Result<void>{};
}

// The jobs that the policies of this backend ask for; the one that asks for nothing is always
// there.
Task<Result<Needed>> find_needed(Session& session, api::ObjectKey backend) {
  Needed needed;
  needed.jobs.insert(ScrapeJob{});
  client::ResourcePath path{"clickdeploy.io", "v1alpha1", "monitoringpolicies"};
  Result<client::ObjectList> policies = co_await session.client.list(std::move(path), "");
  if (!policies) {
    co_return std::unexpected(std::move(policies).error().with_context("list the policies"));
  }
  for (const Json& item : policies->items) {
    Result<MonitoringPolicy> policy = api::decode<MonitoringPolicy>(item);
    if (!policy) co_return std::unexpected(std::move(policy).error().with_context("read a policy"));
    if (policy->spec.backend_ref.key(policy->metadata.namespace_name) != backend) continue;
    std::set<ScrapeJob> jobs{prometheus::scrape_job_of(*policy)};
    for (const auto& agent : policy->spec.agents) {
      jobs.insert(prometheus::scrape_job_of(*policy, &agent));
    }
    for (const ScrapeJob& job : jobs) {
      Result<void> added = co_await add_job(session, needed, job);
      if (!added) co_return std::unexpected(std::move(added).error());
    }
  }
  co_return needed;
}

// Where targets come from.
struct Source {
  std::string folder;      // files
  std::string url;         // or our own address
  std::string token_file;  // with this
  std::optional<OpenStackTargets> openstack;
};

Source source_of(const Session& session, const api::ObjectKey& backend, const Json& targets,
                 Needed& needed) {
  Source source{.folder = targets["directory"].as_string()};
  if (targets["type"].as_string() != "HTTPSD") return source;
  const Json& ref = targets["tokenSecretRef"];
  const std::string& secret = ref["name"].as_string();
  const std::string file = backend.namespace_name + "_" + secret + ".token";
  needed.files[file] = {backend.namespace_name + "/" + secret, ref["key"].as_string("token")};
  source.url = session.server;
  while (source.url.ends_with('/')) source.url.pop_back();
  source.token_file = std::string(kSecretsFolder) + "/" + file;
  return source;
}

Json job_config(const ScrapeJob& job, const api::ObjectKey& backend, const Source& source) {
  if (source.url.empty()) return job.with_files(source.folder);
  const prometheus::TargetsRequest request{.backend = backend, .job = job.name()};
  return job.with_url(source.url + request.path(), source.token_file);
}

Json prometheus_yml(const Json& spec, const api::ObjectKey& backend, const Needed& needed,
                    const Source& source) {
  Json scrape = Json::array();
  if (source.openstack) {
    for (reconcilers::Discovery discovery : source.openstack->jobs) {
      // With the names that passwords go with.
      discovery.job = *needed.jobs.find(discovery.job);
      scrape.push_back(reconcilers::with_openstack(discovery, source.openstack->source));
    }
  } else {
    for (const ScrapeJob& job : needed.jobs) scrape.push_back(job_config(job, backend, source));
  }
  return Json::object({{"rule_files", Json::array({in_folder(spec["rules"]["directory"].as_string(),
                                                             "clickdeploy-*.yml")})},
                       {"scrape_configs", std::move(scrape)}});
}

void explain(std::ostream& out, const Needed& needed, const Source& source) {
  if (needed.unverified) {
    out << "# insecure_skip_verify: these servers make their certificates themselves, and nobody "
           "vouches for\n# them. Who can redirect traffic reads passwords and metrics. caSecretRef "
           "of the agent ends that.\n";
  }
  if (!source.url.empty()) {
    out << "# Targets are asked for at clickdeployd, which listens on loopback: Prometheus runs on "
           "the same machine.\n";
  }
  if (source.openstack) out << source.openstack->explanation;
  if (needed.files.empty()) return;
  out << "# Secrets are read from files, again at each use. Make them once, for the user of "
         "Prometheus alone:\n#   install -d -m 0700 -o prometheus "
      << kSecretsFolder << "\n";
  for (const auto& [file, from] : needed.files) {
    const auto& [secret, key] = from;
    const std::size_t slash = secret.find('/');
    std::string path = key;
    for (std::size_t at = path.find('.'); at != std::string::npos; at = path.find('.', at + 2)) {
      path.insert(at, "\\");
    }
    out << "#   kubectl get secret -n " << secret.substr(0, slash) << " "
        << secret.substr(slash + 1) << " -o jsonpath='{.data." << path
        << "}' | base64 -d | install -m 0400 -o prometheus /dev/stdin " << kSecretsFolder << "/"
        << file << "\n";
  }
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
  Result<Needed> needed = co_await find_needed(session, key);
  if (!needed) {
    report(session, needed.error());
    co_return kFailed;
  }
  const Json& spec = (**backend)["spec"];
  Source source = source_of(session, key, spec["targets"], *needed);
  if (spec["targets"]["type"].as_string() == "OpenStackSD") {
    Result<OpenStackTargets> found = co_await find_in_openstack(session, **backend);
    if (!found) {
      report(session, found.error());
      co_return kFailed;
    }
    source.openstack = *std::move(found);
  }
  std::ostream& out = session.console.out();
  out << "# What a Prometheus needs in its prometheus.yml for MetricsBackend "
      << session.namespace_name << "/" << target->name << ".\n";
  if (!source.openstack) {
    out << "# Targets carry addresses, labels and intervals. A job is needed for each different "
           "set "
           "of limits,\n# certificates and passwords in the policies (sampleLimit, labelLimit, "
           "tls, "
           "auth), and for no other reason.\n";
  }
  if (spec["rules"]["reload"].as_string("HTTP") == "HTTP") {
    out << "# It must run with --web.enable-lifecycle: rules are loaded by POST /-/reload.\n";
  } else {
    out << "# Somebody has to reload it when the rule files change: spec.rules.reload is None.\n";
  }
  explain(out, *needed, source);
  out << to_yaml(prometheus_yml(spec, key, *needed, source));
  co_return kDone;
}

}  // namespace clickdeploy::cli
