// ScrapeJob: what all targets of one job of Prometheus have in common, because only a job can say
// it. Everything else travels with each target as labels.
//
// There is one job, "click-deploy", until a policy asks for limits; then one more for each
// different set of limits. Each reads files of its own, so no target is in two of them.

#pragma once

#include "controller/base/json.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::prometheus {

struct ScrapeJob {
  std::int64_t sample_limit = 0;  // 0: none
  std::int64_t label_limit = 0;

  // "click-deploy", "click-deploy-samples-5000", "click-deploy-samples-5000-labels-40"
  std::string name() const;
  // Of the files that it reads: ".json", ".samples-5000.yml". The text is JSON in any case.
  std::string file_suffix() const;
  // For scrape_configs, where they are found in `folder`.
  Json with_files(const std::string& folder) const;
  // Without a word about where targets come from.
  Json settings() const;

  auto operator<=>(const ScrapeJob&) const = default;
};

}  // namespace clickdeploy::prometheus
