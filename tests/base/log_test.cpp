#include "controller/base/log.h"

#include "controller/base/json.h"
#include "controller/base/text.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

namespace clickdeploy {
namespace {

class Log : public testing::Test {
 protected:
  ~Log() override { set_up_logging({}); }
};

TEST_F(Log, JsonLinesStayWholeWhateverTheMessageHolds) {
  set_up_logging({.level = "warning", .json = true});
  testing::internal::CaptureStderr();
  spdlog::info("not shown");
  spdlog::warn("line\n\"two\" \xFF");
  const std::string out = testing::internal::GetCapturedStderr();
  EXPECT_EQ(out.find('\n'), out.size() - 1);
  const Result<Json> line = parse_json(out);
  ASSERT_TRUE(line) << out;
  EXPECT_EQ((*line)["message"].as_string(), "line\n\"two\" \uFFFD");
  EXPECT_EQ((*line)["level"].as_string(), "warning");
  EXPECT_TRUE(parse_time((*line)["time"].as_string()));
}

TEST_F(Log, TextLinesCarryLevelAndMessage) {
  set_up_logging({.level = "nonsense"});
  testing::internal::CaptureStderr();
  spdlog::debug("not shown");
  spdlog::info("hello");
  const std::string out = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(out.ends_with("Z info hello\n")) << out;
}

}  // namespace
}  // namespace clickdeploy
