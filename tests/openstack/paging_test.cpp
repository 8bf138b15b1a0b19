#include "controller/openstack/paging_internal.h"
#include "tests/openstack/fake_cloud.h"

#include <gtest/gtest.h>

#include <deque>

namespace clickdeploy::openstack {
namespace {

class PagingTest : public testing::Test {
 protected:
  Result<std::vector<Json>> list() {
    cloud_.answer = [this](const http::Request&) -> Result<http::Response> {
      if (pages_.empty()) return text_response(500, "");
      http::Response page = pages_.front();
      if (pages_.size() > 1 || !repeat_last_) pages_.pop_front();
      return page;
    };
    ListRequest request{
        .service = "compute", .path = "/servers/detail", .query = "limit=2", .member = "servers"};
    return world_.run(list_all(session_, std::move(request)));
  }

  void add_page(const std::string& ids, const std::string& next) {
    Json items = Json::array();
    for (char id : ids) items.push_back(Json::object({{"id", std::string(1, id)}}));
    Json page = Json::object({{"servers", std::move(items)}});
    if (!next.empty()) {
      Json self = Json::object({{"rel", "self"}, {"href", "http://cloud:8774/self"}});
      Json link = Json::object({{"rel", "next"}, {"href", next}});
      page.set("servers_links", Json::array({std::move(self), std::move(link)}));
    }
    pages_.push_back(json_response(200, page));
  }

  void expect_unavailable(const std::string& message) {
    Result<std::vector<Json>> items = list();
    ASSERT_FALSE(items);
    EXPECT_EQ(items.error().code(), ErrorCode::Unavailable);
    EXPECT_EQ(items.error().message(), message);
  }

  VirtualWorld world_;
  FakeCloud cloud_{world_};
  Session session_{cloud_, world_, fake_credentials(), {.requests_per_second = 1e5, .burst = 100}};
  std::deque<http::Response> pages_;
  bool repeat_last_ = false;
};

TEST_F(PagingTest, JoinsAllPages) {
  add_page("ab", "http://cloud:8774/v2.1/servers/detail?limit=2&marker=b");
  add_page("cd", "https://CLOUD:8774/other/path?limit=2&marker=d");  // as behind a TLS proxy
  add_page("e", "");
  Result<std::vector<Json>> items = list();
  ASSERT_TRUE(items) << items.error().message();
  EXPECT_EQ(items->size(), 5u);
  const auto asked = cloud_.asked("/servers/detail");
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_EQ(asked[1].url, "http://cloud:8774/v2.1/servers/detail?limit=2&marker=b");
  EXPECT_EQ(asked[2].url, "http://cloud:8774/v2.1/servers/detail?limit=2&marker=d");
}

TEST_F(PagingTest, FollowsRelativeLinks) {
  add_page("a", "/v2/images?marker=a");
  add_page("b", "?marker=b");
  add_page("", "");
  Result<std::vector<Json>> items = list();
  ASSERT_TRUE(items);
  EXPECT_EQ(items->size(), 2u);
}

TEST_F(PagingTest, NeverFollowsALinkToAnotherHost) {
  for (const char* link :
       {"http://evil/x?marker=a", "http://cloud:8775/x?marker=a", "//evil/x?marker=a",
        "http://cloud:8774@evil/?marker=a", "file:///x?marker=a", "evil?marker=a"}) {
    SCOPED_TRACE(link);
    pages_.clear();
    add_page("a", link);
    expect_unavailable("a page of the list links to another host");
  }
  EXPECT_TRUE(cloud_.asked("evil").empty());
}

TEST_F(PagingTest, RefusesMalformedLinks) {
  for (const char* link : {"/x", "/x?", "/x?a b", "/x?a\r\nX: y", "?#marker"}) {
    SCOPED_TRACE(link);
    pages_.clear();
    add_page("a", link);
    expect_unavailable("a page of the list links to a malformed next one");
  }
}

TEST_F(PagingTest, ALinkToItselfEnds) {
  add_page("a", "?marker=a");
  repeat_last_ = true;
  expect_unavailable("a page of the list links to one seen before");
  EXPECT_EQ(cloud_.asked("/servers/detail").size(), 2u);
}

TEST_F(PagingTest, AMarkerLoopEndsHoweverItIsSpelt) {
  add_page("a", "?marker=a");
  add_page("b", "?marker=b&x=1");
  add_page("c", "?x=2&marker=a");
  expect_unavailable("a page of the list links to one seen before");
}

TEST_F(PagingTest, APageThatFailsFailsTheList) {
  add_page("ab", "?marker=b");
  pages_.push_back(text_response(500, ""));
  add_page("c", "");
  expect_unavailable("HTTP 500");
}

TEST_F(PagingTest, AMarkerThatIsGoneIsTransient) {
  add_page("ab", "?marker=b");
  Json body = Json::object({{"badRequest", Json::object({{"message", "marker [b] not found"}})}});
  pages_.push_back(json_response(400, body));
  expect_unavailable("the list changed while it was read: marker [b] not found (request req-1234)");
}

TEST_F(PagingTest, ABadFirstRequestStaysInvalid) {
  pages_.push_back(json_response(400, Json::object()));
  Result<std::vector<Json>> items = list();
  ASSERT_FALSE(items);
  EXPECT_EQ(items.error().code(), ErrorCode::InvalidArgument);
}

TEST_F(PagingTest, PagesThatAreNoListsFail) {
  for (const char* body : {"{}", "", "[]", R"({"servers": {}})", R"({"servers": null})", "7"}) {
    SCOPED_TRACE(body);
    pages_.assign(1, text_response(200, body));
    expect_unavailable("a page of the list has no \"servers\"");
  }
}

TEST_F(PagingTest, EndlessPagingEnds) {
  int page = 0;
  cloud_.answer = [&](const http::Request&) {
    return text_response(200,
                         "{\"servers\": [], \"next\": \"?marker=" + std::to_string(page++) + "\"}");
  };
  ListRequest request{
      .service = "compute", .path = "/servers/detail", .query = "", .member = "servers"};
  Result<std::vector<Json>> items = world_.run(list_all(session_, std::move(request)));
  ASSERT_FALSE(items);
  EXPECT_EQ(items.error().message(), "a page of the list is one of more than 1000");
  EXPECT_EQ(page, 1000);
}

TEST_F(PagingTest, AMillionItemsAreTooMany) {
  std::string body = "{\"servers\": [{}";
  for (int i = 1; i < 1'000'000; ++i) body += ",{}";
  pages_.push_back(text_response(200, body + "]}"));
  Result<std::vector<Json>> items = list();
  ASSERT_FALSE(items);
  EXPECT_EQ(items.error().code(), ErrorCode::Unavailable);
}

}  // namespace
}  // namespace clickdeploy::openstack
