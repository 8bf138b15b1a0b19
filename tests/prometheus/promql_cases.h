// Expressions, and whether Prometheus 2.42 can parse them: what the parser's tests agree on with
// the real promtool.

#pragma once

#include <string_view>
#include <vector>

namespace clickdeploy::prometheus {

struct PromqlCase {
  std::string_view text;
  bool parses = true;
};

const std::vector<PromqlCase>& promql_cases();

}  // namespace clickdeploy::prometheus
