// Lint: what Prometheus accepts of a rule, and its author probably did not mean.

#pragma once

#include "controller/prometheus/promql_scope.h"

#include <chrono>
#include <string>
#include <vector>

namespace clickdeploy::prometheus {

// About the rule as it is written. `scope`: what it will be bound to; nullptr if it will not.
// Nothing for an expression that cannot be parsed: that is told elsewhere.
std::vector<std::string> lint_rule(const Rule& rule, std::chrono::milliseconds scrape_interval,
                                   const Scope* scope);

}  // namespace clickdeploy::prometheus
