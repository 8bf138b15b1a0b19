// A real Prometheus that finds the servers in OpenStack by itself: with the labels that files would
// give, and proven in the same way.

#include "tests/scenarios/bed.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

namespace clickdeploy::scenarios {
namespace {

using std::chrono::seconds;

TEST(OpenStackSd, ServersAreFoundLabelledAndProven) {
  Bed bed({.guests = "process", .prometheus = true, .discovered_targets = true});
  bed.start_daemon();
  bed.apply_basics();
  bed.create(bed.service("web", 2));
  const auto delivered = [&bed] {
    return bed.condition("metricsbackends", "local", "TargetsDelivered");
  };
  bed.wait_for("the question about prometheus.yml", seconds(120), [&] {
    return delivered().contains("what clickctl prometheus-config prints now") ? "" : delivered();
  });
  const std::string config = bed.configure_prometheus();
  EXPECT_FALSE(config.contains("password:")) << config;
  EXPECT_TRUE(config.contains("OS_AUTH_URL")) << config;
  ASSERT_TRUE(bed.wait_until_monitored("web", 2)) << config;
  EXPECT_EQ(delivered(),
            "True Succeeded 2/2 targets are known to Prometheus, which finds them in OpenStack");
  EXPECT_TRUE(std::filesystem::is_empty(bed.folder() + "/targets"));

  std::set<std::string> names;
  const Json service = *bed.get("services", "web");
  const Json targets = bed.prometheus("targets?state=active");
  for (const Json& target : targets["activeTargets"].as_array()) {
    const Json& labels = target["labels"];
    names.insert(labels["instance_name"].as_string());
    EXPECT_EQ(labels["job"].as_string(), "click-deploy");
    EXPECT_EQ(labels["service_id"], service["metadata"]["uid"]);
  }
  for (const Json& instance : bed.list("instances")) {
    EXPECT_EQ(names.count(instance["metadata"]["name"].as_string()), 1u);
  }

  // Another server needs no other configuration; one that goes is no target.
  for (const int replicas : {3, 1}) {
    bed.patch("services", "web", Json::object({{"spec", Json::object({{"replicas", replicas}})}}));
    ASSERT_TRUE(bed.wait_until_monitored("web", replicas));
    bed.wait_for("no other targets", seconds(60), [&]() -> std::string {
      const std::size_t known = bed.prometheus("targets?state=active")["activeTargets"].size();
      return known == static_cast<std::size_t>(replicas) ? "" : std::to_string(known);
    });
  }
}

}  // namespace
}  // namespace clickdeploy::scenarios
