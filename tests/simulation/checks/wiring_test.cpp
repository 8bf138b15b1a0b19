// Each check hears the run it watches, and what it finds is reported.

#include "tests/simulation/checks/watched_world.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

class Watching : public ::testing::Test {
 protected:
  Watching() {
    make_fleet(world, 2);
    world.report.sink = [this](const Violation& violation) {
      told += violation.invariant + " ";
      whole += violation.invariant + ": " + violation.what + "\n";
    };
  }

  WatchedWorld watched{1};
  SimWorld& world = watched.world;
  std::string told;   // ids
  std::string whole;  // and words
};

TEST_F(Watching, SeesTheWholeHistoryAndEveryWatcherTheSame) {
  world.run_for(2min);
  watched.invariants.look();
  EXPECT_EQ(watched.invariants.history().revision(), world.revision());
  std::uint64_t delivered = 0;
  for (const auto& watcher : watched.invariants.watchers()) {
    EXPECT_TRUE(watcher->position());
    delivered += watcher->delivered();
  }
  EXPECT_GT(delivered, 50U);
  world.crash();
  world.boot();
  world.run_for(2min);
  std::uint64_t later = 0;
  for (const auto& watcher : watched.invariants.watchers()) later += watcher->delivered();
  EXPECT_GT(later, delivered);
  EXPECT_EQ(told, "");
}

TEST_F(Watching, TellsOfALostUpdate) {
  const auto key = store::Key{kServices, "shop", "web"};
  const auto& versions = watched.invariants.history().of(key);
  ASSERT_GT(versions.size(), 2U);
  const Version& last = versions.back();
  const std::string old = R"({"metadata":{"resourceVersion":"1"}})";
  const std::string now =
      R"({"metadata":{"resourceVersion":")" + std::to_string(last.revision) + "\"}}";
  world.taps.api({.method = "PUT",
                  .url = "/apis/clickdeploy.io/v1alpha1/namespaces/shop/services/web",
                  .body = old,
                  .asked = last.revision - 1,
                  .answered = last.revision,
                  .status = 200,
                  .answer = now});
  EXPECT_EQ(told, "S8 ");
}

TEST_F(Watching, TellsOfACallOfNobodyAndOfAForeignLogIn) {
  http::Request request;
  request.url = std::string(kCloudOrigin) + "/compute/v2.1/servers";
  world.taps.sent(request);
  request.method = "POST";
  request.url = std::string(kCloudOrigin) + "/identity/v3/auth/tokens";
  request.body = R"({"auth":{"identity":{"password":{"user":{"name":"somebody"}}}}})";
  world.taps.sent(request);
  EXPECT_EQ(told, "S17 S21 ");
}

TEST_F(Watching, TellsOfAForeignTarget) {
  world.taps.file(std::string(kTargetsFolder) + "/clickdeploy-shop_web.json",
                  R"([{"targets":["10.0.0.1:9100"],"labels":{"instance_id":"foreign"}}])");
  EXPECT_EQ(told, "S14 ");
}

TEST_F(Watching, TellsOfASecondReconcile) {
  world.taps.reconcile_begins("Instance", {"shop", "web-1"});
  world.taps.reconcile_begins("Instance", {"shop", "web-1"});
  EXPECT_EQ(told, "S19 ");
}

TEST_F(Watching, TellsOfASecretInTheLog) {
  spdlog::info("Logged in with {}", kCloudPassword);
  EXPECT_EQ(told, "S20 ");
}

TEST_F(Watching, TellsOfASecretInAnObject) {
  const Json annotations = Json::object({{"note", kCloudPassword}});
  const Json metadata = Json::object({{"annotations", annotations}});
  world.patch(kServices, kWeb, Json::object({{"metadata", metadata}}));
  EXPECT_EQ(told, "S20 ");
}

}  // namespace
}  // namespace clickdeploy::simulation
