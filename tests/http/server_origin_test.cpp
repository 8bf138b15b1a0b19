// A server on loopback is for the programs of this machine, not for the web pages that its browsers
// show.

#include "controller/base/json.h"
#include "tests/http/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::http::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class LoopbackHostsOnly : public ::testing::Test {
 protected:
  static ServerOptions guarded() {
    ServerOptions options;
    options.loopback_hosts_only = true;
    return options;
  }
  std::string answer(const std::string& headers) const {
    Wire wire = Wire::connect(server_->port());
    wire.send("POST /p HTTP/1.1\r\n" + headers +
              "Content-Length: 2\r\nConnection: close\r\n\r\nhi");
    return wire.read_all();
  }
  void expect_welcome(const std::string& headers) const {
    EXPECT_THAT(answer(headers), EndsWith("POST /p hi")) << headers;
  }
  void expect_forbidden(const std::string& headers) const {
    const std::string reply = answer(headers);
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 403 Forbidden\r\n")) << headers;
    EXPECT_THAT(reply, ::testing::Not(HasSubstr("POST /p"))) << headers;
    Result<Json> body = parse_json(reply.substr(reply.find("\r\n\r\n") + 4));
    ASSERT_TRUE(body) << reply;
    EXPECT_EQ((*body)["kind"], Json("Status"));
    EXPECT_EQ((*body)["reason"], Json("Forbidden"));
    EXPECT_EQ((*body)["code"], Json(403));
  }

  std::unique_ptr<HttpServer> server_ = serve(guarded(), echo);
};

TEST_F(LoopbackHostsOnly, EveryNameOfThisMachineIsServed) {
  for (const char* host : {"localhost", "localhost:7180", "LocalHost:1", "127.0.0.1",
                           "127.0.0.1:7180", "127.8.9.10:80", "[::1]", "[::1]:7180", ""}) {
    expect_welcome(std::string("Host: ") + host + "\r\n");
  }
}

TEST_F(LoopbackHostsOnly, ARequestWithoutHostIsServedAsBefore) {
  Wire wire = Wire::connect(server_->port());
  wire.send("GET /old HTTP/1.0\r\n\r\n");
  EXPECT_THAT(wire.read_all(), EndsWith("GET /old "));
}

TEST_F(LoopbackHostsOnly, OtherHostsAreForbiddenWhateverTheyResolveTo) {
  for (const char* host : {"evil.example",
                           "evil.example:7180",
                           "127.0.0.1.evil.example",
                           "localhost.evil.example",
                           "evil.localhost",
                           "localhost.",
                           "10.0.0.1",
                           "0.0.0.0",
                           "0",
                           "127.1",
                           "2130706433",
                           "[::]",
                           "[::2]:80",
                           "::1",
                           "[::1",
                           "localhost:80:80",
                           "localhost:x",
                           "localhost@evil.example",
                           "[::1]evil.example",
                           "clickdeploy.local"}) {
    expect_forbidden(std::string("Host: ") + host + "\r\n");
  }
}

TEST_F(LoopbackHostsOnly, PagesOfOtherOriginsAreForbidden) {
  const std::string host = "Host: localhost:7180\r\n";
  for (const char* origin :
       {"http://evil.example", "https://evil.example:7180", "null", "", "http://localhost",
        "http://localhost:8080", "http://127.0.0.1:7180", "http://localhost:7180.evil.example",
        "file://", "localhost:7180", "ftp://localhost:7180"}) {
    expect_forbidden(host + "Origin: " + origin + "\r\n");
  }
  expect_forbidden("Host:\r\nOrigin: http://\r\n");
  expect_forbidden(host + "Sec-Fetch-Site: cross-site\r\n");
  expect_forbidden(host + "sec-fetch-site: Cross-Site\r\nOrigin: http://localhost:7180\r\n");
}

TEST_F(LoopbackHostsOnly, OwnPagesAndTypedAddressesAreServed) {
  const std::string host = "Host: localhost:7180\r\n";
  expect_welcome(host + "Origin: http://localhost:7180\r\nSec-Fetch-Site: same-origin\r\n");
  expect_welcome(host + "Origin: https://localhost:7180\r\n");
  expect_welcome(host + "Sec-Fetch-Site: none\r\n");
}

TEST_F(LoopbackHostsOnly, TwoOriginsAreRefused) {
  EXPECT_THAT(answer("Host: localhost\r\nOrigin: http://localhost\r\nOrigin: http://evil\r\n"),
              StartsWith("HTTP/1.1 400 "));
}

TEST_F(LoopbackHostsOnly, AForbiddenBodyIsNotWaitedFor) {
  Wire wire = Wire::connect(server_->port());
  wire.send("POST /p HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 1000\r\n\r\n");
  EXPECT_THAT(wire.read_all(), StartsWith("HTTP/1.1 403 "));
}

TEST(HttpServer, AnyHostIsServedUnlessOnlyLoopbackIsAsked) {
  auto server = serve({}, echo);
  Wire wire = Wire::connect(server->port());
  wire.send("GET /x HTTP/1.1\r\nHost: cloud.example\r\nOrigin: http://other\r\n\r\n");
  EXPECT_THAT(wire.read_response(), EndsWith("GET /x "));
}

}  // namespace
}  // namespace clickdeploy::http::testing
