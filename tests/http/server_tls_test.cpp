#include "controller/async/block_on.h"
#include "tests/http/certificate.h"
#include "tests/http/streams.h"
#include "tests/http/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::http::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Task<Reply> echo_or_stream(Source& source, Request request) {
  if (request.url != "/watch") {
    Reply reply = co_await echo(std::move(request));
    co_return reply;
  }
  Reply reply;
  reply.stream = source.stream();
  co_return reply;
}

class TlsServer : public ::testing::Test {
 protected:
  TlsServer() {
    ServerOptions options;
    options.certificate_pem = certificate_.pem;
    options.key_pem = certificate_.key_pem;
    options.header_timeout = std::chrono::milliseconds(500);
    server_ = serve(
        options, [this](Request request) { return echo_or_stream(source_, std::move(request)); });
  }

  std::string url(std::string_view path) const {
    return "https://127.0.0.1:" + std::to_string(server_->port()) + std::string(path);
  }
  std::unique_ptr<HttpClient> trusting_client() const {
    CurlOptions options;
    options.tls.ca_pem = certificate_.pem;
    return make_curl_client(options);
  }

  Certificate certificate_ = make_certificate();
  Source source_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(TlsServer, RoundTrip) {
  auto client = trusting_client();
  Request request = get(url("/x"));
  request.method = "PUT";
  request.body = std::string(200'000, 'b');
  Result<Response> response = block_on(client->send(std::move(request)));
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_TRUE(response->body == "PUT /x " + std::string(200'000, 'b'));
}

TEST_F(TlsServer, StreamsAndServesOn) {
  auto client = trusting_client();
  for (int i = 0; i < 3; ++i) {
    source_.put("a");
    source_.put(std::string(100'000, 'b'));
    source_.end();
    Result<StreamingResponse> response =
        block_on(client->stream(get(url("/watch")), std::chrono::seconds(20)));
    ASSERT_TRUE(response) << response.error().message();
    Result<std::string> body = block_on(read_whole(*response->body));
    ASSERT_TRUE(body) << body.error().message();
    EXPECT_EQ(body->size(), 100'001U);
  }
  EXPECT_TRUE(block_on(client->send(get(url("/after")))));
}

// One client, many peers: what is trusted is said with the request, and only for it.
TEST_F(TlsServer, ARequestMaySayWhomItTrusts) {
  auto client = make_curl_client({});
  const auto ask = [&](std::optional<PeerTrust> trust) {
    Request request = get(url("/x"));
    request.trust = std::move(trust);
    return block_on(client->send(std::move(request))).has_value();
  };
  EXPECT_FALSE(ask(std::nullopt));
  EXPECT_TRUE(ask(PeerTrust{.ca_pem = certificate_.pem}));
  EXPECT_FALSE(ask(std::nullopt));  // also on a connection that is open
  EXPECT_TRUE(ask(PeerTrust{.verify = false}));
  EXPECT_FALSE(ask(PeerTrust{.ca_pem = make_certificate().pem}));
  EXPECT_FALSE(ask(PeerTrust{.ca_pem = certificate_.pem, .server_name = "agents.internal"}));
}

TEST(TlsServerName, IsLookedForInTheCertificate) {
  const Certificate certificate = make_certificate("DNS:agents.internal");
  ServerOptions options;
  options.certificate_pem = certificate.pem;
  options.key_pem = certificate.key_pem;
  auto server = serve(options, echo);
  auto client = make_curl_client({});
  const auto ask = [&](const std::string& name) {
    Request request = get("https://127.0.0.1:" + std::to_string(server->port()) + "/x");
    request.trust = PeerTrust{.ca_pem = certificate.pem, .server_name = name};
    return block_on(client->send(std::move(request))).has_value();
  };
  EXPECT_TRUE(ask("agents.internal"));
  EXPECT_FALSE(ask("others.internal"));
  EXPECT_FALSE(ask(""));
}

TEST_F(TlsServer, UnknownCertificateIsAConnectError) {
  auto client = make_curl_client({});
  Result<Response> response = block_on(client->send(get(url("/"))));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), ErrorCode::Unavailable);
  EXPECT_THAT(response.error().message(), StartsWith("connect 127.0.0.1:"));
  EXPECT_THAT(response.error().message(), HasSubstr("certificate"));
}

TEST_F(TlsServer, PlainBytesAndSilenceOnlyCloseTheirOwnConnection) {
  Wire plain = Wire::connect(server_->port());
  plain.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  plain.read_all();
  Wire silent = Wire::connect(server_->port());
  EXPECT_EQ(silent.read_all(), "");
  auto client = trusting_client();
  EXPECT_TRUE(block_on(client->send(get(url("/")))));
}

TEST_F(TlsServer, StopEndsStreamsCleanly) {
  auto client = trusting_client();
  Result<StreamingResponse> response =
      block_on(client->stream(get(url("/watch")), std::chrono::seconds(20)));
  ASSERT_TRUE(response) << response.error().message();
  server_->stop();
  Result<std::string> body = block_on(read_whole(*response->body));
  ASSERT_TRUE(body) << body.error().message();
  EXPECT_EQ(*body, "");
}

TEST(TlsServerStart, CertificateAndKeyMustBelongTogether) {
  ServerOptions options;
  options.certificate_pem = make_certificate().pem;
  options.key_pem = make_certificate().key_pem;
  Result<std::unique_ptr<HttpServer>> server = HttpServer::start(options, echo);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code(), ErrorCode::InvalidArgument);
}

}  // namespace
}  // namespace clickdeploy::http::testing
