// Target files: what Prometheus's file_sd reads, as pure text. Always JSON (a YAML target file
// would hide wrong label types), sorted, so equal targets are equal bytes.

#pragma once

#include "controller/prometheus/query_client.h"

#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::prometheus {

// A group without targets, and not no group: after a reload Prometheus 2.42 takes a list without
// groups, and a file that is gone, for no news, and scrapes what it had for ever.
inline constexpr std::string_view kNoTargets = "[\n  {\"targets\":[]}\n]\n";

struct Target {
  std::string address;  // host:port
  Labels labels;  // names by the grammar [a-zA-Z_][a-zA-Z0-9_]*; of "__" names only __scheme__,
                  // __metrics_path__, __scrape_interval__, __scrape_timeout__ and __param_…

  auto operator<=>(const Target&) const = default;
};

// One group per target, by address then labels; without targets kNoTargets. InvalidArgument names
// the label or address that Prometheus would refuse: one bad target would make it ignore the whole
// file.
Result<std::string> render_target_file(std::vector<Target> targets);

}  // namespace clickdeploy::prometheus
