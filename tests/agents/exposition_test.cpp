#include "controller/agents/exposition_internal.h"

#include <gtest/gtest.h>

namespace clickdeploy::agents {
namespace {

using Labels = std::map<std::string, std::string>;

TEST(Exposition, ReadsSamples) {
  EXPECT_EQ(parse_sample_line("up 1")->name, "up");
  EXPECT_EQ(parse_sample_line("a:b_c{} NaN")->name, "a:b_c");
  EXPECT_EQ(parse_sample_line("x{a=\"1\", b = \"2\",} +Inf 1700000000000")->labels,
            (Labels{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(parse_sample_line(R"(x{a="q\"b\\c\nd\q,}"} 1.5e-3)")->labels,
            (Labels{{"a", "q\"b\\c\nd\\q,}"}}));
}

TEST(Exposition, RefusesWhatIsNoSample) {
  const char* const lines[] = {"",
                               "<html>",
                               "up",
                               "up one",
                               "up{",
                               "up{a}",
                               "up{a=1} 1",
                               "up{a=\"} 1",
                               "up{a=\"\\",
                               "up{a=\"1\" 1",
                               "{a=\"\"} 1",
                               "1up 1",
                               "up{a=\"1\"b=\"2\"} 1",
                               "up{} ",
                               "up -"};
  for (const char* line : lines) EXPECT_FALSE(parse_sample_line(line)) << line;
}

TEST(Exposition, FindsTheMetricByItsWholeName) {
  constexpr std::string_view kText =
      "# HELP up nothing\n\nup_total 5\nup{v=\"1\"} 1\r\nup{v=\"2\"} 1\n";
  EXPECT_EQ(find_labels(kText, "up"), (Labels{{"v", "1"}}));
  EXPECT_FALSE(find_labels(kText, "down"));
}

TEST(Exposition, IsJudgedByItsFirstLine) {
  EXPECT_TRUE(looks_like_exposition("# HELP x y\n"));
  EXPECT_TRUE(looks_like_exposition("\n\nup 1"));
  EXPECT_FALSE(looks_like_exposition("<!DOCTYPE html>\nup 1\n"));
  EXPECT_FALSE(looks_like_exposition(""));
}

}  // namespace
}  // namespace clickdeploy::agents
