#include "tests/simulation/aimed_runs.h"

#include <gtest/gtest.h>

namespace clickdeploy::simulation {
namespace {

class Aimed : public ::testing::TestWithParam<std::size_t> {};

TEST_P(Aimed, KeepsEveryPromise) {
  const AimedRun& run = aimed_runs()[GetParam()];
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    for (const Violation& violation : run_aimed(run, seed)) {
      ADD_FAILURE() << run.name << ", seed " << seed << ": " << violation.invariant << ": "
                    << violation.what;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Runs, Aimed, ::testing::Range<std::size_t>(0, aimed_runs().size()));

}  // namespace
}  // namespace clickdeploy::simulation
