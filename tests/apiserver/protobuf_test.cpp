// Bodies in protobuf: what Go clients send for the kinds of Kubernetes' own.

#include "controller/base/protobuf.h"

#include "controller/apiserver/protobuf_internal.h"
#include "controller/base/text.h"
#include "tests/apiserver/server_fixture.h"

#include <gmock/gmock.h>

#include <random>

namespace clickdeploy::apiserver {
namespace {

using ::testing::HasSubstr;
using namespace std::literals;

constexpr std::string_view kAccessReviews =
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
// As kubectl 1.32 sends it: every text of the metadata is there, and empty.
constexpr std::string_view kEmptyMetadata =
    "\x0a\x10\x0a\x00\x12\x00\x1a\x00\x22\x00\x2a\x00\x32\x00\x38\x00\x42\x00"sv;

std::string envelope(std::string_view api_version, std::string_view kind, std::string_view raw) {
  ProtoWriter type;
  type.add_bytes(1, api_version);
  type.add_bytes(2, kind);
  ProtoWriter unknown;
  unknown.add_message(1, type);
  unknown.add_bytes(2, raw);
  unknown.add_bytes(3, "");
  unknown.add_bytes(4, "");
  return std::string("k8s\0", 4) + unknown.bytes();
}

class Protobuf : public ServerTest {
 protected:
  Answered send_protobuf(const std::string& method, std::string_view url, std::string body) {
    http::Request request;
    request.method = method;
    request.url = url;
    request.headers = {{"Content-Type", std::string(kProtobufMediaType)},
                       {"Accept", "application/vnd.kubernetes.protobuf,application/json"}};
    request.body = std::move(body);
    return send(std::move(request));
  }
  Answered post_protobuf(std::string_view url, const Json& object) {
    Result<std::string> body = encode_proto_body(object);
    EXPECT_TRUE(body.has_value());
    return send_protobuf("POST", url, *body);
  }
};

Json core(const char* kind, const char* name) {
  return Json::object(
      {{"apiVersion", "v1"}, {"kind", kind}, {"metadata", Json::object({{"name", name}})}});
}

TEST_F(Protobuf, ReadsAnAccessReviewOfKubectl) {
  const std::string attributes =
      "\x0a\x31\x0a\x07"
      "default\x12\x06"
      "create\x1a\x0e"
      "clickdeploy.io\x22"s +
      "\0\x2a\x08services\x32\0\x3a\0"s;
  std::string raw(kEmptyMetadata);
  raw += "\x12\x33" + attributes + "\x1a\x08\x08\0\x12\0\x1a\0\x20\0"s;
  ASSERT_EQ(raw.size(), 81U);
  Answered answered = send_protobuf(
      "POST", kAccessReviews, envelope("authorization.k8s.io/v1", "SelfSubjectAccessReview", raw));
  ASSERT_EQ(answered.status, 201) << answered.text;
  EXPECT_TRUE(answered.body["status"]["allowed"].as_bool());
  EXPECT_EQ(answered.body["spec"]["resourceAttributes"], Json::object({{"namespace", "default"},
                                                                       {"verb", "create"},
                                                                       {"group", "clickdeploy.io"},
                                                                       {"resource", "services"}}));
}

TEST_F(Protobuf, CreatesCoreKinds) {
  EXPECT_EQ(post_protobuf("/api/v1/namespaces", core("Namespace", "team")).status, 201);
  Json secret = core("Secret", "s");
  secret.set("data", Json::object({{"password", base64_encode("\x01\xff geheim")}}));
  secret.set("stringData", Json::object({{"user", "me"}}));
  Answered stored = post_protobuf("/api/v1/namespaces/team/secrets", secret);
  ASSERT_EQ(stored.status, 201) << stored.text;
  EXPECT_EQ(base64_decode(stored.body["data"]["password"].as_string()), "\x01\xff geheim");
  EXPECT_EQ(base64_decode(stored.body["data"]["user"].as_string()), "me");
  EXPECT_EQ(stored.body["type"].as_string(), "Opaque");

  Json map = core("ConfigMap", "c");
  map.set("data", Json::object({{"b", "2"}, {"a", ""}}));
  map.set("immutable", false);
  map.member("metadata").set("labels", Json::object({{"x", "y"}}));
  Answered config = post_protobuf("/api/v1/namespaces/team/configmaps", map);
  ASSERT_EQ(config.status, 201) << config.text;
  EXPECT_EQ(config.body["data"], map["data"]);
  EXPECT_EQ(config.body["metadata"]["labels"], map["metadata"]["labels"]);
  EXPECT_TRUE(config.body["immutable"].is_bool());
}

TEST_F(Protobuf, DeletesWithOptions) {
  post(std::string(kConfigMaps), config_map("c"));
  const Json wrong = Json::object({{"apiVersion", "v1"},
                                   {"kind", "DeleteOptions"},
                                   {"preconditions", Json::object({{"uid", "someone-else"}})},
                                   {"propagationPolicy", "Background"}});
  const std::string url = std::string(kConfigMaps) + "/c";
  EXPECT_EQ(send_protobuf("DELETE", url, *encode_proto_body(wrong)).status, 409);
  Json right = wrong;
  right.erase("preconditions");
  EXPECT_EQ(send_protobuf("DELETE", url, *encode_proto_body(right)).status, 200);
  EXPECT_EQ(get(url).status, 404);
}

TEST_F(Protobuf, AnswersInItWhereTheClientTakesNothingElse) {
  Json map = config_map("c", "1");
  post(std::string(kConfigMaps), map);
  const http::Headers only = {{"Accept", std::string(kProtobufMediaType)}};
  Answered one = get(std::string(kConfigMaps) + "/c", only);
  EXPECT_EQ(one.header("Content-Type"), kProtobufMediaType);
  Json plain = get(std::string(kConfigMaps) + "/c").body;
  EXPECT_EQ(*decode_proto_body(one.text), plain);
  Answered list = get(std::string(kConfigMaps), only);
  const Json items = *decode_proto_body(list.text);
  EXPECT_EQ(items["kind"].as_string(), "ConfigMapList");
  EXPECT_EQ(items["items"][0]["data"], plain["data"]);
  Answered missing = get(std::string(kConfigMaps) + "/nope", only);
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ((*decode_proto_body(missing.text))["reason"].as_string(), "NotFound");

  make_service("web");
  EXPECT_EQ(get(std::string(kServices) + "/web", only).status, 406);
  Answered either = get(std::string(kConfigMaps) + "/c",
                        {{"Accept", "application/vnd.kubernetes.protobuf, */*"}});
  EXPECT_EQ(either.header("Content-Type"), "application/json");
}

// The events in frames: {"type", "object"} each.
std::vector<Json> events_in(std::string_view frames) {
  std::vector<Json> events;
  while (frames.size() >= 4) {
    std::size_t size = 0;
    for (const char byte : frames.substr(0, 4)) size = size << 8 | static_cast<unsigned char>(byte);
    ProtoReader message(frames.substr(4, size));
    const std::string type((*message.next())->bytes);
    ProtoReader object((*message.next())->bytes);
    const std::string_view raw = (*object.next())->bytes;
    events.push_back(Json::object({{"type", type}, {"object", *decode_proto_body(raw)}}));
    frames.remove_prefix(4 + size);
  }
  EXPECT_TRUE(frames.empty());
  return events;
}

TEST_F(Protobuf, AWatchSendsFramesToWhomTakesNothingElse) {
  for (const char* accept : {"application/vnd.kubernetes.protobuf",
                             "application/vnd.kubernetes.protobuf;stream=watch"}) {
    remove(std::string(kConfigMaps) + "/c");
    http::Request request;
    request.method = "GET";
    request.url = std::string(kConfigMaps) +
                  "?watch=true&allowWatchBookmarks=true&sendInitialEvents=true"
                  "&resourceVersionMatch=NotOlderThan&timeoutSeconds=60";
    request.headers = {{"Accept", accept}};
    const std::string first = post(std::string(kConfigMaps), config_map("c", "1")).revision();
    http::Reply reply = run(server_->handle(std::move(request)));
    ASSERT_NE(reply.stream, nullptr) << accept;
    EXPECT_EQ(*http::find_header(reply.response.headers, "Content-Type"),
              "application/vnd.kubernetes.protobuf;stream=watch");
    std::vector<Json> events = events_in(**run(reply.stream->next()));
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0], Json::object({{"type", "ADDED"},
                                       {"object", get(std::string(kConfigMaps) + "/c").body}}));
    EXPECT_EQ(events[1]["type"].as_string(), "BOOKMARK");
    EXPECT_EQ(events[1]["object"]["metadata"]["resourceVersion"].as_string(), first);

    merge(std::string(kConfigMaps) + "/c", Json::object({{"data", Json::object({{"a", "2"}})}}));
    events = events_in(**run(reply.stream->next()));
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0]["type"].as_string(), "MODIFIED");
    EXPECT_EQ(events[0]["object"]["data"]["a"].as_string(), "2");
  }
}

TEST_F(Protobuf, AWatchOfWhatHasNoFormIsRefused) {
  const http::Headers only = {{"Accept", "application/vnd.kubernetes.protobuf"}};
  const Answered refused = get(std::string(kServices) + "?watch=true", only);
  EXPECT_EQ(refused.status, 406);
  EXPECT_EQ(refused.message(),
            "only the following media types are accepted: application/json;stream=watch, "
            "application/vnd.kubernetes.protobuf;stream=watch");
}

TEST_F(Protobuf, KindsOfOursHaveNoForm) {
  Answered refused = send_protobuf("POST", kServices, envelope("v1", "Secret", ""));
  EXPECT_EQ(refused.status, 415);
  Answered other = send_protobuf("POST", kSecrets, envelope("v1", "ConfigMap", ""));
  EXPECT_EQ(other.status, 422);
}

TEST_F(Protobuf, BadBytesAreABadRequestAndNoMore) {
  const std::string body = *encode_proto_body(config_map("c", "value"));
  // The last four bytes are two empty fields.
  for (std::size_t size = 0; size < body.size() - 4; ++size) {
    const int status = send_protobuf("POST", kConfigMaps, body.substr(0, size)).status;
    EXPECT_TRUE(status == 400 || status == 422) << size;
  }
  Answered text = send_protobuf("POST", kConfigMaps, "{}");
  EXPECT_EQ(text.status, 400);
  EXPECT_THAT(text.message(), HasSubstr("does not begin with k8s"));
  ProtoWriter metadata;
  metadata.add_bytes(1, "\xff\xfe");
  ProtoWriter raw;
  raw.add_message(1, metadata);
  EXPECT_THAT(
      send_protobuf("POST", kConfigMaps, envelope("v1", "ConfigMap", raw.bytes())).message(),
      HasSubstr("not UTF-8"));
  ProtoWriter many;
  for (std::size_t i = 0; i <= kProtoValuesMax; ++i) many.add_bytes(14, "");
  ProtoWriter crowded;
  crowded.add_message(1, many);
  EXPECT_THAT(
      send_protobuf("POST", kConfigMaps, envelope("v1", "ConfigMap", crowded.bytes())).message(),
      HasSubstr("too many values"));
}

TEST(ProtobufBodies, DecodingEndsOnAnyBytes) {
  const std::string good = *encode_proto_body(
      Json::object({{"apiVersion", "v1"},
                    {"kind", "Event"},
                    {"metadata", Json::object({{"name", "e"},
                                               {"creationTimestamp", "2026-11-22T00:00:00Z"},
                                               {"finalizers", Json::array({"a/b"})}})},
                    {"eventTime", "2026-11-22T00:00:00.123456Z"},
                    {"involvedObject", Json::object({{"name", "web"}})},
                    {"count", 3}}));
  EXPECT_EQ((*decode_proto_body(good))["eventTime"].as_string(), "2026-11-22T00:00:00.123456Z");
  EXPECT_EQ((*decode_proto_body(good))["count"].as_int(), 3);
  std::mt19937 random(11);
  int read = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string bytes = good;
    for (unsigned i = 0; i <= random() % 3; ++i) {
      bytes[4 + random() % (bytes.size() - 4)] = static_cast<char>(random());
    }
    if (decode_proto_body(bytes)) ++read;
  }
  EXPECT_GT(read, 0);
}

}  // namespace
}  // namespace clickdeploy::apiserver
