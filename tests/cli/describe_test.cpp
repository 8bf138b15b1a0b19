// clickctl describe: everything about one object, and no secrets.

#include "tests/cli/cli_fixture.h"

namespace clickdeploy::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(CliTest, DescribeShowsOfASecretOnlyNamesAndSizes) {
  make("/api/v1/namespaces/default/secrets",
       Json::object({{"apiVersion", "v1"},
                     {"kind", "Secret"},
                     {"metadata", Json::object({{"name", "prod"}, {"namespace", "default"}})},
                     {"stringData", Json::object({{"clouds.yaml", "hunter2"}})}}));
  EXPECT_THAT(good({"describe", "secret", "prod"}),
              AllOf(HasSubstr("clouds.yaml: 7 bytes"), Not(HasSubstr("hunter2")),
                    Not(HasSubstr("aHVudGVyMg"))));
}

TEST_F(CliTest, DescribeOfWhatIsNotThereFails) {
  const Finished run = clickctl({"describe", "service/web"});
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(run.err, "error: services.clickdeploy.io \"web\" not found in namespace \"default\"\n");
}

}  // namespace
}  // namespace clickdeploy::cli
