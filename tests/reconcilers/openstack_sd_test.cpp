#include "controller/reconcilers/metrics_backend/openstack_sd.h"

#include "controller/reconcilers/instance/marks.h"
#include "controller/reconcilers/instance/server_states.h"
#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <regex>

namespace clickdeploy::reconcilers {
namespace {

const api::ObjectKey kMain{"shop", "main"};
const OpenStackSource kSource{
    .region = "eu-1", .availability = "internal", .cluster_id = "cluster-1"};

using prometheus::Labels;

// What Prometheus's relabelling makes of these labels; nullopt if it drops the target. So much of
// it as the job uses.
std::optional<Labels> relabelled(Labels labels, const Json& steps) {
  for (const Json& step : steps.as_array()) {
    std::string value;
    for (const Json& name : step["source_labels"].as_array()) {
      if (name != step["source_labels"][0]) value += ';';
      value += labels[name.as_string()];
    }
    const std::regex regex(step["regex"].as_string("(.*)"));
    std::smatch match;
    const bool matches = std::regex_match(value, match, regex);
    const std::string action = step["action"].as_string("replace");
    if (action == "keep" && !matches) return std::nullopt;
    if (action == "drop" && matches) return std::nullopt;
    if (action == "replace" && matches) {
      labels[step["target_label"].as_string()] = match.format(step["replacement"].as_string());
    }
  }
  std::erase_if(labels, [](const auto& label) {
    return label.first.starts_with("__") || label.second.empty();
  });
  return labels;
}

// What Prometheus 2.42 finds of a server, at one of its addresses.
Labels found(const Instance& instance, const std::string& address = "10.0.0.5",
             const std::string& network = "app-net", const std::string& status = "ACTIVE") {
  Labels labels = {{"__meta_openstack_instance_id", instance.status.server.id},
                   {"__meta_openstack_instance_name", instance.metadata.name},
                   {"__meta_openstack_instance_status", status},
                   {"__meta_openstack_project_id", "project-1"},
                   {"__meta_openstack_private_ip", address},
                   {"__meta_openstack_address_pool", network},
                   {"__address__", address + ":9100"}};
  for (const auto& [key, value] : server_marks(instance, "cluster-1")) {
    labels["__meta_openstack_tag_" + key] = value;
  }
  return labels;
}

struct World {
  api::v1alpha1::MonitoringPolicy policy = sample_policy();
  api::v1alpha1::Service service = sample_service();
  Instance instance = running_instance();

  World() {
    policy.spec.scrape.target_labels = {{"env", "pr$1d"}};
    service.metadata.name = "a.web";
    instance.spec.service_name = "a.web";
    instance.spec.project_id = "project-1";
    instance.status.address = "10.0.0.5";
  }

  MonitoringInput input() const {
    MonitoringInput all;
    all.policies = {shared(policy)};
    all.services = {shared(service)};
    all.instances = {shared(instance)};
    all.backends = {shared(sample_backend())};
    all.namespace_labels = {{"shop", {}}};
    all.cluster_id = "cluster-1";
    return all;
  }
  DiscoveryPlan plan() const { return plan_discovery(kMain, input()); }
  std::optional<Labels> target(const Labels& labels) const {
    return relabelled(labels, with_openstack(plan().jobs.front(), kSource)["relabel_configs"]);
  }
};

TEST(OpenStackSD, GivesTargetsTheLabelsThatFilesGive) {
  for (const std::string& project : {std::string(), std::string("paying-project")}) {
    World world;
    world.service.spec.project_id = project;
    if (!project.empty()) world.instance.spec.project_id = project;
    const BackendPlan files = plan_backend(kMain, world.input());
    ASSERT_EQ(files.targets.size(), 1u);
    Labels wanted = files.targets.front().labels;
    std::erase_if(wanted, [](const auto& label) { return label.first.starts_with("__"); });
    wanted["job"] = "click-deploy";
    EXPECT_EQ(world.target(found(world.instance)), wanted);
  }
}

TEST(OpenStackSD, AsksAsThePolicySays) {
  World world;
  world.policy.spec.scrape.interval = "7s";
  world.service.spec.endpoints = {
      {.name = "app", .port = 8080, .path = "/m", .scheme = "https", .params = {{"a", "b"}}}};
  const DiscoveryPlan plan = world.plan();
  EXPECT_EQ(plan.clouds.size(), 1u);
  ASSERT_EQ(plan.jobs.size(), 2u);
  const Json app = with_openstack(plan.jobs[0], kSource);
  EXPECT_TRUE(app["job_name"].as_string().starts_with("click-deploy-app-")) << to_json(app);
  EXPECT_EQ(app["metrics_path"].as_string(), "/m");
  EXPECT_EQ(app["scheme"].as_string(), "https");
  EXPECT_EQ(to_json(app["params"]), R"({"a":["b"]})");
  EXPECT_EQ(app["scrape_interval"].as_string(), "7s");
  EXPECT_EQ(app["scrape_timeout"].as_string(), "7s");
  EXPECT_EQ(to_json(app["openstack_sd_configs"]),
            R"([{"availability":"internal","port":8080,"refresh_interval":"30s",)"
            R"("region":"eu-1","role":"instance"}])");
}

TEST(OpenStackSD, ServicesThatAreScrapedInOneWayShareAJob) {
  World world;
  MonitoringInput input = world.input();
  auto other = world.service;
  other.metadata.name = "b";
  other.metadata.uid = "uid-b";
  input.services.push_back(shared(other));
  const DiscoveryPlan plan = plan_discovery(kMain, input);
  ASSERT_EQ(plan.jobs.size(), 1u);
  EXPECT_EQ(plan.jobs[0].services.size(), 2u);
  Instance theirs = world.instance;
  theirs.spec.service_name = "b";
  const Json steps = with_openstack(plan.jobs[0], kSource)["relabel_configs"];
  EXPECT_EQ((*relabelled(found(theirs), steps))["service_id"], "uid-b");
  EXPECT_EQ((*relabelled(found(world.instance), steps))["service_id"], "service-uid");
}

TEST(OpenStackSD, FindsOursAtPrivateAddressesOnly) {
  World world;
  EXPECT_TRUE(world.target(found(world.instance)));
  Labels foreign = found(world.instance);
  foreign["__meta_openstack_tag_clickdeploy_cluster"] = "cluster-10";
  EXPECT_FALSE(world.target(foreign));
  Labels unmarked = found(world.instance);
  std::erase_if(unmarked, [](const auto& label) { return label.first.contains("_tag_"); });
  EXPECT_FALSE(world.target(unmarked));
  Labels like_ours = found(world.instance);
  like_ours["__meta_openstack_tag_clickdeploy_service"] = "shop/aXweb";
  EXPECT_FALSE(world.target(like_ours));
  for (const char* address : {"203.0.113.5", "11.0.0.1", "172.32.0.1", "100.128.0.1", "fd00::1"}) {
    EXPECT_FALSE(world.target(found(world.instance, address))) << address;
  }
  for (const char* address : {"192.168.1.1", "172.16.0.1", "172.31.0.1", "100.127.0.1"}) {
    EXPECT_TRUE(world.target(found(world.instance, address))) << address;
  }
}

TEST(OpenStackSD, DropsServersThatAreStopped) {
  World world;
  for (const char* state :
       {"ACTIVE",    "BUILD",        "DELETED",       "ERROR",   "HARD_REBOOT",
        "MIGRATING", "PASSWORD",     "PAUSED",        "REBOOT",  "REBUILD",
        "RESCUE",    "RESIZE",       "REVERT_RESIZE", "SHELVED", "SHELVED_OFFLOADED",
        "SHUTOFF",   "SOFT_DELETED", "SUSPENDED",     "UNKNOWN", "VERIFY_RESIZE"}) {
    const StateMeaning meaning = meaning_of(state);
    const bool stopped = meaning == StateMeaning::Stopped || meaning == StateMeaning::Leaving;
    EXPECT_EQ(world.target(found(world.instance, "10.0.0.5", "app-net", state)).has_value(),
              !stopped)
        << state;
  }
}

TEST(OpenStackSD, OfSeveralNetworksOneIsScraped) {
  World world;
  auto& networks = world.service.spec.template_spec.networks;
  networks.push_back({.name = "back", .network = {.id = "net-2"}, .scrape = true});
  // Its name is known from the first server on.
  DiscoveryPlan plan = world.plan();
  EXPECT_TRUE(plan.jobs.empty());
  ASSERT_EQ(plan.problems.size(), 1u);
  EXPECT_TRUE(plan.problems.front().contains("shop/a.web")) << plan.problems.front();

  world.instance.status.addresses = {{"InternalIP", "10.0.0.5", "back.net"}};
  EXPECT_TRUE(world.target(found(world.instance, "10.0.0.5", "back.net")));
  EXPECT_FALSE(world.target(found(world.instance, "10.1.0.5", "app-net")));
  EXPECT_FALSE(world.target(found(world.instance, "10.1.0.5", "back-net")));

  networks.back().network = {.id = "", .name = "told"};
  EXPECT_TRUE(world.target(found(world.instance, "10.0.0.5", "told")));
}

TEST(OpenStackSD, MachinesThatExistAlreadyAreNotInOpenStack) {
  World world;
  world.service.spec.template_spec = {};
  const DiscoveryPlan plan = world.plan();
  EXPECT_TRUE(plan.jobs.empty());
  EXPECT_TRUE(plan.clouds.empty());
  ASSERT_EQ(plan.problems.size(), 1u);
  EXPECT_TRUE(plan.problems.front().contains("shop/a.web")) << plan.problems.front();
}

}  // namespace
}  // namespace clickdeploy::reconcilers
