// ScrapeJob: what all targets of one job of Prometheus have in common, because only a job can say
// it. Everything else travels with each target as labels.
//
// There is one job, "click-deploy", until a policy asks for limits, TLS or a password; then one
// more for each different set of them. Each reads targets of its own, so no target is in two of
// them.

#pragma once

#include "api/v1alpha1/monitoring_policy.h"
#include "controller/base/json.h"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

namespace clickdeploy::prometheus {

// On Prometheus's machine: the files with what only Secrets hold.
inline constexpr std::string_view kSecretsFolder = "/etc/prometheus/click-deploy";

// How locked targets are reached. Secrets are named, by namespace and name, never held.
struct JobAccess {
  bool tls = false;
  std::string ca_secret;     // "platform/agents-ca"; "": certificates are not verified
  std::string ca_key;        // of that Secret
  std::string server_name;   // in the certificate; "": the address
  std::string basic_secret;  // "platform/agents"; "": no password

  bool empty() const { return !tls && basic_secret.empty(); }
  auto operator<=>(const JobAccess&) const = default;
};

struct ScrapeJob {
  std::int64_t sample_limit = 0;  // 0: none
  std::int64_t label_limit = 0;
  JobAccess access{};

  // "click-deploy", "click-deploy-samples-5000-labels-40", "click-deploy-access-1f2e3d4c"
  std::string name() const;
  // Of the files that it reads: ".json", ".samples-5000.yml". The text is JSON in any case.
  std::string file_suffix() const;
  // For scrape_configs, where targets are found in files of `folder`.
  Json with_files(const std::string& folder) const;
  // Where they are asked for at `url`, with the token in a file.
  Json with_url(const std::string& url, const std::string& token_file) const;
  // Without a word about where targets come from.
  Json settings() const;

  // Of files in kSecretsFolder.
  std::string password_file() const;  // "platform_agents.password"; "" if none is needed
  std::string ca_file() const;        // "platform_agents-ca.crt"; likewise

  // The name in a password's Secret, which only who writes the configuration knows: no part of what
  // makes a job another one.
  std::string username{};

  std::strong_ordering operator<=>(const ScrapeJob& other) const {
    return std::tie(sample_limit, label_limit, access) <=>
           std::tie(other.sample_limit, other.label_limit, other.access);
  }
  bool operator==(const ScrapeJob& other) const { return (*this <=> other) == 0; }
};

// The job that scrapes an agent (null: an endpoint of a Service) of what the policy applies to.
ScrapeJob scrape_job_of(const api::v1alpha1::MonitoringPolicy& policy,
                        const api::v1alpha1::AgentSpec* agent = nullptr);

}  // namespace clickdeploy::prometheus
