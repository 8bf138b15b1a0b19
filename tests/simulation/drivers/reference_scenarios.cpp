#include "tests/simulation/drivers/reference_scenarios.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::simulation {

using namespace std::chrono_literals;

namespace {

const api::ObjectKey kSite{"shop", "site"};
constexpr const char* kNewImage = "ubuntu-22.04";
constexpr const char* kOtherRule = "click_deploy_service_cpu_usage_percent > 95";
constexpr const char* kBadRule = "sum((( click_deploy_service_cpu_usage_percent > 90";
constexpr const char* kForeignName = "web-of-somebody";

// Long enough for what is refreshed after a change to be refreshed.
constexpr auto kQuiet = 15s;

Json spec(std::string name, Json value) {
  return Json::object({{"spec", Json::object({{std::move(name), std::move(value)}})}});
}

void platform(SimWorld& world) {
  world.apply(platform_manifests());
  world.run_until(
      [&] {
        return is_condition(world.object(kClouds, kCloud), "Ready", "True") &&
               is_condition(world.object(kBackends, kBackend), "Ready", "True");
      },
      2min);
  world.run_for(kQuiet);
}

std::function<void(SimWorld&)> fleet_of(int replicas) {
  return [replicas](SimWorld& world) {
    apply_fleet(world, replicas);
    // A fleet of one that loses its server has lost all: the guard would ask for a word of a
    // person.
    world.patch(kClouds, kCloud,
                spec("protection", Json::object({{"missingFleetThreshold", "100%"}})));
    world.run_until([&] { return is_converged(world, replicas); }, 5min);
    world.run_for(kQuiet);
  };
}

std::function<void(SimWorld&)> scale_to(int replicas) {
  return [replicas](SimWorld& world) { world.patch(kServices, kWeb, spec("replicas", replicas)); };
}

std::function<bool(SimWorld&)> converged(int replicas) {
  return [replicas](const SimWorld& world) { return is_converged(world, replicas); };
}

bool is_gone(const SimWorld& world) {
  return world.object(kServices, kWeb).is_null() && world.objects(kInstances).empty() &&
         world.checker.our_servers().empty() && world.checker.our_ports().empty() &&
         world.cloud.state().volumes.empty() && world.prometheus.targets() == 0;
}

// As is_converged(), for the only Service when it is not called web.
bool is_site_up(const SimWorld& world) {
  const Json& site = world.object(kServices, kSite);
  return world.object(kServices, kWeb).is_null() && world.checker.our_servers().size() == 1 &&
         world.checker.our_ports().size() == 1 && world.prometheus.targets() == 1 &&
         is_condition(site, "Ready", "True") && site["status"]["monitoredReplicas"].as_int() == 1;
}

Json only_instance(const SimWorld& world) {
  const auto instances = world.objects(kInstances);
  return instances.size() == 1 ? instances.front().get() : Json();
}

void set_quota(SimWorld& world, std::int64_t instances) {
  localcloud::State& state = world.cloud.mutable_state();
  for (const localcloud::Project& project : state.projects) {
    localcloud::Quota quota = world.cloud.quota_of(project.id);
    quota.instances = instances;
    state.quotas[project.id] = quota;
  }
}

std::string service_with_volumes(int replicas) {
  std::string text = service_manifest(replicas);
  const std::string before = "      flavors:";
  return text.insert(text.find(before),
                     "      rootVolume: {sizeGiB: 10}\n"
                     "      volumes: [{name: data, sizeGiB: 20}]\n");
}

// Each server has its two volumes, and no other is left.
std::function<bool(SimWorld&)> converged_with_volumes(int replicas) {
  return [replicas](const SimWorld& world) {
    return is_converged(world, replicas) &&
           world.cloud.state().volumes.size() == static_cast<std::size_t>(replicas) * 2 &&
           std::ranges::all_of(world.cloud.state().volumes,
                               [](const auto& entry) { return entry.second.status == "in-use"; });
  };
}

std::function<void(SimWorld&)> fleet_with_volumes(int replicas) {
  return [replicas](SimWorld& world) {
    fleet_of(0)(world);
    world.apply(service_with_volumes(replicas));
    world.run_until([&] { return converged_with_volumes(replicas)(world); }, 5min);
    world.run_for(kQuiet);
  };
}

void make_foreign_server(SimWorld& world, const std::string& name) {
  const auto token = world.cloud.log_in("controller", kCloudPassword, "demo");
  if (!token) return world.report.add("run", "somebody cannot log in");
  const localcloud::State& state = world.cloud.state();
  localcloud::NewServer server;
  server.name = name;
  server.image_id = state.images.begin()->first;
  server.flavor_id = "2";
  server.nics.push_back({state.networks.begin()->first, "", ""});
  if (!world.cloud.create_servers(*token, std::move(server))) {
    world.report.add("run", "somebody cannot make a server");
  }
}

bool are_foreign_servers_untouched(const SimWorld& world) {
  return std::ranges::count_if(world.cloud.state().servers, [](const auto& entry) {
           const localcloud::Server& server = entry.second;
           return server.metadata.empty() && localcloud::status_of(server) == "ACTIVE";
         }) == 2;
}

std::string policy_with_port(int port) {
  std::string text = policy_manifest("click_deploy_service_cpu_usage_percent > 90");
  const std::string before = "port: 9100";
  return text.replace(text.find(before), before.size(), fmt::format("port: {}", port));
}

std::string service_named(const api::ObjectKey& key) {
  std::string text = service_manifest(1);
  const std::string before = "name: web, namespace: shop";
  return text.replace(text.find(before), before.size(),
                      fmt::format("name: {}, namespace: {}", key.name, key.namespace_name));
}

void delete_while_creating(SimWorld& world) {
  world.apply(service_manifest(1));
  world.run_until([&] { return !world.checker.our_servers().empty(); }, 2min);
  world.remove(kServices, kWeb);
}

void recreate(SimWorld& world) {
  world.remove(kServices, kWeb);
  world.run_until([&] { return world.object(kServices, kWeb).is_null(); }, 5min);
  world.apply(service_manifest(1));
}

void rename_service(SimWorld& world) {
  world.remove(kServices, kWeb);
  world.apply(service_named(kSite));
}

void bad_rule_then_good(SimWorld& world) {
  world.apply(policy_manifest(kBadRule));
  world.run_until(
      [&] { return is_condition(world.object(kPolicies, kPolicy), "RulesLoaded", "False"); }, 2min);
  world.apply(policy_manifest(kOtherRule));
}

void quota_then_room(SimWorld& world) {
  set_quota(world, 1);
  world.patch(kServices, kWeb, spec("replicas", 2));
  world.run_until([&] { return world.checker.count("POST", "/compute/v2.1/servers") >= 2; }, 1min);
  world.run_for(5s);
  set_quota(world, 50);
}

void image_missing_then_there(SimWorld& world) {
  world.apply(service_manifest(1, "golden"));
  world.run_until(
      [&] {
        return condition(only_instance(world), "Progressing")["reason"].as_string() ==
               "InvalidConfiguration";
      },
      1min);
  world.cloud.add_image("golden", {{"os_distro", "debian"}});
}

void foreign_names(SimWorld& world) {
  make_foreign_server(world, only_instance(world)["metadata"]["name"].as_string());
  make_foreign_server(world, kForeignName);
  world.patch(kServices, kWeb, spec("replicas", 2));
}

void kill_agent(SimWorld& world) {
  for (const std::string& id : our_server_ids(world)) {
    SimAgent* agent = world.guests.find_agent_of(id);
    if (agent != nullptr) agent->state = AgentState::Killed;
  }
}

void lose_server(SimWorld& world) {
  for (const std::string& id : our_server_ids(world)) {
    localcloud::Server* server = world.cloud.find_server(id);
    if (server == nullptr || !world.cloud.delete_server(*server)) {
      world.report.add("run", "somebody cannot delete the server");
    }
  }
  world.run_until([&] { return world.checker.our_servers().empty(); }, 1min);
}

bool is_repaired(SimWorld& world) {
  const Json instance = only_instance(world);
  const SimAgent* agent =
      world.guests.find_agent_of(instance["status"]["server"]["id"].as_string());
  return is_converged(world, 1) && agent != nullptr && agent->state == AgentState::Running &&
         instance["status"]["remediation"]["step"].as_string().empty();
}

std::vector<Scenario> life_of_a_service() {
  return {
      {.name = "first-start",
       .story = "everything is applied at once",
       .prepare = [](SimWorld&) {},
       .act = [](SimWorld& world) { apply_fleet(world, 1); },
       .done = converged(1)},
      {.name = "create",
       .story = "a Service of two is made on a platform that is ready",
       .prepare = platform,
       .act = [](SimWorld& world) { world.apply(service_manifest(2)); },
       .done = converged(2)},
      {.name = "scale-up",
       .story = "from one to three",
       .prepare = fleet_of(1),
       .act = scale_to(3),
       .done = converged(3)},
      {.name = "scale-down",
       .story = "from two to one",
       .prepare = fleet_of(2),
       .act = scale_to(1),
       .done = converged(1)},
      {.name = "delete",
       .story = "a Service of one is deleted",
       .prepare = fleet_of(1),
       .act = [](SimWorld& world) { world.remove(kServices, kWeb); },
       .done = is_gone},
      {.name = "delete-while-creating",
       .story = "a Service is deleted when its server is being built",
       .prepare = platform,
       .act = delete_while_creating,
       .done = is_gone},
      {.name = "recreate",
       .story = "a Service is deleted, and made again by the same name",
       .prepare = fleet_of(1),
       .act = recreate,
       .done = converged(1)},
      {.name = "rename",
       .story = "a Service is deleted, and made at once by another name",
       .prepare = fleet_of(1),
       .act = rename_service,
       .done = is_site_up},
  };
}

std::vector<Scenario> volumes() {
  return {
      {.name = "create-with-volumes",
       .story = "a Service of one is made, which boots from a volume and has another one",
       .prepare = platform,
       .act = [](SimWorld& world) { world.apply(service_with_volumes(1)); },
       .done = converged_with_volumes(1)},
      {.name = "scale-down-volumes",
       .story = "from two to one, each with two volumes",
       .prepare = fleet_with_volumes(2),
       .act = scale_to(1),
       .done = converged_with_volumes(1)},
      {.name = "delete-with-volumes",
       .story = "a Service of one with two volumes is deleted",
       .prepare = fleet_with_volumes(1),
       .act = [](SimWorld& world) { world.remove(kServices, kWeb); },
       .done = is_gone},
  };
}

std::vector<Scenario> edits() {
  return {
      {.name = "edit-in-place",
       .story = "what repairs a server is changed; the server stays",
       .prepare = fleet_of(1),
       .act =
           [](SimWorld& world) {
             world.patch(kServices, kWeb,
                         spec("remediation", Json::object({{"unhealthyAfterSeconds", 90}})));
           },
       .done =
           [](const SimWorld& world) {
             const Json instance = only_instance(world);
             const Json& repairs = instance["spec"]["remediation"];
             return is_converged(world, 1) && repairs["unhealthyAfterSeconds"].as_int() == 90;
           }},
      {.name = "edit-image",
       .story = "another image: the server is replaced",
       .prepare = fleet_of(1),
       .act = [](SimWorld& world) { world.apply(service_manifest(1, kNewImage)); },
       .done =
           [](const SimWorld& world) {
             const Json instance = only_instance(world);
             return is_converged(world, 1) &&
                    instance["spec"]["server"]["image"]["name"].as_string() == kNewImage;
           }},
      {.name = "relabel",
       .story = "another label: the policy no longer selects the Service, and then does again",
       .prepare = fleet_of(1),
       .act =
           [](SimWorld& world) {
             auto tier = [](const char* value) {
               const Json labels = Json::object({{"tier", value}});
               return Json::object({{"metadata", Json::object({{"labels", labels}})}});
             };
             world.patch(kServices, kWeb, tier("back"));
             world.run_until([&] { return world.prometheus.targets() == 0; }, 2min);
             world.patch(kServices, kWeb, tier("front"));
           },
       .done = converged(1)},
      {.name = "agent-port",
       .story = "the agent listens on another port: the server is replaced",
       .prepare = fleet_of(1),
       .act = [](SimWorld& world) { world.apply(policy_with_port(9200)); },
       .done =
           [](const SimWorld& world) {
             const Json instance = only_instance(world);
             return is_converged(world, 1) &&
                    instance["status"]["agents"][0]["address"].as_string().ends_with(":9200");
           }},
      {.name = "rule",
       .story = "another expression in a rule",
       .prepare = fleet_of(1),
       .act = [](SimWorld& world) { world.apply(policy_manifest(kOtherRule)); },
       .done =
           [](const SimWorld& world) {
             return is_converged(world, 1) &&
                    world.prometheus.rule_expression("HighCPU") == kOtherRule;
           }},
      {.name = "bad-rule",
       .story = "a rule that cannot be parsed, then a good one",
       .prepare = fleet_of(1),
       .act = bad_rule_then_good,
       .done =
           [](const SimWorld& world) {
             return is_converged(world, 1) &&
                    world.prometheus.rule_expression("HighCPU") == kOtherRule;
           }},
  };
}

std::vector<Scenario> trouble() {
  return {
      {.name = "quota",
       .story = "the quota has no room for a second server, and then it has",
       .prepare = fleet_of(1),
       .act = quota_then_room,
       .done = converged(2),
       .bound = 20min,
       .may_repeat_ports =
           "each try to make the server begins with its port, and tries go by the clock"},
      {.name = "image-missing",
       .story = "the image does not exist yet",
       .prepare = platform,
       .act = image_missing_then_there,
       .done = converged(1),
       .bound = 20min},
      {.name = "no-host",
       .story = "the first build finds no host",
       .prepare = platform,
       .act =
           [](SimWorld& world) {
             world.cloud.faults().no_valid_host = 1;
             world.apply(service_manifest(1));
           },
       .done = converged(1),
       .bound = 20min},
      {.name = "foreign-names",
       .story = "somebody has servers with names like ours, while we scale",
       .prepare = fleet_of(1),
       .act = foreign_names,
       .done =
           [](const SimWorld& world) {
             return is_converged(world, 2) && are_foreign_servers_untouched(world);
           }},
      {.name = "agent-dies",
       .story = "the agent of the only server dies, and is repaired",
       .prepare =
           [](SimWorld& world) {
             fleet_of(1)(world);
             world.patch(kServices, kWeb,
                         spec("remediation", Json::object({{"maxUnhealthy", "100%"}})));
             world.run_for(kQuiet);
           },
       .act = kill_agent,
       .done = is_repaired},
      {.name = "server-lost",
       .story = "somebody deletes our only server",
       .prepare =
           [](SimWorld& world) {
             fleet_of(1)(world);
             world.patch(kServices, kWeb,
                         spec("remediation", Json::object({{"maxUnhealthy", "100%"}})));
             world.run_for(kQuiet);
           },
       .act = lose_server,
       .done = is_repaired,
       .bound = 20min},
  };
}

}  // namespace

const std::vector<Scenario>& reference_scenarios() {
  static const std::vector<Scenario> kAll = [] {
    std::vector<Scenario> all = life_of_a_service();
    for (auto part : {&volumes, &edits, &trouble}) {
      std::vector<Scenario> more = part();
      std::ranges::move(more, std::back_inserter(all));
    }
    return all;
  }();
  return kAll;
}

const Scenario* find_scenario(const std::string& name) {
  const auto& all = reference_scenarios();
  const auto found = std::ranges::find(all, name, &Scenario::name);
  return found == all.end() ? nullptr : &*found;
}

}  // namespace clickdeploy::simulation
