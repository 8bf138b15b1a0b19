#include "controller/openstack/session.h"

#include "controller/openstack/clients.h"
#include "tests/openstack/fake_cloud.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::openstack {
namespace {

using namespace std::chrono_literals;

class SessionTest : public testing::Test {
 protected:
  SessionTest() { limits_.requests_per_second = 1000, limits_.burst = 1000; }

  Session& session() {
    if (!session_) session_ = std::make_unique<Session>(cloud_, world_, credentials_, limits_);
    return *session_;
  }

  Result<ApiResponse> request(std::string method = "GET", std::string service = "network") {
    ApiRequest api_request{
        .service = std::move(service), .method = std::move(method), .path = "/things"};
    return world_.run(session().request(std::move(api_request)));
  }

  static Task<void> keep_answer(SessionTest* test, std::string service) {
    ApiRequest api_request{.service = std::move(service), .path = "/things"};
    Result<ApiResponse> answer = co_await test->session().request(std::move(api_request));
    test->answers_.push_back(std::move(answer));
  }

  void request_at_once(int count, const std::string& service = "network") {
    for (int i = 0; i < count; ++i) group_.start("caller", keep_answer(this, service));
    const std::size_t wanted = answers_.size() + static_cast<std::size_t>(count);
    ASSERT_TRUE(world_.run_until([&] { return answers_.size() == wanted; }));
  }

  VirtualWorld world_;
  FakeCloud cloud_{world_};
  Credentials credentials_ = fake_credentials();
  SessionLimits limits_;
  std::unique_ptr<Session> session_;
  std::vector<Result<ApiResponse>> answers_;
  TaskGroup group_{world_.executor()};
};

TEST_F(SessionTest, LogsInOnceAndRemembersWhoItIs) {
  Result<Identity> identity = world_.run(session().identity());
  ASSERT_TRUE(identity) << identity.error().message();
  EXPECT_EQ(identity->project_id, "project-1");
  EXPECT_EQ(identity->user_id, "user-1");
  EXPECT_FALSE(identity->catalog_hash.empty());
  EXPECT_TRUE(request());
  EXPECT_TRUE(request());
  EXPECT_EQ(cloud_.logins, 1);
  EXPECT_EQ(cloud_.asked("/things").front().url, "http://cloud:9696/v2.0/things");
}

TEST_F(SessionTest, RenewsTheTokenALittleBeforeItsEnd) {
  cloud_.token_life = 3600s;  // so a minute before
  EXPECT_TRUE(request());
  world_.run_for(3530s);
  EXPECT_TRUE(request());
  EXPECT_EQ(cloud_.logins, 1);
  world_.run_for(15s);
  EXPECT_TRUE(request());
  EXPECT_EQ(cloud_.logins, 2);
}

TEST_F(SessionTest, AShortLifeHasAShortMargin) {
  cloud_.token_life = 20s;  // so two seconds before
  EXPECT_TRUE(request());
  world_.run_for(17s);
  EXPECT_TRUE(request());
  EXPECT_EQ(cloud_.logins, 1);
  world_.run_for(2s);
  EXPECT_TRUE(request());
  EXPECT_EQ(cloud_.logins, 2);
}

TEST_F(SessionTest, WallClockJumpsDoNotEndAToken) {
  EXPECT_TRUE(request());
  world_.shift_wall_clock(48h);
  EXPECT_TRUE(request());
  world_.shift_wall_clock(-96h);
  EXPECT_TRUE(request());
  EXPECT_EQ(cloud_.logins, 1);
}

TEST_F(SessionTest, FiftyWhoSee401AtOnceLogInOnce) {
  EXPECT_TRUE(request());
  cloud_.oldest_accepted = 2;
  request_at_once(50);
  EXPECT_EQ(cloud_.logins, 2);
  for (const Result<ApiResponse>& answer : answers_) EXPECT_TRUE(answer);
  EXPECT_EQ(cloud_.asked("/things").size(), 1u + 50u + 50u);
}

TEST_F(SessionTest, AServiceThatAlwaysRefusesIsTriedTwice) {
  cloud_.refuse_all_tokens = true;
  Result<ApiResponse> answer = request("POST");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::Unauthenticated);
  EXPECT_EQ(answer.error().message(), "No (request req-1234)");
  EXPECT_TRUE(certainly_not_done(answer.error()));
  EXPECT_EQ(cloud_.logins, 2);
  EXPECT_EQ(cloud_.asked("/things").size(), 2u);

  // No storm of log-ins while it goes on; it heals by itself.
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(request());
  EXPECT_EQ(cloud_.logins, 2);
  cloud_.refuse_all_tokens = false;
  EXPECT_TRUE(request());
}

TEST_F(SessionTest, ARevokedTokenIsReplacedLaterToo) {
  cloud_.refuse_all_tokens = true;
  EXPECT_FALSE(request());
  world_.run_for(11s);
  cloud_.refuse_all_tokens = false;
  cloud_.oldest_accepted = 3;
  EXPECT_TRUE(request());
  EXPECT_EQ(cloud_.logins, 3);
}

TEST_F(SessionTest, CallsInThePauseAfterARefusalDoNotProlongIt) {
  cloud_.refuse_all_tokens = true;
  EXPECT_FALSE(request());
  cloud_.refuse_all_tokens = false;
  cloud_.oldest_accepted = 3;  // the token that we hold stays refused
  int calls = 0;
  do {
    world_.run_for(1s);
    ++calls;
  } while (!request() && calls < 30);
  EXPECT_LE(calls, 11);
  EXPECT_EQ(cloud_.logins, 3);
}

TEST_F(SessionTest, KeystoneDownIsSaidToAllAndNothingIsSent) {
  cloud_.answer_login = [](const http::Request&) -> Result<http::Response> {
    return text_response(503, "<html><body>Service Unavailable</body></html>");
  };
  request_at_once(10);
  EXPECT_EQ(cloud_.logins, 1);
  for (const Result<ApiResponse>& answer : answers_) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), ErrorCode::Unavailable);
    EXPECT_EQ(answer.error().message(),
              "connect to the cloud: log in: HTTP 503: Service Unavailable");
    EXPECT_TRUE(certainly_not_done(answer.error()));
  }
  cloud_.answer_login = nullptr;
  EXPECT_TRUE(request());
}

TEST_F(SessionTest, AGoodTokenOutlivesKeystone) {
  cloud_.token_life = 600s;
  EXPECT_TRUE(request());
  cloud_.answer_login = [](const http::Request&) -> Result<http::Response> {
    return fail(ErrorCode::DeadlineExceeded, "no answer in time");
  };
  world_.run_for(560s);  // in the margin, not at the end
  EXPECT_TRUE(request());
  EXPECT_TRUE(request());
  EXPECT_EQ(cloud_.logins, 2);  // not at every request
  world_.run_for(60s);
  Result<ApiResponse> answer = request();
  ASSERT_FALSE(answer);
  EXPECT_TRUE(certainly_not_done(answer.error()));
}

TEST_F(SessionTest, WrongPasswordIsUnauthenticatedWithoutTheSecret) {
  cloud_.answer_login = [](const http::Request& sent) -> Result<http::Response> {
    EXPECT_NE(sent.body.find(kSecret), std::string::npos);
    return json_response(
        401, Json::object({{"error", Json::object({{"message", "bad " + sent.body}})}}));
  };
  Result<Identity> identity = world_.run(session().identity());
  ASSERT_FALSE(identity);
  EXPECT_EQ(identity.error().code(), ErrorCode::Unauthenticated);
  EXPECT_EQ(identity.error().message().find("canary"), std::string::npos)
      << identity.error().message();
}

TEST_F(SessionTest, AWrongPasswordIsNotTriedAgainAtOnce) {
  bool enabled = false;
  cloud_.answer_login = [&](const http::Request&) -> Result<http::Response> {
    if (!enabled) return json_response(401, Json::object());
    return fail(ErrorCode::Unavailable, "connection reset");
  };
  request_at_once(20);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(request().error().code(), ErrorCode::Unauthenticated);
  EXPECT_EQ(cloud_.logins, 1);
  enabled = true;
  world_.run_for(11s);
  EXPECT_EQ(request().error().code(), ErrorCode::Unavailable);
  cloud_.answer_login = nullptr;
  EXPECT_TRUE(request());
}

TEST_F(SessionTest, LogInAnswersThatMakeNoSenseAreUnavailable) {
  const auto token = [](const std::string& members) {
    http::Response response =
        text_response(201, "{\"token\": {" + members + "}}", "application/json");
    response.headers.push_back({"X-Subject-Token", "t"});
    return response;
  };
  const std::string who = R"("user": {"id": "u"}, "project": {"id": "p"}, )";
  struct {
    const char* name;
    http::Response response;
    ErrorCode code;
  } const cases[] = {
      {"no token header", json_response(201, Json::object()), ErrorCode::Unavailable},
      {"html", text_response(200, "<html>hi</html>"), ErrorCode::Unavailable},
      {"empty", token(""), ErrorCode::Unavailable},
      {"no expiry", token(who + R"("issued_at": "2026-11-22T00:00:00Z")"), ErrorCode::Unavailable},
      {"expired", token(who + R"("expires_at": "2001-01-01T00:00:00Z")"), ErrorCode::Unavailable},
      {"year 0", token(who + R"("expires_at": "0000-01-01T00:00:00Z")"), ErrorCode::Unavailable},
      {"no project", token(R"("user": {"id": "u"}, "expires_at": "2030-01-01T00:00:00Z")"),
       ErrorCode::InvalidArgument},
      {"project with a slash",
       token(
           R"("user": {"id": "u"}, "project": {"id": "../x"}, "expires_at": "2030-01-01T00:00:00Z")"),
       ErrorCode::InvalidArgument},
      {"redirect", text_response(302, ""), ErrorCode::Unavailable},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    cloud_.answer_login = [&](const http::Request&) -> Result<http::Response> {
      return c.response;
    };
    Result<Identity> identity = world_.run(session().identity());
    ASSERT_FALSE(identity);
    EXPECT_EQ(to_string(identity.error().code()), to_string(c.code)) << identity.error().message();
  }
  cloud_.answer_login = [&](const http::Request&) -> Result<http::Response> {
    return token(who + R"("expires_at": "9999-12-31T23:59:59Z")");
  };
  EXPECT_TRUE(world_.run(session().identity()));
}

TEST_F(SessionTest, ACancelledLogInDoesNotHoldUpOthers) {
  TaskGroup doomed(world_.executor());
  doomed.start("doomed", keep_answer(this, "network"));
  world_.run_for(1ms);
  group_.start("other", keep_answer(this, "network"));
  world_.run_for(1ms);
  doomed.cancel();
  ASSERT_TRUE(world_.run_until([&] { return answers_.size() == 1; }));
  EXPECT_TRUE(answers_.front());
  EXPECT_EQ(cloud_.logins, 2);
}

TEST_F(SessionTest, ServicesThatAreMissingAreNotTakenForMissingThings) {
  credentials_.region = "Nowhere";
  Result<std::string> endpoint = world_.run(session().endpoint("compute"));
  ASSERT_FALSE(endpoint);
  EXPECT_EQ(endpoint.error().code(), ErrorCode::NotFound);
  EXPECT_EQ(endpoint.error().message(),
            "the catalog has no compute in region Nowhere; it has: RegionOne");
  for (const char* service : {"compute", "network", "volume"}) {
    Result<ApiResponse> answer = request("DELETE", service);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), ErrorCode::Unavailable);
    EXPECT_TRUE(certainly_not_done(answer.error()));
  }
}

TEST_F(SessionTest, AsksForTheMicroversionOnce) {
  request_at_once(20, "compute");
  for (const Result<ApiResponse>& answer : answers_)
    ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(cloud_.asked("/v2.1/").size() - cloud_.asked("/things").size(), 1u);
  const http::Request sent = cloud_.asked("/things").front();
  const std::string* version = http::find_header(sent.headers, "OpenStack-API-Version");
  ASSERT_NE(version, nullptr);
  EXPECT_EQ(*version, "compute 2.90");
}

TEST_F(SessionTest, AnOldNovaIsRefusedInWords) {
  cloud_.newest_microversion = "2.51";
  Result<ApiResponse> answer = request("GET", "compute");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message(),
            "compute: microversion 2.52 or newer is needed, the cloud offers 2.51");
}

TEST_F(SessionTest, ATokenRefusedByTheVersionDocumentIsRenewed) {
  EXPECT_TRUE(request());
  cloud_.oldest_accepted = 2;
  EXPECT_TRUE(request("GET", "compute"));
  EXPECT_EQ(cloud_.logins, 2);
}

TEST_F(SessionTest, RetryAfterHoldsThatVerbOnly) {
  cloud_.answer = [&](const http::Request& sent) {
    http::Response response = json_response(sent.method == "POST" ? 429 : 200, Json::object());
    response.headers.push_back({"Retry-After", "120"});
    return response;
  };
  Result<ApiResponse> first = request("POST");
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code(), ErrorCode::ResourceExhausted);
  Result<ApiResponse> second = request("POST");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message(),
            "rate limit: the cloud asks to wait 120 s more with POST network");
  EXPECT_EQ(cloud_.asked("/things").size(), 1u);
  EXPECT_TRUE(request("GET"));
  EXPECT_FALSE(request("POST", "image"));  // asked, and refused itself
  EXPECT_EQ(cloud_.asked("9292").size(), 1u);

  world_.run_for(70s);
  cloud_.answer = nullptr;
  const SteadyTime before = world_.steady_now();
  EXPECT_TRUE(request("POST"));
  EXPECT_GE(world_.steady_now() - before, 45s);
}

TEST_F(SessionTest, BodiesThatAreNotJsonAreUnavailable) {
  for (const char* body : {"<html>portal</html>", "{", "[1,2", "\xff", "{} x"}) {
    SCOPED_TRACE(body);
    cloud_.answer = [&](const http::Request&) { return text_response(202, body); };
    Result<ApiResponse> answer = request("POST");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), ErrorCode::Unavailable);
    EXPECT_FALSE(certainly_not_done(answer.error()));
  }
  cloud_.answer = [&](const http::Request&) { return text_response(204, ""); };
  Result<ApiResponse> empty = request("DELETE");
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->body.is_null());
}

TEST_F(SessionTest, RequestsCarryADeadlineAndACap) {
  EXPECT_TRUE(request());
  for (const http::Request& sent : cloud_.requests) {
    EXPECT_EQ(sent.deadline, limits_.deadline);
    EXPECT_LE(sent.response_bytes_max, 32u * 1024 * 1024);
  }
}

TEST_F(SessionTest, TheRateIsKept) {
  limits_.requests_per_second = 10;
  limits_.burst = 5;
  const SteadyTime start = world_.steady_now();
  request_at_once(54);  // and one log-in
  EXPECT_GE(world_.steady_now() - start, 5s);
  EXPECT_LE(world_.steady_now() - start, 6s);
}

}  // namespace
}  // namespace clickdeploy::openstack
