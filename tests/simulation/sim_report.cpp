#include "tests/simulation/sim_report.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace clickdeploy::simulation {

void Report::add(const std::string& invariant, const std::string& what) {
  Violation violation{clock_.steady_now(), invariant, what};
  if (!sink) {
    ADD_FAILURE() << invariant << ": " << what;
    return;
  }
  if (invariant == "run" && !violations_.empty()) return;
  if (std::ranges::count(violations_, invariant, &Violation::invariant) > 0) return;
  violations_.push_back(violation);
  sink(violation);
}

}  // namespace clickdeploy::simulation
