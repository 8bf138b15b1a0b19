// clickctl orphans and abandon: what is shown, what is asked, and what is written.

#include "tests/cli/cli_fixture.h"
#include "tests/cli/fleet.h"

namespace clickdeploy::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kCloud = "/apis/clickdeploy.io/v1alpha1/namespaces/platform/clouds/prod-eu";
constexpr const char* kInstances = "/apis/clickdeploy.io/v1alpha1/namespaces/shop/instances";

class Clearing : public CliTest {
 protected:
  Clearing() {
    for (const FleetObject& part : make_fleet()) make(part.collection, part.object);
  }

  void report_cloud(const Json& orphans, const std::string& ready) {
    Json cloud = send("GET", kCloud);
    Json& status = cloud.member("status");
    status.set("orphans", orphans);
    Json conditions = Json::array();
    for (const char* type : {"Ready", "FleetObserved"}) {
      conditions.push_back(Json::object({{"type", type}, {"status", ready}, {"message", "said"}}));
    }
    status.set("conditions", conditions);
    send("PUT", std::string(kCloud) + "/status", cloud);
  }
  static Json two_orphans() {
    return Json::array({Json::object({{"kind", "Port"},
                                      {"id", "p-1"},
                                      {"name", "web-x-app"},
                                      {"since", "2026-11-22T11:50:00Z"}}),
                        Json::object({{"kind", "Server"},
                                      {"id", "s-1"},
                                      {"name", "web-x"},
                                      {"belongedTo", "shop/web-x"},
                                      {"since", "2026-11-22T11:50:00Z"}})});
  }
  std::string wish() {
    return send("GET", kCloud)["metadata"]["annotations"]["clickdeploy.io/delete-orphans"]
        .as_string();
  }
};

TEST_F(Clearing, OrphansAreListedOverAllClouds) {
  report_cloud(Json::array(), "True");
  EXPECT_EQ(good({"orphans"}), "No orphans found\n");
  report_cloud(two_orphans(), "True");
  EXPECT_EQ(good({"orphans"}),
            "CLOUD              KIND     ID    NAME        BELONGED-TO   AGE\n"
            "platform/prod-eu   Port     p-1   web-x-app                 10m\n"
            "platform/prod-eu   Server   s-1   web-x       shop/web-x    10m\n");
  EXPECT_EQ(good({"orphans", "-n", "shop"}), "No orphans found\n");
}

TEST_F(Clearing, ACloudThatIsNotSeenIsSaidToBeUnknown) {
  report_cloud(Json::array(), "Unknown");
  const Finished run = clickctl({"orphans"});
  EXPECT_EQ(run.code, 0);
  EXPECT_THAT(run.err, HasSubstr("cloud platform/prod-eu is not observed"));
}

TEST_F(Clearing, OrphansAreDeletedOnlyAfterAYes) {
  report_cloud(two_orphans(), "True");
  const Finished no = clickctl({"orphans", "--delete"}, "no\n");
  EXPECT_EQ(no.code, 1);
  EXPECT_THAT(no.out, HasSubstr("Delete 1 server and 1 other thing for good?"));
  EXPECT_EQ(wish(), "");
  const Finished silence = clickctl({"orphans", "--delete"});
  EXPECT_EQ(silence.code, 1);
  EXPECT_EQ(wish(), "");
  std::thread controller([this] {
    while (wish() != "p-1,s-1") std::this_thread::yield();
    send("PATCH", kCloud,
         Json::object(
             {{"metadata",
               Json::object({{"annotations",
                              Json::object({{"clickdeploy.io/delete-orphans", nullptr}})}})}}));
  });
  const Finished yes = clickctl({"orphans", "--delete"}, "yes\n");
  controller.join();
  EXPECT_EQ(yes.code, 0) << yes.err;
  EXPECT_THAT(yes.out, HasSubstr("cloud platform/prod-eu: orphans deleted"));
}

TEST_F(Clearing, AbandonIsRefusedWhereTheCloudCanBeUsed) {
  const Finished run = clickctl({"abandon", "-n", "shop", "service/web", "--yes"});
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.err, HasSubstr("cloud platform/prod-eu is Ready"));
  EXPECT_THAT(run.err, HasSubstr("--force"));
}

TEST_F(Clearing, AbandonListsWhatItLeavesAndLetsGo) {
  report_cloud(Json::array(), "Unknown");
  Json instance = send("GET", std::string(kInstances) + "/web-a");
  instance.member("status").set(
      "resources",
      Json::array({Json::object({{"kind", "Server"}, {"id", "s-1"}, {"name", "web-a"}}),
                   Json::object({{"kind", "Port"}, {"id", "p-1"}, {"name", "web-a-app"}})}));
  send("PUT", std::string(kInstances) + "/web-a/status", instance);
  send("PATCH", std::string(kInstances) + "/web-a",
       Json::object({{"metadata", Json::object({{"finalizers",
                                                 Json::array({Json("clickdeploy.io/cloud")})}})}}));
  const Finished no = clickctl({"abandon", "-n", "shop", "service/web"}, "\n");
  EXPECT_EQ(no.code, 1);
  EXPECT_THAT(no.out, HasSubstr("  server s-1 (web-a) in cloud platform/prod-eu\n"
                                "  port p-1 (web-a-app) in cloud platform/prod-eu\n"));
  send("GET", std::string(kInstances) + "/web-a");
  const std::string out = good({"abandon", "-n", "shop", "service/web", "--yes"});
  EXPECT_THAT(out, HasSubstr("service/web abandoned\n"));
  EXPECT_THAT(out, HasSubstr("instance/web-a abandoned\n"));
  EXPECT_TRUE(send("GET", kInstances)["items"].empty());
}

TEST_F(Clearing, AbandoningACloudLetsGoOfEverythingInIt) {
  report_cloud(Json::array(), "Unknown");
  const std::string out = good({"abandon", "-n", "platform", "cloud/prod-eu", "--yes"});
  for (const char* each : {"service/web", "instance/web-a", "instance/web-b", "cloud/prod-eu"}) {
    EXPECT_THAT(out, HasSubstr(std::string(each) + " abandoned\n"));
  }
  EXPECT_EQ(clickctl({"abandon", "secret/x"}).code, 2);
  EXPECT_EQ(clickctl({"abandon", "-n", "platform", "cloud/prod-eu"}).code, 1) << "it is gone";
}

}  // namespace
}  // namespace clickdeploy::cli
