#include "controller/base/backoff.h"

#include <gtest/gtest.h>

namespace clickdeploy {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, DoublesUpToTheLongest) {
  const Backoff backoff{.first = 500ms, .longest = 10s, .jitter = 0};
  EXPECT_EQ(backoff.after(0, 0), 500ms);
  EXPECT_EQ(backoff.after(1, 0), 500ms);
  EXPECT_EQ(backoff.after(2, 0), 1s);
  EXPECT_EQ(backoff.after(5, 0), 8s);
  EXPECT_EQ(backoff.after(6, 0), 10s);
  EXPECT_EQ(backoff.after(4'000'000'000, 0), 10s);
}

TEST(Backoff, JitterOnlyShortens) {
  const Backoff backoff{.first = 1s, .longest = 10s, .jitter = 0.2};
  EXPECT_EQ(backoff.after(1, 0), 1s);
  EXPECT_EQ(backoff.after(1, UINT64_MAX), 800ms);
  EXPECT_EQ(backoff.after(1, UINT64_MAX / 2), 900ms);
}

}  // namespace
}  // namespace clickdeploy
