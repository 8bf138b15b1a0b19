// clickctl alerts, from the API to the screen.

#include "controller/base/yaml.h"
#include "tests/cli/cli_fixture.h"
#include "tests/cli/fleet.h"
#include "tests/testing/golden.h"

namespace clickdeploy::cli {
namespace {

using clickdeploy::testing::expect_golden;
using ::testing::HasSubstr;

constexpr const char* kObserved =
    R"({type: AlertsObserved, status: "True", reason: Succeeded, message: "2 alerts fire, 1 are pending"})";
constexpr const char* kBlind =
    R"({type: AlertsObserved, status: Unknown, reason: ObservationFailed, message: "connect: refused"})";
constexpr const char* kAlerts = R"(
  alerts:
    firing: 2
    pending: 1
    worst:
    - {name: InstanceDown, severity: page, instance: web-b, state: Firing, since: "2026-11-22T11:55:00Z", silenced: "True", summary: Instance shop/web-b does not answer}
    - {name: Own, state: Firing, since: "2026-11-22T11:00:00Z", silenced: Unknown, labels: {agent: node-exporter}}
    - {name: DiskNearlyFull, severity: ticket, instance: web-a, state: Pending, since: "2026-11-22T11:59:30Z", summary: "/ is full\u001b[2J"}
)";

class Alerts : public CliTest {
 protected:
  Alerts() {
    for (const FleetObject& part : make_fleet()) make(part.collection, part.object);
  }

  void report(const std::string& condition, const std::string& alerts) {
    const Result<Json> status =
        parse_single_yaml("status:\n  conditions: [" + condition + "]" + alerts);
    ASSERT_TRUE(status) << status.error().message();
    Json service = send("GET", kWeb);
    service.set("status", (*status)["status"]);
    send("PUT", std::string(kWeb) + "/status", service);
  }

  static constexpr const char* kWeb = "/apis/clickdeploy.io/v1alpha1/namespaces/shop/services/web";
};

TEST_F(Alerts, AreATableTheWorstFirst) {
  report(kObserved, kAlerts);
  expect_golden("cli/alerts.txt", good({"alerts", "web", "-n", "shop"}));
  expect_golden("cli/alerts_all.txt", good({"alerts", "-A"}));
  EXPECT_EQ(good({"alerts", "service/web", "-n", "shop"}), good({"alerts", "web", "-n", "shop"}));
}

TEST_F(Alerts, AreAListForMachines) {
  report(kObserved, kAlerts);
  expect_golden("cli/alerts.json", good({"alerts", "-n", "shop", "-o", "json"}));
  EXPECT_THAT(good({"alerts", "-n", "shop", "-o", "yaml"}), HasSubstr("kind: AlertList"));
}

TEST_F(Alerts, NoneIsSaidOnlyIfItIsKnown) {
  report(kObserved, "");
  const Finished none = clickctl({"alerts", "-n", "shop"});
  EXPECT_EQ(none.code, 0);
  EXPECT_EQ(none.out, "");
  EXPECT_EQ(none.err, "No alerts fire or are pending\n");
  report(kBlind, "");
  const Finished blind = clickctl({"alerts", "-n", "shop"});
  EXPECT_EQ(blind.code, 0);
  EXPECT_EQ(blind.err,
            "warning: the alerts of service shop/web are not known now: connect: refused\n");
  EXPECT_EQ(clickctl({"alerts", "-n", "platform"}).err, "No services found\n");
}

TEST_F(Alerts, ThoseThatAreNotShownAreCounted) {
  std::string many = kAlerts;
  many.replace(many.find("firing: 2"), 9, "firing: 9");
  report(kBlind, many);
  const Finished run = clickctl({"alerts", "web", "-n", "shop"});
  EXPECT_THAT(run.err, HasSubstr("stand here as they were seen last"));
  EXPECT_THAT(run.err, HasSubstr("service shop/web has 7 more alerts than are shown"));
}

TEST_F(Alerts, AreOfServices) {
  EXPECT_EQ(clickctl({"alerts", "instance/web-a"}).code, 2);
  EXPECT_EQ(clickctl({"alerts", "-o", "name"}).code, 2);
  EXPECT_EQ(clickctl({"alerts", "nobody", "-n", "shop"}).code, 1);
}

}  // namespace
}  // namespace clickdeploy::cli
