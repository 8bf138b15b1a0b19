// Target files: what Prometheus's file_sd reads, as pure text. Always JSON (a YAML target file
// would hide wrong label types), sorted, so equal targets are equal bytes.

#pragma once

#include "controller/prometheus/query_client.h"

#include <string>
#include <vector>

namespace clickdeploy::prometheus {

struct Target {
  std::string address;  // host:port
  Labels labels;  // names by the grammar [a-zA-Z_][a-zA-Z0-9_]*; of "__" names only __scheme__,
                  // __metrics_path__, __scrape_interval__, __scrape_timeout__ and __param_…

  auto operator<=>(const Target&) const = default;
};

// One group per target, by address then labels. InvalidArgument names the label or address that
// Prometheus would refuse: one bad target would make it ignore the whole file.
Result<std::string> render_target_file(std::vector<Target> targets);

}  // namespace clickdeploy::prometheus
