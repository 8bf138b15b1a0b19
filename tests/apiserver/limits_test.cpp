// What is accepted can be read again by everybody: by the server itself after a restart, by lists,
// watches and views.

#include "controller/apiserver/json_extent_internal.h"
#include "controller/apiserver/managed_fields_internal.h"
#include "controller/apiserver/protobuf_internal.h"
#include "controller/base/text.h"
#include "tests/apiserver/server_fixture.h"

#include <gmock/gmock.h>

namespace clickdeploy::apiserver {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kEventsView = "/apis/events.k8s.io/v1/namespaces/default/events";

Json nested_fields(std::size_t depth) {
  Json fields = Json::object();
  for (std::size_t level = 1; level < depth; ++level) {
    Json parent = Json::object();
    parent.set("f:a", std::move(fields));
    fields = std::move(parent);
  }
  return fields;
}

Json entry(const std::string& manager, const std::string& version, Json fields) {
  return Json::object({{"manager", manager},
                       {"operation", "Apply"},
                       {"apiVersion", version},
                       {"fieldsType", "FieldsV1"},
                       {"fieldsV1", std::move(fields)}});
}

Json owned(Json object, Json fields) {
  Json managed = Json::array({entry("a", object["apiVersion"].as_string(), std::move(fields))});
  object.member("metadata").set("managedFields", std::move(managed));
  return object;
}

Json event() {
  const Json metadata = Json::object({{"name", "e"}, {"namespace", "default"}});
  const Json about = Json::object({{"kind", "Service"}, {"name", "web"}, {"namespace", "default"}});
  return Json::object({{"apiVersion", "v1"},
                       {"kind", "Event"},
                       {"metadata", metadata},
                       {"involvedObject", about},
                       {"reason", "Tested"},
                       {"type", "Normal"}});
}

class Limits : public ServerTest {
 protected:
  Answered post_protobuf(std::string_view url, const Json& object) {
    http::Request request;
    request.method = "POST";
    request.url = url;
    request.headers = {{"Content-Type", std::string(kProtobufMediaType)}};
    request.body = encode_proto_body(object).value();
    return send(std::move(request));
  }

  // The deepest fieldsV1 that a POST of `object` may have; it is stored then.
  std::size_t store_deepest(const std::string& url, const Json& object) {
    for (std::size_t depth = 64; depth > 0; --depth) {
      const Answered stored = post(url, owned(object, nested_fields(depth)));
      if (stored.status == 201) return depth;
      EXPECT_EQ(stored.status, 400) << stored.text;
    }
    return 0;
  }
};

TEST_F(Limits, AProtobufBodyCannotNestDeeperThanTheStoreIsRead) {
  for (const std::size_t depth : {20u, 33u, 60u, 64u}) {
    Json map = config_map("c" + std::to_string(depth));
    const Answered answered =
        post_protobuf(kConfigMaps, owned(std::move(map), nested_fields(depth)));
    EXPECT_EQ(answered.status, depth <= kFieldsV1DepthMax ? 201 : 400) << answered.text;
  }
  EXPECT_EQ(get(std::string(kConfigMaps) + "/c20").status, 200);
  close();
  open();
  EXPECT_EQ(get(std::string(kConfigMaps)).body["items"].size(), 1u);
}

TEST_F(Limits, TheValuesOfFieldsInAProtobufBodyCountWithAllOthers) {
  Json fields = Json::object();
  for (std::size_t i = 0; i < kProtoValuesMax / 2; ++i) {
    fields.member("f:x").push_back(Json::object());
  }
  Json map = owned(config_map("c"), fields);
  map.member("metadata").member("managedFields").push_back(entry("b", "v1", fields));
  map.member("metadata").member("managedFields").push_back(entry("c", "v1", fields));
  EXPECT_EQ(decode_proto_body(encode_proto_body(map).value()).error().code(),
            ErrorCode::InvalidArgument);
}

TEST_F(Limits, TheDeepestObjectIsReadByEveryUsualReader) {
  const std::size_t depth = store_deepest(std::string(kConfigMaps), config_map("c"));
  EXPECT_GT(depth, 40u);
  // These are parsed with the usual limits.
  OpenWatch changes = watch(std::string(kConfigMaps) + "?watch=true");
  const Json added = changes.next();
  EXPECT_EQ(added["type"].as_string(), "ADDED");
  EXPECT_GE(extent_of(added).depth, depth + 5);
  EXPECT_EQ(get(std::string(kConfigMaps)).body["items"].size(), 1u);
  // What is refused on one way is refused on all.
  const std::string url = std::string(kConfigMaps) + "/c";
  const Json deeper = owned(config_map("c"), nested_fields(depth + 1));
  EXPECT_EQ(put(url, deeper).status, 400);
  EXPECT_EQ(merge(url, deeper).status, 400);
  EXPECT_THAT(put(url, deeper).message(), HasSubstr("nested deeper than 60 levels"));
}

TEST_F(Limits, TheDeepestEventIsShownByTheOtherViewToo) {
  store_deepest("/api/v1/namespaces/default/events", event());
  const std::string url(kEventsView);
  EXPECT_EQ(get(url).body["items"][0]["regarding"]["name"].as_string(), "web");
  EXPECT_EQ(get(url).body["apiVersion"].as_string(), "events.k8s.io/v1");
  OpenWatch changes = watch(url + "?watch=true");
  EXPECT_EQ(changes.next()["object"]["regarding"]["name"].as_string(), "web");
}

Json many_texts(std::size_t count) {
  JsonArray texts;
  for (std::size_t i = count; i > 0; --i) texts.emplace_back("example.com/f" + std::to_string(i));
  return texts;
}

Json many_owners(std::size_t count) {
  JsonArray owners;
  for (std::size_t i = 0; i < count; ++i) {
    owners.push_back(Json::object(
        {{"apiVersion", "v1"}, {"kind", "Secret"}, {"name", "s"}, {"uid", std::to_string(i)}}));
  }
  return owners;
}

Json many_entries(std::size_t count) {
  JsonArray entries;
  const Json fields = Json::object({{"f:data", Json::object({{"f:key", Json::object()}})}});
  for (std::size_t i = 0; i < count; ++i) {
    entries.push_back(entry("m" + std::to_string(i), "v1", fields));
  }
  return entries;
}

TEST_F(Limits, ListsOfTheMetadataHaveAnEnd) {
  struct Case {
    const char* field;
    Json (*make)(std::size_t);
    std::size_t most;
  };
  for (const auto& [field, make, most] : {Case{"finalizers", many_texts, kFinalizersMax},
                                          Case{"ownerReferences", many_owners, kOwnerReferencesMax},
                                          Case{"managedFields", many_entries, kManagedFieldsMax}}) {
    SCOPED_TRACE(field);
    const std::string name = to_lower(field);
    const std::string url = std::string(kConfigMaps) + "/" + name;
    const auto with = [&](std::size_t count) {
      Json map = config_map(name);
      map.member("metadata").set(field, make(count));
      return map;
    };
    EXPECT_EQ(post(std::string(kConfigMaps), with(20'000)).status, 422);
    EXPECT_EQ(post(std::string(kConfigMaps), with(most)).status, 201);
    const Answered refused = put(url, with(most + 1));
    EXPECT_EQ(refused.status, 422);
    EXPECT_THAT(refused.message(), HasSubstr("metadata." + std::string(field) +
                                             ": Too many: " + std::to_string(most + 1) +
                                             ": must have at most " + std::to_string(most)));
    EXPECT_EQ(merge(url, with(most + 1)).status, 422);
    if (std::string_view(field) == "managedFields") continue;
    Answered applied =
        patch(url + "?fieldManager=a&force=true", "apply-patch+yaml", to_json(with(most + 1)));
    EXPECT_EQ(applied.status, 422) << applied.text;
  }
}

// Two appliers share a list that grows with both.
TEST_F(Limits, AppliedListsEndTogether) {
  const std::string url = std::string(kConfigMaps) + "/c";
  const auto apply = [&](const std::string& manager, Json finalizers) {
    Json map = config_map("c");
    map.member("metadata").set("finalizers", std::move(finalizers));
    return patch(url + "?fieldManager=" + manager, "apply-patch+yaml", to_json(map)).status;
  };
  EXPECT_EQ(apply("a", many_texts(kFinalizersMax)), 201);
  EXPECT_EQ(apply("b", Json::array({"example.com/other"})), 422);
  EXPECT_EQ(apply("b", Json::array({"example.com/f1"})), 200);
}

TEST_F(Limits, ManagedFieldsThatNoObjectHasAreRefused) {
  Json fields = Json::object();
  for (std::size_t i = 0; i < kManagedFieldsValuesMax; ++i) {
    fields.set("f:k" + std::to_string(100'000 + i), Json::object());
  }
  const Answered refused = post(std::string(kConfigMaps), owned(config_map("c"), fields));
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.message(), HasSubstr("metadata.managedFields: Too many"));
  // What an object really has may be more, and comes back unharmed.
  Json map = config_map("large");
  for (const auto& [key, unused] : fields.as_object()) map.member("data").set(key.substr(2), "");
  const Answered stored = post(std::string(kConfigMaps), map);
  ASSERT_EQ(stored.status, 201) << stored.message();
  Json again = stored.body;
  again.member("data").set("more", "");
  EXPECT_EQ(put(std::string(kConfigMaps) + "/large", again).status, 200);
}

// Keys fall between each other, and from the last to the first: no step may cost a walk over all.
TEST(FieldSets, LargeOnesAreBuiltInAnyOrder) {
  FieldNodes nodes;
  constexpr std::size_t kCount = 300'000;
  for (std::size_t i = kCount; i > 0; --i) {
    add_node(nodes, field_key(std::to_string(1'000'000 + i)), true, Json::object());
  }
  const FieldSet set = make_set(std::move(nodes));
  ASSERT_EQ(set.size(), kCount);
  const std::optional<FieldSet> read = read_field_set(set);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, set);
  const FieldSet few = Json::object({{"f:1000007", Json::object()}});
  EXPECT_TRUE(has_common(set, few));
  EXPECT_TRUE(has_common(few, set));
  EXPECT_FALSE(has_common(set, Json::object({{"f:x", Json::object()}})));
}

}  // namespace
}  // namespace clickdeploy::apiserver
