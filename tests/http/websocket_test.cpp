#include "controller/http/websocket.h"

#include "tests/http/streams.h"
#include "tests/http/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::http::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::string_literals;

// The key and the proof of it are those of RFC 6455, 1.3.
const std::string kHandshake =
    "GET /watch HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
const std::string kNormalEnd = "\x88\x02\x03\xE8";

// As a client has to send it: masked, here with a mask that shows what it does.
std::string from_client(char opcode, const std::string& payload) {
  const std::string mask = "\x01\x02\x03\x04";
  std::string frame{static_cast<char>(0x80 | opcode), static_cast<char>(0x80 | payload.size())};
  frame += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) {
    frame += static_cast<char>(payload[i] ^ mask[i % 4]);
  }
  return frame;
}

class WebSocketServer : public ::testing::Test {
 protected:
  WebSocketServer()
      : server_(serve({}, [this](Request request) -> Task<Reply> {
          if (!wants_websocket(request.headers)) co_return text_reply("text");
          co_return upgrade_to_websocket(request.headers, source_.stream());
        })) {}

  Wire open(const std::string& more = "") {
    Wire wire = Wire::connect(server_->port());
    wire.send(kHandshake + more + "\r\n");
    head_ = wire.read_until("\r\n\r\n");
    return wire;
  }

  Source source_;
  std::string head_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(WebSocketServer, EachLineIsAMessage) {
  Wire wire = open();
  EXPECT_THAT(head_, StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
  EXPECT_THAT(head_, HasSubstr("\r\nConnection: Upgrade\r\n"));
  EXPECT_THAT(head_, HasSubstr("\r\nUpgrade: websocket\r\n"));
  EXPECT_THAT(head_, HasSubstr("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  EXPECT_THAT(head_, Not(HasSubstr("Transfer-Encoding")));
  source_.put("one\ntwo\n");
  EXPECT_EQ(wire.read_bytes(12), "\x81\x04one\n\x81\x04two\n");
  source_.put(std::string(300, 'x') + "\n" + std::string(70'000, 'y') + "\n");
  EXPECT_EQ(wire.read_bytes(4), "\x81\x7E\x01\x2D"s);
  wire.read_bytes(301);
  EXPECT_EQ(wire.read_bytes(10), "\x81\x7F\0\0\0\0\0\x01\x11\x71"s);
  wire.read_bytes(70'001);
  source_.end();
  EXPECT_EQ(wire.read_all(), kNormalEnd);
}

TEST_F(WebSocketServer, TheFirstProtocolOfTheClientIsSpoken) {
  Wire wire = open("Sec-WebSocket-Protocol: base64.binary.k8s.io, other\r\n");
  EXPECT_THAT(head_, HasSubstr("\r\nSec-WebSocket-Protocol: base64.binary.k8s.io\r\n"));
}

TEST_F(WebSocketServer, PingsAreAnsweredWhileNothingHappensAndBetweenMessages) {
  Wire wire = open();
  const std::string ping = from_client(0x9, "hello");
  for (const char c : ping) wire.send(std::string_view(&c, 1));
  EXPECT_EQ(wire.read_bytes(7), "\x8A\x05hello");
  wire.send(from_client(0x1, "words nobody reads") + from_client(0x9, ""));
  EXPECT_EQ(wire.read_bytes(2), "\x8A\0"s);
  source_.put("one\n");
  EXPECT_EQ(wire.read_bytes(6), "\x81\x04one\n");
}

TEST_F(WebSocketServer, ACloseIsAnsweredAndEndsTheStream) {
  Wire wire = open();
  wire.send(from_client(0x8, "\x03\xE8"));
  EXPECT_EQ(wire.read_all(), kNormalEnd);
  EXPECT_TRUE(eventually([this] { return source_.living_streams() == 0; }));
}

TEST_F(WebSocketServer, AClientThatLeavesOrBreaksTheRulesEndsTheStream) {
  for (const std::string& bytes :
       {std::string(), "\x81\x01x"s, from_client(0x9, "x").replace(1, 1, "\xFE")}) {
    Wire wire = open();
    EXPECT_TRUE(eventually([this] { return source_.living_streams() == 1; }));
    if (bytes.empty()) {
      wire.close();
    } else {
      wire.send(bytes + std::string(8, 'x'));
    }
    EXPECT_TRUE(eventually([this] { return source_.living_streams() == 0; }));
  }
}

TEST_F(WebSocketServer, AServerThatStopsSaysSo) {
  Wire wire = open();
  server_->stop();
  EXPECT_EQ(wire.read_all(), "\x88\x02\x03\xE9");
}

TEST_F(WebSocketServer, WhatIsNoHandshakeIsRefused) {
  Wire wire = Wire::connect(server_->port());
  wire.send(
      "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Key: short\r\nSec-WebSocket-Version: 13\r\n\r\n");
  EXPECT_THAT(wire.read_response(), StartsWith("HTTP/1.1 400 "));
  wire.send("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n");
  EXPECT_THAT(wire.read_response(), HasSubstr("text"));
}

}  // namespace
}  // namespace clickdeploy::http::testing
