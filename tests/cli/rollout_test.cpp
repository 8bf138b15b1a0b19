// clickctl rollout: the words and the exit codes of kubectl.

#include "controller/cli/rollout_text_internal.h"
#include "tests/cli/cli_fixture.h"
#include "tests/cli/fleet.h"

namespace clickdeploy::cli {
namespace {

constexpr const char* kWeb = "/apis/clickdeploy.io/v1alpha1/namespaces/shop/services/web";
constexpr const char* kConfigMaps = "/api/v1/namespaces/shop/configmaps";

class Rollout : public CliTest {
 protected:
  Rollout() {
    for (const FleetObject& part : make_fleet()) make(part.collection, part.object);
  }

  // As the controller would report it.
  void report(const std::string& state, std::int64_t updated, std::int64_t available,
              std::int64_t replicas, const std::string& message = "") {
    Json service = send("GET", kWeb);
    Json& status = service.member("status");
    status.set("observedGeneration", service["metadata"]["generation"]);
    status.set("replicas", replicas);
    status.set("updatedReplicas", updated);
    status.set("availableReplicas", available);
    status.set(
        "rollout",
        Json::object(
            {{"state", state}, {"templateHash", "hash-2"}, {"number", 2}, {"message", message}}));
    send("PUT", std::string(kWeb) + "/status", service);
  }

  // A template that the Service had, with this image.
  void keep(std::int64_t number, const std::string& image, const std::string& cause) {
    const Json service = send("GET", kWeb);
    Json made_from = service["spec"]["template"];
    made_from.member("spec").set("image", Json::object({{"name", image}}));
    const Json spec =
        Json::object({{"cloudRef", service["spec"]["cloudRef"]}, {"template", made_from}});
    Json owner = Json::object({{"apiVersion", "clickdeploy.io/v1alpha1"},
                               {"kind", "Service"},
                               {"name", "web"},
                               {"uid", service["metadata"]["uid"]}});
    Json owners = Json::array();
    owners.push_back(std::move(owner));
    const std::string hash = "hash-" + std::to_string(number);
    Json annotations = Json::object({{"clickdeploy.io/revision-number", std::to_string(number)}});
    if (!cause.empty()) annotations.set("kubernetes.io/change-cause", cause);
    Json metadata = Json::object({{"name", "web.template-" + hash},
                                  {"labels", Json::object({{"clickdeploy.io/service", "web"},
                                                           {"clickdeploy.io/template", hash}})},
                                  {"annotations", annotations},
                                  {"ownerReferences", owners}});
    send("POST", kConfigMaps,
         Json::object({{"apiVersion", "v1"},
                       {"kind", "ConfigMap"},
                       {"metadata", metadata},
                       {"immutable", true},
                       {"data", Json::object({{"spec.json", to_json(spec)}})}}));
  }
  std::string image() {
    return send("GET", kWeb)["spec"]["template"]["spec"]["image"]["name"].as_string();
  }
};

TEST_F(Rollout, StatusFollowsToTheEnd) {
  report("Progressing", 1, 0, 3);
  std::thread controller([this] {
    clock_.turn(std::chrono::seconds(1));
    report("Progressing", 2, 1, 3);
    report("Complete", 2, 2, 2);
  });
  const std::string out = good({"rollout", "status", "-n", "shop", "service/web"});
  controller.join();
  EXPECT_TRUE(out.ends_with("service \"web\" successfully rolled out\n")) << out;
}

TEST_F(Rollout, StatusOnceSaysWhatIsNow) {
  report("Progressing", 1, 0, 3);
  EXPECT_EQ(good({"rollout", "status", "-n", "shop", "csvc", "web", "--watch=false"}),
            "Waiting for service \"web\" rollout to finish: 1 out of 2 new replicas have been "
            "updated...\n");
  report("Progressing", 2, 1, 3);
  EXPECT_EQ(good({"rollout", "status", "-n", "shop", "csvc/web", "--watch=false"}),
            "Waiting for service \"web\" rollout to finish: 1 old replicas are pending "
            "termination...\n");
  report("Progressing", 2, 1, 2);
  EXPECT_EQ(good({"rollout", "status", "-n", "shop", "csvc/web", "--watch=false"}),
            "Waiting for service \"web\" rollout to finish: 1 of 2 updated replicas are "
            "available...\n");
}

TEST_F(Rollout, StatusFailsWithTheReason) {
  report("Failed", 1, 0, 3, "no progress for 60 s");
  const Finished run = clickctl({"rollout", "status", "-n", "shop", "service/web"});
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(run.err,
            "error: service \"web\" exceeded its progress deadline: no progress for 60 s\n");
  report("Progressing", 1, 0, 3);
  const Finished late =
      clickctl({"rollout", "status", "-n", "shop", "service/web", "--timeout=1s"});
  EXPECT_EQ(late.code, 1);
  EXPECT_NE(late.err.find("timed out waiting for the condition"), std::string::npos) << late.err;
}

TEST_F(Rollout, StatusWaitsForTheControllerToSeeTheSpec) {
  report("Complete", 2, 2, 2);
  good({"rollout", "restart", "-n", "shop", "service/web"});
  const RolloutView view = view_rollout(send("GET", kWeb));
  EXPECT_FALSE(view.done);
  EXPECT_EQ(view.text, "Waiting for service spec update to be observed...");
}

TEST_F(Rollout, PauseAndResume) {
  EXPECT_EQ(good({"rollout", "pause", "-n", "shop", "service/web"}),
            "service.clickdeploy.io/web paused\n");
  EXPECT_TRUE(send("GET", kWeb)["spec"]["rollout"]["paused"].as_bool());
  EXPECT_FALSE(send("GET", kWeb)["spec"]["paused"].as_bool()) << "repairs go on";
  const Finished again = clickctl({"rollout", "pause", "-n", "shop", "service/web"});
  EXPECT_EQ(again.code, 1);
  EXPECT_EQ(again.err, "error: services.clickdeploy.io \"web\" is already paused\n");
  EXPECT_EQ(clickctl({"rollout", "restart", "-n", "shop", "service/web"}).code, 1);
  EXPECT_EQ(clickctl({"rollout", "undo", "-n", "shop", "service/web"}).code, 1);
  EXPECT_EQ(good({"rollout", "resume", "-n", "shop", "service/web"}),
            "service.clickdeploy.io/web resumed\n");
  EXPECT_EQ(clickctl({"rollout", "resume", "-n", "shop", "service/web"}).code, 1);
}

TEST_F(Rollout, RestartWritesTheTimeIntoTheTemplate) {
  EXPECT_EQ(good({"rollout", "restart", "-n", "shop", "service/web"}),
            "service.clickdeploy.io/web restarted\n");
  const Json template_now = send("GET", kWeb)["spec"]["template"];
  EXPECT_EQ(template_now["metadata"]["annotations"]["clickdeploy.io/restartedAt"].as_string(),
            "2026-11-22T12:00:00Z");
}

TEST_F(Rollout, HistoryAndUndo) {
  keep(1, "debian-11", "");
  keep(2, "ubuntu-22.04", "newer image");
  report("Complete", 2, 2, 2);
  EXPECT_EQ(good({"rollout", "history", "-n", "shop", "service/web"}),
            "service.clickdeploy.io/web \n"
            "REVISION   CHANGE-CAUSE\n"
            "1          <none>\n"
            "2          newer image\n"
            "\n");
  const std::string first =
      good({"rollout", "history", "-n", "shop", "service/web", "--revision=1"});
  EXPECT_NE(first.find("service.clickdeploy.io/web with revision #1\n"), std::string::npos);
  EXPECT_NE(first.find("debian-11"), std::string::npos) << first;
  EXPECT_EQ(good({"rollout", "undo", "-n", "shop", "service/web"}),
            "service.clickdeploy.io/web rolled back\n");
  EXPECT_EQ(image(), "debian-11");
  EXPECT_EQ(good({"rollout", "undo", "-n", "shop", "service/web", "--to-revision=1"}),
            "service.clickdeploy.io/web skipped rollback (current template already matches "
            "revision 1)\n");
  EXPECT_EQ(good({"rollout", "undo", "-n", "shop", "service/web", "--to-revision=2"}),
            "service.clickdeploy.io/web rolled back\n");
  EXPECT_EQ(image(), "ubuntu-22.04");
  const Finished unknown =
      clickctl({"rollout", "undo", "-n", "shop", "service/web", "--to-revision=9"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_EQ(unknown.err, "error: unable to find specified revision 9 in history\n");
}

TEST_F(Rollout, WithoutHistoryThereIsNothingToGoBackTo) {
  const Finished run = clickctl({"rollout", "undo", "-n", "shop", "service/web"});
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(run.err, "error: no rollout history found for service \"web\"\n");
}

TEST_F(Rollout, WrongWords) {
  EXPECT_EQ(clickctl({"rollout", "status", "cloud/prod-eu"}).code, 2);
  EXPECT_EQ(clickctl({"rollout", "status", "service"}).code, 2);
  EXPECT_EQ(clickctl({"rollout"}).code, 2);
  EXPECT_EQ(clickctl({"rollout", "status", "-n", "shop", "service/none"}).code, 1);
}

}  // namespace
}  // namespace clickdeploy::cli
