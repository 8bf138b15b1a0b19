#include "controller/async/process.h"

#include <gtest/gtest.h>

namespace clickdeploy {
namespace {

using namespace std::chrono_literals;

Result<ProcessResult> shell(const std::string& script, std::chrono::milliseconds deadline = 20s) {
  SystemProcessRunner runner;
  return runner.run({"sh", "-c", script}, deadline);
}

TEST(Process, ReturnsOutputAndExitCode) {
  const Result<ProcessResult> result = shell("cat; echo out; echo err >&2; exit 3");
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_EQ(result->out, "out\n");
  EXPECT_EQ(result->err, "err\n");
}

TEST(Process, ArgumentsAreNotReadByAShell) {
  SystemProcessRunner runner;
  const Result<ProcessResult> result = runner.run({"printf", "%s|", "a b", "$HOME", ";ls"}, 20s);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->out, "a b|$HOME|;ls|");
}

TEST(Process, MissingProgramIsNotFound) {
  SystemProcessRunner runner;
  const Result<ProcessResult> result = runner.run({"no-such-program-here"}, 1s);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::NotFound);
}

TEST(Process, IsKilledAtItsDeadline) {
  for (const char* script : {"exec sleep 60", "exec >&- 2>&-; exec sleep 60"}) {
    const auto begin = std::chrono::steady_clock::now();
    const Result<ProcessResult> result = shell(script, 100ms);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), ErrorCode::DeadlineExceeded);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
  }
}

TEST(Process, EndBySignalIs128AndItsNumber) {
  const Result<ProcessResult> result = shell("kill -TERM $$");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_code, 128 + 15);
}

TEST(Process, LongOutputIsCutAndDoesNotBlock) {
  const Result<ProcessResult> result = shell("head -c 3000000 /dev/zero; echo end >&2");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->out.size(), 1024U * 1024U);
  EXPECT_EQ(result->err, "end\n");
}

}  // namespace
}  // namespace clickdeploy
