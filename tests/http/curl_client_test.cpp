#include "controller/async/block_on.h"
#include "controller/async/event_loop.h"
#include "controller/async/task_group.h"
#include "tests/http/wire.h"

#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::http::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// Reads one request and answers it with these bytes, then closes.
Imposter::Script answer(std::string bytes) {
  return [bytes = std::move(bytes)](Wire wire) {
    wire.read_until("\r\n\r\n");
    wire.send(bytes);
  };
}

class CurlClient : public ::testing::Test {
 protected:
  Result<Response> send(Request request) { return block_on(client_->send(std::move(request))); }
  Error error_of(Request request) {
    Result<Response> response = send(std::move(request));
    EXPECT_FALSE(response);
    return response ? Error(ErrorCode::Internal, "no error") : response.error();
  }

  std::unique_ptr<HttpClient> client_ = make_curl_client({});
};

TEST_F(CurlClient, SendsMethodHeadersAndBody) {
  std::string seen;
  Imposter imposter([&seen](Wire wire) {
    seen = wire.read_until("{}");
    wire.send("HTTP/1.1 201 Created\r\nX-Reply: yes\r\nContent-Length: 0\r\n\r\n");
  });
  Request request = get(imposter.url("/v2/things?limit=1"));
  request.method = "PATCH";
  request.headers = {{"Content-Type", "application/merge-patch+json"}, {"X-Empty", ""}};
  request.body = "{}";
  Result<Response> response = send(std::move(request));
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_EQ(response->status, 201);
  ASSERT_NE(find_header(response->headers, "x-reply"), nullptr);
  EXPECT_EQ(*find_header(response->headers, "x-reply"), "yes");
  EXPECT_THAT(seen, StartsWith("PATCH /v2/things?limit=1 HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("Content-Type: application/merge-patch+json\r\n"));
  EXPECT_THAT(seen, HasSubstr("X-Empty:"));
  EXPECT_THAT(seen, HasSubstr("User-Agent: clickdeploy/"));
  EXPECT_THAT(seen, Not(HasSubstr("Expect")));
}

TEST_F(CurlClient, EveryMethodArrivesAsItIs) {
  auto server = serve({}, echo);
  const std::string origin = "http://127.0.0.1:" + std::to_string(server->port());
  for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    for (const char* body : {"", "body"}) {
      Request request = get(origin + "/x");
      request.method = method;
      request.body = body;
      Result<Response> response = send(std::move(request));
      ASSERT_TRUE(response) << method << response.error().message();
      EXPECT_EQ(response->body, std::string(method) + " /x " + body);
    }
  }
  Request head = get(origin + "/x");
  head.method = "HEAD";
  Result<Response> response = send(std::move(head));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "");
}

TEST_F(CurlClient, ErrorStatusIsASuccess) {
  Imposter imposter(answer("HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops"));
  Result<Response> response = send(get(imposter.url()));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 500);
  EXPECT_EQ(response->body, "oops");
}

TEST_F(CurlClient, RedirectIsNotFollowed) {
  Imposter imposter(
      answer("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"));
  Result<Response> response = send(get(imposter.url()));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 302);
  EXPECT_EQ(imposter.connections(), 1);
}

TEST_F(CurlClient, RefusedConnectionIsUnavailableAndSaysConnect) {
  const std::uint16_t port = closed_port();
  const Error error = error_of(get("http://127.0.0.1:" + std::to_string(port) + "/?token=secret"));
  EXPECT_EQ(error.code(), ErrorCode::Unavailable);
  EXPECT_EQ(error.message(), "connect 127.0.0.1:" + std::to_string(port) + ": Connection refused");
}

struct BrokenCase {
  std::string name;
  Imposter::Script script;
  ErrorCode code;
};

class BrokenReplies : public ::testing::TestWithParam<BrokenCase> {};

TEST_P(BrokenReplies, AreErrorsThatDoNotClaimThatNothingWasSent) {
  Imposter imposter(GetParam().script);
  auto client = make_curl_client({});
  Request request = get(imposter.url());
  request.deadline = milliseconds(300);
  request.response_bytes_max = 1000;
  Result<Response> response = block_on(client->send(request));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), GetParam().code) << response.error().message();
  EXPECT_THAT(response.error().message(), Not(StartsWith("connect")));
}

void send_and_reset(Wire wire, std::string_view bytes) {
  wire.read_until("\r\n\r\n");
  wire.send(bytes);
  wire.reset();
}

void send_and_hold(Wire wire, std::string_view bytes) {
  wire.read_until("\r\n\r\n");
  wire.send(bytes);
  wire.read_all();  // until the client gives up
}

INSTANTIATE_TEST_SUITE_P(
    Table, BrokenReplies,
    ::testing::Values(
        BrokenCase{"CloseBeforeHeaders", answer(""), ErrorCode::Unavailable},
        BrokenCase{"ResetBeforeHeaders", [](Wire wire) { send_and_reset(std::move(wire), ""); },
                   ErrorCode::Unavailable},
        BrokenCase{"CloseInHeaders", answer("HTTP/1.1 200 OK\r\nX-A: "), ErrorCode::Unavailable},
        BrokenCase{"ResetAfterHeaders",
                   [](Wire wire) {
                     send_and_reset(std::move(wire),
                                    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
                   },
                   ErrorCode::Unavailable},
        BrokenCase{"TruncatedBody", answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"),
                   ErrorCode::Unavailable},
        BrokenCase{"TruncatedChunks",
                   answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
                   ErrorCode::Unavailable},
        BrokenCase{"BadChunk",
                   answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab"),
                   ErrorCode::Unavailable},
        BrokenCase{"NotHttp", answer("SSH-2.0-OpenSSH_9.2\r\n"), ErrorCode::Unavailable},
        BrokenCase{"SilentServer", [](Wire wire) { send_and_hold(std::move(wire), ""); },
                   ErrorCode::DeadlineExceeded},
        BrokenCase{"SlowHeaders",
                   [](Wire wire) { send_and_hold(std::move(wire), "HTTP/1.1 200 OK\r\nX-"); },
                   ErrorCode::DeadlineExceeded},
        BrokenCase{"SlowBody",
                   [](Wire wire) {
                     send_and_hold(std::move(wire),
                                   "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab");
                   },
                   ErrorCode::DeadlineExceeded},
        BrokenCase{
            "DeclaredTooLarge",
            answer("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'x')),
            ErrorCode::ResourceExhausted},
        BrokenCase{"EndlessBody", answer("HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, 'x')),
                   ErrorCode::ResourceExhausted},
        BrokenCase{"EndlessHeaders",
                   [](Wire wire) {
                     wire.read_until("\r\n\r\n");
                     wire.send("HTTP/1.1 200 OK\r\n");
                     while (wire.send("X-Again: " + std::string(1000, 'x') + "\r\n")) {
                     }
                   },
                   ErrorCode::ResourceExhausted}),
    [](const ::testing::TestParamInfo<BrokenCase>& row) { return row.param.name; });

TEST_F(CurlClient, BadRequestsAreInvalid) {
  for (const char* url : {"", "no-scheme", "ftp://127.0.0.1/", "file:///etc/passwd",
                          "http://user:word@127.0.0.1/", "http://a b/"}) {
    SCOPED_TRACE(url);
    EXPECT_EQ(error_of(get(url)).code(), ErrorCode::InvalidArgument);
  }
  Request header = get("http://127.0.0.1:1/");
  header.headers = {{"X-A", "b\r\nX-Injected: c"}};
  EXPECT_EQ(error_of(header).code(), ErrorCode::InvalidArgument);
  Request method = get("http://127.0.0.1:1/");
  method.method = "GET / HTTP/1.1\r\nX-Injected: c\r\n\r\nGET";
  EXPECT_EQ(error_of(method).code(), ErrorCode::InvalidArgument);
}

TEST_F(CurlClient, ConnectionIsReusedButNeverForAPost) {
  std::mutex mutex;
  std::vector<std::string> peers;
  auto server = serve({}, [&mutex, &peers](Request request) {
    std::lock_guard lock(mutex);
    peers.push_back(request.peer);
    return echo(std::move(request));
  });
  const std::string url = "http://127.0.0.1:" + std::to_string(server->port()) + "/";
  for (const char* method : {"GET", "GET", "POST", "POST"}) {
    Request request = get(url);
    request.method = method;
    ASSERT_TRUE(send(std::move(request)));
  }
  ASSERT_EQ(peers.size(), 4U);
  EXPECT_EQ(peers[0], peers[1]);
  EXPECT_NE(peers[2], peers[0]);
  EXPECT_NE(peers[3], peers[0]);
  EXPECT_NE(peers[3], peers[2]);
}

TEST_F(CurlClient, CompressedBodyIsDecodedAndItsHeadersDropped) {
  // gzip of "hello hello hello\n"
  static constexpr unsigned char kGzip[] = {
      0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9,
      0x57, 0xc8, 0x40, 0x90, 0x5c, 0x00, 0x3b, 0x7c, 0x8a, 0xdf, 0x12, 0x00, 0x00, 0x00};
  const std::string body(reinterpret_cast<const char*>(kGzip), sizeof(kGzip));
  Imposter imposter(answer("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\n\r\n" + body));
  Result<Response> response = send(get(imposter.url()));
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_EQ(response->body, "hello hello hello\n");
  EXPECT_EQ(find_header(response->headers, "Content-Encoding"), nullptr);
  EXPECT_EQ(find_header(response->headers, "Content-Length"), nullptr);
}

// A loop on a thread of its own, with a group whose tasks run there.
class Background {
 public:
  Background() : group_(loop_.executor()), thread_([this] { loop_.run(); }) {}
  ~Background() {
    Flag joined;
    boost::asio::post(loop_.executor(), [this, &joined] {
      group_.cancel();
      waiters_.start("join", wait_for_all(group_, joined));
    });
    EXPECT_TRUE(joined.wait());
    loop_.stop();
    thread_.join();
  }
  template <class F>
  void run(F make_task) {
    boost::asio::post(loop_.executor(), [this, make_task] { group_.start("test", make_task()); });
  }
  void cancel() {
    boost::asio::post(loop_.executor(), [this] { group_.cancel(); });
  }

 private:
  static Task<void> wait_for_all(TaskGroup& group, Flag& joined) {
    co_await group.join();
    joined.raise();
  }

  EventLoop loop_;
  TaskGroup group_;
  TaskGroup waiters_{loop_.executor()};
  std::thread thread_;
};

Task<void> send_and_count(HttpClient& client, Request request, std::atomic<int>& successes,
                          std::atomic<int>& errors) {
  Result<Response> response = co_await client.send(std::move(request));
  ++(response ? successes : errors);
}

TEST_F(CurlClient, OnlySoManyAreInFlightAndTheOthersWait) {
  CurlOptions options;
  options.in_flight_max = 3;
  client_ = make_curl_client(options);
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  Flag go;
  Imposter imposter([&](Wire wire) {
    while (!wire.read_until("\r\n\r\n").empty()) {
      const int running = ++now;
      int before = most;
      while (before < running && !most.compare_exchange_weak(before, running)) {
      }
      go.wait();
      --now;
      wire.send(kOk);
    }
  });
  std::atomic<int> successes = 0;
  std::atomic<int> errors = 0;
  Background background;
  for (int i = 0; i < 20; ++i) {
    background.run(
        [&] { return send_and_count(*client_, get(imposter.url()), successes, errors); });
  }
  EXPECT_TRUE(eventually([&now] { return now == 3; }));
  go.raise();
  EXPECT_TRUE(eventually([&successes] { return successes == 20; }));
  EXPECT_EQ(most, 3);
  EXPECT_EQ(errors, 0);
  client_.reset();
}

TEST_F(CurlClient, WaitingForAPlaceCountsAgainstTheDeadline) {
  CurlOptions options;
  options.in_flight_max = 1;
  client_ = make_curl_client(options);
  Imposter imposter([](Wire wire) { send_and_hold(std::move(wire), ""); });
  std::atomic<int> successes = 0;
  std::atomic<int> errors = 0;
  Background background;
  background.run([&] { return send_and_count(*client_, get(imposter.url()), successes, errors); });
  EXPECT_TRUE(eventually([&imposter] { return imposter.connections() == 1; }));
  Request second = get(imposter.url());
  second.deadline = milliseconds(100);
  const Error error = error_of(second);
  EXPECT_EQ(error.code(), ErrorCode::DeadlineExceeded);
  EXPECT_EQ(imposter.connections(), 1);
  background.cancel();
  // The place of the cancelled one is free again.
  Request third = get("http://127.0.0.1:" + std::to_string(closed_port()) + "/");
  EXPECT_EQ(error_of(third).code(), ErrorCode::Unavailable);
}

TEST_F(CurlClient, CancelledTaskAbortsItsRequest) {
  Flag asked;
  Flag gone;
  Imposter imposter([&asked, &gone](Wire wire) {
    wire.read_until("\r\n\r\n");
    asked.raise();
    wire.read_all();
    gone.raise();
  });
  std::atomic<int> successes = 0;
  std::atomic<int> errors = 0;
  Background background;
  background.run([&] { return send_and_count(*client_, get(imposter.url()), successes, errors); });
  ASSERT_TRUE(asked.wait());
  background.cancel();
  EXPECT_TRUE(gone.wait());
  EXPECT_EQ(successes + errors, 0);  // unwound, not answered
}

TEST_F(CurlClient, ManyThreadsMayUseOneClient) {
  auto server = serve({}, echo);
  const std::string url = "http://127.0.0.1:" + std::to_string(server->port()) + "/";
  std::atomic<int> successes = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, &url, &successes] {
      for (int i = 0; i < 25; ++i) {
        if (block_on(client_->send(get(url)))) ++successes;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(successes, 100);
}

}  // namespace
}  // namespace clickdeploy::http::testing
