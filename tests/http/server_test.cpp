#include "tests/http/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace clickdeploy::http::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(HttpServer, AnswersAndKeepsTheConnection) {
  auto server = serve({}, echo);
  Wire wire = Wire::connect(server->port());
  for (int i = 0; i < 3; ++i) {
    wire.send("GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string reply = wire.read_response();
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(reply, HasSubstr("Connection: keep-alive\r\n"));
    EXPECT_THAT(reply, EndsWith("\r\n\r\nGET /a?b=c "));
  }
}

TEST(HttpServer, SaysWhenItAnswered) {
  auto server = serve({}, echo);
  Wire wire = Wire::connect(server->port());
  wire.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(wire.read_response(),
              ContainsRegex("\r\nDate: [MTWFS][a-z][a-z], [0-9][0-9] [A-Z][a-z][a-z] 20[0-9][0-9] "
                            "[0-9:]* GMT\r\n"));
}

TEST(HttpServer, PipelinedRequestsAreAnsweredInOrder) {
  auto server = serve({}, echo);
  Wire wire = Wire::connect(server->port());
  wire.send(
      "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: "
      "3\r\n\r\nabc"
      "GET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /4 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(wire.read_response(), EndsWith("GET /1 "));
  EXPECT_THAT(wire.read_response(), EndsWith("POST /2 abc"));
  EXPECT_THAT(wire.read_response(), EndsWith("GET /3 "));
  EXPECT_EQ(wire.read_all(), "");
}

TEST(HttpServer, RequestMayArriveByteByByte) {
  auto server = serve({}, echo);
  Wire wire = Wire::connect(server->port());
  const std::string request =
      "POST /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n5;name=value\r\ndefgh\r\n0\r\nTrailer: t\r\n\r\n";
  for (char c : request) wire.send(std::string_view(&c, 1));
  EXPECT_THAT(wire.read_response(), EndsWith("POST /slow abcdefgh"));
}

TEST(HttpServer, NoBodyMayArriveAsALastChunkByteByByte) {
  auto server = serve({}, echo);
  Wire wire = Wire::connect(server->port());
  const std::string request =
      "POST /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  for (int i = 0; i < 2; ++i) {
    for (char c : request) wire.send(std::string_view(&c, 1));
    EXPECT_THAT(wire.read_response(), EndsWith("POST /slow "));
  }
}

Task<Reply> name_headers(Request request) {
  std::string names;
  for (const Header& header : request.headers) names += header.name + ";";
  co_return text_reply(std::move(names));
}

TEST(HttpServer, TrailersAreNoHeaders) {
  auto server = serve({}, name_headers);
  Wire wire = Wire::connect(server->port());
  wire.send(
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "1\r\na\r\n0\r\nAuthorization: Bearer stolen\r\nHost: other\r\n\r\n");
  EXPECT_THAT(wire.read_response(), EndsWith("\r\n\r\nHost;Transfer-Encoding;"));
}

TEST(HttpServer, Http10ConnectionEndsUnlessAskedToStay) {
  auto server = serve({}, echo);
  Wire closing = Wire::connect(server->port());
  closing.send("GET /old HTTP/1.0\r\n\r\n");
  EXPECT_THAT(closing.read_all(), EndsWith("GET /old "));

  Wire staying = Wire::connect(server->port());
  staying.send("GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(staying.read_response(), HasSubstr("Connection: keep-alive\r\n"));
  staying.send("GET /again HTTP/1.0\r\n\r\n");
  EXPECT_THAT(staying.read_all(), EndsWith("GET /again "));
}

TEST(HttpServer, HeadHasTheLengthButNoBody) {
  auto server = serve({}, echo);
  Wire wire = Wire::connect(server->port());
  wire.send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\nGET /g HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string head = wire.read_until("\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("Content-Length: 8\r\n"));
  EXPECT_THAT(wire.read_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

Task<Reply> no_content(Request /*request*/) {
  Reply reply;
  reply.response.status = 204;
  co_return reply;
}

TEST(HttpServer, NoContentHasNeitherBodyNorLength) {
  auto server = serve({}, no_content);
  Wire wire = Wire::connect(server->port());
  wire.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string reply = wire.read_all();
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(reply, Not(HasSubstr("Content-Length")));
}

TEST(HttpServer, ExpectedContinueIsSent) {
  auto server = serve({}, echo);
  Wire wire = Wire::connect(server->port());
  wire.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(wire.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  wire.send("ok");
  EXPECT_THAT(wire.read_response(), EndsWith("PUT / ok"));
}

TEST(HttpServer, AbsoluteTargetIsSeenAsItsPath) {
  auto server = serve({}, echo);
  Wire wire = Wire::connect(server->port());
  wire.send("GET http://x:1/path?q HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(wire.read_response(), EndsWith("GET /path?q "));
}

Task<Reply> show_request(Request request) {
  const std::string* value = find_header(request.headers, "x-name");
  co_return text_reply((value != nullptr ? *value : "none") + " " + request.peer);
}

TEST(HttpServer, HandlerSeesHeadersAndPeer) {
  auto server = serve({}, show_request);
  Wire wire = Wire::connect(server->port());
  wire.send("GET / HTTP/1.1\r\nHost: x\r\nX-NAME:  some value \r\n\r\n");
  EXPECT_THAT(wire.read_response(), HasSubstr("\r\n\r\nsome value 127.0.0.1:"));
}

const std::shared_ptr<const std::string>& big_body() {
  static const auto body = std::make_shared<const std::string>(20'000'000, 'x');
  return body;
}

Task<Reply> share_big_body(Request /*request*/) {
  Reply reply;
  reply.shared = big_body();
  co_return reply;
}

TEST(HttpServer, LargeSharedBodyArrivesWhole) {
  auto server = serve({}, share_big_body);
  Wire wire = Wire::connect(server->port());
  wire.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(wire.read_until("\r\n\r\n"), HasSubstr("Content-Length: 20000000\r\n"));
  EXPECT_TRUE(wire.read_bytes(20'000'000) == *big_body());
}

Task<Reply> misbehave(Request request) {
  if (request.url == "/throw") throw std::runtime_error("planted");
  Reply reply = text_reply("fine");
  if (request.url == "/split") reply.response.headers.push_back({"X-A", "b\r\nX-Injected: c"});
  co_return reply;
}

TEST(HttpServer, ThrowingHandlerIsAnswered500AndServingGoesOn) {
  auto server = serve({}, misbehave);
  Wire wire = Wire::connect(server->port());
  wire.send("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string reply = wire.read_response();
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(reply, Not(HasSubstr("planted")));
  wire.send("GET /fine HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(wire.read_response(), EndsWith("fine"));
}

TEST(HttpServer, HeaderThatWouldSplitTheReplyIsNotSent) {
  auto server = serve({}, misbehave);
  Wire wire = Wire::connect(server->port());
  wire.send("GET /split HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string reply = wire.read_response();
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(reply, Not(HasSubstr("X-Injected")));
}

TEST(HttpServer, TakenAddressIsNamedInTheError) {
  auto server = serve({}, echo);
  ServerOptions options;
  options.port = server->port();
  Result<std::unique_ptr<HttpServer>> second = HttpServer::start(options, echo);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message(), HasSubstr("127.0.0.1:" + std::to_string(server->port())));
}

TEST(HttpServer, ThreadsShareTheConnections) {
  ServerOptions options;
  options.threads = 3;
  auto server = serve(options, echo);
  std::vector<Wire> wires;
  for (int i = 0; i < 12; ++i) wires.push_back(Wire::connect(server->port()));
  for (Wire& wire : wires) wire.send("GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
  for (Wire& wire : wires) EXPECT_THAT(wire.read_response(), EndsWith("GET /x "));
}

TEST(HttpServer, StopClosesIdleConnectionsAtOnce) {
  auto server = serve({}, echo);
  Wire used = Wire::connect(server->port());
  used.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  used.read_response();
  const auto start = std::chrono::steady_clock::now();
  server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
  EXPECT_EQ(used.read_all(), "");
}

}  // namespace
}  // namespace clickdeploy::http::testing
