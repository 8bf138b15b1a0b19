#include "controller/reconcilers/service/service_alerts.h"

#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

namespace clickdeploy::reconcilers {
namespace {

using api::v1alpha1::ServiceAlert;
using api::v1alpha1::ServiceAlerts;
using prometheus::Alert;

constexpr const char* kUid = "service-uid";

Alert alert(const std::string& name, const std::string& severity, const std::string& instance,
            const std::string& state = "firing", std::int64_t since = 0) {
  return {.labels = {{"alertname", name},
                     {"severity", severity},
                     {"service_id", kUid},
                     {"service", "web"},
                     {"instance_id", "server-" + instance},
                     {"instance_name", instance},
                     {"agent", "node-exporter"}},
          .state = state,
          .since = time_at(since),
          .summary = name + " of " + instance};
}

struct World {
  prometheus::PrometheusSnapshot snapshot;
  prometheus::AlertmanagerView alertmanager;
  ServiceAlerts before;

  World& with(Alert one) {
    snapshot.alerts[one.label("service_id")].push_back(std::move(one));
    return *this;
  }
  ServiceAlerts report() const { return report_alerts(kUid, snapshot, &alertmanager, before); }
};

std::vector<std::string> names(const ServiceAlerts& alerts) {
  std::vector<std::string> names;
  for (const ServiceAlert& each : alerts.worst) names.push_back(each.name);
  return names;
}

TEST(ReportAlerts, TellsWhatIsKnownOfAnAlert) {
  World world;
  world.with(alert("InstanceDown", "page", "web-1"));
  const ServiceAlerts told = world.report();
  EXPECT_EQ(told.firing, 1);
  EXPECT_EQ(told.pending, 0);
  EXPECT_EQ(told.worst, (std::vector<ServiceAlert>{{.name = "InstanceDown",
                                                    .severity = "page",
                                                    .instance = "web-1",
                                                    .state = "Firing",
                                                    .since = time_at(0),
                                                    .silenced = "False",
                                                    .summary = "InstanceDown of web-1",
                                                    .labels = {{"agent", "node-exporter"}}}}));
}

TEST(ReportAlerts, TheMostSevereThatFireComeFirst) {
  World world;
  world.with(alert("Info", "info", "a"))
      .with(alert("PagePending", "page", "a", "pending"))
      .with(alert("Ticket", "ticket", "a"))
      .with(alert("PageLater", "page", "a", "firing", 60))
      .with(alert("Page", "critical", "a", "firing", 0))
      .with(alert("Own", "gold", "a"));
  EXPECT_EQ(names(world.report()), (std::vector<std::string>{"Page", "PageLater", "Ticket", "Own",
                                                             "Info", "PagePending"}));
}

TEST(ReportAlerts, TwentyAreShownAndAllAreCounted) {
  World world;
  for (int n = 0; n < 30; ++n) world.with(alert("Down", "ticket", "web-" + std::to_string(n)));
  world.with(alert("Worst", "page", "web-99"));
  for (int n = 0; n < 7; ++n) {
    world.with(alert("Slow", "page", "web-" + std::to_string(n), "pending"));
  }
  const ServiceAlerts told = world.report();
  EXPECT_EQ(told.firing, 31);
  EXPECT_EQ(told.pending, 7);
  ASSERT_EQ(told.worst.size(), 20u);
  EXPECT_EQ(told.worst.front().name, "Worst");
}

TEST(ReportAlerts, AnotherEvaluationOfTheSameChangesNothing) {
  World world;
  world.with(alert("Hot", "page", "b")).with(alert("Hot", "page", "a"));
  const ServiceAlerts first = world.report();
  World next;
  next.before = first;
  // Prometheus's order is nobody's promise, and a summary may hold a value.
  next.with(alert("Hot", "page", "a")).with(alert("Hot", "page", "b"));
  for (Alert& each : next.snapshot.alerts[kUid]) each.summary = "it uses 97 percent";
  EXPECT_EQ(next.report(), first);
}

TEST(ReportAlerts, AnAlertThatCameAgainHasItsNewSummary) {
  World world;
  world.with(alert("Hot", "page", "a"));
  World next;
  next.before = world.report();
  next.with(alert("Hot", "page", "a", "firing", 60));
  next.snapshot.alerts[kUid][0].summary = "again";
  EXPECT_EQ(next.report().worst.front().summary, "again");
}

TEST(ReportAlerts, ThoseOfOthersAndTheOneThatOnlyHoldsOthersBackAreNotShown) {
  World world;
  Alert other = alert("Down", "page", "db-1");
  other.labels["service_id"] = "other-uid";
  world.with(other).with(alert("ClickDeployExpectedDown", "none", "web-1"));
  EXPECT_EQ(world.report(), ServiceAlerts());
  EXPECT_EQ(count_alerts(kUid, "server-web-1", world.snapshot), api::v1alpha1::AlertCounts());
}

TEST(ReportAlerts, SilencedOnlyWhereAlertmanagerSaysSo) {
  World world;
  const Alert down = alert("Down", "page", "web-1");
  world.with(down);
  prometheus::SentAlert sent{.labels = down.labels};
  sent.labels["cluster"] = "eu";  // an external label of Prometheus
  world.alertmanager.alerts[kUid] = {sent};
  EXPECT_EQ(world.report().worst.front().silenced, "False");
  world.alertmanager.alerts[kUid][0].silenced = true;
  EXPECT_EQ(world.report().worst.front().silenced, "True");
  world.alertmanager.alerts[kUid][0] = {sent.labels, false, true};
  EXPECT_EQ(world.report().worst.front().silenced, "True");
  world.alertmanager.alerts[kUid][0].labels["instance_name"] = "web-2";  // another alert
  EXPECT_EQ(world.report().worst.front().silenced, "False");
  EXPECT_EQ(report_alerts(kUid, world.snapshot, nullptr, {}).worst.front().silenced, "Unknown");
}

TEST(ReportAlerts, PendingOnesWereNotSentYet) {
  World world;
  world.with(alert("Down", "page", "web-1", "pending"));
  EXPECT_EQ(world.report().worst.front().silenced, "");
}

TEST(CountAlerts, CountsThoseOfOneServer) {
  World world;
  world.with(alert("Down", "page", "a"))
      .with(alert("Hot", "page", "a"))
      .with(alert("Slow", "page", "a", "pending"))
      .with(alert("Down", "page", "b"));
  EXPECT_EQ(count_alerts(kUid, "server-a", world.snapshot), (api::v1alpha1::AlertCounts{2, 1}));
  EXPECT_EQ(count_alerts(kUid, "", world.snapshot), api::v1alpha1::AlertCounts());
}

}  // namespace
}  // namespace clickdeploy::reconcilers
