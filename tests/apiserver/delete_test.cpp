#include "tests/apiserver/server_fixture.h"

#include <gmock/gmock.h>

namespace clickdeploy::apiserver {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;

const std::string kUrl(kServices);

Json finalizers(std::initializer_list<Json> names) {
  return Json::object({{"finalizers", Json::array(names)}});
}

Json propagation(const char* policy) {
  return Json::object({{"propagationPolicy", policy}});
}

class Delete : public ServerTest {
 protected:
  static Json owned_by(const Json& owner, bool block = false) {
    Json reference = Json::object({{"apiVersion", owner["apiVersion"]},
                                   {"kind", owner["kind"]},
                                   {"name", owner["metadata"]["name"]},
                                   {"uid", owner["metadata"]["uid"]}});
    if (block) reference.set("blockOwnerDeletion", true);
    return Json::object({{"ownerReferences", Json::array({std::move(reference)})}});
  }
  bool exists(const std::string& name) { return get(kUrl + "/" + name).status == 200; }
  void release(const std::string& name) {
    merge(kUrl + "/" + name, Json::object({{"metadata", Json::object({{"finalizers", nullptr}})}}));
  }
};

TEST_F(Delete, RemovesAtOnceWhatNothingHolds) {
  const Json object = make_service("web");
  Answered gone = remove(kUrl + "/web", propagation("Background"));
  EXPECT_EQ(gone.status, 200);
  EXPECT_EQ(gone.body,
            Json::object({{"kind", "Status"},
                          {"apiVersion", "v1"},
                          {"metadata", Json::object()},
                          {"status", "Success"},
                          {"details", Json::object({{"name", "web"},
                                                    {"group", "clickdeploy.io"},
                                                    {"kind", "services"},
                                                    {"uid", object["metadata"]["uid"]}})}}));
  EXPECT_FALSE(exists("web"));
  Answered again = remove(kUrl + "/web");
  EXPECT_EQ(again.status, 404);
  EXPECT_EQ(again.message(), "services.clickdeploy.io \"web\" not found");
}

TEST_F(Delete, FinalizersHoldAnObjectUntilTheLastIsGone) {
  make_service("web", finalizers({"a.io/x", "a.io/y"}));
  OpenWatch stream = watch(kUrl + "?watch=1&resourceVersion=" + std::to_string(store_->revision()));
  Answered held = remove(kUrl + "/web");
  EXPECT_EQ(held.status, 200);
  EXPECT_EQ(held.body["kind"].as_string(), "Service");
  EXPECT_THAT(held.body["metadata"]["deletionTimestamp"].as_string(), StartsWith("2026-11-22T"));
  EXPECT_EQ(held.body["metadata"]["deletionGracePeriodSeconds"].as_int(-1), 0);
  EXPECT_EQ(held.body["metadata"]["generation"].as_int(), 2);

  const store::Revision before = store_->revision();
  EXPECT_EQ(remove(kUrl + "/web").body, held.body) << "a further delete changes nothing";
  EXPECT_EQ(store_->revision(), before);

  Answered taken = post(kUrl, service("web"));
  EXPECT_EQ(taken.status, 409);
  EXPECT_EQ(taken.message(),
            "object is being deleted: services.clickdeploy.io \"web\" already exists");
  Answered more = merge(kUrl + "/web",
                        Json::object({{"metadata", finalizers({"a.io/x", "a.io/y", "a.io/z"})}}));
  EXPECT_EQ(more.status, 422);
  EXPECT_THAT(more.message(),
              HasSubstr("metadata.finalizers: Forbidden: no new finalizers can be added if the "
                        "object is being deleted, found new finalizers []string{\"a.io/z\"}"));
  Answered cleared = merge(
      kUrl + "/web", Json::object({{"metadata", Json::object({{"deletionTimestamp", nullptr}})}}));
  EXPECT_TRUE(cleared.body["metadata"].contains("deletionTimestamp"));

  Answered one = merge(kUrl + "/web", Json::object({{"metadata", finalizers({"a.io/y"})}}));
  EXPECT_EQ(one.status, 200);
  Answered last = merge(kUrl + "/web", Json::object({{"metadata", finalizers({})}}));
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(last.body["kind"].as_string(), "Service");
  EXPECT_FALSE(exists("web"));
  EXPECT_EQ(stream.next()["type"].as_string(), "MODIFIED");
  EXPECT_EQ(stream.next()["type"].as_string(), "MODIFIED");
  const Json end = stream.next();
  EXPECT_EQ(end["type"].as_string(), "DELETED");
  EXPECT_EQ(end["object"]["metadata"]["resourceVersion"].as_string(),
            std::to_string(store_->revision()));
}

TEST_F(Delete, PreconditionsAreChecked) {
  const Json object = make_service("dc");
  const std::string uid = object["metadata"]["uid"].as_string();
  const std::string version = object["metadata"]["resourceVersion"].as_string();
  auto when = [](const char* field, const std::string& value) {
    return Json::object({{"preconditions", Json::object({{field, value}})}});
  };
  Answered other = remove(kUrl + "/dc", when("uid", "other"));
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(other.message(),
            "Operation cannot be fulfilled on Service.clickdeploy.io \"dc\": the UID in the "
            "precondition (other) does not match the UID in record (" +
                uid + "). The object might have been deleted and then recreated");
  EXPECT_EQ(other.body["details"]["kind"].as_string(), "Service");
  Answered older = remove(kUrl + "/dc", when("resourceVersion", "1"));
  EXPECT_EQ(
      older.message(),
      "Operation cannot be fulfilled on Service.clickdeploy.io \"dc\": the ResourceVersion in "
      "the precondition (1) does not match the ResourceVersion in record (" +
          version + "). The object might have been modified");
  EXPECT_EQ(remove(kUrl + "/dc", when("uid", uid)).status, 200);
}

TEST_F(Delete, TheQueryMaySayWhatABodyWould) {
  const Json object = make_service("dc");
  EXPECT_EQ(remove(kUrl + "/dc?uid=other").status, 409);
  EXPECT_EQ(remove(kUrl + "/dc?resourceVersion=1").status, 409);
  EXPECT_EQ(remove(kUrl + "/dc?gracePeriodSeconds=abc").status, 400);
  EXPECT_EQ(remove(kUrl + "/dc?dryRun=All&orphanDependents=true").body["metadata"]["finalizers"],
            Json::array({"orphan"}));
  EXPECT_TRUE(exists("dc"));
  EXPECT_EQ(
      remove(kUrl + "/dc?gracePeriodSeconds=0&uid=" + object["metadata"]["uid"].as_string()).status,
      200);
  EXPECT_FALSE(exists("dc"));
}

TEST_F(Delete, RefusesBadOptions) {
  make_service("web");
  Answered both = remove(
      kUrl + "/web", *parse_json(R"({"propagationPolicy":"Foreground","orphanDependents":true})"));
  EXPECT_EQ(both.status, 422);
  EXPECT_EQ(both.message(),
            "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: "
            "\"Foreground\": orphanDependents and deletionPropagation cannot be both set");
  Answered policy = remove(kUrl + "/web", propagation("Bogus"));
  EXPECT_EQ(policy.status, 422);
  EXPECT_EQ(policy.message(),
            "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: "
            "\"Bogus\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"");
  EXPECT_EQ(remove(kUrl + "/web?dryRun=x").status, 422);
  EXPECT_TRUE(exists("web"));
}

TEST_F(Delete, OptionsOfTheWrongTypeDeleteNothing) {
  make_service("web");
  for (const char* text :
       {R"({"dryRun":"All"})", R"({"dryRun":true})", R"({"dryRun":[true]})",
        R"({"preconditions":"x"})", R"({"preconditions":{"uid":5}})",
        R"({"preconditions":{"resourceVersion":12}})", R"({"orphanDependents":"true"})",
        R"({"propagationPolicy":["Orphan"]})", R"({"gracePeriodSeconds":"0"})",
        R"({"gracePeriodSeconds":0.5})", R"({"kind":{}})"}) {
    Answered refused = remove(kUrl + "/web", *parse_json(text));
    EXPECT_EQ(refused.status, 400) << text;
    EXPECT_EQ(refused.body["reason"].as_string(), "BadRequest");
    EXPECT_EQ(remove(kUrl, *parse_json(text)).status, 400) << text;
  }
  EXPECT_EQ(remove(kUrl + "/web", *parse_json(R"({"dryRun":"All"})")).message(),
            "DeleteOptions in version \"v1\" cannot be handled as a DeleteOptions: json: cannot "
            "unmarshal string into Go struct field DeleteOptions.dryRun of type []string");
  EXPECT_TRUE(exists("web"));
}

TEST_F(Delete, NullOptionsAreNone) {
  make_service("web");
  const char* text =
      R"({"kind":null,"dryRun":null,"gracePeriodSeconds":null,"orphanDependents":null,
                         "propagationPolicy":null,"preconditions":{"uid":null}})";
  EXPECT_EQ(remove(kUrl + "/web", *parse_json(text)).status, 200);
  EXPECT_FALSE(exists("web"));
}

TEST_F(Delete, ReadsItsOptionsFromYaml) {
  make_service("web");
  auto remove_with = [this](const std::string& body) {
    http::Request request;
    request.method = "DELETE";
    request.url = kUrl + "/web";
    request.headers = {{"Content-Type", "application/yaml"}};
    request.body = body;
    return send(std::move(request));
  };
  EXPECT_EQ(remove_with("dryRun: [All]\n").status, 200);
  EXPECT_EQ(remove_with("dryRun: All\n").status, 400);
  EXPECT_EQ(remove_with("preconditions: {uid: other}\n").status, 409);
  EXPECT_GE(remove_with("a: b: c\n").status, 400);
  EXPECT_TRUE(exists("web"));
  EXPECT_EQ(remove_with("gracePeriodSeconds: 0\n").status, 200);
  EXPECT_FALSE(exists("web"));
}

TEST_F(Delete, CollectionDeletesWhatIsSelected) {
  make_service("a", Json::object({{"labels", Json::object({{"l", "x"}})}}));
  make_service("b", Json::object({{"labels", Json::object({{"l", "x"}})}}));
  make_service("c");
  Answered list = remove(kUrl + "?labelSelector=l%3Dx");
  EXPECT_EQ(list.status, 200);
  EXPECT_EQ(list.body["kind"].as_string(), "ServiceList");
  EXPECT_EQ(list.body["items"].size(), 2u);
  EXPECT_FALSE(exists("a"));
  EXPECT_FALSE(exists("b"));
  EXPECT_TRUE(exists("c"));
}

TEST_F(Delete, WhatLostItsLastOwnerIsDeleted) {
  start_background();
  const Json owner = make_service("owner");
  const Json other = make_service("other");
  make_service("child", owned_by(owner));
  Json both = owned_by(owner);
  both.member("ownerReferences").push_back(owned_by(other)["ownerReferences"][0]);
  make_service("shared", both);
  make_service("grandchild", owned_by(get(kUrl + "/child").body));
  remove(kUrl + "/owner", propagation("Background"));
  pass(5s);
  EXPECT_FALSE(exists("child"));
  EXPECT_FALSE(exists("grandchild"));
  ASSERT_TRUE(exists("shared")) << "one of its owners is still there";
  EXPECT_EQ(get(kUrl + "/shared").body["metadata"]["ownerReferences"].size(), 1u);
  remove(kUrl + "/other");
  pass(5s);
  EXPECT_FALSE(exists("shared"));
}

TEST_F(Delete, AnObjectMadeForAnOwnerThatIsGoneIsDeleted) {
  start_background();
  const Json owner = make_service("owner");
  remove(kUrl + "/owner");
  make_service("owner");  // the same name, another uid
  make_service("late", owned_by(owner));
  pass(5s);
  EXPECT_FALSE(exists("late"));
  EXPECT_TRUE(exists("owner"));
}

TEST_F(Delete, CollectionOfGarbageGoesOnAfterARestart) {
  const Json owner = make_service("owner");
  make_service("child", owned_by(owner));
  remove(kUrl + "/owner");
  EXPECT_TRUE(exists("child")) << "nothing runs in the background yet";
  open();
  start_background();
  pass(5s);
  EXPECT_FALSE(exists("child"));
}

TEST_F(Delete, ForegroundWaitsForTheDependentsThatBlock) {
  start_background();
  const Json owner = make_service("owner");
  Json blocking = owned_by(owner, true);
  blocking.set("finalizers", Json::array({"a.io/x"}));
  make_service("blocking", blocking);
  make_service("free", owned_by(owner));
  Answered held = remove(kUrl + "/owner", propagation("Foreground"));
  EXPECT_EQ(held.body["metadata"]["finalizers"], Json::array({"foregroundDeletion"}));
  pass(5s);
  EXPECT_TRUE(exists("owner"));
  EXPECT_FALSE(exists("free"));
  EXPECT_TRUE(get(kUrl + "/blocking").body["metadata"].contains("deletionTimestamp"));
  release("blocking");
  pass(5s);
  EXPECT_FALSE(exists("blocking"));
  EXPECT_FALSE(exists("owner"));
}

TEST_F(Delete, OwnersInACircleDoNotWaitForEachOther) {
  start_background();
  const std::vector<std::vector<std::string>> circles = {{"own"}, {"a", "b"}, {"x", "y", "z"}};
  for (const std::vector<std::string>& names : circles) {
    std::vector<Json> members;
    for (const std::string& name : names) members.push_back(make_service(name));
    for (std::size_t i = 0; i < names.size(); ++i) {
      const Json& owner = members[(i + 1) % names.size()];
      merge(kUrl + "/" + names[i], Json::object({{"metadata", owned_by(owner, true)}}));
    }
    remove(kUrl + "/" + names[0], propagation("Foreground"));
    pass(5s);
    for (const std::string& name : names) EXPECT_FALSE(exists(name)) << name;
  }
}

TEST_F(Delete, OrphanLetsTheDependentsGoOnAlone) {
  start_background();
  const Json owner = make_service("owner");
  make_service("child", owned_by(owner));
  remove(kUrl + "/owner", propagation("Orphan"));
  pass(5s);
  EXPECT_FALSE(exists("owner"));
  ASSERT_TRUE(exists("child"));
  EXPECT_FALSE(get(kUrl + "/child").body["metadata"].contains("ownerReferences"));
}

class Namespaces : public ServerTest {
 protected:
  Answered make_namespace(const std::string& name) {
    return post("/api/v1/namespaces", Json::object({{"apiVersion", "v1"},
                                                    {"kind", "Namespace"},
                                                    {"metadata", Json::object({{"name", name}})}}));
  }
  const std::string team_ = "/apis/clickdeploy.io/v1alpha1/namespaces/team/services";
  const std::string secrets_ = "/api/v1/namespaces/team/secrets";
  static Json secret() {
    return Json::object(
        {{"apiVersion", "v1"}, {"kind", "Secret"}, {"metadata", Json::object({{"name", "s"}})}});
  }
};

TEST_F(Namespaces, AreMadeActiveAndHeldByTheServer) {
  Answered made = make_namespace("team");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.body["status"]["phase"].as_string(), "Active");
  EXPECT_EQ(made.body["spec"]["finalizers"], Json::array({"kubernetes"}));
  EXPECT_EQ(made.body["metadata"]["labels"]["kubernetes.io/metadata.name"].as_string(), "team");
  Answered patched = merge("/api/v1/namespaces/team",
                           Json::object({{"spec", Json::object({{"finalizers", nullptr}})}}));
  EXPECT_EQ(patched.body["spec"]["finalizers"], Json::array({"kubernetes"}));
  Answered refused = remove("/api/v1/namespaces/default");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.message(),
            "namespaces \"default\" is forbidden: this namespace may not be deleted");
}

TEST_F(Namespaces, GoWhenTheirContentIsGoneOurKindsFirst) {
  start_background();
  make_namespace("team");
  Json held = service("web");
  held.member("metadata").set("finalizers", Json::array({"a.io/x"}));
  ASSERT_EQ(post(team_, held).status, 201);
  ASSERT_EQ(post(team_, service("free")).status, 201);
  ASSERT_EQ(post(secrets_, secret()).status, 201);
  Answered going = remove("/api/v1/namespaces/team");
  EXPECT_EQ(going.body["status"]["phase"].as_string(), "Terminating");

  Answered late = post(team_, service("late"));
  EXPECT_EQ(late.status, 403);
  EXPECT_EQ(late.message(),
            "services.clickdeploy.io \"late\" is forbidden: unable to create new content in "
            "namespace team because it is being terminated");
  EXPECT_EQ(late.body["details"]["causes"][0]["reason"].as_string(), "NamespaceTerminating");

  pass(5s);
  EXPECT_EQ(get(team_ + "/free").status, 404);
  EXPECT_EQ(get(team_ + "/web").status, 200);
  EXPECT_EQ(get(secrets_ + "/s").status, 200) << "a finalizer's work may need it";
  const Json conditions = get("/api/v1/namespaces/team").body["status"]["conditions"];
  ASSERT_EQ(conditions.size(), 2U);
  EXPECT_EQ(conditions[0]["type"].as_string(), "NamespaceContentRemaining");
  EXPECT_EQ(conditions[0]["message"].as_string(),
            "Some resources are remaining: services.clickdeploy.io");
  EXPECT_EQ(conditions[1]["reason"].as_string(), "SomeFinalizersRemain");
  EXPECT_EQ(conditions[1]["message"].as_string(),
            "Some content in the namespace has finalizers remaining: a.io/x");
  const store::Revision told = store_->revision();
  pass(60s);
  EXPECT_EQ(store_->revision(), told) << "it is told once";
  merge(team_ + "/web", Json::object({{"metadata", Json::object({{"finalizers", nullptr}})}}));
  pass(5s);
  EXPECT_EQ(get(secrets_ + "/s").status, 404);
  EXPECT_EQ(get("/api/v1/namespaces/team").status, 404);
  EXPECT_EQ(post(team_, service("late")).status, 404);
}

TEST_F(Namespaces, ContentThatSlippedInIsDeletedToo) {
  start_background();
  make_namespace("team");
  // Past the server: as a create that was under way while the namespace went.
  store::Write write;
  write.key = {"configmaps", "gone", "c"};
  write.before = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c",)"
                 R"("namespace":"gone","resourceVersion":")";
  write.after = R"(","uid":"u"}})";
  write.facts.uid = "u";
  ASSERT_TRUE(run(store_->commit(std::move(write))).has_value());
  pass(5s);
  EXPECT_EQ(get("/api/v1/namespaces/gone/configmaps/c").status, 404);
}

class EventsAge : public ServerTest {
 protected:
  void make_event(const std::string& name) {
    Json event = Json::object({{"apiVersion", "v1"}, {"kind", "Event"}});
    event.set("metadata", Json::object({{"name", name}}));
    event.set("involvedObject", Json::object({{"kind", "Service"}, {"name", "web"}}));
    ASSERT_EQ(post(url_, event).status, 201);
  }
  std::size_t count() { return get(url_).body["items"].size(); }
  const std::string url_ = "/api/v1/namespaces/default/events";
};

TEST_F(EventsAge, AreDeletedAfterTheirTime) {
  start_background();
  make_event("old");
  pass(30min);
  make_event("young");
  pass(29min);
  EXPECT_EQ(count(), 2u);
  pass(3min);
  EXPECT_EQ(count(), 1u);
  Answered seen_again = merge(
      url_ + "/young", Json::object({{"lastTimestamp", "2026-11-22T01:15:00Z"}, {"count", 2}}));
  ASSERT_EQ(seen_again.status, 200) << seen_again.text;
  pass(60min);
  EXPECT_EQ(count(), 1u) << "it was seen again later";
  pass(20min);
  EXPECT_EQ(count(), 0u);
}

Json secret(const std::string& name) {
  return Json::object({{"apiVersion", "v1"},
                       {"kind", "Secret"},
                       {"metadata", Json::object({{"name", name}})},
                       {"stringData", Json::object({{"clouds.yaml", "x"}})}});
}

Json cloud_with(const std::string& name, const std::string& secret_name) {
  const Json reference = Json::object({{"name", secret_name}, {"key", "clouds.yaml"}});
  const Json credentials = Json::object({{"secretRef", reference}, {"cloudName", "c"}});
  return Json::object({{"apiVersion", "clickdeploy.io/v1alpha1"},
                       {"kind", "Cloud"},
                       {"metadata", Json::object({{"name", name}})},
                       {"spec", Json::object({{"credentials", credentials}})}});
}

TEST_F(Delete, ASecretThatSomebodyUsesIsRefusedWithWhoUsesIt) {
  const std::string clouds = "/apis/clickdeploy.io/v1alpha1/namespaces/default/clouds";
  ASSERT_EQ(post(std::string(kSecrets), secret("prod")).status, 201);
  ASSERT_EQ(post(std::string(kSecrets), secret("other")).status, 201);
  ASSERT_EQ(post(clouds, cloud_with("prod-eu", "prod")).status, 201);
  const Answered refused = remove(std::string(kSecrets) + "/prod");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.body["reason"].as_string(), "Forbidden");
  EXPECT_EQ(refused.message(),
            "secrets \"prod\" is forbidden: it is used by cloud/prod-eu; delete those first, or "
            "change what they use");
  EXPECT_EQ(get(std::string(kSecrets) + "/prod").status, 200);
  EXPECT_EQ(remove(std::string(kSecrets) + "/other").status, 200);
  EXPECT_EQ(remove(clouds + "/prod-eu").status, 200);
  EXPECT_EQ(remove(std::string(kSecrets) + "/prod").status, 200);
}

// Scenario 20: our kinds go first, and the Secrets when nobody needs them any more.
TEST_F(Delete, ANamespaceKeepsItsSecretsUntilTheirUsersAreGone) {
  start_background();
  const std::string home = "/api/v1/namespaces/shop";
  const std::string clouds = "/apis/clickdeploy.io/v1alpha1/namespaces/shop/clouds";
  ASSERT_EQ(
      post("/api/v1/namespaces", Json::object({{"apiVersion", "v1"},
                                               {"kind", "Namespace"},
                                               {"metadata", Json::object({{"name", "shop"}})}}))
          .status,
      201);
  ASSERT_EQ(post(home + "/secrets", secret("prod")).status, 201);
  Json cloud = cloud_with("prod-eu", "prod");
  cloud.member("metadata").set("finalizers", Json::array({Json("clickdeploy.io/cloud")}));
  ASSERT_EQ(post(clouds, cloud).status, 201);
  remove(home);
  context_.run_for(10s);
  EXPECT_EQ(get(home + "/secrets/prod").status, 200) << "the Cloud still needs it";
  merge(clouds + "/prod-eu", Json::object({{"metadata", Json::object({{"finalizers", nullptr}})}}));
  context_.run_for(60s);
  EXPECT_EQ(get(home).status, 404);
}

}  // namespace
}  // namespace clickdeploy::apiserver
