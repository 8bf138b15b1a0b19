#include "controller/async/block_on.h"
#include "tests/http/streams.h"
#include "tests/http/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::http::testing {
namespace {

using ::testing::StartsWith;

constexpr std::chrono::seconds kIdleMax{20};

Task<Reply> share(Request /*request*/) {
  Reply reply;
  reply.response.status = 500;
  reply.shared = std::make_shared<const std::string>("shared");
  co_return reply;
}

Task<Reply> give_stream(Source& source, Request /*request*/) {
  Reply reply;
  reply.stream = source.stream();
  co_return reply;
}

class LocalClient : public ::testing::Test {
 protected:
  LocalClient() {
    client_.route("http://api:8080", echo);
    client_.route("https://secure", share);
    client_.route("http://stream",
                  [this](Request request) { return give_stream(source_, std::move(request)); });
  }

  std::string body_of(std::string url) {
    Result<Response> response = block_on(client_.send(get(std::move(url))));
    return response ? response->body : "error: " + response.error().message();
  }

  Source source_;
  LocalHttpClient client_;
};

TEST_F(LocalClient, HandlerSeesPathAndQuery) {
  EXPECT_EQ(body_of("http://api:8080/a/b?c=d#e"), "GET /a/b?c=d ");
  EXPECT_EQ(body_of("http://API:8080"), "GET / ");
  EXPECT_EQ(body_of("http://api:8080?q=1"), "GET /?q=1 ");
}

TEST_F(LocalClient, PortOfTheSchemeIsUnderstood) {
  EXPECT_EQ(body_of("https://secure:443/"), "shared");
  EXPECT_EQ(body_of("https://secure/"), "shared");
}

TEST_F(LocalClient, ErrorStatusIsASuccess) {
  Result<Response> response = block_on(client_.send(get("https://secure/")));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 500);
}

TEST_F(LocalClient, UnknownOriginIsAConnectError) {
  Result<Response> response = block_on(client_.send(get("http://elsewhere/")));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), ErrorCode::Unavailable);
  EXPECT_THAT(response.error().message(), StartsWith("connect http://elsewhere:80"));
}

TEST_F(LocalClient, BadUrlsAndHeadersAreInvalid) {
  for (const char* url : {"", "api:8080/", "ftp://api/", "http://", "http://user@api:8080/"}) {
    SCOPED_TRACE(url);
    Result<Response> response = block_on(client_.send(get(url)));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), ErrorCode::InvalidArgument);
  }
  Request request = get("http://api:8080/");
  request.headers = {{"X-A", "b\r\nX-C: d"}};
  Result<Response> response = block_on(client_.send(request));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), ErrorCode::InvalidArgument);
}

TEST_F(LocalClient, StreamPassesThrough) {
  source_.put("one");
  source_.put("two");
  source_.end();
  Result<StreamingResponse> response = block_on(client_.stream(get("http://stream/"), kIdleMax));
  ASSERT_TRUE(response);
  EXPECT_EQ(block_on(response->body->next()), Result<std::optional<std::string>>("one"));
  EXPECT_EQ(block_on(read_whole(*response->body)), Result<std::string>("two"));
}

TEST_F(LocalClient, SendCollectsAStream) {
  source_.put("one");
  source_.put("two");
  source_.end();
  EXPECT_EQ(body_of("http://stream/"), "onetwo");
  source_.put("one");
  source_.fail(Error(ErrorCode::Internal, "planted"));
  EXPECT_EQ(body_of("http://stream/"), "error: planted");
}

TEST_F(LocalClient, WholeReplyIsAStreamOfOnePiece) {
  Result<StreamingResponse> response = block_on(client_.stream(get("https://secure/"), kIdleMax));
  ASSERT_TRUE(response);
  EXPECT_EQ(block_on(read_whole(*response->body)), Result<std::string>("shared"));
}

TEST_F(LocalClient, BodyOverTheLimitIsAnError) {
  Request request = get("https://secure/");
  request.response_bytes_max = 5;
  Result<Response> response = block_on(client_.send(request));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), ErrorCode::ResourceExhausted);
}

TEST_F(LocalClient, HeadHasNoBody) {
  Request request = get("http://api:8080/");
  request.method = "HEAD";
  Result<Response> response = block_on(client_.send(request));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "");
}

}  // namespace
}  // namespace clickdeploy::http::testing
