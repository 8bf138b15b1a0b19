#include "controller/client/client.h"

#include "controller/client/typed_client.h"
#include "tests/client/scripted_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::client {
namespace {

using api::v1alpha1::Service;

const ResourcePath kNamespaces{"", "v1", "namespaces"};
const ResourcePath kServices = ResourcePath::of(Service::kGvk);

TEST(ResourcePathUrl, EscapesNames) {
  EXPECT_EQ(kServices.url("shop", "web", "status"),
            "/apis/clickdeploy.io/v1alpha1/namespaces/shop/services/web/status");
  EXPECT_EQ(kServices.url("", "", ""), "/apis/clickdeploy.io/v1alpha1/services");
  EXPECT_EQ(kNamespaces.url("", "a/../b?x=1#y", ""), "/api/v1/namespaces/a%2F..%2Fb%3Fx%3D1%23y");
  EXPECT_EQ(kServices.url("a/b", "c d", ""),
            "/apis/clickdeploy.io/v1alpha1/namespaces/a%2Fb/services/c%20d");
}

TEST(ErrorOfStatus, MapsEachStatus) {
  struct Row {
    int status;
    std::string reason;
    ErrorCode want;
  };
  for (const Row& row : {
           Row{400, "BadRequest", ErrorCode::InvalidArgument},
           Row{401, "Unauthorized", ErrorCode::Unauthenticated},
           Row{403, "Forbidden", ErrorCode::PermissionDenied},
           Row{404, "NotFound", ErrorCode::NotFound},
           Row{409, "AlreadyExists", ErrorCode::AlreadyExists},
           Row{409, "Conflict", ErrorCode::Conflict},
           Row{409, "", ErrorCode::Conflict},
           Row{410, "Expired", ErrorCode::Expired},
           Row{413, "", ErrorCode::ResourceExhausted},
           Row{415, "", ErrorCode::InvalidArgument},
           Row{422, "Invalid", ErrorCode::InvalidArgument},
           Row{429, "TooManyRequests", ErrorCode::ResourceExhausted},
           Row{500, "InternalError", ErrorCode::Unavailable},
           Row{503, "", ErrorCode::Unavailable},
           Row{504, "Timeout", ErrorCode::DeadlineExceeded},
       }) {
    SCOPED_TRACE(row.status);
    const Error error = error_of_status(row.status, status_body(row.status, row.reason, "words"));
    EXPECT_EQ(error.code(), row.want);
    EXPECT_EQ(error.message(), "words");
    EXPECT_EQ(error_of_status(row.status, Json()).message(),
              "the API answered " + std::to_string(row.status));
  }
}

TEST(Client, AbsenceIsNoErrorOfGet) {
  SimWorld world;
  ScriptedApi api(world);
  api.script = {ScriptedReply::json(404, status_body(404, "NotFound", "no such")),
                ScriptedReply::json(200, named("a", "1")), ScriptedReply{200, {{"<html>"}}},
                ScriptedReply{502, {{"<html>"}}}};
  const auto absent = world.run(api.client().get(kNamespaces, {"", "a"}));
  ASSERT_TRUE(absent);
  EXPECT_FALSE(absent->has_value());
  const auto present = world.run(api.client().get(kNamespaces, {"", "a"}));
  ASSERT_TRUE(present && present->has_value());
  EXPECT_EQ(**present, named("a", "1"));
  for (int i = 0; i < 2; ++i) {
    const auto page = world.run(api.client().get(kNamespaces, {"", "a"}));
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().code(), ErrorCode::Unavailable);
  }
}

Task<http::Reply> empty_object() {
  http::Reply reply;
  reply.response.status = 200;
  reply.response.body = "{}";
  co_return reply;
}

TEST(Client, MayDoWithoutManagedFields) {
  SimWorld world;
  std::vector<std::string> accepted;
  http::LocalHttpClient http;
  http.route("http://clickdeploy.local", [&accepted](const http::Request& request) {
    accepted.push_back(*http::find_header(request.headers, "Accept"));
    return empty_object();
  });
  Client whole(http, {});
  Client omitting(http, {.omit_managed_fields = true});
  ASSERT_TRUE(world.run(whole.get(kNamespaces, {"", "a"})));
  ASSERT_TRUE(world.run(omitting.get(kNamespaces, {"", "a"})));
  EXPECT_THAT(accepted,
              ::testing::ElementsAre("application/json", "application/json;managedFields=omit"));
}

TEST(Client, ListsAllPagesAndTellsTheKindOfEachItem) {
  SimWorld world;
  ScriptedApi api(world);
  api.script = {ScriptedReply::json(200, list_body({named("a", "1"), named("b", "2")}, "7", "n/1")),
                ScriptedReply::json(200, list_body({named("c", "3")}, "7"))};
  const Result<ObjectList> list =
      world.run(api.client().list(kNamespaces, "", {{"labelSelector", "a=b,c in (d)"}}));
  ASSERT_TRUE(list);
  EXPECT_EQ(list->items.size(), 3u);
  EXPECT_EQ(list->resource_version, "7");
  EXPECT_EQ(list->items[2]["kind"].as_string(), "Namespace");
  EXPECT_EQ(list->items[2]["apiVersion"].as_string(), "v1");
  EXPECT_EQ(api.targets(),
            (std::vector<std::string>{
                "GET /api/v1/namespaces?labelSelector=a%3Db%2Cc%20in%20%28d%29&limit=500",
                "GET /api/v1/namespaces?labelSelector=a%3Db%2Cc%20in%20%28d%29&limit=500&"
                "continue=n%2F1"}));
}

TEST(Client, AListThatFailsHalfWayIsNoList) {
  SimWorld world;
  ScriptedApi api(world);
  api.script = {ScriptedReply::json(200, list_body({named("a", "1")}, "7", "next")),
                ScriptedReply::json(410, status_body(410, "Expired", "too old"))};
  const Result<ObjectList> list = world.run(api.client().list(kNamespaces, ""));
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code(), ErrorCode::Expired);
}

TEST(Client, WritesSayWhoWrites) {
  SimWorld world;
  ScriptedApi api(world);
  api.handler = [](const ScriptedApi::Asked& asked) {
    return ScriptedReply::json(200, asked.body);
  };
  Json object = named("web", "5");
  object.member("metadata").set("namespace", "shop");
  ASSERT_TRUE(world.run(api.client().create(kServices, "shop", object)));
  ASSERT_TRUE(world.run(api.client().update(kServices, object)));
  ASSERT_TRUE(world.run(api.client().update_status(kServices, object)));
  ASSERT_TRUE(world.run(api.client().merge_patch(kServices, {"shop", "web"}, Json::object())));
  ASSERT_TRUE(world.run(api.client().remove(kServices, {"shop", "web"}, "uid-1")));
  const std::string base = "/apis/clickdeploy.io/v1alpha1/namespaces/shop/services";
  EXPECT_EQ(api.targets(),
            (std::vector<std::string>{"POST " + base + "?fieldManager=clickdeploy",
                                      "PUT " + base + "/web?fieldManager=clickdeploy",
                                      "PUT " + base + "/web/status?fieldManager=clickdeploy",
                                      "PATCH " + base + "/web?fieldManager=clickdeploy",
                                      "DELETE " + base + "/web"}));
  EXPECT_EQ(*http::find_header(api.asked[3].headers, "content-type"),
            "application/merge-patch+json");
  EXPECT_EQ(api.asked[4].body["preconditions"]["uid"].as_string(), "uid-1");
}

TEST(Client, RemovingWhatIsGoneIsASuccess) {
  SimWorld world;
  ScriptedApi api(world);
  api.script = {ScriptedReply::json(404, status_body(404, "NotFound", "gone")),
                ScriptedReply::json(409, status_body(409, "Conflict", "another uid"))};
  EXPECT_TRUE(world.run(api.client().remove(kServices, {"shop", "web"}, "")));
  const Result<void> other = world.run(api.client().remove(kServices, {"shop", "web"}, "uid-1"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), ErrorCode::Conflict);
}

// What a watch tells until it ends or fails: "ADDED a 1", …, then "end" or the error's code.
std::vector<std::string> watch_all(SimWorld& world, ScriptedApi& api) {
  auto stream = world.run(api.client().watch(kNamespaces, "", "1"));
  if (!stream) return {std::string(to_string(stream.error().code())) + " at once"};
  std::vector<std::string> seen;
  while (seen.size() < 100) {
    auto event = world.run((*stream)->next());
    if (!event) {
      seen.emplace_back(to_string(event.error().code()));
      break;
    }
    if (!event->has_value()) {
      seen.emplace_back("end");
      break;
    }
    const Json& metadata = (**event).object["metadata"];
    seen.push_back(std::to_string(static_cast<int>((**event).type)) + " " +
                   metadata["name"].as_string() + " " + metadata["resourceVersion"].as_string());
  }
  return seen;
}

TEST(Watch, LinesMayBeCutAtAnyByte) {
  const std::string text =
      event_line("ADDED", named("é", "1")) + "\n" + event_line("MODIFIED", named("a\nb", "2")) +
      event_line("BOOKMARK", named("", "3")) + event_line("DELETED", named("c", "4"));
  const std::vector<std::string> want{"0 é 1", "1 a\nb 2", "3  3", "2 c 4", "end"};
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    SimWorld world;
    ScriptedApi api(world);
    api.script = {ScriptedReply{200, {{text.substr(0, cut)}, {text.substr(cut)}}}};
    ASSERT_EQ(watch_all(world, api), want) << cut;
  }
  SimWorld world;
  ScriptedApi api(world);
  ScriptedReply bytes;
  for (char byte : text) bytes.pieces.push_back({std::string(1, byte)});
  api.script = {bytes};
  EXPECT_EQ(watch_all(world, api), want);
  EXPECT_EQ(api.targets().front(),
            "GET /api/v1/namespaces?watch=true&allowWatchBookmarks=true&resourceVersion=1");
}

// Nothing that a server took may end the lists of all its clients.
TEST(Client, ReadsWhateverAServerMayHaveTaken) {
  Json deep = Json::object();
  for (int level = 0; level < 70; ++level) deep = Json::object({{"f:a", deep}});
  Json large = Json::object();
  large.set("items", JsonArray(1'100'000, Json(1)));
  SimWorld world;
  ScriptedApi api(world);
  Json nested = named("a", "1");
  nested.set("spec", deep);
  Json padded = named("b", "2");
  padded.set("spec", large);
  api.script = {ScriptedReply::json(200, list_body({nested, padded}, "7")),
                ScriptedReply{200, {{event_line("ADDED", nested)}}}};
  const Result<ObjectList> list = world.run(api.client().list(kNamespaces, ""));
  ASSERT_TRUE(list) << list.error().message();
  EXPECT_EQ(list->items[1]["spec"]["items"].size(), 1'100'000u);
  EXPECT_EQ(watch_all(world, api), (std::vector<std::string>{"0 a 1", "end"}));
}

TEST(Watch, EndsWithTheErrorThatItsServerTells) {
  const std::string added = event_line("ADDED", named("a", "1"));
  struct Row {
    std::string name;
    ScriptedReply reply;
    std::vector<std::string> want;
  };
  const std::string gone = to_json(status_body(410, "Expired", "too old resource version"));
  for (const Row& row : {
           Row{"ErrorEvent",
               {200, {{added}, {event_line("ERROR", status_body(410, "Expired", "too old"))}}},
               {"0 a 1", "Expired"}},
           Row{"ConnectionLost", {200, {{added}, {"", {}, true}}}, {"0 a 1", "Unavailable"}},
           Row{"NotJson", {200, {{added + "<html>\n"}}}, {"0 a 1", "Unavailable"}},
           Row{"UnknownType", {200, {{event_line("SURPRISE", Json())}}}, {"Unavailable"}},
           Row{"HalfALineAtTheEnd", {200, {{added + added.substr(0, 9)}}}, {"0 a 1", "end"}},
           Row{"Refused", {410, {{gone}}}, {"Expired at once"}},
           Row{"RefusedWithoutABody", {403, {}}, {"PermissionDenied at once"}},
       }) {
    SCOPED_TRACE(row.name);
    SimWorld world;
    ScriptedApi api(world);
    api.script = {row.reply};
    EXPECT_EQ(watch_all(world, api), row.want);
  }
}

TEST(Watch, ARefusalMayComeInPieces) {
  SimWorld world;
  ScriptedApi api(world);
  const std::string body = to_json(status_body(409, "AlreadyExists", "the whole message"));
  api.script = {ScriptedReply{409, {{body.substr(0, 10)}, {body.substr(10)}}}};
  const auto stream = world.run(api.client().watch(kNamespaces, "", "1"));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error(), Error(ErrorCode::AlreadyExists, "the whole message"));
}

TEST(Watch, ALineWithoutEndIsNotKeptForEver) {
  SimWorld world;
  ScriptedApi api(world);
  ScriptedReply endless;
  for (int i = 0; i < 20; ++i) endless.pieces.push_back({std::string(1024 * 1024, 'x')});
  endless.stays_open = true;
  api.script = {endless};
  EXPECT_EQ(watch_all(world, api), (std::vector<std::string>{"Unavailable"}));
}

TEST(TypedClient, WhatIsWrittenIsRead) {
  SimWorld world;
  ScriptedApi api(world);
  Json stored;
  api.handler = [&stored](const ScriptedApi::Asked& asked) {
    if (asked.method != "GET") stored = asked.body;
    return ScriptedReply::json(200, stored);
  };
  TypedClient<Service> services(api.client());
  Service service;
  service.metadata.name = "web";
  service.metadata.namespace_name = "shop";
  service.spec.replicas = 7;
  service.spec.template_spec.flavors = {{"", "m1.small"}};
  service.status.revision = "abcd";
  const Result<Service> created = world.run(services.create(service));
  ASSERT_TRUE(created) << created.error().message();
  EXPECT_EQ(*created, service);
  const auto read = world.run(services.get({"shop", "web"}));
  ASSERT_TRUE(read && read->has_value());
  EXPECT_EQ(**read, service);
  stored.member("spec").set("replicas", "seven");
  const auto unreadable = world.run(services.get({"shop", "web"}));
  ASSERT_FALSE(unreadable);
  EXPECT_EQ(unreadable.error().code(), ErrorCode::InvalidArgument);
}

TEST(TypedClient, FinalizersComeAndGoWithoutTouchingThoseOfOthers) {
  SimWorld world;
  ScriptedApi api(world);
  api.handler = [](const ScriptedApi::Asked& asked) {
    Json stored = named("web", "6");
    stored.member("metadata").set("finalizers", asked.body["metadata"]["finalizers"]);
    return ScriptedReply::json(200, stored);
  };
  TypedClient<Service> services(api.client());
  api::ObjectMeta metadata;
  metadata.name = "web";
  metadata.namespace_name = "shop";
  metadata.resource_version = "5";
  metadata.finalizers = {"example.org/theirs"};
  const std::vector<std::string_view> ours{"clickdeploy.io/cloud", "clickdeploy.io/targets"};

  ASSERT_TRUE(world.run(services.add_finalizers(metadata, ours)));
  EXPECT_THAT(metadata.finalizers,
              ::testing::ElementsAre("example.org/theirs", "clickdeploy.io/cloud",
                                     "clickdeploy.io/targets"));
  EXPECT_EQ(api.asked.back().body["metadata"]["resourceVersion"].as_string(), "5");
  ASSERT_TRUE(world.run(services.add_finalizers(metadata, ours)));
  EXPECT_EQ(api.asked.size(), 1u) << "what is there already is not written again";

  metadata.namespace_name = "shop";
  ASSERT_TRUE(world.run(services.drop_finalizers(metadata, ours)));
  EXPECT_THAT(metadata.finalizers, ::testing::ElementsAre("example.org/theirs"));
  EXPECT_EQ(api.asked.back().body["metadata"]["resourceVersion"].as_string(), "6");
}

TEST(TypedClient, AFinalizerOfWhatIsGoneIsOffButCannotBePutOn) {
  SimWorld world;
  ScriptedApi api(world);
  api.handler = [](const ScriptedApi::Asked&) {
    return ScriptedReply::json(404, status_body(404, "NotFound", "no such service"));
  };
  TypedClient<Service> services(api.client());
  api::ObjectMeta metadata;
  metadata.name = "web";
  metadata.namespace_name = "shop";
  metadata.finalizers = {"clickdeploy.io/cloud"};
  EXPECT_TRUE(world.run(services.drop_finalizers(metadata, {"clickdeploy.io/cloud"})));
  const auto added = world.run(services.add_finalizers(metadata, {"clickdeploy.io/targets"}));
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code(), ErrorCode::NotFound);
}

}  // namespace
}  // namespace clickdeploy::client
