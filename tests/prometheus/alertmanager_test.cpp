// Alertmanager's answers, what becomes of them over time, and a real one on loopback.

#include "controller/async/block_on.h"
#include "controller/async/disk.h"
#include "controller/async/task_group.h"
#include "controller/prometheus/alertmanager_observer.h"
#include "tests/testing/child_process.h"
#include "tests/testing/free_address.h"
#include "tests/testing/manual_clock.h"
#include "tests/testing/temporary_folder.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <optional>

namespace clickdeploy::prometheus {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kTwoAlerts =
    R"([{"labels":{"alertname":"Down","service_id":"s1","instance_id":"i1"},"status":{"state":"suppressed","silencedBy":["abc"],"inhibitedBy":[]}},
        {"labels":{"alertname":"Down","service_id":"s2","instance_id":"i2"},"status":{"state":"active","silencedBy":[],"inhibitedBy":[]}}])";

// An Alertmanager that answers what it is told to.
class Scripted : public ::testing::Test {
 protected:
  Scripted() {
    http_.route("http://am:9093", [this](http::Request request) -> Task<http::Reply> {
      asked_ = request;
      http::Reply reply;
      reply.response.status = status_;
      reply.response.body = body_;
      co_return reply;
    });
    observer_.listen([this](const std::vector<std::string>& services) {
      heard_.insert(heard_.end(), services.begin(), services.end());
    });
  }
  ~Scripted() override {
    group_.cancel();
    settle();
    EXPECT_EQ(group_.running(), 0u);
  }

  void settle() {
    context_.restart();
    context_.poll();
  }
  void start() {
    group_.start("observer", observer_.run());
    settle();
  }
  void advance(milliseconds duration) {
    heard_.clear();
    clock_.advance(duration);
    settle();
  }

  int status_ = 200;
  std::string body_ = kTwoAlerts;
  http::Request asked_;
  http::LocalHttpClient http_;
  testing::ManualClock clock_;
  boost::asio::io_context context_{1};
  TaskGroup group_{context_.get_executor()};
  AlertmanagerClient client_{http_, {.url = "http://am:9093/", .authorization = SecretString("T")}};
  AlertmanagerObserver observer_{client_, clock_, seconds(5)};
  std::vector<std::string> heard_;
};

TEST_F(Scripted, AsksForAlertsOfServicesOnly) {
  const auto alerts = block_on(client_.alerts());
  ASSERT_TRUE(alerts) << alerts.error().message();
  EXPECT_EQ(asked_.url, "/api/v2/alerts?filter=service_id%3D~%22.%2B%22");
  EXPECT_EQ(asked_.headers.back().value, "T");
  ASSERT_EQ(alerts->size(), 2u);
  EXPECT_TRUE(alerts->front().silenced);
  EXPECT_FALSE(alerts->back().silenced);
}

TEST_F(Scripted, ARefusalHasAlertmanagersWords) {
  struct Case {
    int status;
    std::string body;
    ErrorCode code;
    std::string words;
  };
  for (const Case& c :
       {Case{400, R"("bad matcher format: service_id")", ErrorCode::InvalidArgument,
             "Alertmanager answers 400"},
        Case{422, R"({"code":602,"message":"comment in body is required"})",
             ErrorCode::InvalidArgument, "comment in body is required"},
        Case{401, "Unauthorized", ErrorCode::Unauthenticated, "401: Unauthorized"},
        Case{200, "<html>", ErrorCode::Unavailable, "not Alertmanager's"},
        Case{200, R"([{"labels":{}}])", ErrorCode::Unavailable, "not Alertmanager's"}}) {
    SCOPED_TRACE(c.body);
    status_ = c.status;
    body_ = c.body;
    const auto alerts = block_on(client_.alerts());
    ASSERT_FALSE(alerts);
    EXPECT_EQ(alerts.error().code(), c.code);
    EXPECT_NE(alerts.error().message().find(c.words), std::string::npos)
        << alerts.error().message();
  }
}

TEST_F(Scripted, TellsOfWhichServicesTheAlertsChanged) {
  start();
  EXPECT_EQ(heard_, (std::vector<std::string>{"s1", "s2"}));
  advance(seconds(5));
  EXPECT_EQ(heard_, std::vector<std::string>());
  body_ = std::string(kTwoAlerts).replace(std::string(kTwoAlerts).find("[\"abc\"]"), 7, "[]");
  advance(seconds(5));
  EXPECT_EQ(heard_, std::vector<std::string>{"s1"});
  EXPECT_FALSE(observer_.view()->alerts.at("s1").front().silenced);
}

TEST_F(Scripted, OneFailureIsNoNewsAndASecondMeansThatNothingIsKnown) {
  start();
  status_ = 500;
  advance(seconds(5));
  EXPECT_NE(observer_.view(), nullptr);
  EXPECT_EQ(heard_, std::vector<std::string>());
  advance(seconds(10));
  EXPECT_EQ(observer_.view(), nullptr);
  EXPECT_EQ(heard_, (std::vector<std::string>{"s1", "s2"}));
  ASSERT_TRUE(observer_.last_error());
  status_ = 200;
  advance(seconds(20));
  EXPECT_NE(observer_.view(), nullptr);
  EXPECT_FALSE(observer_.last_error());
}

// A real one, of this test alone.
class RealAlertmanager : public ::testing::Test {
 protected:
  RealAlertmanager() {
    const std::string config = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n";
    EXPECT_TRUE(disk_.write_atomic(folder_ / "am.yml", config, 0644));
    const std::vector<std::string> argv = {
        "prometheus-alertmanager", "--config.file=" + (folder_ / "am.yml"),
        "--storage.path=" + (folder_ / "data"), "--web.listen-address=" + address_,
        "--cluster.listen-address="};
    process_.emplace(argv, folder_ / "am.log");
  }

  // Asks until the answer is yes, or a minute is over.
  bool wait_until(const std::function<bool()>& question) {
    const SteadyTime end = clock_.steady_now() + seconds(60);
    while (!question() && clock_.steady_now() < end) block_on(clock_.sleep(milliseconds(50)));
    return question();
  }

  const std::string address_ = testing::free_address();
  SystemClock clock_;
  const std::unique_ptr<http::HttpClient> http_ = http::make_curl_client({});
  AlertmanagerClient client_{*http_, {.url = "http://" + address_}};

 private:
  const testing::TemporaryFolder folder_;
  PosixDisk disk_;
  std::optional<testing::ChildProcess> process_;
};

// The silences of a real one: as they were sent, extended under the same id, and ended.
TEST_F(RealAlertmanager, KeepsExtendsAndEndsASilence) {
  ASSERT_TRUE(wait_until([&] { return block_on(client_.silences()).has_value(); }));
  const WallTime now = clock_.wall_now();
  Silence silence;
  silence.matchers = {{"instance_name", "web-1"}, {"namespace", "shop"}};
  silence.starts_at = now;
  silence.ends_at = now + seconds(600);
  silence.created_by = "click-deploy";
  silence.comment = "Repairing [mark]";
  const auto put = block_on(client_.put_silence(silence));
  ASSERT_TRUE(put) << put.error().message();
  auto listed = block_on(client_.silences());
  ASSERT_TRUE(listed) << listed.error().message();
  ASSERT_EQ(listed->size(), 1u);
  Silence known = listed->front();
  EXPECT_EQ(known.matchers, silence.matchers);
  EXPECT_EQ(known.comment, silence.comment);
  EXPECT_EQ(known.created_by, silence.created_by);
  EXPECT_EQ(known.state, "active");

  known.ends_at += seconds(600);
  ASSERT_TRUE(block_on(client_.put_silence(known)));
  listed = block_on(client_.silences());
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ(listed->front().id, known.id);
  EXPECT_GT(listed->front().ends_at, now + seconds(1000));

  ASSERT_TRUE(block_on(client_.expire_silence(known.id)));
  EXPECT_EQ(block_on(client_.silences())->front().state, "expired");
  EXPECT_FALSE(block_on(client_.expire_silence("00000000-0000-0000-0000-000000000000")));
  Silence bad = silence;
  bad.matchers.clear();
  const auto refused = block_on(client_.put_silence(bad));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::InvalidArgument);
  EXPECT_NE(refused.error().message().find("matcher"), std::string::npos)
      << refused.error().message();
}

TEST_F(RealAlertmanager, SaysWhichAlertIsSilenced) {
  const auto post = [&](const std::string& path, const std::string& body) {
    http::Request request;
    request.method = "POST";
    request.url = "http://" + address_ + path;
    request.headers = {{"Content-Type", "application/json"}};
    request.body = body;
    const auto answer = block_on(http_->send(request));
    return answer && answer->status == 200;
  };
  ASSERT_TRUE(wait_until([&] { return block_on(client_.alerts()).has_value(); }));
  ASSERT_TRUE(post("/api/v2/alerts",
                   R"([{"labels":{"alertname":"Down","service_id":"s1","instance_name":"web-1"}},
                       {"labels":{"alertname":"Down","service_id":"s1","instance_name":"web-2"}},
                       {"labels":{"alertname":"Foreign"}}])"));
  ASSERT_TRUE(post("/api/v2/silences",
                   R"({"matchers":[{"name":"instance_name","value":"web-1","isRegex":false}],
                       "startsAt":"2020-01-01T00:00:00Z","endsAt":"2100-01-01T00:00:00Z",
                       "createdBy":"somebody","comment":"test"})"));
  std::vector<SentAlert> alerts;
  EXPECT_TRUE(wait_until([&] {
    alerts = block_on(client_.alerts()).value_or(std::vector<SentAlert>());
    return std::ranges::count(alerts, true, &SentAlert::silenced) == 1;
  }));
  ASSERT_EQ(alerts.size(), 2u);
  for (const SentAlert& alert : alerts) {
    EXPECT_EQ(alert.silenced, alert.labels.at("instance_name") == "web-1");
  }
}

}  // namespace
}  // namespace clickdeploy::prometheus
