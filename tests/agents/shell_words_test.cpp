#include "controller/agents/shell_words_internal.h"
#include "controller/async/disk.h"
#include "controller/async/process.h"
#include "controller/base/json.h"
#include "tests/testing/temporary_folder.h"

#include <gtest/gtest.h>

namespace clickdeploy::agents {
namespace {

TEST(EnvironmentAssignment, LeavesPlainWordsPlain) {
  EXPECT_EQ(environment_assignment("ARGS", {"--web.listen-address=:9100", "--a=/b,c@d"}),
            "ARGS=\"--web.listen-address=:9100 --a=/b,c@d\"\n");
}

TEST(EnvironmentAssignment, EscapesForTheFileAndForTheSplitting) {
  EXPECT_EQ(environment_assignment("ARGS", {"a b"}), "ARGS=\"\\\"a b\\\"\"\n");
  EXPECT_EQ(environment_assignment("ARGS", {"\\d"}), "ARGS=\"\\\"\\\\\\\\d\\\"\"\n");
  EXPECT_EQ(environment_assignment("ARGS", {"$x`y"}), "ARGS=\"\\\"\\$x\\`y\\\"\"\n");
}

// sh reads such a file as systemd does, and shlex takes words apart as systemd does.
TEST(EnvironmentAssignment, HostileWordsComeOutAsTheyWent) {
  const std::vector<std::string> words = {"--x=a b\"c'd", "$(reboot)`id`;&|>",
                                          "\\d \\\\n\\",  "",
                                          "#no comment",  "{y: z} %n ${HOME} Größe"};
  const testing::TemporaryFolder folder;
  PosixDisk disk;
  SystemProcessRunner processes;
  ASSERT_TRUE(disk.write_atomic(folder / "file", environment_assignment("ARGS", words), 0644));
  const Result<ProcessResult> value =
      processes.run({"sh", "-c", ". \"$1\"; printf %s \"$ARGS\"", "sh", folder / "file"},
                    std::chrono::seconds(60));
  ASSERT_TRUE(value);
  const Result<ProcessResult> split = processes.run(
      {"/usr/bin/python3", "-c",
       "import json, shlex, sys; print(json.dumps(shlex.split(sys.argv[1])))", value->out},
      std::chrono::seconds(60));
  ASSERT_TRUE(split);
  Json wanted = Json::array();
  for (const std::string& word : words) wanted.push_back(word);
  EXPECT_EQ(parse_json(split->out).value_or(Json()), wanted) << split->err;
}

TEST(ExecStart, QuotesAndDoublesWhatUnitsExpand) {
  EXPECT_EQ(exec_start({"/bin/a", "--b=c"}), "/bin/a --b=c");
  EXPECT_EQ(exec_start({"/bin/a", "x y", "\"\\"}), "/bin/a \"x y\" \"\\\"\\\\\"");
  EXPECT_EQ(exec_start({"/bin/a", "%n", "$H"}), "/bin/a \"%%n\" \"$$H\"");
}

}  // namespace
}  // namespace clickdeploy::agents
