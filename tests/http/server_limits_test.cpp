#include "controller/base/json.h"
#include "tests/http/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::http::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct BadCase {
  std::string name;
  std::string bytes;
  int status;
  std::string reason;
};

std::string many_headers() {
  std::string request = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 10'000; ++i) request += "X-" + std::to_string(i) + ": y\r\n";
  return request + "\r\n";
}

class BadRequests : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadRequests, AreAnsweredWithAStatusAndTheConnectionIsClosed) {
  const BadCase& c = GetParam();
  auto server = serve({}, echo);
  Wire wire = Wire::connect(server->port());
  wire.send(c.bytes);
  const std::string reply = wire.read_all();
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 " + std::to_string(c.status) + " "));
  EXPECT_THAT(reply, HasSubstr("Connection: close\r\n"));
  Result<Json> body = parse_json(reply.substr(reply.find("\r\n\r\n") + 4));
  ASSERT_TRUE(body) << reply;
  EXPECT_EQ((*body)["kind"], Json("Status"));
  EXPECT_EQ((*body)["status"], Json("Failure"));
  EXPECT_EQ((*body)["reason"], Json(c.reason));
  EXPECT_EQ((*body)["code"], Json(c.status));

  Wire next = Wire::connect(server->port());
  next.send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(next.read_response(), EndsWith("GET /next "));
}

BadCase bad(std::string name, std::string bytes) {
  return {std::move(name), std::move(bytes), 400, "BadRequest"};
}

const std::string kPost = "POST / HTTP/1.1\r\nHost: x\r\n";

INSTANTIATE_TEST_SUITE_P(
    Table, BadRequests,
    ::testing::Values(
        bad("LengthWithChunked",
            kPost + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        bad("ChunkedWithLength",
            kPost + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
        bad("TwoDifferentLengths", kPost + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
        bad("LengthList", kPost + "Content-Length: 3, 4\r\n\r\nabcd"),
        bad("NegativeLength", kPost + "Content-Length: -1\r\n\r\n"),
        bad("UnknownEncoding", kPost + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        bad("EncodingList", kPost + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        bad("FoldedHeader", "GET / HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n"),
        bad("BareLineFeeds", "GET / HTTP/1.1\nHost: x\n\n"),
        bad("SpaceBeforeColon", "GET / HTTP/1.1\r\nHost: x\r\nX-A : b\r\n\r\n"),
        bad("BadChunkSize", kPost + "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n"),
        bad("ChunkWithoutEnd", kPost + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n"),
        bad("NoHost", "GET / HTTP/1.1\r\n\r\n"),
        bad("TwoHosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"),
        bad("UnknownVersion", "GET / HTTP/7.3\r\nHost: x\r\n\r\n"),
        bad("Connect", "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n"),
        bad("TlsOnPlainPort", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)),
        bad("Garbage", std::string("\x00\xff\xfe garbage", 11)),
        BadCase{"TooManyHeaders", many_headers(), 431, "RequestHeaderFieldsTooLarge"},
        BadCase{"EndlessFirstLine", "GET /" + std::string(100'000, 'a'), 431,
                "RequestHeaderFieldsTooLarge"}),
    [](const ::testing::TestParamInfo<BadCase>& row) { return row.param.name; });

TEST(HttpServerLimits, DeclaredBodyOverTheLimitIs413BeforeItIsSent) {
  auto server = serve({}, echo);
  Wire wire = Wire::connect(server->port());
  wire.send(kPost + "Content-Length: 3145729\r\nExpect: 100-continue\r\n\r\n");
  const std::string reply = wire.read_response();
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(reply, HasSubstr("Request entity too large: limit is 3145728"));
  EXPECT_THAT(reply, HasSubstr("\"RequestEntityTooLarge\""));
}

TEST(HttpServerLimits, ClientThatSendsTheLargeBodyAnywayStillReadsThe413) {
  auto server = serve({}, echo);
  Wire wire = Wire::connect(server->port());
  wire.send(kPost + "Content-Length: 3145729\r\n\r\n" + std::string(3'145'729, 'x'));
  EXPECT_THAT(wire.read_response(), StartsWith("HTTP/1.1 413 "));
}

TEST(HttpServerLimits, ChunkedBodyOverTheLimitIs413) {
  ServerOptions options;
  options.body_bytes_max = 10;
  auto server = serve(options, echo);
  Wire wire = Wire::connect(server->port());
  wire.send(kPost + "Transfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n8\r\n12345678\r\n");
  EXPECT_THAT(wire.read_response(), StartsWith("HTTP/1.1 413 "));
}

TEST(HttpServerLimits, BodyOfExactlyTheLimitIsTaken) {
  ServerOptions options;
  options.body_bytes_max = 10;
  auto server = serve(options, echo);
  Wire wire = Wire::connect(server->port());
  wire.send(kPost + "Content-Length: 10\r\n\r\n1234567890");
  EXPECT_THAT(wire.read_response(), EndsWith("POST / 1234567890"));
}

TEST(HttpServerLimits, SlowHeadersAre408) {
  ServerOptions options;
  options.header_timeout = std::chrono::milliseconds(100);
  auto server = serve(options, echo);
  Wire wire = Wire::connect(server->port());
  wire.send("GET / HTTP/1.1\r\nHost: ");
  const std::string reply = wire.read_all();
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(reply, HasSubstr("Connection: close\r\n"));
}

TEST(HttpServerLimits, DribblingHeadersDoNotMoveTheTimeout) {
  ServerOptions options;
  options.header_timeout = std::chrono::milliseconds(200);
  auto server = serve(options, echo);
  Wire wire = Wire::connect(server->port());
  wire.send("GET / HTTP/1.1\r\n");
  std::thread dribble([&wire] {
    while (wire.send("X: y\r\n")) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  });
  EXPECT_THAT(wire.read_all(), StartsWith("HTTP/1.1 408 "));
  dribble.join();
}

TEST(HttpServerLimits, IdleConnectionIsClosedSilently) {
  ServerOptions options;
  options.idle_timeout = std::chrono::milliseconds(50);
  auto server = serve(options, echo);
  Wire wire = Wire::connect(server->port());
  wire.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(wire.read_response(), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(wire.read_all(), "");
}

TEST(HttpServerLimits, OneConnectionTooManyIs503AndRoomComesBack) {
  ServerOptions options;
  options.connections_max = 1;
  auto server = serve(options, echo);
  {
    Wire first = Wire::connect(server->port());
    first.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(first.read_response(), StartsWith("HTTP/1.1 200 "));
    Wire second = Wire::connect(server->port());
    EXPECT_THAT(second.read_all(), StartsWith("HTTP/1.1 503 "));
  }
  EXPECT_TRUE(eventually([&server] {
    Wire wire = Wire::connect(server->port());
    wire.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    return wire.read_response().starts_with("HTTP/1.1 200 ");
  }));
}

TEST(HttpServerLimits, ClientThatLeavesMidRequestHarmsNobody) {
  auto server = serve({}, echo);
  for (int i = 0; i < 20; ++i) {
    Wire wire = Wire::connect(server->port());
    wire.send(kPost + "Content-Length: 100\r\n\r\nabc");
    wire.reset();
  }
  Wire wire = Wire::connect(server->port());
  wire.send("GET /ok HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(wire.read_response(), EndsWith("GET /ok "));
}

}  // namespace
}  // namespace clickdeploy::http::testing
