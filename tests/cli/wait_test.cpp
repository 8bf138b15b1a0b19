// clickctl wait: conditions, paths and deletion.

#include "tests/cli/cli_fixture.h"
#include "tests/cli/fleet.h"

namespace clickdeploy::cli {
namespace {

class Wait : public CliTest {
 protected:
  Wait() {
    for (const FleetObject& part : make_fleet()) make(part.collection, part.object);
  }
};

TEST_F(Wait, EndsAtOnceWhenTheConditionHolds) {
  EXPECT_EQ(good({"wait", "-n", "shop", "instance/web-a", "--for=condition=Ready"}),
            "instance.clickdeploy.io/web-a condition met\n");
  EXPECT_EQ(good({"wait", "-n", "shop", "inst", "web-b", "--for=condition=Ready=False"}),
            "instance.clickdeploy.io/web-b condition met\n");
  EXPECT_EQ(good({"wait", "-n", "shop", "inst", "--all", "--for=jsonpath={.spec.serviceName}=web"}),
            "instance.clickdeploy.io/web-a condition met\n"
            "instance.clickdeploy.io/web-b condition met\n");
}

TEST_F(Wait, SaysWhatIsInsteadWhenTheTimeIsUp) {
  const Finished run =
      clickctl({"wait", "-n", "shop", "service/web", "--for=condition=Ready", "--timeout=2s"});
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(run.err,
            "waiting for service.clickdeploy.io/web: Ready is False (Progressing): 1/2 ready, 1 "
            "monitored\n"
            "error: timed out waiting on service.clickdeploy.io/web: Ready is False "
            "(Progressing): 1/2 ready, 1 monitored\n");
}

TEST_F(Wait, DoesNotTrustAConditionOfAnOlderSpec) {
  send("PATCH", "/apis/clickdeploy.io/v1alpha1/namespaces/shop/instances/web-a",
       Json::object({{"spec", Json::object({{"projectID", "p2"}})}}));
  EXPECT_EQ(
      clickctl({"wait", "-n", "shop", "instance/web-a", "--for=condition=Ready", "--timeout=1s"})
          .code,
      1);
}

TEST_F(Wait, SeesTheConditionComeTrue) {
  std::thread controller([this] {
    const std::string url = "/apis/clickdeploy.io/v1alpha1/namespaces/shop/instances/web-b";
    Json instance = send("GET", url);
    instance.member("status").set("phase", "Running");
    send("PUT", url + "/status", instance);
  });
  good({"wait", "-n", "shop", "instance/web-b", "--for=jsonpath={.status.phase}=Running"});
  controller.join();
}

TEST_F(Wait, WhatIsGoneIsDeleted) {
  good({"wait", "-n", "shop", "instance/web-z", "--for=delete"});
  const Finished run = clickctl({"wait", "-n", "shop", "instance/web-z", "--for=condition=Ready"});
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(clickctl({"wait", "instance/web-a", "--for=Ready"}).code, 2);
}

}  // namespace
}  // namespace clickdeploy::cli
