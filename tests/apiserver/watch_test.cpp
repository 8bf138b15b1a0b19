#include "tests/apiserver/server_fixture.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace clickdeploy::apiserver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kUrl(kServices);
constexpr const char* kTable = "application/json;as=Table;v=v1;g=meta.k8s.io";

class Watch : public ServerTest {
 protected:
  std::string now() const { return std::to_string(store_->revision()); }
  static Json labels(const std::string& value) {
    return Json::object({{"labels", Json::object({{"l", value}})}});
  }
  Answered relabel(const std::string& name, const std::string& value) {
    return merge(kUrl + "/" + name, Json::object({{"metadata", labels(value)}}));
  }
};

TEST_F(Watch, TellsEveryChangeOnceAndInOrder) {
  make_service("before");
  OpenWatch stream = watch(kUrl + "?watch=true&resourceVersion=" + now());
  EXPECT_EQ(stream.status(), 200);
  const std::string v1 = make_service("a")["metadata"]["resourceVersion"].as_string();
  post(std::string(kConfigMaps), config_map("elsewhere"));
  const std::string v2 = relabel("a", "x").revision();
  const std::string v3 = make_service("b")["metadata"]["resourceVersion"].as_string();
  remove(kUrl + "/a");
  const std::string v4 = now();
  EXPECT_THAT(stream.next_texts(4),
              ElementsAre("ADDED a " + v1, "MODIFIED a " + v2, "ADDED b " + v3, "DELETED a " + v4));
}

TEST_F(Watch, WithoutAVersionBeginsWithWhatIsThere) {
  const std::string v1 = make_service("a")["metadata"]["resourceVersion"].as_string();
  for (const char* query :
       {"?watch=1", "?watch=1&resourceVersion=0", "?watch=1&resourceVersion="}) {
    OpenWatch stream = watch(kUrl + query);
    EXPECT_THAT(stream.next_texts(1), ElementsAre("ADDED a " + v1)) << query;
  }
}

TEST_F(Watch, EventsHoldTheObjectAsItIsStored) {
  OpenWatch stream = watch(kUrl + "?watch=true&resourceVersion=" + now());
  const Json made = make_service("a");
  EXPECT_EQ(stream.next()["object"], made);
}

TEST_F(Watch, SelectorShowsTheSetNotTheObjects) {
  const std::string v0 = make_service("a", labels("in"))["metadata"]["resourceVersion"].as_string();
  OpenWatch stream = watch(kUrl + "?watch=1&resourceVersion=" + now() + "&labelSelector=l%3Din");
  const std::string v1 = relabel("a", "out").revision();
  relabel("a", "still-out");
  const std::string v2 = relabel("a", "in").revision();
  const std::string v3 =
      merge(kUrl + "/a", Json::object({{"spec", Json::object({{"replicas", 5}})}})).revision();
  remove(kUrl + "/a");
  const std::string v4 = now();
  const Json left = stream.next();
  EXPECT_EQ(left["type"].as_string(), "DELETED");
  EXPECT_EQ(left["object"]["metadata"]["resourceVersion"].as_string(), v1);
  EXPECT_EQ(left["object"]["metadata"]["labels"]["l"].as_string(), "in")
      << "the last state inside the set";
  EXPECT_THAT(stream.next_texts(3),
              ElementsAre("ADDED a " + v2, "MODIFIED a " + v3, "DELETED a " + v4));
}

TEST_F(Watch, OneNameByFieldSelector) {
  OpenWatch stream =
      watch(kUrl + "?watch=1&resourceVersion=" + now() + "&fieldSelector=metadata.name%3Db");
  make_service("a");
  const std::string v = make_service("b")["metadata"]["resourceVersion"].as_string();
  EXPECT_THAT(stream.next_texts(1), ElementsAre("ADDED b " + v));
}

TEST_F(Watch, OneNamespaceSeesNoOther) {
  const std::string from = now();
  post("/api/v1/namespaces", Json::object({{"apiVersion", "v1"},
                                           {"kind", "Namespace"},
                                           {"metadata", Json::object({{"name", "team"}})}}));
  const std::string team = "/apis/clickdeploy.io/v1alpha1/namespaces/team/services";
  OpenWatch own = watch(kUrl + "?watch=1&resourceVersion=" + from);
  OpenWatch all = watch("/apis/clickdeploy.io/v1alpha1/services?watch=1&resourceVersion=" + from);
  const std::string v1 = post(team, service("t")).revision();
  const std::string v2 = make_service("d")["metadata"]["resourceVersion"].as_string();
  EXPECT_THAT(own.next_texts(1), ElementsAre("ADDED d " + v2));
  EXPECT_THAT(all.next_texts(2), ElementsAre("ADDED t " + v1, "ADDED d " + v2));
}

TEST_F(Watch, EndsAfterItsTime) {
  const SteadyTime before = context_.now();
  OpenWatch stream = watch(kUrl + "?watch=1&resourceVersion=" + now() + "&timeoutSeconds=3");
  EXPECT_TRUE(stream.next().is_null());
  EXPECT_GE(context_.now() - before, std::chrono::seconds(3));
  EXPECT_LT(context_.now() - before, std::chrono::seconds(4));

  OpenWatch unbounded = watch(kUrl + "?watch=1&resourceVersion=" + now());
  const SteadyTime start = context_.now();
  EXPECT_TRUE(unbounded.next().is_null());
  EXPECT_GE(context_.now() - start, std::chrono::minutes(30));
  EXPECT_LE(context_.now() - start, std::chrono::minutes(60));
}

TEST_F(Watch, AbsurdTimesAreHeldToADay) {
  const std::string path = kUrl + "?watch=1&resourceVersion=" + now() + "&timeoutSeconds=";
  for (const char* seconds : {"86401", "10000000000", "9223372036854775807"}) {
    const SteadyTime before = context_.now();
    auto stream = std::make_unique<OpenWatch>(watch(path + seconds));
    EXPECT_EQ(stream->status(), 200) << seconds;
    post(std::string(kConfigMaps), config_map(std::string("elsewhere-") + seconds));
    const std::string name = std::string("s") + seconds;
    make_service(name);
    EXPECT_THAT(stream->next_texts(1)[0], StartsWith("ADDED s")) << seconds;
    EXPECT_LT(context_.now() - before, std::chrono::seconds(1)) << seconds;
  }
  EXPECT_EQ(get(path + "99999999999999999999").status, 400);

  OpenWatch longest =
      watch(kUrl + "?watch=1&resourceVersion=" + now() + "&timeoutSeconds=9223372036854775807");
  pass(std::chrono::hours(24) - std::chrono::minutes(1));
  make_service("late");
  EXPECT_THAT(longest.next_texts(1)[0], StartsWith("ADDED late "));
  EXPECT_TRUE(longest.next().is_null());

  const SteadyTime before = context_.now();
  OpenWatch negative = watch(kUrl + "?watch=1&resourceVersion=" + now() + "&timeoutSeconds=-5");
  EXPECT_TRUE(negative.next().is_null());
  EXPECT_GE(context_.now() - before, std::chrono::minutes(30)) << "as if none was given";
}

TEST_F(Watch, PiecesStayBoundedAndLoseNothing) {
  constexpr int kCount = 20;
  constexpr std::size_t kObjectBytes = 100 * 1024;
  http::Request request;
  request.url = std::string(kConfigMaps) + "?watch=1&resourceVersion=" + now();
  http::Reply reply = run(server_->handle(std::move(request)));
  for (int i = 0; i < kCount; ++i) {
    const std::string value(kObjectBytes, 'x');
    ASSERT_EQ(post(std::string(kConfigMaps), config_map("c" + std::to_string(i), value)).status,
              201);
  }
  std::string all;
  while (std::count(all.begin(), all.end(), '\n') < kCount) {
    Result<std::optional<std::string>> piece = run(reply.stream->next());
    ASSERT_TRUE(piece && *piece);
    EXPECT_LT((*piece)->size(), 256 * 1024 + 2 * kObjectBytes);
    all += **piece;
  }
  std::size_t at = 0;
  for (int i = 0; i < kCount; ++i) {
    at = all.find("\"name\":\"c" + std::to_string(i) + "\"", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST_F(Watch, BookmarksTellHowFarItGot) {
  OpenWatch stream = watch(kUrl + "?watch=1&resourceVersion=" + now() +
                           "&allowWatchBookmarks=true&timeoutSeconds=150");
  post(std::string(kConfigMaps), config_map("elsewhere"));
  const std::string moved = now();
  const SteadyTime start = context_.now();
  const Json first = stream.next();
  EXPECT_EQ(
      first,
      Json::object(
          {{"type", "BOOKMARK"},
           {"object", Json::object({{"apiVersion", "clickdeploy.io/v1alpha1"},
                                    {"kind", "Service"},
                                    {"metadata", Json::object({{"resourceVersion", moved}})}})}}));
  EXPECT_GE(context_.now() - start, std::chrono::seconds(59));
  EXPECT_LE(context_.now() - start, std::chrono::seconds(61));

  post(std::string(kConfigMaps), config_map("again"));
  EXPECT_THAT(stream.next_texts(1), ElementsAre("BOOKMARK  " + now()));
  post(std::string(kConfigMaps), config_map("last"));
  EXPECT_THAT(stream.next_texts(1), ElementsAre("BOOKMARK  " + now()));
  EXPECT_LE(context_.now() - start, std::chrono::seconds(149)) << "shortly before the end";
  EXPECT_TRUE(stream.next().is_null());
}

TEST_F(Watch, HasNoBookmarksUnlessAllowed) {
  OpenWatch stream = watch(kUrl + "?watch=1&resourceVersion=" + now() + "&timeoutSeconds=150");
  post(std::string(kConfigMaps), config_map("elsewhere"));
  EXPECT_TRUE(stream.next().is_null());
}

TEST_F(Watch, InitialEventsEndWithABookmark) {
  make_service("a");
  OpenWatch stream = watch(kUrl +
                           "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                           "&allowWatchBookmarks=true");
  EXPECT_THAT(stream.next_texts(1), ElementsAre(StartsWith("ADDED a ")));
  const Json end = stream.next();
  EXPECT_EQ(end["type"].as_string(), "BOOKMARK");
  EXPECT_EQ(end["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"].as_string(),
            "true");
  EXPECT_EQ(end["object"]["metadata"]["resourceVersion"].as_string(), now());

  OpenWatch without =
      watch(kUrl + "?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan");
  make_service("b");
  EXPECT_THAT(without.next_texts(1), ElementsAre(StartsWith("ADDED b ")));
}

TEST_F(Watch, OptionsThatDoNotFitAreRefused) {
  EXPECT_EQ(get(kUrl + "?watch=1&resourceVersionMatch=NotOlderThan").message(),
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: "
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
  EXPECT_EQ(get(kUrl + "?watch=1&sendInitialEvents=true").message(),
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: "
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  EXPECT_EQ(get(kUrl + "?watch=1&resourceVersion=abc").status, 500);
  EXPECT_EQ(get(kUrl + "?watch=1", {{"Accept", "application/yaml"}}).status, 406);
}

TEST_F(Watch, FromAVersionThatIsGoneIsExpired) {
  open({}, 4);
  for (int i = 0; i < 8; ++i) {
    post(std::string(kConfigMaps), config_map("c" + std::to_string(i)));
  }
  OpenWatch stream = watch(kUrl + "?watch=1&resourceVersion=1");
  EXPECT_EQ(stream.status(), 200);
  const Json event = stream.next();
  EXPECT_EQ(event["type"].as_string(), "ERROR");
  EXPECT_EQ(event["object"]["code"].as_int(), 410);
  EXPECT_EQ(event["object"]["reason"].as_string(), "Expired");
  EXPECT_THAT(event["object"]["message"].as_string(), HasSubstr("too old resource version: 1 ("));
  EXPECT_TRUE(stream.next().is_null());
}

TEST_F(Watch, AReaderThatIsTooSlowIsToldSo) {
  open({}, 4);
  OpenWatch stream = watch(kUrl + "?watch=1&resourceVersion=" + now());
  for (int i = 0; i < 8; ++i) make_service("s" + std::to_string(i));
  Json event = stream.next();
  while (event["type"].as_string() == "ADDED") event = stream.next();
  EXPECT_EQ(event["object"]["code"].as_int(), 410);
}

TEST_F(Watch, FromAFutureVersionWaitsForIt) {
  const store::Revision future = store_->revision() + 2;
  OpenWatch stream = watch(kUrl + "?watch=1&resourceVersion=" + std::to_string(future));
  make_service("a");
  make_service("b");
  make_service("c");
  EXPECT_THAT(stream.next_texts(1), ElementsAre("ADDED c " + std::to_string(future + 1)));
}

TEST_F(Watch, TableHasItsColumnsInTheFirstEventOnly) {
  OpenWatch stream = watch(kUrl + "?watch=1&resourceVersion=" + now(), {{"Accept", kTable}});
  make_service("a");
  make_service("b");
  const Json first = stream.next()["object"];
  EXPECT_EQ(first["kind"].as_string(), "Table");
  EXPECT_TRUE(first["columnDefinitions"].is_array());
  EXPECT_EQ(first["rows"][0]["cells"][0].as_string(), "a");
  const Json second = stream.next()["object"];
  EXPECT_TRUE(second["columnDefinitions"].is_null());
  EXPECT_EQ(second["rows"][0]["cells"][0].as_string(), "b");
}

TEST_F(Watch, PartialMetadata) {
  OpenWatch stream =
      watch(kUrl + "?watch=1&resourceVersion=" + now(),
            {{"Accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}});
  make_service("a");
  const Json object = stream.next()["object"];
  EXPECT_EQ(object["kind"].as_string(), "PartialObjectMetadata");
  EXPECT_FALSE(object.contains("spec"));
}

TEST_F(Watch, OldPathIsAWatchToo) {
  make_service("a");
  make_service("b");
  OpenWatch stream =
      watch("/apis/clickdeploy.io/v1alpha1/watch/namespaces/default/services/b?timeoutSeconds=1");
  EXPECT_THAT(stream.next_texts(1), ElementsAre(StartsWith("ADDED b ")));
  EXPECT_TRUE(stream.next().is_null());
}

TEST_F(Watch, ThereIsAMostOfThem) {
  ApiServerOptions options;
  options.watches_max = 2;
  open(options);
  auto first = std::make_unique<OpenWatch>(watch(kUrl + "?watch=1"));
  OpenWatch second = watch(kUrl + "?watch=1");
  Answered refused = get(kUrl + "?watch=1");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  first.reset();
  EXPECT_EQ(watch(kUrl + "?watch=1").status(), 200);
}

}  // namespace
}  // namespace clickdeploy::apiserver
