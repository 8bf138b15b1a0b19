#include "controller/reconcilers/service/shared_parts.h"

#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

namespace clickdeploy::reconcilers {
namespace {

using openstack::IngressRule;
using openstack::SecurityGroup;
using openstack::ServerGroup;

std::string text_of(const std::vector<SharedStep>& steps) {
  std::string text;
  for (const SharedStep& step : steps) {
    if (const auto* make = std::get_if<MakeServerGroup>(&step)) text += "make " + make->policy;
    if (const auto* gone = std::get_if<RemoveServerGroup>(&step)) text += "remove " + gone->id;
    if (std::holds_alternative<MakeScrapeGroup>(step)) text += "make scrape group";
    if (const auto* add = std::get_if<AddRule>(&step)) {
      text += "add " + add->rule.cidr + ":" + std::to_string(add->rule.port) + " to " + add->group;
    }
    if (const auto* gone = std::get_if<RemoveRule>(&step)) text += "remove rule " + gone->id;
    if (const auto* gone = std::get_if<RemoveScrapeGroup>(&step)) text += "remove " + gone->id;
    text += "; ";
  }
  return text;
}

SharedWanted wants(const std::string& policy, std::vector<IngressRule> ingress) {
  SharedWanted wanted;
  wanted.policy = policy;
  wanted.ingress = std::move(ingress);
  return wanted;
}

TEST(SharedParts, AServerGroupIsMadeOnceAndGoesWithItsPolicy) {
  struct Case {
    const char* name;
    SharedWanted wanted;
    std::vector<ServerGroup> found;
    std::string steps;
  };
  SharedWanted rolling = wants("affinity", {});
  rolling.old_instances = true;
  const ServerGroup soft{"g1", "n", "soft-anti-affinity"};
  const ServerGroup twin{"g0", "n", "soft-anti-affinity"};
  const ServerGroup close{"g2", "n", "affinity"};
  const std::vector<Case> cases = {
      {"Missing", wants("soft-anti-affinity", {}), {}, "make soft-anti-affinity; "},
      {"There", wants("soft-anti-affinity", {}), {soft}, ""},
      {"MadeTwice", wants("soft-anti-affinity", {}), {soft, twin}, "remove g1; "},
      {"AnotherPolicyWhileOldServersUseIt", rolling, {soft}, "make affinity; "},
      {"BothWhileRolling", rolling, {soft, close}, ""},
      {"AfterTheRollout", wants("affinity", {}), {soft, close}, "remove g1; "},
      {"NoLongerWanted", wants("", {}), {soft}, "remove g1; "},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(text_of(plan_shared_parts(c.wanted, {c.found, {}})), c.steps);
  }
}

TEST(SharedParts, TheScrapeGroupHasTheWantedRulesAndNoOthers) {
  const std::vector<IngressRule> wanted = ingress_rules({9100, 8080, 9100}, {"10.1.0.0/24"});
  SecurityGroup group{.id = "s1", .name = "n"};
  group.rules = {{"r1", "10.1.0.0/24", 9100}, {"r2", "0.0.0.0/0", 9100}};
  SecurityGroup twin = group;
  twin.id = "s2";
  EXPECT_EQ(text_of(plan_shared_parts(wants("", wanted), {})), "make scrape group; ");
  EXPECT_EQ(text_of(plan_shared_parts(wants("", wanted), {{}, {group}})),
            "add 10.1.0.0/24:8080 to s1; remove rule r2; ");
  EXPECT_EQ(text_of(plan_shared_parts(wants("", {}), {{}, {group}})), "remove s1; ");
  group.rules = {{"r1", "10.1.0.0/24", 9100}, {"r3", "10.1.0.0/24", 8080}};
  EXPECT_EQ(text_of(plan_shared_parts(wants("", wanted), {{}, {group, twin}})), "remove s2; ");
}

// As the cloud writes them: otherwise a rule would be added and removed for ever.
TEST(SharedParts, NetworksAreWrittenAsTheCloudDoes) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"10.1.2.3", "10.1.2.3/32"},        {"10.1.2.3/24", "10.1.2.0/24"},
      {"10.1.2.3/0", "0.0.0.0/0"},        {"192.168.5.200/27", "192.168.5.192/27"},
      {"2001:DB8::1", "2001:db8::1/128"}, {"2001:db8:0:0::ffff/64", "2001:db8::/64"},
  };
  for (const auto& [given, written] : cases) {
    const std::vector<IngressRule> rules = ingress_rules({9100}, {given});
    ASSERT_EQ(rules.size(), 1U);
    EXPECT_EQ(rules.front().cidr, written) << given;
  }
}

TEST(SharedParts, TheRecordSaysWhichGroupPortsShallHave) {
  const SecurityGroup group{.id = "s1", .name = "scrape"};
  const SharedFound found{{{"g1", "apart", "anti-affinity"}}, {group}};
  const auto used = record_shared_parts(wants("", ingress_rules({9100}, {"10.0.0.0/8"})), found);
  ASSERT_EQ(used.size(), 2U);
  EXPECT_EQ(used[0], (api::v1alpha1::OwnedResource{"ServerGroup", "g1", "apart", "anti-affinity"}));
  EXPECT_EQ(used[1], (api::v1alpha1::OwnedResource{"SecurityGroup", "s1", "scrape", "InUse"}));
  const auto leaving = record_shared_parts(wants("", {}), found);
  EXPECT_EQ(leaving[1].state, "Leaving");
}

}  // namespace
}  // namespace clickdeploy::reconcilers
