// An image that manifests/images/build-image made: Services find it by the properties that it
// prints, and its agents run with the versions that these promise, before anything is installed.

#include "tests/scenarios/bed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace clickdeploy::scenarios {
namespace {

constexpr const char* kAgentProperty = "clickdeploy_agent_";

// "build/images/debian": the root file system; beside it, build/images/debian.json.
std::string image_folder() {
  const char* folder = std::getenv("CLICKDEPLOY_IMAGE");
  return folder == nullptr ? "" : folder;
}

Json image_facts() {
  std::ifstream in(image_folder() + ".json");
  std::stringstream text;
  text << in.rdbuf();
  Result<Json> facts = parse_json(text.str());
  EXPECT_TRUE(facts) << "CLICKDEPLOY_IMAGE names no image; make test-images does";
  return facts ? *facts : Json::object();
}

// The agents of a MonitoringPolicy, each in the version that the image promises.
std::string policy_for(const Json& properties) {
  std::string agents;
  for (const auto& [name, value] : properties.as_object()) {
    if (!name.starts_with(kAgentProperty)) continue;
    std::string agent = name.substr(std::string(kAgentProperty).size());
    std::ranges::replace(agent, '_', '-');
    agents += "{name: " + agent + ", version: \"" + value.as_string() +
              "\", install: {method: Prebuilt}}, ";
  }
  return "{agents: [" + agents + "]}";
}

TEST(Image, ItsAgentsRunInTheVersionsThatItsPropertiesPromise) {
  const Json facts = image_facts();
  const Json& properties = facts["properties"];
  Bed bed({.guests = "container", .rootfs = image_folder(), .prometheus = true});
  bed.cloud_call("POST", "/localcloud/v1/images", facts);
  bed.start_daemon();
  bed.apply_basics();
  const std::string policy = policy_for(properties);
  ASSERT_NE(policy.find("node-exporter"), std::string::npos) << to_json(facts);
  bed.patch_policy(policy);

  Json service = bed.service("web", 1);
  const Json filter = Json::object({{"properties", properties}});
  service.member("spec")
      .member("template")
      .member("spec")
      .set("image", Json::object({{"filter", filter}}));
  // A container needs longer to boot than a process.
  service.member("spec").member("remediation").set("startupTimeoutSeconds", 180);
  bed.create(service);
  ASSERT_TRUE(bed.wait_until_monitored("web", 1));

  const std::string name = bed.list("instances").front()["metadata"]["name"].as_string();
  ASSERT_TRUE(bed.wait_for("agents as they were promised", std::chrono::seconds(60), [&] {
    const std::string told = bed.condition("instances", name, "AgentsUpToDate");
    return told.starts_with("True") ? "" : told;
  }));
  for (const Json& agent : (*bed.get("instances", name))["status"]["agents"].as_array()) {
    std::string property = kAgentProperty + agent["name"].as_string();
    std::ranges::replace(property, '-', '_');
    EXPECT_EQ(agent["version"].as_string(), properties[property].as_string());
  }
}

}  // namespace
}  // namespace clickdeploy::scenarios
