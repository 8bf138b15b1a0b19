// What each state of Nova's means, what is done about it, and that the page says the same.

#include "controller/reconcilers/instance/server_states.h"

#include "controller/base/text.h"
#include "tests/reconcilers/samples.h"
#include "tests/testing/paths.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

namespace clickdeploy::reconcilers {
namespace {

struct StateCase {
  std::string status;
  StateMeaning meaning;
  bool stopped;      // its alerts are muted
  std::string want;  // what is planned an hour after its agent fell silent
};

std::vector<StateCase> states() {
  using enum StateMeaning;
  return {
      {"ACTIVE", Runs, false, "BeginRepair SoftReboot"},
      {"BUILD", Builds, false, "BeginRepair Replace"},
      {"DELETED", Leaving, false, "Rest Progressing"},
      {"ERROR", Failed, false, "BeginRepair HardReboot"},
      {"HARD_REBOOT", Busy, false, "Rest Progressing"},
      {"MIGRATING", Busy, false, "Rest Progressing"},
      {"PASSWORD", Busy, false, "Rest Progressing"},
      {"PAUSED", Stopped, true, "Rest Waiting"},
      {"REBOOT", Busy, false, "Rest Progressing"},
      {"REBUILD", Busy, false, "Rest Progressing"},
      {"RESCUE", Stopped, true, "Rest Waiting"},
      {"RESIZE", Busy, false, "Rest Progressing"},
      {"REVERT_RESIZE", Busy, false, "Rest Progressing"},
      {"SHELVED", Stopped, true, "Rest Waiting"},
      {"SHELVED_OFFLOADED", Stopped, true, "Rest Waiting"},
      {"SHUTOFF", Stopped, true, "Rest Waiting"},
      {"SOFT_DELETED", Leaving, true, "Rest Progressing"},
      {"SUSPENDED", Stopped, true, "Rest Waiting"},
      {"UNKNOWN", NotKnown, false, "Rest Waiting"},
      {"VERIFY_RESIZE", Busy, false, "Rest Progressing"},
      {"SOMETHING_NEW", NotKnown, false, "Rest Waiting"},
  };
}

TEST(ServerStates, EachIsRepairedRespectedOrWaitedFor) {
  for (const StateCase& c : states()) {
    SCOPED_TRACE(c.status);
    EXPECT_EQ(meaning_of(c.status), c.meaning);
    EXPECT_EQ(is_stopped(c.status), c.stopped);
    Instance instance = running_instance();
    instance.status.remediation.unhealthy_since = time_at(0);
    const InstanceObserved observed =
        seen(3600, c.status, TargetView::Down, AgentObserved::Probe::Silent);
    EXPECT_EQ(describe(plan_instance(instance, observed, kToken)), c.want);
  }
}

TEST(ServerStates, TheReferenceListsThem) {
  std::ifstream file(testing::source_folder() + "/docs/reference/kinds/instance.md");
  std::stringstream text;
  text << file.rdbuf();
  for (const StateCase& c : states()) {
    if (c.status == "SOMETHING_NEW") continue;
    EXPECT_NE(text.str().find("`" + c.status + "`"), std::string::npos) << c.status;
  }
}

Instance annotated(const std::string& name, const std::string& value) {
  Instance instance = running_instance();
  instance.metadata.annotations["clickdeploy.io/" + name] = value;
  instance.status.remediation.unhealthy_since = time_at(0);
  return instance;
}

TEST(RemediationAnnotations, SkipKeepsASickServerAsItIs) {
  const InstanceObserved sick = seen(3600, "ERROR", TargetView::Down, AgentObserved::Probe::Silent);
  EXPECT_EQ(describe(plan_instance(annotated("skip-remediation", "true"), sick, kToken)),
            "Rest Blocked");
  EXPECT_EQ(describe(plan_instance(annotated("skip-remediation", "false"), sick, kToken)),
            "BeginRepair HardReboot");
}

TEST(RemediationAnnotations, RemediateTakesTheStepAtOnce) {
  const InstanceObserved well = seen(10, "ACTIVE", TargetView::Up, AgentObserved::Probe::Answers);
  EXPECT_EQ(describe(plan_instance(annotated("remediate", "HardReboot"), well, kToken)),
            "BeginRepair HardReboot");
  EXPECT_EQ(describe(plan_instance(annotated("remediate", "nonsense"), well, kToken)), "Rest");
  InstanceObserved braked = seen(10, "ERROR", TargetView::Down, AgentObserved::Probe::Silent);
  braked.budget.blocked = true;
  EXPECT_EQ(describe(plan_instance(annotated("remediate", "Replace"), braked, kToken)),
            "BeginRepair Replace");
}

// The step that was asked for is carried out although the server is well.
TEST(RemediationAnnotations, AReplacementThatWasAskedForIsMade) {
  const InstanceObserved well = seen(10, "ACTIVE", TargetView::Up, AgentObserved::Probe::Answers);
  const auto begin = plan_instance(annotated("remediate", "Replace"), well, kToken);
  Instance replacing = running_instance();
  replacing.status.remediation.step = "Replace";
  replacing.status.remediation.last_reason = std::get<BeginRepair>(begin).reason;
  replacing.status.remediation.started_at = time_at(10);
  EXPECT_EQ(describe(plan_instance(replacing, well, kToken)), "LookUpToken");
}

}  // namespace
}  // namespace clickdeploy::reconcilers
