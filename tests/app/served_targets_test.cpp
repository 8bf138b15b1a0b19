#include "controller/app/served_targets.h"

#include <gtest/gtest.h>

namespace clickdeploy::app {
namespace {

TEST(ServedTargets, NeedTheTokenAndAListThatIsKnown) {
  http::Request request;
  const Result<std::string> token = std::string("open-sesame");
  const Result<std::string> list = std::string("[]\n");
  const Result<std::string> unknown = fail(ErrorCode::Unavailable, "not known yet");
  EXPECT_EQ(answer_targets(request, token, list).status, 401);
  request.headers = {{"authorization", "Bearer open-sesame"}};
  const http::Response good = answer_targets(request, token, list);
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.body, "[]\n");
  EXPECT_TRUE(http::find_header(good.headers, "Content-Type")->starts_with("application/json"));
  EXPECT_EQ(answer_targets(request, token, unknown).status, 503);
  // Without a token nobody is told whether there is such a backend.
  EXPECT_EQ(answer_targets(request, fail(ErrorCode::NotFound, "none"), unknown).status, 401);
}

}  // namespace
}  // namespace clickdeploy::app
