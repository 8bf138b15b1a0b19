#include "controller/async/block_on.h"
#include "tests/http/streams.h"
#include "tests/http/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::http::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr std::string_view kChunked =
    "HTTP/1.1 200 OK\r\nX-Stream: yes\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::chrono::seconds kIdleMax{20};

class CurlStream : public ::testing::Test {
 protected:
  Result<StreamingResponse> open(std::string url, milliseconds idle_max = kIdleMax) {
    Request request = get(std::move(url));
    request.deadline = milliseconds(500);
    return block_on(client_->stream(std::move(request), idle_max));
  }
  static Result<std::optional<std::string>> next(const StreamingResponse& response) {
    return block_on(response.body->next());
  }

  std::unique_ptr<HttpClient> client_ = make_curl_client({});
};

using Piece = Result<std::optional<std::string>>;

TEST_F(CurlStream, PiecesArriveWhileTheStreamIsOpen) {
  Flag first_read;
  Imposter imposter([&first_read](Wire wire) {
    wire.read_until("\r\n\r\n");
    wire.send(kChunked);
    wire.send("3\r\none\r\n");
    first_read.wait();
    wire.send("3\r\ntwo\r\n0\r\n\r\n");
  });
  Result<StreamingResponse> response = open(imposter.url());
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_EQ(response->status, 200);
  EXPECT_NE(find_header(response->headers, "X-Stream"), nullptr);
  EXPECT_EQ(next(*response), Piece("one"));
  first_read.raise();
  EXPECT_EQ(next(*response), Piece("two"));
  EXPECT_EQ(next(*response), Piece(std::nullopt));
  EXPECT_EQ(next(*response), Piece(std::nullopt));
}

TEST_F(CurlStream, DeadlineCoversTheHeadersOnly) {
  Flag go;
  Imposter imposter([&go](Wire wire) {
    wire.read_until("\r\n\r\n");
    wire.send(kChunked);
    go.wait();
    wire.send("3\r\none\r\n0\r\n\r\n");
  });
  Result<StreamingResponse> response = open(imposter.url());
  ASSERT_TRUE(response);
  std::thread later([&go] {
    std::this_thread::sleep_for(milliseconds(700));  // longer than the request's deadline
    go.raise();
  });
  EXPECT_EQ(next(*response), Piece("one"));
  later.join();
}

TEST_F(CurlStream, MissingHeadersAreDeadlineExceeded) {
  Imposter imposter([](Wire wire) { wire.read_all(); });
  Result<StreamingResponse> response = open(imposter.url());
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), ErrorCode::DeadlineExceeded);
}

TEST_F(CurlStream, SilenceIsDeadlineExceeded) {
  Imposter imposter([](Wire wire) {
    wire.read_until("\r\n\r\n");
    wire.send(kChunked);
    wire.send("3\r\none\r\n");
    wire.read_all();
  });
  Result<StreamingResponse> response = open(imposter.url(), milliseconds(100));
  ASSERT_TRUE(response);
  EXPECT_EQ(next(*response), Piece("one"));
  Piece silence = next(*response);
  ASSERT_FALSE(silence);
  EXPECT_EQ(silence.error().code(), ErrorCode::DeadlineExceeded);
}

TEST_F(CurlStream, BrokenStreamGivesItsPiecesThenUnavailable) {
  Imposter imposter([](Wire wire) {
    wire.read_until("\r\n\r\n");
    wire.send(kChunked);
    wire.send("3\r\none\r\n");
  });
  Result<StreamingResponse> response = open(imposter.url());
  ASSERT_TRUE(response);
  EXPECT_EQ(next(*response), Piece("one"));
  Piece broken = next(*response);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code(), ErrorCode::Unavailable);
}

TEST_F(CurlStream, DroppedStreamClosesItsConnection) {
  Flag gone;
  Imposter imposter([&gone](Wire wire) {
    wire.read_until("\r\n\r\n");
    wire.send(kChunked);
    wire.read_all();
    gone.raise();
  });
  Result<StreamingResponse> response = open(imposter.url());
  ASSERT_TRUE(response);
  response->body.reset();
  EXPECT_TRUE(gone.wait());
}

TEST_F(CurlStream, OpenStreamsTakeNoPlaceOfOtherRequests) {
  CurlOptions options;
  options.in_flight_max = 1;
  client_ = make_curl_client(options);
  Imposter imposter([](Wire wire) {
    wire.read_until("\r\n\r\n");
    wire.send(kChunked);
    wire.read_all();
  });
  Result<StreamingResponse> first = open(imposter.url());
  Result<StreamingResponse> second = open(imposter.url());
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
}

TEST_F(CurlStream, SlowReaderHoldsTheSenderBackAndLosesNothing) {
  constexpr std::size_t kPieces = 400;
  const std::string piece(100'000, 'x');
  std::atomic<std::size_t> sent = 0;
  Imposter imposter([&sent, &piece](Wire wire) {
    wire.read_until("\r\n\r\n");
    wire.send(kChunked);
    for (std::size_t i = 0; i < kPieces; ++i) {
      wire.send("186a0\r\n" + piece + "\r\n");
      ++sent;
    }
    wire.send("0\r\n\r\n");
  });
  Result<StreamingResponse> response = open(imposter.url(), milliseconds(300));
  ASSERT_TRUE(response);
  // The sender comes to rest: what is unread is bounded, and no deadline runs meanwhile.
  std::size_t before = 0;
  do {
    before = sent;
    std::this_thread::sleep_for(milliseconds(500));
  } while (sent != before);
  EXPECT_LT(sent, kPieces);
  Result<std::string> whole = block_on(read_whole(*response->body));
  ASSERT_TRUE(whole) << whole.error().message();
  EXPECT_EQ(whole->size(), kPieces * piece.size());
}

TEST_F(CurlStream, WorksAgainstOurServerUntilItStops) {
  Source source;
  auto server = serve({}, [&source](Request /*request*/) -> Task<Reply> {
    return [](Source& from) -> Task<Reply> {
      Reply reply;
      reply.stream = from.stream();
      co_return reply;
    }(source);
  });
  Result<StreamingResponse> response =
      open("http://127.0.0.1:" + std::to_string(server->port()) + "/");
  ASSERT_TRUE(response);
  source.put("event");
  EXPECT_EQ(next(*response), Piece("event"));
  server->stop();
  EXPECT_EQ(next(*response), Piece(std::nullopt));
}

}  // namespace
}  // namespace clickdeploy::http::testing
