#include "tests/simulation/swarm_oracle.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::simulation {

namespace {

bool is_deleting(const Json& object) {
  return !object["metadata"]["deletionTimestamp"].is_null();
}

bool belongs_to(const Json& instance, const api::ObjectKey& service) {
  return instance["metadata"]["namespace"].as_string() == service.namespace_name &&
         instance["spec"]["serviceName"].as_string() == service.name;
}

bool is_same_service(const Json& a, const Json& b) {
  return a["metadata"]["namespace"] == b["metadata"]["namespace"] &&
         a["spec"]["serviceName"] == b["spec"]["serviceName"];
}

// maxUnhealthy as it is documented, written anew: a share, rounded down but at least one, or a
// number.
std::int64_t limit_of(const std::string& most, std::int64_t total) {
  const std::int64_t number = std::stoll(most);
  if (!most.ends_with('%')) return number;
  std::int64_t whole = 0;
  while ((whole + 1) * 100 <= total * number) ++whole;
  return whole < 1 ? 1 : whole;
}

// Of a Cloud whose machines exist already, whether or not it has one by now?
bool is_on_machine(const Json& instance) {
  return instance["spec"]["cloudRef"]["name"].as_string() == "lab";
}

std::string claim_of(const localcloud::Port& port) {
  constexpr std::string_view kClaim = " claim=";
  const std::size_t from = port.description.find(kClaim) + kClaim.size();
  return port.description.substr(from, port.description.find(' ', from) - from);
}

}  // namespace

std::string SwarmOracle::unrest() const {
  for (const ServiceWish& service : wish_.services) {
    std::string found = unrest_of(service);
    if (!found.empty()) return service.key.name + ": " + found;
  }
  return unrest_of_whole();
}

std::string SwarmOracle::unrest_of(const ServiceWish& wanted) const {
  const Json& service = world_.object(kServices, wanted.key);
  const auto instances = std::ranges::count_if(
      world_.objects(kInstances), [&](const Json& each) { return belongs_to(each, wanted.key); });
  if (!wanted.exists) {
    if (!service.is_null()) return "the Service is still there";
    return instances == 0 ? "" : "Instances are still there";
  }
  if (service.is_null() || is_deleting(service)) return "the Service is not there";
  if (instances != wanted.replicas) {
    return fmt::format("{} Instances instead of {}", instances, wanted.replicas);
  }
  const Json& status = service["status"];
  if (status["observedGeneration"] != service["metadata"]["generation"]) {
    return "the last edit was not observed";
  }
  if (status["replicas"].as_int() != wanted.replicas) return "status.replicas is wrong";
  const std::vector<const char*> conditions =
      wanted.selected ? std::vector<const char*>{"Ready", "UpToDate", "RulesLoaded"}
                      : std::vector<const char*>{"InstancesReady", "UpToDate"};
  for (const char* type : conditions) {
    if (!is_condition(service, type, "True")) return std::string(type) + " is not True";
  }
  if (!wanted.selected) return "";
  if (status["monitoredReplicas"].as_int() != wanted.replicas) {
    return "not every Instance is monitored";
  }
  // What has just died is not known to the product yet, and will be repaired.
  for (const Json& instance : world_.objects(kInstances)) {
    if (belongs_to(instance, wanted.key) && has_no_use(instance)) {
      return "Instance " + instance["metadata"]["name"].as_string() + " is of no use";
    }
  }
  return "";
}

std::string SwarmOracle::unrest_of_whole() const {
  std::size_t instances = 0;
  std::size_t servers = 0;
  std::size_t targets = 0;
  for (const ServiceWish& service : wish_.services) {
    if (!service.exists) continue;
    const auto replicas = static_cast<std::size_t>(service.replicas);
    instances += replicas;
    servers += service.machines ? 0 : replicas;
    targets += service.selected ? replicas : 0;
  }
  if (world_.objects(kInstances).size() != instances) return "Instances that nobody asked for";
  if (kept_servers() != servers) {
    return fmt::format("{} servers instead of {}", kept_servers(), servers);
  }
  if (kept_ports() != servers) return fmt::format("{} ports instead of {}", kept_ports(), servers);
  for (const localcloud::Port* port : world_.checker.our_ports()) {
    if (port->device_id.empty()) return "port " + port->name + " serves nothing";
  }
  std::string lost = unrest_of_volumes();
  if (lost.empty()) lost = unrest_of_machines();
  if (!lost.empty()) return lost;
  std::string drift = drift_of_servers();
  if (!drift.empty()) return drift;
  if (world_.prometheus.targets() != targets) {
    return fmt::format("{} targets instead of {}", world_.prometheus.targets(), targets);
  }
  if (targets == 0) return "";
  if (world_.prometheus.rule_expression("HighCPU") != wish_.rule) {
    return "rule HighCPU is '" + world_.prometheus.rule_expression("HighCPU") + "'";
  }
  // Of the policies that select a Service, the first by priority applies alone.
  if (!world_.prometheus.rule_expression("SlowDisk").empty()) {
    return "the rule of a policy that applies to nothing is loaded";
  }
  return is_condition(world_.object(kBackends, kBackend), "Ready", "True")
             ? ""
             : "the MetricsBackend is not Ready";
}

std::string SwarmOracle::unrest_of_volumes() const {
  std::size_t wanted = 0;
  for (const ServiceWish& service : wish_.services) {
    if (service.exists && service.volumes) wanted += 2 * static_cast<std::size_t>(service.replicas);
  }
  std::size_t kept = 0;
  for (const localcloud::Volume* volume : world_.checker.our_volumes()) {
    if (!CloudChecker::metadata_of(*volume, "clickdeploy_unused").empty()) {
      return "volume " + volume->name + " serves nothing";
    }
    if (world_.forsaken.contains(CloudChecker::metadata_of(*volume, "clickdeploy_uid"))) continue;
    ++kept;
    if (volume->status != "in-use") return "volume " + volume->name + " is " + volume->status;
  }
  return kept == wanted ? "" : fmt::format("{} volumes instead of {}", kept, wanted);
}

namespace {

// Of agents that no policy wants any more the status says only what was installed.
bool has_wanted_agents(const Json& instance) {
  return std::ranges::any_of(instance["status"]["agents"].as_array(),
                             [](const Json& agent) { return !agent["state"].as_string().empty(); });
}

}  // namespace

std::string SwarmOracle::unrest_of_machines() const {
  std::size_t wanted = 0;
  for (const ServiceWish& service : wish_.services) {
    if (service.exists && service.machines) wanted += static_cast<std::size_t>(service.replicas);
  }
  std::size_t taken = 0;
  for (const auto& [address, machine] : world_.on_machines.all()) {
    const bool forsaken = world_.forsaken.contains(mark_value(machine.mark, "clickdeploy_uid"));
    if (is_our_mark(machine.mark) && !forsaken) ++taken;
    if (machine.mark.empty() && !machine.installed.empty()) {
      return "machine " + address + " is free and still has our agents";
    }
  }
  if (taken != wanted) return fmt::format("{} machines instead of {}", taken, wanted);
  for (const Json& instance : world_.objects(kInstances)) {
    if (!is_on_machine(instance)) continue;
    const std::string& name = instance["metadata"]["name"].as_string();
    const std::string& id = instance["status"]["server"]["id"].as_string();
    if (!world_.on_machines.is_marked_for(id)) return "Instance " + name + " has no machine";
    const SimAgent* agent = world_.on_machines.find_agent_of(machine_address(machine_name_of(id)));
    if (has_wanted_agents(instance) && (agent == nullptr || agent->version != "1.5.0")) {
      return "the agent of " + name + " is not there or of another version";
    }
    if (!is_condition(instance, "UpToDate", "True")) return name + " is not UpToDate";
  }
  return "";
}

// What somebody has changed on them in the cloud is as it was.
std::string SwarmOracle::drift_of_servers() const {
  for (const Json& instance : world_.objects(kInstances)) {
    if (is_on_machine(instance)) continue;
    const std::string& name = instance["metadata"]["name"].as_string();
    const auto& servers = world_.cloud.state().servers;
    const auto found = servers.find(instance["status"]["server"]["id"].as_string());
    if (found == servers.end()) return "Instance " + name + " has no server";
    const localcloud::Server* server = &found->second;
    const std::string id = instance["metadata"]["namespace"].as_string() + "/" + name;
    // One that was taken over keeps its name.
    const bool adopted = instance["status"]["adopted"].as_bool();
    if ((!adopted && server->name != name) || server->tags.size() != 2 ||
        CloudChecker::metadata_of(*server, "clickdeploy_instance") != id ||
        !server->metadata.contains("clickdeploy_service")) {
      return "server " + server->id + " of " + name + " is not marked as it was";
    }
    // Where a policy asks for it.
    const SimAgent* agent = world_.guests.find_agent_of(server->id);
    if (has_wanted_agents(instance) && agent != nullptr && agent->version != "1.5.0") {
      return "the agent of " + name + " is version " + agent->version;
    }
    const Json& wanted = instance["spec"]["server"]["metadata"]["owner"];
    if (wanted.is_string() && CloudChecker::metadata_of(*server, "owner") != wanted.as_string()) {
      return "server " + server->id + " of " + name + " has not its metadata";
    }
    for (const localcloud::Port* port : world_.cloud.ports_of(server->id)) {
      if (port->security_groups.empty() || !port->allowed_address_pairs.empty()) {
        return "port " + port->name + " has not its security groups and address pairs";
      }
    }
    if (!is_condition(instance, "UpToDate", "True")) return name + " is not UpToDate";
  }
  return "";
}

std::size_t SwarmOracle::kept_servers() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(world_.checker.our_servers(), [&](const localcloud::Server* server) {
        return !world_.forsaken.contains(CloudChecker::metadata_of(*server, "clickdeploy_uid"));
      }));
}

std::size_t SwarmOracle::kept_ports() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      world_.checker.our_ports(),
      [&](const localcloud::Port* port) { return !world_.forsaken.contains(claim_of(*port)); }));
}

// A server that never booted is a create that failed, and no brake counts it.
bool SwarmOracle::is_broken(const Json& instance) const {
  return !instance["status"]["bootedAt"].as_string().empty() && has_no_use(instance);
}

bool SwarmOracle::has_no_use(const Json& instance) const {
  if (is_deleting(instance)) return false;
  const std::string& id = instance["status"]["server"]["id"].as_string();
  if (is_on_machine(instance)) {
    return !world_.on_machines.is_marked_for(id) || !world_.on_machines.is_answering(id);
  }
  const auto server = world_.cloud.state().servers.find(id);
  if (server == world_.cloud.state().servers.end() ||
      server->second.vm_state != localcloud::VmState::Active) {
    return true;
  }
  const bool attached = std::ranges::any_of(
      world_.cloud.state().ports, [&](const auto& port) { return port.second.device_id == id; });
  if (!attached) return true;
  const auto& ids = our_server_ids(world_);
  return std::ranges::count(ids, id) == 0 || !world_.guests.is_answering(id);
}

// As maxUnhealthy is defined (docs/reliability.md): of the Service, and of the whole Cloud.
bool SwarmOracle::is_over_the_brake(const Json& instance) const {
  std::int64_t of_service = 0;
  std::int64_t of_cloud = 0;
  std::int64_t broken_of_service = 0;
  std::int64_t broken_of_cloud = 0;
  for (const Json& each : world_.objects(kInstances)) {
    if (each["spec"]["cloudRef"] != instance["spec"]["cloudRef"]) continue;
    const bool broken = is_broken(each);
    ++of_cloud;
    broken_of_cloud += broken ? 1 : 0;
    if (!is_same_service(each, instance)) continue;
    ++of_service;
    broken_of_service += broken ? 1 : 0;
  }
  const std::string& most = instance["spec"]["remediation"]["maxUnhealthy"].as_string();
  return broken_of_service > limit_of(most, of_service) ||
         broken_of_cloud > limit_of(most.ends_with('%') ? most : "20%", of_cloud);
}

// One that has failed may hold the only place for repairs.
bool SwarmOracle::is_repair_failed(const Json& like) const {
  return std::ranges::any_of(world_.objects(kInstances), [&](const Json& each) {
    return is_same_service(each, like) && has_no_use(each) &&
           condition(each, "Progressing")["reason"].as_string() == "Failed";
  });
}

std::string SwarmOracle::brake_of(const Json& instance) const {
  const Json& progressing = condition(instance, "Progressing");
  const std::string& reason = progressing["reason"].as_string();
  const std::string& message = progressing["message"].as_string();
  const std::string name = instance["metadata"]["name"].as_string();
  if (!has_no_use(instance)) return "";
  if (reason == "Failed" && message.contains("repairs did not help")) {
    const bool spent = instance["status"]["remediation"]["retries"].as_int() >=
                       instance["spec"]["remediation"]["maxRetries"].as_int();
    return spent ? name + " has failed after its repairs" : "";
  }
  if (!is_broken(instance)) return "";
  if (reason == "Blocked" && message.contains("the brake is on")) {
    return is_over_the_brake(instance) ? name + " is held by the brake" : "";
  }
  if (reason == "Waiting" && message.contains("another repair")) {
    return is_repair_failed(instance) ? name + " waits behind one that has failed" : "";
  }
  return "";
}

std::string SwarmOracle::brake_of_clouds() const {
  for (const api::ObjectKey& key : wish_.clouds) {
    const Json& cloud = world_.object(kClouds, key);
    if (!is_condition(cloud, "FleetObserved", "False")) continue;
    for (const Json& instance : world_.objects(kInstances)) {
      const std::string& id = instance["status"]["server"]["id"].as_string();
      if (id.empty() || instance["spec"]["cloudRef"]["name"].as_string() != key.name) continue;
      if (is_on_machine(instance)) {
        if (world_.on_machines.is_marked_for(id)) continue;
        return "Cloud " + key.name + " misses machines";
      }
      const auto server = world_.cloud.state().servers.find(id);
      if (server == world_.cloud.state().servers.end() ||
          server->second.vm_state == localcloud::VmState::Deleted) {
        return "Cloud " + key.name + " misses servers";
      }
    }
  }
  return "";
}

std::string SwarmOracle::brake() const {
  std::string held = brake_of_clouds();
  if (!held.empty()) return held;
  for (const Json& instance : world_.objects(kInstances)) {
    if (is_deleting(instance) || is_condition(instance, "Ready", "True")) continue;
    held = brake_of(instance);
    if (!held.empty()) return held;
  }
  return "";
}

}  // namespace clickdeploy::simulation
