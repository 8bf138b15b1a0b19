// What the console does with progress, and with text that is not meant for a terminal.

#include "controller/cli/console_internal.h"
#include "controller/cli/text_table_internal.h"
#include "tests/testing/manual_clock.h"

#include <gtest/gtest.h>

#include <sstream>

namespace clickdeploy::cli {
namespace {

using namespace std::chrono_literals;

class ConsoleTest : public ::testing::Test {
 protected:
  Environment environment(bool terminal) {
    return {.variables = {{"LANG", "C"}},
            .in = in_,
            .out = out_,
            .err = err_,
            .out_is_terminal = terminal,
            .err_is_terminal = terminal,
            .clock = clock_};
  }

  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
  clickdeploy::testing::ManualClock clock_;
};

TEST_F(ConsoleTest, ProgressIsALineEveryFiveSecondsWhereThereIsNoTerminal) {
  Environment around = environment(false);
  Console console(around);
  for (int second = 0; second < 11; ++second) {
    console.progress("waiting " + std::to_string(second));
    clock_.advance(1s);
  }
  EXPECT_EQ(err_.str(), "waiting 0\nwaiting 5\nwaiting 10\n");
}

TEST_F(ConsoleTest, ProgressIsOneLineOnATerminalAndGoneBeforeAnythingElse) {
  Environment around = environment(true);
  Console console(around);
  console.progress("waiting");
  console.error("no");
  EXPECT_EQ(err_.str(), "\r\x1b[K| waiting\r\x1b[Kerror: no\n");
}

TEST_F(ConsoleTest, ColorsNeedATerminalAndRespectNoColor) {
  Environment around = environment(true);
  EXPECT_TRUE(Console(around).color());
  around.variables["NO_COLOR"] = "1";
  EXPECT_FALSE(Console(around).color());
  Environment pipe = environment(false);
  EXPECT_FALSE(Console(pipe).color());
}

TEST_F(ConsoleTest, ForeignTextCannotCommandTheTerminal) {
  EXPECT_EQ(printable("a\x1b[2J\tb\nc"), "a?[2J b\nc");
  TextTable table;
  table.add({"two\nlines", "\x1b"});
  table.write(out_);
  EXPECT_EQ(out_.str(), "two...   ?\n");
}

TEST_F(ConsoleTest, ColumnsAreSixWideAtLeastAndNeverShrink) {
  TextTable table;
  table.add({"A", "B"});
  table.add({"größe", "x"});
  table.write(out_);
  table.add({"a", "y"});
  table.write(out_);
  EXPECT_EQ(out_.str(), "A       B\ngröße   x\na       y\n");
}

}  // namespace
}  // namespace clickdeploy::cli
