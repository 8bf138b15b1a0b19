// The path at which a Prometheus asks us for its targets (HTTPSD), written and read.
//
//   /httpsd/v1/namespaces/NAMESPACE/metricsbackends/NAME/targets?job=JOB

#pragma once

#include "api/meta/object_meta.h"
#include "controller/prometheus/scrape_jobs.h"

#include <optional>
#include <string>
#include <string_view>

namespace clickdeploy::prometheus {

struct TargetsRequest {
  api::ObjectKey backend;
  std::string job = ScrapeJob{}.name();

  std::string path() const;
  bool operator==(const TargetsRequest&) const = default;
};

// `path` with the query; without a job the one of targets that ask for nothing is meant. Nullopt if
// it is another path, or one that is none.
std::optional<TargetsRequest> parse_targets_request(std::string_view path);

}  // namespace clickdeploy::prometheus
