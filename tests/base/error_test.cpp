#include "controller/base/error.h"

#include "controller/base/check.h"
#include "controller/base/log.h"

#include <gtest/gtest.h>

namespace clickdeploy {
namespace {

TEST(Error, ContextComesFirst) {
  const Error error = Error(ErrorCode::ResourceExhausted, "quota").with_context("create port");
  EXPECT_EQ(error.with_context("reconcile Service prod/web").message(),
            "reconcile Service prod/web: create port: quota");
  EXPECT_EQ(error.message(), "create port: quota");
  EXPECT_EQ(error.code(), ErrorCode::ResourceExhausted);
}

TEST(Error, OnlyBadRequestsAndMissingRightsAreFinal) {
  EXPECT_FALSE(Error(ErrorCode::InvalidArgument, "").is_retryable());
  EXPECT_FALSE(Error(ErrorCode::PermissionDenied, "").is_retryable());
  EXPECT_TRUE(Error(ErrorCode::NotFound, "").is_retryable());
  EXPECT_TRUE(Error(ErrorCode::Conflict, "").is_retryable());
  EXPECT_TRUE(Error(ErrorCode::DeadlineExceeded, "").is_retryable());
}

TEST(Error, CodesHaveNames) {
  EXPECT_EQ(to_string(ErrorCode::DeadlineExceeded), "DeadlineExceeded");
  EXPECT_EQ(to_string(ErrorCode::Internal), "Internal");
}

TEST(CheckDeathTest, StopsTheProcessAndSaysWhy) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        set_up_logging({});
        CHECK(1 + 1 == 3, "sums must add up");
      },
      "CHECK.1 . 1 == 3. failed.*sums must add up");
  CHECK(true, "never seen");
}

}  // namespace
}  // namespace clickdeploy
