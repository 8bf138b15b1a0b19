// kill -9 at random moments of a scale-up: exactly the servers that were asked for, and no orphan.

#include "controller/async/random.h"
#include "tests/scenarios/bed.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace clickdeploy::scenarios {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(KillDuringScaleUp, LeavesExactlyTheServersThatWereAskedFor) {
  Bed bed;
  bed.start_daemon();
  bed.apply_basics();
  bed.create(bed.service("web", 0));
  // A cloud that takes its time: the kills hit requests that are under way.
  bed.cloud_call("POST", "/localcloud/v1/faults", Json::object({{"latency_ms", 150}}));
  bed.patch("services", "web", Json::object({{"spec", Json::object({{"replicas", 10}})}}));

  const std::uint64_t seed = SystemRandom().next();
  RecordProperty("seed", std::to_string(seed));
  SeededRandom random(seed);
  for (int i = 0; i < 10; ++i) {
    std::this_thread::sleep_for(milliseconds(20 + random.next() % 600));
    bed.kill_daemon();
    bed.start_daemon();
  }

  bed.wait_for("ten ready Instances", seconds(240), [&]() -> std::string {
    std::optional<Json> service = bed.get("services", "web");
    if (!service) return "no Service";
    const Json& status = (*service)["status"];
    if (status["readyReplicas"].as_int() == 10 && status["replicas"].as_int() == 10) return "";
    return to_json(status);
  });
  // Late effects of what was under way would show now.
  bed.wait_for("no change for five seconds", seconds(60), [&]() -> std::string {
    const Json before = bed.cloud_state()["servers"];
    std::this_thread::sleep_for(seconds(5));
    return before == bed.cloud_state()["servers"] ? "" : "servers still change";
  });

  const Json state = bed.cloud_state();
  EXPECT_EQ(state["counts"]["servers"].as_int(), 10) << "seed " << seed << " " << to_json(state);
  EXPECT_EQ(state["counts"]["ports"].as_int(), 10) << "seed " << seed << " " << to_json(state);
  std::set<std::string> recorded;
  for (const Json& instance : bed.list("instances")) {
    recorded.insert(instance["status"]["server"]["id"].as_string());
  }
  std::set<std::string> running;
  for (const Json& server : state["servers"].as_array()) {
    EXPECT_EQ(server["status"].as_string(), "ACTIVE");
    running.insert(server["id"].as_string());
  }
  EXPECT_EQ(recorded, running) << "seed " << seed;
}

TEST(KillDuringScaleUp, DeletionAfterItLeavesNothing) {
  Bed bed;
  bed.start_daemon();
  bed.apply_basics();
  bed.create(bed.service("web", 4));
  std::this_thread::sleep_for(milliseconds(700));
  bed.kill_daemon();
  bed.start_daemon();
  bed.remove("services", "web");
  std::this_thread::sleep_for(milliseconds(300));
  bed.kill_daemon();
  bed.start_daemon();
  bed.wait_for("nothing left", seconds(150), [&]() -> std::string {
    if (bed.get("services", "web")) return bed.condition("services", "web", "Progressing");
    const Json counts = bed.cloud_state()["counts"];
    return counts["servers"].as_int() == 0 && counts["ports"].as_int() == 0 ? "" : to_json(counts);
  });
  EXPECT_TRUE(bed.list("instances").empty());
}

}  // namespace
}  // namespace clickdeploy::scenarios
