// When those who tell of a backend are told that it can, or cannot, be observed any more.

#include "controller/reconcilers/metrics_backend/backend_connections.h"

#include "controller/async/task_group.h"
#include "tests/testing/manual_clock.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace clickdeploy::reconcilers {
namespace {

using std::chrono::seconds;

std::string prometheus_answer(const std::string& url) {
  std::string data = R"({"reloadConfigSuccess":true,"storageRetention":"15d"})";
  if (url.starts_with("/api/v1/status/buildinfo")) data = R"({"version":"2.42.0"})";
  if (url.starts_with("/api/v1/rules")) data = R"({"groups":[]})";
  if (url.starts_with("/api/v1/targets")) data = R"({"activeTargets":[]})";
  return R"({"status":"success","data":)" + data + "}";
}

// A Prometheus and an Alertmanager that have nothing to tell of, and answer or do not.
class Connections : public ::testing::Test {
 protected:
  Connections() {
    http_.route("http://prom:9090", [this](http::Request request) -> Task<http::Reply> {
      http::Reply reply;
      reply.response.status = prometheus_ ? 200 : 503;
      reply.response.body = prometheus_answer(request.url);
      co_return reply;
    });
    http_.route("http://am:9093", [this](http::Request) -> Task<http::Reply> {
      http::Reply reply;
      reply.response.status = alertmanager_ ? 200 : 503;
      reply.response.body = "[]";
      co_return reply;
    });
    connections_.listen([this](const api::ObjectKey&, const prometheus::PollChanges& changes) {
      moved_ += changes.known ? 1 : 0;
      told_ += changes.empty() ? 0 : 1;
    });
  }
  ~Connections() override {
    context_.restart();
    group_.start("stop", connections_.stop());
    context_.run();
  }

  // Lets polls happen, and says how often it was told that something is known otherwise.
  int moves_within(seconds duration) {
    const int before = moved_;
    for (seconds passed{0}; passed < duration; passed += seconds(1)) {
      clock_.advance(seconds(1));
      context_.restart();
      context_.poll();
    }
    return moved_ - before;
  }

  bool prometheus_ = true;
  bool alertmanager_ = true;
  int moved_ = 0;
  int told_ = 0;
  http::LocalHttpClient http_;
  testing::ManualClock clock_;
  boost::asio::io_context context_{1};
  TaskGroup group_{context_.get_executor()};
  BackendConnections connections_{http_, clock_, context_.get_executor(), seconds(5)};
  BackendAccess access_{.prometheus = {.url = "http://prom:9090"},
                        .alertmanager = prometheus::Access{.url = "http://am:9093"}};
};

TEST_F(Connections, AnAlertmanagerThatFallsSilentAndComesBackIsTold) {
  connections_.ensure({"shop", "main"}, access_);
  EXPECT_EQ(moves_within(seconds(10)), 2);  // each was not known before
  EXPECT_EQ(moves_within(seconds(30)), 0);
  alertmanager_ = false;
  EXPECT_EQ(moves_within(seconds(60)), 1);
  EXPECT_EQ(moves_within(seconds(60)), 0);
  alertmanager_ = true;
  EXPECT_EQ(moves_within(seconds(60)), 1);
  EXPECT_EQ(told_, moved_);  // there are neither targets nor alerts
}

TEST_F(Connections, APrometheusOfWhichTheLastAnswerIsTooOldIsTold) {
  connections_.ensure({"shop", "main"}, access_);
  moves_within(seconds(10));
  prometheus_ = false;
  EXPECT_EQ(moves_within(seconds(120)), 1);
  prometheus_ = true;
  EXPECT_EQ(moves_within(seconds(60)), 1);
  EXPECT_EQ(told_, moved_);
}

// Also when no poll came in between, and whoever looked was told that nothing is known.
TEST_F(Connections, APrometheusThatIsKnownAgainIsToldHoweverLongItWasNot) {
  access_.alertmanager.reset();  // it would be asked in between
  connections_.ensure({"shop", "main"}, access_);
  moves_within(seconds(10));
  for (int length = 50; length < 100; length += 5) {
    prometheus_ = false;
    const int lost = moves_within(seconds(length));
    prometheus_ = true;
    EXPECT_GE(lost + moves_within(seconds(60)), 1) << length;
  }
}

}  // namespace
}  // namespace clickdeploy::reconcilers
