// What Prometheus asks of a node beyond the grammar: types and counts of operands.

#pragma once

#include "controller/prometheus/promql.h"

#include <string>

namespace clickdeploy::prometheus::promql {

// Sets the node's type from its operands'. What is wrong with it; "" if nothing is.
std::string check_node(Expression& node);

}  // namespace clickdeploy::prometheus::promql
