#include "controller/prometheus/scrape_jobs.h"

#include "controller/prometheus/publisher.h"

#include <fmt/format.h>

namespace clickdeploy::prometheus {

namespace {

// "samples-5000-labels-40"; "" without limits.
std::string limits_of(const ScrapeJob& job) {
  std::string text;
  if (job.sample_limit > 0) text = fmt::format("samples-{}", job.sample_limit);
  if (job.label_limit > 0) {
    text += fmt::format("{}labels-{}", text.empty() ? "" : "-", job.label_limit);
  }
  return text;
}

}  // namespace

std::string ScrapeJob::name() const {
  const std::string limits = limits_of(*this);
  return limits.empty() ? "click-deploy" : "click-deploy-" + limits;
}

// Another ending than ".json": the pattern of the job without limits must not match.
std::string ScrapeJob::file_suffix() const {
  const std::string limits = limits_of(*this);
  return limits.empty() ? ".json" : "." + limits + ".yml";
}

Json ScrapeJob::settings() const {
  Json job = Json::object({{"job_name", name()}});
  if (sample_limit > 0) job.set("sample_limit", sample_limit);
  if (label_limit > 0) job.set("label_limit", label_limit);
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

}  // namespace clickdeploy::prometheus
