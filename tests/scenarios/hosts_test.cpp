// A Cloud of type Hosts on real parts: sshd, node_exporter, Prometheus.

#include "tests/scenarios/hosts_bed.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <signal.h>

namespace clickdeploy::scenarios {
namespace {

using std::chrono::seconds;

const std::string kExporter = "prometheus-node-exporter";

Json replicas(int count) {
  return Json::object({{"spec", Json::object({{"replicas", count}})}});
}

class Hosts : public ::testing::Test {
 protected:
  void start(int machines) {
    hosts_ = std::make_unique<HostsBed>(machines);
    hosts_->bed.start_daemon();
    hosts_->apply_basics();
  }
  Bed& bed() { return hosts_->bed; }

  Json instance() {
    const std::vector<Json> all = bed().list("instances");
    return all.empty() ? Json() : all.front();
  }
  std::string name() { return instance()["metadata"]["name"].as_string(); }

  bool wait_for_condition(const std::string& plural, const std::string& name,
                          const std::string& type, const std::string& begin,
                          const std::string& words) {
    return bed().wait_for(type + "=" + begin + " " + words, seconds(90), [&]() -> std::string {
      const std::string told = bed().condition(plural, name, type);
      return told.starts_with(begin) && told.find(words) != std::string::npos ? "" : told;
    });
  }
  bool wait_for_marks(int count) {
    return bed().wait_for(std::to_string(count) + " marks", seconds(90), [&]() -> std::string {
      const int marks = hosts_->count_marks();
      return marks == count ? "" : std::to_string(marks) + " marks";
    });
  }
  bool wait_until_gone(const std::string& plural, const std::string& name) {
    return bed().wait_for(name + " is gone", seconds(90), [&]() -> std::string {
      const std::optional<Json> left = bed().get(plural, name);
      return left ? to_json((*left)["status"]["conditions"]) : "";
    });
  }

  std::unique_ptr<HostsBed> hosts_;
};

TEST_F(Hosts, AServiceTakesMachinesMonitorsRepairsAndGivesThemBack) {
  start(4);
  hosts_->machine(1).write("default/other", "somebody's");
  Json web = hosts_->service("web", 2);
  web.member("spec")
      .member("template")
      .member("spec")
      .set("hostSelector", Json::object({{"matchLabels", Json::object({{"rack", "a"}})}}));
  bed().create(web);
  ASSERT_TRUE(bed().wait_until_monitored("web", 2));
  EXPECT_EQ(hosts_->count_marks("clickdeploy_service=demo/web"), 2);
  EXPECT_TRUE(hosts_->machine(2).mark().empty());
  EXPECT_TRUE(hosts_->machine(4).mark().empty());
  const Json cloud = *bed().get("clouds", "lab");
  EXPECT_EQ(cloud["status"]["hosts"][0]["hostKey"].as_string(), hosts_->host_key(1));
  EXPECT_EQ(cloud["status"]["instancesSummary"].as_string(), "2/4");

  // More than there are: with numbers, and without an endless try.
  bed().patch("services", "web", replicas(3));
  EXPECT_TRUE(wait_for_condition("services", "web", "QuotaSufficient", "False QuotaExceeded",
                                 "1 more machines are wanted; of 2 machines that match 2 are "
                                 "taken, 0 are free"));
  bed().patch("services", "web", replicas(2));

  // An exporter dies: it is started again.
  const int first = hosts_->machine(1).service(kExporter);
  ASSERT_GT(first, 0);
  ASSERT_EQ(::kill(first, SIGKILL), 0);
  EXPECT_TRUE(bed().wait_for("the restart", seconds(90), [&]() -> std::string {
    const int now = hosts_->machine(1).service(kExporter);
    return now > 0 && now != first ? "" : "still " + std::to_string(now);
  }));
  ASSERT_TRUE(bed().wait_until_monitored("web", 2));

  // Somebody removes the package: a restart does not help, and it is installed anew.
  std::filesystem::remove(hosts_->machine(3).path("packages/" + kExporter));
  ASSERT_EQ(::kill(hosts_->machine(3).service(kExporter), SIGKILL), 0);
  EXPECT_TRUE(bed().wait_for("the package", seconds(90), [&]() -> std::string {
    return hosts_->machine(3).has("packages/" + kExporter) ? "" : "not there";
  }));
  ASSERT_TRUE(bed().wait_until_monitored("web", 2));
  EXPECT_EQ(hosts_->count_marks(), 2);  // nothing was replaced

  bed().remove("services", "web");
  EXPECT_TRUE(wait_until_gone("services", "web"));
  EXPECT_EQ(hosts_->count_marks(), 0);
  for (const int number : {1, 3}) {
    EXPECT_EQ(hosts_->machine(number).service(kExporter), 0);
    EXPECT_FALSE(hosts_->machine(number).has("lib/click-deploy"));
    EXPECT_FALSE(hosts_->machine(number).has("default/" + kExporter));
  }
  EXPECT_EQ(hosts_->machine(1).read("default/other"), "somebody's");
}

TEST_F(Hosts, AnotherPolicyReachesTheSameMachine) {
  start(1);
  bed().create(hosts_->service("web", 1));
  ASSERT_TRUE(bed().wait_until_monitored("web", 1));
  const std::string mark = hosts_->machine(1).mark();
  const std::string before = name();
  bed().patch_policy(
      "{agents: [{name: node-exporter, install: {method: Package}, extraArgs: "
      "[--collector.disable-defaults]}]}");
  EXPECT_TRUE(bed().wait_for("the argument", seconds(90), [&]() -> std::string {
    const std::string text = hosts_->machine(1).read("default/" + kExporter);
    return text.find("disable-defaults") != std::string::npos ? "" : text;
  }));
  ASSERT_TRUE(bed().wait_until_monitored("web", 1));
  EXPECT_EQ(hosts_->machine(1).mark(), mark);
  EXPECT_EQ(name(), before);
}

TEST_F(Hosts, ADaemonThatDiesBeforeItHearsThatItHasAMachineFindsItAgain) {
  start(3);
  hosts_->kill_daemon_after("ln \"$new\"");
  bed().create(hosts_->service("web", 1));
  ASSERT_TRUE(wait_for_marks(1));
  bed().kill_daemon();
  EXPECT_EQ(hosts_->count_marks(), 1);
  bed().start_daemon();
  ASSERT_TRUE(bed().wait_until_monitored("web", 1));
  EXPECT_EQ(hosts_->count_marks(), 1);
  EXPECT_EQ(instance()["status"]["claim"]["state"].as_string(), "Confirmed");
}

TEST_F(Hosts, TwoServicesWantTheLastMachine) {
  start(1);
  bed().create(hosts_->service("one", 1));
  bed().create(hosts_->service("two", 1));
  ASSERT_TRUE(bed().wait_for("one of them has it", seconds(90), [&]() -> std::string {
    int ready = 0;
    for (const Json& service : bed().list("services")) {
      ready += static_cast<int>(service["status"]["monitoredReplicas"].as_int());
    }
    return ready == 1 ? "" : std::to_string(ready) + " are monitored";
  }));
  const bool one = hosts_->machine(1).mark().find("demo/one") != std::string::npos;
  const std::string winner = one ? "one" : "two";
  const std::string loser = one ? "two" : "one";
  EXPECT_TRUE(wait_for_condition("services", loser, "Ready", "False", "1 are taken, 0 are free"));
  bed().remove("services", winner);
  ASSERT_TRUE(bed().wait_until_monitored(loser, 1));
  EXPECT_EQ(hosts_->count_marks("demo/" + loser), 1);
}

TEST_F(Hosts, AMachineOfAnotherClickDeployIsLeftAlone) {
  start(2);
  const std::string theirs = "clickdeploy_claim=abc\nclickdeploy_cluster=another\n";
  hosts_->machine(1).write("lib/click-deploy/owner", theirs);
  bed().create(hosts_->service("web", 2));
  EXPECT_TRUE(wait_for_condition("services", "web", "QuotaSufficient", "False",
                                 "1 belong to another Click Deploy"));
  EXPECT_EQ(hosts_->machine(1).mark(), theirs);
  bed().remove("services", "web");
  EXPECT_TRUE(wait_until_gone("services", "web"));
  EXPECT_EQ(hosts_->machine(1).mark(), theirs);
}

TEST_F(Hosts, AMachineThatCannotBeReachedIsUnknownAndDeletionSaysWhatItWaitsFor) {
  start(2);
  bed().create(hosts_->service("web", 1));
  ASSERT_TRUE(bed().wait_until_monitored("web", 1));
  const int number = hosts_->machine(1).mark().empty() ? 2 : 1;
  const std::string mark = hosts_->machine(number).mark();
  hosts_->stop_sshd(number);
  EXPECT_TRUE(wait_for_condition("instances", name(), "InfrastructureReady",
                                 "Unknown ObservationFailed", "connect"));
  // Prometheus goes on to scrape it, and no other machine is taken.
  EXPECT_TRUE(bed().condition("instances", name(), "TargetScraped").starts_with("True"));
  EXPECT_EQ(hosts_->count_marks(), 1);

  // What was last seen outlives a restart.
  bed().kill_daemon();
  bed().start_daemon();
  EXPECT_TRUE(wait_for_condition("instances", name(), "InfrastructureReady",
                                 "Unknown ObservationFailed", "connect"));
  const std::string gone = name();
  bed().remove("services", "web");
  EXPECT_TRUE(wait_for_condition("instances", gone, "Progressing", "", "connect"));
  EXPECT_EQ(hosts_->machine(number).mark(), mark);
  hosts_->start_sshd(number);
  EXPECT_TRUE(wait_until_gone("services", "web"));
  EXPECT_EQ(hosts_->count_marks(), 0);
}

TEST_F(Hosts, ALostDatabaseIsRebuiltFromTheMarks) {
  start(3);
  bed().create(hosts_->service("web", 2));
  ASSERT_TRUE(bed().wait_until_monitored("web", 2));
  const auto marks = [&] {
    return std::set<std::string>{hosts_->machine(1).mark(), hosts_->machine(2).mark(),
                                 hosts_->machine(3).mark()};
  };
  const std::set<std::string> before = marks();
  bed().kill_daemon();
  for (const auto& each : std::filesystem::directory_iterator(bed().folder() + "/data")) {
    if (each.path().filename() != "cluster-id") std::filesystem::remove_all(each.path());
  }
  bed().start_daemon();
  hosts_->apply_basics();
  bed().create(hosts_->service("web", 2));
  ASSERT_TRUE(bed().wait_until_monitored("web", 2));
  EXPECT_EQ(marks(), before);
}

TEST_F(Hosts, AMachineThatIsTakenOutOfTheSpecIsGivenBackOnceAnotherServes) {
  start(2);
  bed().create(hosts_->service("web", 1));
  ASSERT_TRUE(bed().wait_until_monitored("web", 1));
  const int old = hosts_->machine(1).mark().empty() ? 2 : 1;
  hosts_->set_hosts({3 - old});
  ASSERT_TRUE(bed().wait_for("the move", seconds(120), [&]() -> std::string {
    const bool moved =
        hosts_->machine(old).mark().empty() && !hosts_->machine(3 - old).mark().empty();
    return moved ? "" : to_json((*bed().get("clouds", "lab"))["status"]["hosts"]);
  }));
  ASSERT_TRUE(bed().wait_until_monitored("web", 1));
  EXPECT_EQ(hosts_->machine(old).service(kExporter), 0);
}

// The YAML of the tutorial, with the addresses of the machines here.
TEST_F(Hosts, TheTutorialsFilesDoWhatItSays) {
  hosts_ = std::make_unique<HostsBed>(2);
  bed().start_daemon();
  hosts_->apply_tutorial(false);
  ASSERT_TRUE(bed().wait_until_monitored("web", 2));
  EXPECT_EQ(hosts_->count_marks("clickdeploy_service=demo/web"), 2);
  hosts_->apply_tutorial(true);
  EXPECT_TRUE(wait_for_condition("services", "db", "QuotaSufficient", "False QuotaExceeded",
                                 "of 1 machines that match 1 are taken, 0 are free"));
}

}  // namespace
}  // namespace clickdeploy::scenarios
