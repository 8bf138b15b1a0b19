#include "controller/prometheus/scrape_jobs.h"

#include "controller/base/planted.h"
#include "controller/base/text.h"
#include "controller/prometheus/publisher.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::prometheus {

namespace {

// A short name of the access: the parts may be long, and hold what no file's name should.
std::string mark_of(const JobAccess& access) {
  const std::string text =
      fmt::format("{}\n{}\n{}\n{}\n{}\n", access.tls ? "tls" : "", access.ca_secret, access.ca_key,
                  access.server_name, access.basic_secret);
  return sha256_hex(text).substr(0, 8);
}

// "samples-5000-labels-40-access-1f2e3d4c"; "" for the job that asks for nothing.
std::string wishes_of(const ScrapeJob& job) {
  std::vector<std::string> parts;
  if (job.sample_limit > 0) parts.push_back(fmt::format("samples-{}", job.sample_limit));
  if (job.label_limit > 0) parts.push_back(fmt::format("labels-{}", job.label_limit));
  if (!job.access.empty()) parts.push_back("access-" + mark_of(job.access));
  return join(parts, "-");
}

// Names of objects hold no underscore: no two Secrets have one file.
std::string file_of(std::string secret, std::string_view ending) {
  std::ranges::replace(secret, '/', '_');
  return secret + std::string(ending);
}

std::string in_secrets(const std::string& file) {
  return fmt::format("{}/{}", kSecretsFolder, file);
}

}  // namespace

std::string ScrapeJob::name() const {
  const std::string wishes = wishes_of(*this);
  return wishes.empty() ? "click-deploy" : "click-deploy-" + wishes;
}

// Another ending than ".json": the pattern of the job without wishes must not match.
std::string ScrapeJob::file_suffix() const {
  const std::string wishes = wishes_of(*this);
  return wishes.empty() ? ".json" : "." + wishes + ".yml";
}

std::string ScrapeJob::password_file() const {
  return access.basic_secret.empty() ? "" : file_of(access.basic_secret, ".password");
}

std::string ScrapeJob::ca_file() const {
  return access.ca_secret.empty() ? "" : file_of(access.ca_secret, "." + access.ca_key);
}

Json ScrapeJob::settings() const {
  Json job = Json::object({{"job_name", name()}});
  if (sample_limit > 0) job.set("sample_limit", sample_limit);
  if (label_limit > 0) job.set("label_limit", label_limit);
  if (access.tls) {
    Json tls = Json::object();
    if (access.ca_secret.empty()) {
      tls.set("insecure_skip_verify", true);
    } else {
      tls.set("ca_file", in_secrets(ca_file()));
    }
    if (!access.server_name.empty()) tls.set("server_name", access.server_name);
    job.set("scheme", "https");
    job.set("tls_config", std::move(tls));
  }
  if (!access.basic_secret.empty()) {
    job.set("basic_auth",
            Json::object({{"username", username}, {"password_file", in_secrets(password_file())}}));
  }
  return job;
}

Json ScrapeJob::with_files(const std::string& folder) const {
  std::string pattern = folder;
  while (pattern.ends_with('/')) pattern.pop_back();
  pattern += fmt::format("/{}*{}", kOwnedPrefix, file_suffix());
  Json job = settings();
  job.set("file_sd_configs", Json::array({Json::object({{"files", Json::array({pattern})}})}));
  return job;
}

Json ScrapeJob::with_url(const std::string& url, const std::string& token_file) const {
  // In http_sd_configs Prometheus 2.42 sends no type of its own where none is given.
  Json authorization = Json::object({{"type", "Bearer"}, {"credentials_file", token_file}});
  Json source = Json::object(
      {{"url", url}, {"refresh_interval", "10s"}, {"authorization", std::move(authorization)}});
  Json job = settings();
  job.set("http_sd_configs", Json::array({std::move(source)}));
  return job;
}

ScrapeJob scrape_job_of(const api::v1alpha1::MonitoringPolicy& policy,
                        const api::v1alpha1::AgentSpec* agent) {
  ScrapeJob job{policy.spec.scrape.sample_limit.value_or(0),
                policy.spec.scrape.label_limit.value_or(0)};
  if (agent == nullptr || planted(Bug::LocksForgotten)) return job;
  const std::string home = policy.metadata.namespace_name + "/";
  if (!agent->basic_secret.empty()) job.access.basic_secret = home + agent->basic_secret;
  if (!agent->tls || agent->tls->mode != "Server") return job;
  job.access.tls = true;
  job.access.server_name = agent->tls->server_name;
  if (agent->tls->ca.empty()) return job;
  job.access.ca_secret = home + agent->tls->ca.name;
  job.access.ca_key = agent->tls->ca.key;
  return job;
}

}  // namespace clickdeploy::prometheus
