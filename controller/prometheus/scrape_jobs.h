// ScrapeJob: what all targets of one job of Prometheus have in common, because only a job can say
// it. Everything else travels with each target as labels.
//
// There is one job, "click-deploy", until a policy asks for limits, TLS or a password; then one
// more for each different set of them. Each reads targets of its own, so no target is in two of
// them.

#pragma once

#include "controller/base/json.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::prometheus {

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

  // Of files on Prometheus's machine, in the folder of secrets.
  std::string password_file() const;  // "platform_agents.password"; "" if none is needed
  std::string ca_file() const;        // "platform_agents-ca.crt"; likewise

  // The name in a password's Secret, and where the files above are: what only who writes the
  // configuration knows.
  std::string username{};
  std::string secrets_folder = "/etc/prometheus/click-deploy";

  // Equal jobs have equal names.
  bool operator==(const ScrapeJob& other) const { return name() == other.name(); }
  auto operator<=>(const ScrapeJob& other) const { return name() <=> other.name(); }

 private:
  // Without a word about where targets come from.
  Json settings() const;
};

}  // namespace clickdeploy::prometheus
