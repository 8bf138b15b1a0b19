#include "controller/async/run_on.h"
#include "tests/http/streams.h"
#include "tests/http/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::http::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kWatch = "GET /watch HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view kPlain = "GET /plain HTTP/1.1\r\nHost: x\r\n\r\n";

Task<Reply> watch_or_text(Source& source, Request request) {
  if (request.url != "/watch") co_return text_reply("text");
  Reply reply;
  reply.stream = source.stream();
  co_return reply;
}

// A server whose /watch is the source.
class ServerStream : public ::testing::Test {
 protected:
  void start(ServerOptions options) {
    server_ = serve(std::move(options),
                    [this](Request request) { return watch_or_text(source_, std::move(request)); });
  }

  Source source_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(ServerStream, HeadersComeAtOnceAndEachPieceIsAChunk) {
  start({});
  Wire wire = Wire::connect(server_->port());
  wire.send(kWatch);
  EXPECT_THAT(wire.read_until("\r\n\r\n"), HasSubstr("Transfer-Encoding: chunked\r\n"));
  source_.put("first");
  EXPECT_EQ(wire.read_bytes(10), "5\r\nfirst\r\n");
  source_.put("");
  source_.put("0123456789abcdef");
  EXPECT_EQ(wire.read_bytes(22), "10\r\n0123456789abcdef\r\n");
  source_.end();
  EXPECT_EQ(wire.read_bytes(5), "0\r\n\r\n");
}

TEST_F(ServerStream, ConnectionServesOnAfterAStream) {
  start({});
  Wire wire = Wire::connect(server_->port());
  for (int i = 0; i < 3; ++i) {
    wire.send(kWatch);
    source_.put("a");
    source_.end();
    EXPECT_THAT(wire.read_until("0\r\n\r\n"), EndsWith("1\r\na\r\n0\r\n\r\n"));
    wire.send(kPlain);
    EXPECT_THAT(wire.read_response(), EndsWith("text"));
  }
}

TEST_F(ServerStream, RequestSentAheadIsAnsweredAfterTheStream) {
  start({});
  Wire wire = Wire::connect(server_->port());
  wire.send(kWatch);
  wire.read_until("\r\n\r\n");
  wire.send(kPlain);
  source_.put("a");
  EXPECT_EQ(wire.read_bytes(6), "1\r\na\r\n");
  source_.end();
  EXPECT_EQ(wire.read_bytes(5), "0\r\n\r\n");
  EXPECT_THAT(wire.read_response(), EndsWith("text"));
}

TEST_F(ServerStream, ClientThatLeavesEndsASilentStream) {
  start({});
  for (int i = 0; i < 2; ++i) {
    Wire wire = Wire::connect(server_->port());
    wire.send(kWatch);
    wire.read_until("\r\n\r\n");
    EXPECT_EQ(source_.living_streams(), 1);
    if (i == 0) wire.close();
    if (i == 1) wire.reset();
    EXPECT_TRUE(eventually([this] { return source_.living_streams() == 0; }));
  }
}

TEST_F(ServerStream, ClientThatReadsNothingIsGivenUp) {
  ServerOptions options;
  options.idle_timeout = std::chrono::milliseconds(100);
  start(options);
  Wire wire = Wire::connect(server_->port());
  wire.send(kWatch);
  source_.put(std::string(30'000'000, 'x'));
  EXPECT_TRUE(eventually([this] { return source_.living_streams() == 1; }));
  EXPECT_TRUE(eventually([this] { return source_.living_streams() == 0; }));
}

TEST_F(ServerStream, BrokenStreamHasNoLastChunk) {
  start({});
  Wire wire = Wire::connect(server_->port());
  wire.send(kWatch);
  source_.put("a");
  source_.fail(Error(ErrorCode::Internal, "planted"));
  const std::string reply = wire.read_all();
  EXPECT_THAT(reply, EndsWith("1\r\na\r\n"));
}

TEST_F(ServerStream, Http10ClientGetsItUntilTheConnectionCloses) {
  start({});
  Wire wire = Wire::connect(server_->port());
  wire.send("GET /watch HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  source_.put("one");
  source_.put("two");
  source_.end();
  const std::string reply = wire.read_all();
  EXPECT_THAT(reply, Not(HasSubstr("chunked")));
  EXPECT_THAT(reply, EndsWith("\r\n\r\nonetwo"));
}

TEST_F(ServerStream, HeadOfAStreamHasNoBody) {
  start({});
  Wire wire = Wire::connect(server_->port());
  wire.send("HEAD /watch HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(wire.read_until("\r\n\r\n"), HasSubstr("Transfer-Encoding: chunked\r\n"));
  wire.send(kPlain);
  EXPECT_THAT(wire.read_response(), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(source_.living_streams(), 0);
}

TEST_F(ServerStream, StopEndsStreamsCleanlyAndAtOnce) {
  ServerOptions options;
  options.threads = 2;
  start(options);
  std::vector<Wire> wires;
  for (int i = 0; i < 4; ++i) {
    wires.push_back(Wire::connect(server_->port()));
    wires.back().send(kWatch);
    wires.back().read_until("\r\n\r\n");
  }
  const auto start = std::chrono::steady_clock::now();
  server_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
  for (Wire& wire : wires) EXPECT_EQ(wire.read_all(), "0\r\n\r\n");
  EXPECT_EQ(source_.living_streams(), 0);
}

// Answers /slow when told to; never if cancelled before.
Task<Reply> wait_for_signal(Flag& entered, Signal& go, Request /*request*/) {
  const std::uint64_t seen = go.version();
  entered.raise();
  co_await go.wait(seen);
  co_return text_reply("late");
}

TEST(HttpServerStop, RunningRequestIsFinished) {
  Flag entered;
  Signal go;
  auto server = serve({}, [&entered, &go](Request request) {
    return wait_for_signal(entered, go, std::move(request));
  });
  Wire wire = Wire::connect(server->port());
  wire.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(entered.wait());
  Wire idle = Wire::connect(server->port());
  std::thread stopping([&server] { server->stop(); });
  EXPECT_EQ(idle.read_all(), "");  // the stop has begun
  go.notify();
  EXPECT_THAT(wire.read_all(), EndsWith("late"));
  stopping.join();
}

TEST(HttpServer, RequestThatTakesTooLongIsCancelledAndAnswered) {
  Flag entered;
  Signal go;
  ServerOptions options;
  options.request_timeout = std::chrono::milliseconds(50);
  auto server = serve(options, [&entered, &go](Request request) -> Task<Reply> {
    if (request.url != "/slow") co_return text_reply("quick");
    Reply reply = co_await wait_for_signal(entered, go, std::move(request));
    co_return reply;
  });
  Wire wire = Wire::connect(server->port());
  for (int i = 0; i < 2; ++i) {
    wire.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string late = wire.read_response();
    EXPECT_THAT(late, StartsWith("HTTP/1.1 504 "));
    EXPECT_THAT(late, HasSubstr("\"reason\":\"Timeout\""));
    // The connection is as good as before, and so are handlers that wait a little.
    wire.send("GET /quick HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(wire.read_response(), EndsWith("quick"));
  }
}

TEST(HttpServerStop, RequestThatOutlivesTheDrainIsCancelled) {
  Flag entered;
  Signal go;
  ServerOptions options;
  options.drain = std::chrono::milliseconds(50);
  auto server = serve(options, [&entered, &go](Request request) {
    return wait_for_signal(entered, go, std::move(request));
  });
  Wire wire = Wire::connect(server->port());
  wire.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(entered.wait());
  server->stop();
  EXPECT_EQ(wire.read_all(), "");
}

// What the handlers below hold on to. They may outlive the test that made them.
struct Stuck {
  Flag entered;
  Flag go;
  Flag gone;
};

// Waits on another thread, where no cancellation reaches.
Task<Reply> wait_elsewhere(std::shared_ptr<Stuck> stuck, Executor elsewhere, Request /*request*/) {
  auto wait = [stuck] {
    stuck->entered.raise();
    return stuck->go.wait();
  };
  const bool went = co_await run_on(std::move(elsewhere), std::move(wait));
  co_return text_reply(went ? "went" : "out of patience");
}

// Keeps the server's own thread.
Task<Reply> keep_the_thread(std::shared_ptr<Stuck> stuck, Request /*request*/) {
  stuck->entered.raise();
  stuck->go.wait();
  stuck->gone.raise();
  co_return text_reply("late");
}

ServerOptions hasty() {
  ServerOptions options;
  options.threads = 2;
  options.drain = std::chrono::milliseconds(20);
  options.cancel_max = std::chrono::milliseconds(100);
  return options;
}

TEST(HttpServerStop, RequestThatCannotBeCancelledIsAbandoned) {
  auto stuck = std::make_shared<Stuck>();
  ThreadExecutor elsewhere;
  auto server = serve(hasty(), [stuck, executor = elsewhere.executor()](Request request) {
    return wait_elsewhere(stuck, executor, std::move(request));
  });
  Wire wire = Wire::connect(server->port());
  wire.send("GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(stuck->entered.wait());
  const auto start = std::chrono::steady_clock::now();
  server->stop();
  server.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, kPatience / 2);
  EXPECT_EQ(wire.read_all(), "") << "the client is let go";
  stuck->go.raise();  // its answer comes to a server that is no more
}

TEST(HttpServerStop, HandlerThatKeepsTheThreadIsLeftToItself) {
  auto stuck = std::make_shared<Stuck>();
  auto server = serve(
      hasty(), [stuck](Request request) { return keep_the_thread(stuck, std::move(request)); });
  Wire wire = Wire::connect(server->port());
  wire.send("GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(stuck->entered.wait());
  const auto start = std::chrono::steady_clock::now();
  server->stop();
  server.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, kPatience / 2);
  stuck->go.raise();
  EXPECT_TRUE(stuck->gone.wait());
}

}  // namespace
}  // namespace clickdeploy::http::testing
