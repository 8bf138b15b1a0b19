// The checks of what the controllers do: each is shown what it must not let pass.

#include "controller/base/text.h"
#include "tests/simulation/checks/call_rate_check.h"
#include "tests/simulation/checks/canary_check.h"
#include "tests/simulation/checks/credential_check.h"
#include "tests/simulation/checks/queue_check.h"
#include "tests/simulation/checks/replacement_check.h"
#include "tests/simulation/checks/rule_files_check.h"
#include "tests/simulation/checks/still_world.h"
#include "tests/simulation/checks/target_files_check.h"

#include <spdlog/spdlog.h>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

class ChecksReplacement : public Checks {
 protected:
  ChecksReplacement() {
    const Json rollout = Json::object({{"maxSurge", 1}, {"maxUnavailable", 0}});
    const Json remediation = Json::object({{"maxUnhealthy", "50%"}, {"maxInFlight", 1}});
    const Json spec =
        Json::object({{"replicas", 2}, {"rollout", rollout}, {"remediation", remediation}});
    const Json service =
        Json::object({{"metadata", Json::object({{"uid", "web"}})}, {"spec", spec}});
    check_.changed(event_of(store::EventType::Added, kServices, "web", 1), service);
    clock_.now = 1h;
  }

  struct Looks {
    std::string service = "web";
    bool ready = true;
    bool deleting = false;
    std::string revision = "a";
    std::string step{};
    std::string unhealthy_since{};
  };
  std::string instance(const std::string& name, const Looks& looks) {
    Json metadata =
        Json::object({{"uid", name},
                      {"labels", Json::object({{"clickdeploy.io/revision", looks.revision}})},
                      {"ownerReferences", Json::array({Json::object({{"uid", looks.service}})})}});
    if (looks.deleting) metadata.set("deletionTimestamp", "2026-01-01T00:00:00Z");
    const Json ready =
        Json::object({{"type", "Ready"}, {"status", looks.ready ? "True" : "False"}});
    const Json record =
        Json::object({{"step", looks.step}, {"unhealthySince", looks.unhealthy_since}});
    const Json status = Json::object({{"bootedAt", "2026-01-01T00:00:00Z"},
                                      {"conditions", Json::array({ready})},
                                      {"remediation", record}});
    check_.changed(event_of(store::EventType::Modified, kInstances, name, 1),
                   Json::object({{"metadata", metadata}, {"status", status}}));
    return broken();
  }
  void two_ready() {
    EXPECT_EQ(instance("one", {}), "");
    EXPECT_EQ(instance("two", {}), "");
    clock_.now += 1min;
  }

  ReplacementCheck check_{clock_, report_};
};

TEST_F(ChecksReplacement, LetsARolloutTakeOneForEachThatIsReady) {
  two_ready();
  EXPECT_EQ(instance("new", {.revision = "b"}), "");
  clock_.now += 1min;
  EXPECT_EQ(instance("one", {.deleting = true}), "");
  check_.deleted({kInstances, "shop", "one"}, true);
  EXPECT_EQ(broken(), "");
}

TEST_F(ChecksReplacement, TellsOneThatGoesWhileTooFewAreReady) {
  two_ready();
  EXPECT_EQ(instance("one", {.deleting = true}), "");
  check_.deleted({kInstances, "shop", "one"}, true);
  EXPECT_EQ(broken(), "S3");
}

TEST_F(ChecksReplacement, LetsAPersonDeleteWhatTheyWant) {
  two_ready();
  EXPECT_EQ(instance("one", {.deleting = true}), "");
  check_.deleted({kInstances, "shop", "one"}, false);
  EXPECT_EQ(broken(), "");
}

TEST_F(ChecksReplacement, TellsMoreThanTheSurge) {
  two_ready();
  EXPECT_EQ(instance("new", {.ready = false, .revision = "b"}), "");
  EXPECT_EQ(instance("newer", {.ready = false, .revision = "b"}), "S3");
}

TEST_F(ChecksReplacement, TellsMoreReplicasThanAskedForWithoutARollout) {
  two_ready();
  EXPECT_EQ(instance("three", {}), "S3");
}

TEST_F(ChecksReplacement, TellsASecondRepairAtOnce) {
  two_ready();
  EXPECT_EQ(instance("one", {.ready = false, .step = "SoftReboot"}), "");
  EXPECT_EQ(instance("two", {.ready = false, .step = "SoftReboot"}), "S3");
}

TEST_F(ChecksReplacement, TellsARepairWhileTheBrakeIsOn) {
  two_ready();
  EXPECT_EQ(instance("two", {.ready = false, .unhealthy_since = "2026-01-01T00:00:00Z"}), "");
  clock_.now += 1min;
  EXPECT_EQ(instance("one", {.ready = false, .step = "Replace"}), "S3");
}

TEST_F(ChecksReplacement, TellsARepairWhileTheBrakeOfTheWholeCloudIsOn) {
  two_ready();
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_EQ(
        instance(name,
                 {.service = "db", .ready = false, .unhealthy_since = "2026-01-01T00:00:00Z"}),
        "");
  }
  clock_.now += 1min;
  EXPECT_EQ(instance("one", {.ready = false, .step = "SoftReboot"}), "S3");
}

class ChecksQueue : public Checks {
 protected:
  std::string look(const app::QueueCounts& counts, std::size_t objects) {
    check_.look({counts}, [objects](const std::string&) { return objects; });
    return broken();
  }
  QueueCheck check_{clock_, report_};
};

TEST_F(ChecksQueue, TellsTwoReconcilesOfOneKey) {
  check_.begins("Instance", {"shop", "a"});
  check_.begins("Instance", {"shop", "b"});
  check_.ended("Instance", {"shop", "a"});
  check_.begins("Instance", {"shop", "a"});
  EXPECT_EQ(broken(), "");
  check_.begins("Instance", {"shop", "a"});
  EXPECT_EQ(broken(), "S19");
}

TEST_F(ChecksQueue, ForgetsWhatAKillCutOff) {
  check_.begins("Instance", {"shop", "a"});
  check_.killed();
  check_.begins("Instance", {"shop", "a"});
  EXPECT_EQ(broken(), "");
}

TEST_F(ChecksQueue, TellsMoreKeysThanThereAreObjects) {
  EXPECT_EQ(look({.kind = "Instance", .ready = 3, .delayed = 3, .workers = 2}, 3), "");
  EXPECT_EQ(look({.kind = "Instance", .ready = 1, .delayed = 4, .workers = 2}, 3), "S19");
}

TEST_F(ChecksQueue, TellsAKeyThatWaitsLongerThanTheWorkExplains) {
  check_.begins("Instance", {"shop", "a"});
  clock_.now += 2s;
  check_.ended("Instance", {"shop", "a"});
  clock_.now += 1min;
  EXPECT_EQ(look({.kind = "Instance", .ready = 4, .workers = 2, .oldest_wait = 8s}, 9), "");
  EXPECT_EQ(look({.kind = "Instance", .ready = 4, .workers = 2, .oldest_wait = 10s}, 9), "L6");
}

using ChecksCanary = Checks;

TEST_F(ChecksCanary, TellASecretInAnyForm) {
  const std::string secret(kCanary);
  for (const std::string& text :
       {"password: " + secret, base64_encode("password: " + secret + "\n"),
        base64_encode("a password: " + secret), base64_encode("my password: " + secret),
        std::string("token gAAAAAB0123")}) {
    Report report(clock_);
    report.sink = [](const Violation&) {};
    CanaryCheck(report).look("here", text);
    EXPECT_FALSE(report.empty()) << text;
  }
  CanaryCheck(report_).look("here", "password: (not shown)");
  EXPECT_EQ(broken(), "");
}

TEST_F(ChecksCanary, ReadTheLog) {
  CanaryCheck check(report_);
  check.listen_to_log();
  spdlog::info("Logged in as {}", "controller");
  EXPECT_EQ(broken(), "");
  spdlog::info("Logged in with {}", kCanary);
  EXPECT_EQ(broken(), "S20");
}

class ChecksCalls : public Checks {
 protected:
  ChecksCalls() {
    named("namespaces", "", "shop", Json::object({{"labels", Json::object({{"team", "web"}})}}));
    named("namespaces", "", "bank", Json::object({}));
    cloud("platform", "web", "controller");
    cloud("bank", "", "admin");
    log_in("controller", "t1");
    log_in("admin", "t2");
  }

  void named(const std::string& resource, const std::string& home, const std::string& name,
             const Json& metadata, const Json& spec = {}, const Json& data = {}) {
    const store::Event event = event_of(store::EventType::Added, resource, name, 1, nullptr, home);
    const Json object = Json::object({{"metadata", metadata}, {"spec", spec}, {"data", data}});
    book_.changed(event, object);
    credentials_.changed(event, object);
  }
  void cloud(const std::string& home, const std::string& team, const std::string& user) {
    const std::string text = "clouds: {sim: {auth: {username: " + user + "}}}";
    named("secrets", home, "keys", Json(), Json(),
          Json::object({{"clouds.yaml", base64_encode(text)}}));
    Json spec = Json::object(
        {{"credentials", Json::object({{"secretRef", Json::object({{"name", "keys"}})}})},
         {"limits", Json::object({{"requestsPerSecond", 10}, {"burst", 20}})}});
    if (!team.empty()) {
      spec.set("allowedNamespaces",
               Json::object({{"matchLabels", Json::object({{"team", team}})}}));
    }
    named(kClouds, home, "sim", Json(), spec);
  }
  void log_in(const std::string& user, const std::string& token) {
    book_.logged_in(log_in_of(user),
                    {.status = 201, .headers = {{"X-Subject-Token", token}}, .body = ""});
  }
  static http::Request log_in_of(const std::string& user) {
    http::Request request;
    request.method = "POST";
    request.url = "http://cloud.sim/identity/v3/auth/tokens";
    request.body = R"({"auth":{"identity":{"password":{"user":{"name":")" + user + R"("}}}}})";
    return request;
  }
  static http::Request call(const std::string& method, const std::string& path,
                            const std::string& token, const std::string& body = "") {
    http::Request request;
    request.method = method;
    request.url = "http://cloud.sim" + path;
    request.headers = {{"X-Auth-Token", token}};
    request.body = body;
    return request;
  }

  CredentialBook book_;
  CallRateCheck rates_{clock_, book_, report_};
  CredentialCheck credentials_{book_, [](const std::string& id) { return "uid-" + id; },
                               [](const std::string&) { return "claim"; }, report_};
};

TEST_F(ChecksCalls, MayComeInABurstAndThenAtTheRate) {
  for (int i = 0; i < 20; ++i) rates_.sent(call("GET", "/compute/v2.1/servers", "t1"));
  for (int i = 0; i < 50; ++i) {
    clock_.now += 100ms;
    rates_.sent(call("GET", "/compute/v2.1/servers", "t1"));
  }
  EXPECT_EQ(broken(), "");
  rates_.sent(call("GET", "/compute/v2.1/servers", "t1"));
  EXPECT_EQ(broken(), "S17");
}

TEST_F(ChecksCalls, MustLeaveAVerbAloneUntilItsRetryAfterIsOver) {
  const http::Request request = call("POST", "/compute/v2.1/servers", "t1");
  rates_.sent(request);
  const Result<http::Response> busy =
      http::Response{.status = 429, .headers = {{"Retry-After", "5"}}, .body = ""};
  rates_.ended(request, &busy);
  clock_.now += 4s;
  rates_.sent(call("GET", "/compute/v2.1/servers", "t1"));
  rates_.sent(call("POST", "/network/v2.0/ports", "t1"));
  EXPECT_EQ(broken(), "");
  rates_.sent(request);
  EXPECT_EQ(broken(), "S17");
}

TEST_F(ChecksCalls, MustNotLogInTwiceAtOnce) {
  rates_.sent(log_in_of("controller"));
  rates_.sent(log_in_of("admin"));
  rates_.ended(log_in_of("controller"), nullptr);
  rates_.sent(log_in_of("controller"));
  EXPECT_EQ(broken(), "");
  rates_.sent(log_in_of("controller"));
  EXPECT_EQ(broken(), "S17");
}

class ChecksCredentials : public ChecksCalls {
 protected:
  std::string create_for(const std::string& home, const std::string& cloud_namespace,
                         const std::string& token) {
    named(kInstances, home, "web-1",
          Json::object({{"uid", "uid-1"}, {"name", "web-1"}, {"namespace", home}}),
          Json::object(
              {{"cloudRef", Json::object({{"name", "sim"}, {"namespace", cloud_namespace}})}}));
    credentials_.sent(call("POST", "/compute/v2.1/servers", token,
                           R"({"server":{"metadata":{"clickdeploy_uid":"uid-1"}}})"));
    return broken();
  }
};

TEST_F(ChecksCredentials, OfItsOwnCloudMayBeUsed) {
  EXPECT_EQ(create_for("shop", "platform", "t1"), "");
}

TEST_F(ChecksCredentials, OfAnotherNamespaceMayNot) {
  EXPECT_EQ(create_for("shop", "platform", "t2"), "S21");
}

TEST_F(ChecksCredentials, MayNotBeUsedWhereTheCloudDoesNotAllowIt) {
  EXPECT_EQ(create_for("shop", "bank", "t2"), "S21");
}

TEST_F(ChecksCredentials, AreLookedAtWhereServersAreDeletedToo) {
  EXPECT_EQ(create_for("bank", "bank", "t2"), "");
  credentials_.sent(call("DELETE", "/compute/v2.1/servers/1", "t1"));
  EXPECT_EQ(broken(), "S21");
}

TEST_F(ChecksCredentials, ThatNoCloudHasMayNotLogIn) {
  credentials_.sent(log_in_of("somebody"));
  EXPECT_EQ(broken(), "S21");
}

class ChecksTargets : public Checks {
 protected:
  static constexpr const char* kFile = "/targets/clickdeploy-shop_web.json";
  static constexpr const char* kOtherFile = "/targets/clickdeploy-shop_db.json";

  void instance(int number, bool deleting) {
    Json metadata = Json::object({{"uid", "uid-" + std::to_string(number)}});
    if (deleting) metadata.set("deletionTimestamp", "2026-01-01T00:00:00Z");
    const Json server = Json::object({{"id", "server-" + std::to_string(number)}});
    check_.changed(
        event_of(store::EventType::Modified, kInstances, "web", 1),
        Json::object({{"metadata", metadata}, {"status", Json::object({{"server", server}})}}));
  }
  void write(const char* file, int from, int to) {
    Json groups = Json::array();
    for (int i = from; i < to; ++i) {
      const Json labels = Json::object({{"instance_id", "server-" + std::to_string(i)}});
      const Json address = Json("10.0.0." + std::to_string(i) + ":9100");
      groups.push_back(Json::object({{"targets", Json::array({address})}, {"labels", labels}}));
    }
    check_.file(file, to_json(groups));
  }
  std::string publish(int from, int to) {
    write(kFile, from, to);
    check_.published();
    return broken();
  }
  void label(const std::string& service, const std::string& value) {
    const Json labels = Json::object({{"app", value}});
    const Json metadata = Json::object({{"labels", labels}});
    check_.changed(event_of(store::EventType::Modified, kServices, service, 1),
                   Json::object({{"metadata", metadata}}));
  }
  void fleet() {
    for (int i = 0; i < 60; ++i) instance(i, false);
    EXPECT_EQ(publish(0, 60), "");
  }

  TargetFilesCheck check_{"/targets",
                          [](const std::string& id) -> std::optional<std::set<std::string>> {
                            if (!id.starts_with("server-")) return std::nullopt;
                            return std::set<std::string>{"10.0.0." + id.substr(7)};
                          },
                          report_};
};

TEST_F(ChecksTargets, MayBeATenthFewer) {
  fleet();
  EXPECT_EQ(publish(6, 60), "");
}

TEST_F(ChecksTargets, MayNotBeFarFewerAtOnce) {
  fleet();
  EXPECT_EQ(publish(7, 60), "S13");
}

TEST_F(ChecksTargets, MayNotAllGoWithTheirFile) {
  fleet();
  check_.file(kFile, std::nullopt);
  check_.published();
  EXPECT_EQ(broken(), "S13");
}

TEST_F(ChecksTargets, OfAllFilesOfOnePublishAreCountedTogether) {
  for (int i = 0; i < 60; ++i) instance(i, false);
  write(kFile, 0, 30);
  write(kOtherFile, 30, 60);
  check_.published();
  write(kFile, 4, 30);
  write(kOtherFile, 34, 60);
  check_.published();
  EXPECT_EQ(broken(), "S13");
}

TEST_F(ChecksTargets, MayGoWithTheLabelsOfTheirServiceAlone) {
  fleet();
  label("db", "hidden");
  EXPECT_EQ(publish(7, 60), "S13");
  label("web", "hidden");
  EXPECT_EQ(publish(60, 60), "");
}

TEST_F(ChecksTargets, MayGoWithTheirInstances) {
  fleet();
  for (int i = 0; i < 30; ++i) instance(i, true);
  EXPECT_EQ(publish(30, 60), "");
}

TEST_F(ChecksTargets, MustBeServersOfOurs) {
  check_.file(kFile, R"([{"targets":["10.0.0.1:9100"],"labels":{"instance_id":"foreign"}}])");
  EXPECT_EQ(broken(), "S14");
}

TEST_F(ChecksTargets, MustBeTheServersOwnAddresses) {
  check_.file(kFile, R"([{"targets":["10.0.0.2:9100"],"labels":{"instance_id":"server-1"}}])");
  EXPECT_EQ(broken(), "S14");
}

class ChecksRules : public Checks {
 protected:
  std::string mapping(const std::string& expression) {
    const Json rule = Json::object({{"record", "r"}, {"expr", expression}});
    const Json group = Json::object({{"name", "g"}, {"rules", Json::array({rule})}});
    RuleFilesCheck("/rules", report_)
        .file("/rules/clickdeploy-mapping.yml",
              to_json(Json::object({{"groups", Json::array({group})}})));
    return broken();
  }
};

TEST_F(ChecksRules, MaySelectOurs) {
  EXPECT_EQ(mapping(R"(sum by (project_id, service_id) (up{managed_by="click-deploy"}))"), "");
}

TEST_F(ChecksRules, MayNotSelectOthers) {
  EXPECT_EQ(mapping(R"(sum by (project_id, service_id) (up{job="node"}))"), "S15");
}

TEST_F(ChecksRules, MayNotSelectAll) {
  EXPECT_EQ(mapping("sum by (project_id, service_id) (up)"), "S15");
}

TEST_F(ChecksRules, MustKeepTheTenant) {
  EXPECT_EQ(mapping(R"(sum by (project_id) (up{managed_by="click-deploy"}))"), "S15");
}

}  // namespace
}  // namespace clickdeploy::simulation
