// clickctl why, from the API to the screen.

#include "controller/cli/why_print_internal.h"
#include "tests/cli/cli_fixture.h"
#include "tests/cli/fleet.h"
#include "tests/testing/golden.h"

#include <sstream>

namespace clickdeploy::cli {
namespace {

using clickdeploy::testing::expect_golden;
using ::testing::HasSubstr;
using ::testing::Not;

class Why : public CliTest {
 protected:
  Why() {
    for (const FleetObject& part : make_fleet()) make(part.collection, part.object);
  }
};

TEST_F(Why, TellsTheChainOfEachKind) {
  expect_golden("cli/why_service.txt", good({"why", "service/web", "-n", "shop"}));
  expect_golden("cli/why_instances.txt",
                good({"why", "instance/web-a", "instance/web-b", "-n", "shop"}));
  expect_golden("cli/why_platform.txt",
                good({"why", "mpol/base", "mb/main", "cloud/prod-eu", "-n", "platform"}));
}

// In the policies of the namespace first, and else in all.
TEST_F(Why, TellsTheChainOfARuleByNameOrPlace) {
  expect_golden("cli/why_rule.txt", good({"why", "rule/HighCPU", "rule/node/1", "-n", "shop"}));
  EXPECT_EQ(good({"why", "rule/node/0", "-n", "platform"}),
            good({"why", "rules/HighCPU", "-n", "shop"}));
  const Finished run = clickctl({"why", "rule/Nothing", "cloud/prod-eu", "-n", "platform"});
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.err, HasSubstr("no rule Nothing is in the status of any MonitoringPolicy"));
  EXPECT_THAT(run.out, HasSubstr("cloud.clickdeploy.io/prod-eu"));
}

// As Prometheus names it, from whichever namespace.
TEST_F(Why, TellsTheChainOfATargetByItsAddress) {
  const std::string chain = good({"why", "instance/web-b", "-n", "shop"});
  const std::string rest = chain.substr(chain.find('\n'));
  const std::string title =
      "✗ target 10.0.0.5:9100, agent node-exporter of instance.clickdeploy.io/web-b in namespace "
      "shop: broken at: agent";
  EXPECT_EQ(good({"why", "target/10.0.0.5:9100", "-n", "shop"}), title + rest);
  EXPECT_EQ(good({"why", "targets/10.0.0.5:9100", "-n", "platform"}), title + rest);
  // An endpoint's port, and no port at all.
  EXPECT_THAT(good({"why", "target/10.0.0.4:8080"}),
              HasSubstr("target 10.0.0.4:8080, address of instance.clickdeploy.io/web-a"));
  EXPECT_THAT(good({"why", "target/10.0.0.4"}), HasSubstr("✓ target 10.0.0.4, address of"));
  const Finished run = clickctl({"why", "target/10.0.0.45:9100"});
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.err, HasSubstr("no Instance has a target at 10.0.0.45:9100"));
}

TEST_F(Why, UsesLettersAloneWhereTheLocaleIsNotUtf8) {
  variables_["LANG"] = "C";
  const std::string out = good({"why", "service/web", "-n", "shop"});
  EXPECT_THAT(out, HasSubstr("[!!] service.clickdeploy.io/web"));
  EXPECT_THAT(out, Not(HasSubstr("✗")));
}

TEST_F(Why, AsksForAKindThatHasAChain) {
  const Finished run = clickctl({"why", "secret/x"});
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, HasSubstr("there is no chain for a secret"));
}

TEST(WhyPrint, PaintsOnlyWhenAsked) {
  Chain chain;
  chain.title = "service.clickdeploy.io/web in namespace shop";
  Link link;
  link.name = "cloud ready";
  link.state = LinkState::Broken;
  link.evidence = "log-in refused\x1b[2J";
  chain.links.push_back(link);
  std::ostringstream plain;
  print_chain(plain, chain, {.utf8 = true, .color = false}, WallTime());
  EXPECT_THAT(plain.str(), Not(HasSubstr("\x1b")));
  std::ostringstream painted;
  print_chain(painted, chain, {.utf8 = true, .color = true}, WallTime());
  EXPECT_THAT(painted.str(), HasSubstr("\x1b[1;31m✗ "));
  EXPECT_THAT(painted.str(), Not(HasSubstr("\x1b[2J")));
}

}  // namespace
}  // namespace clickdeploy::cli
