// What an alert would have done: from points to firings, and with a real Prometheus that remembers
// a made-up past.

#include "controller/prometheus/back_test.h"

#include "controller/async/block_on.h"
#include "controller/async/clock.h"
#include "controller/async/disk.h"
#include "controller/async/process.h"
#include "tests/testing/child_process.h"
#include "tests/testing/free_address.h"
#include "tests/testing/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace clickdeploy::prometheus {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(BackTests, CountsATimeThatLastsAsOneFiring) {
  struct Row {
    std::string name;
    std::vector<std::int64_t> times;
    std::int64_t wait;
    std::int64_t fired;
    std::int64_t firing;
  };
  for (const Row& row : {
           Row{"Nothing", {}, 0, 0, 0},
           Row{"OnePoint", {60}, 0, 1, 60},
           Row{"OnePointIsTooShortToWait", {60}, 60, 0, 0},
           Row{"ThreeInARow", {60, 120, 180}, 0, 1, 180},
           Row{"ThreeInARowWaitingForOne", {60, 120, 180}, 60, 1, 120},
           Row{"TwoTimes", {60, 120, 300, 360}, 0, 2, 240},
           Row{"OnlyTheLongerOneWaitedLongEnough", {60, 120, 300, 360, 420}, 120, 1, 60},
       }) {
    const BackTest test =
        count_firings({{.labels = {}, .times = row.times}}, seconds(60), seconds(row.wait));
    EXPECT_EQ(test.fired, row.fired) << row.name;
    EXPECT_EQ(test.firing.count(), row.firing) << row.name;
  }
  const Presence one{.labels = {{"a", "1"}}, .times = {60}};
  const Presence other{.labels = {{"a", "2"}}, .times = {60}};
  EXPECT_EQ(count_firings({one, other}, seconds(60), seconds(0)).fired, 2);
}

TEST(BackTests, AsksForSelectorsThatMustFindSomething) {
  const auto needed = [](const std::string& text) {
    return join(needed_selectors(promql::parse_promql(text).value()), " ");
  };
  EXPECT_EQ(needed(R"(rate(a{x="1"}[5m] offset 1h) > 1)"), R"(a{x="1"})");
  EXPECT_EQ(needed("a / b > 0.5 and c"), "a b c");
  EXPECT_EQ(needed("a > 1 unless b"), "a");
  EXPECT_EQ(needed("absent(a) and b"), "b");
  EXPECT_EQ(needed("a or b"), "");
  EXPECT_EQ(needed("sum by (x) (a) > on () group_left sum(a)"), "a");
  EXPECT_EQ(needed("vector(1)"), "");
}

TEST(BackTests, TellsDurationsRoughly) {
  EXPECT_EQ(rough_duration(seconds(0)), "0s");
  EXPECT_EQ(rough_duration(seconds(45)), "45s");
  EXPECT_EQ(rough_duration(hours(3)), "3h");
  EXPECT_EQ(rough_duration(hours(52) + minutes(5)), "2d 4h");
  EXPECT_EQ(rough_duration(hours(24) + minutes(5)), "1d");
}

// Prometheus with a past: `load` is 9 for ten minutes at the end of each of the last 12 hours, else
// 1; every minute.
class Remembering : public ::testing::Test {
 protected:
  Remembering() {
    const std::int64_t now = std::chrono::floor<seconds>(now_).time_since_epoch().count();
    const std::int64_t begin = now - now % 3600 - 12 * 3600;
    std::string text = "# TYPE load gauge\n";
    for (std::int64_t time = begin; time <= now; time += 60) {
      const bool high = time % 3600 >= 3000;
      text += fmt::format("load{{host=\"a\"}} {} {}\n", high ? 9 : 1, time);
    }
    text += "# EOF\n";
    PosixDisk disk;
    EXPECT_TRUE(disk.write_atomic(folder_ / "past.om", text, 0644));
    EXPECT_TRUE(disk.write_atomic(folder_ / "prometheus.yml", "global: {}\n", 0644));
    SystemProcessRunner runner;
    const auto made = runner.run({"promtool", "tsdb", "create-blocks-from", "openmetrics",
                                  folder_ / "past.om", folder_ / "data"},
                                 seconds(60));
    EXPECT_TRUE(made && made->exit_code == 0) << (made ? made->err : made.error().message());
    process_ = std::make_unique<testing::ChildProcess>(
        std::vector<std::string>{"prometheus", "--config.file=" + (folder_ / "prometheus.yml"),
                                 "--storage.tsdb.path=" + (folder_ / "data"),
                                 "--web.listen-address=" + address_},
        folder_ / "prometheus.log");
    const SteadyTime end = clock_.steady_now() + seconds(60);
    while (!block_on(client_.ready()) && clock_.steady_now() < end) {
      block_on(clock_.sleep(std::chrono::milliseconds(50)));
    }
  }

  Result<BackTest> test(const std::string& expr, const std::string& wait = "") {
    Rule rule;
    rule.alert = "Test";
    rule.expr = expr;
    rule.for_duration = wait;
    return block_on(back_test(client_, rule, hours(6), seconds(60), now_));
  }

  SystemClock clock_;
  const WallTime now_ = clock_.wall_now();
  testing::TemporaryFolder folder_;
  const std::string address_ = testing::free_address();
  std::unique_ptr<http::HttpClient> http_ = http::make_curl_client({});
  QueryClient client_{*http_, "http://" + address_, seconds(20)};
  std::unique_ptr<testing::ChildProcess> process_;
};

TEST_F(Remembering, ARuleIsEvaluatedOverThePast) {
  const auto often = test("load > 5");
  ASSERT_TRUE(often) << often.error().message();
  // The first and the last may be cut off by the window.
  EXPECT_GE(often->fired, 6);
  EXPECT_LE(often->fired, 7);
  EXPECT_NEAR(static_cast<double>(often->firing.count()), 6 * 10 * 60, 10 * 60);
  const auto patient = test("load > 5", "5m");
  ASSERT_TRUE(patient);
  EXPECT_LT(patient->firing, often->firing);
  EXPECT_EQ(test("load > 5", "20m").value(), BackTest{});
  EXPECT_EQ(test("load > 10").value(), BackTest{});
  EXPECT_EQ(test("rate(laod[5m]) > 10").value().nothing, "laod");
  EXPECT_EQ(test(R"(load{host="b"} > 1 and load)").value().nothing, R"(load{host="b"})");
  EXPECT_EQ(test("absent(load) > 2").value(), BackTest{});
  const auto bad = test("load > on (host) group_left () (load");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code(), ErrorCode::InvalidArgument);
}

}  // namespace
}  // namespace clickdeploy::prometheus
