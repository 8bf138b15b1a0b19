// Nova's versions, and its small resources: flavors, limits, quotas, key pairs, zones.

#include "controller/base/text.h"
#include "controller/localcloud/face_internal.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::localcloud {
namespace {

constexpr std::size_t kPageMax = 1000;

struct Use {
  std::int64_t instances = 0;
  std::int64_t cores = 0;
  std::int64_t ram_mib = 0;
};

Use use_of(const Cloud& cloud, std::string_view project_id) {
  Use use;
  for (const auto& [id, server] : cloud.state().servers) {
    if (server.project_id != project_id || server.vm_state == VmState::Deleted) continue;
    const Flavor* flavor = cloud.find_flavor(server.flavor_id);
    ++use.instances;
    use.cores += flavor != nullptr ? flavor->vcpus : 0;
    use.ram_mib += flavor != nullptr ? flavor->ram_mib : 0;
  }
  return use;
}

Reaction list_flavors(const Cloud& cloud, const Call& call, Detail detail) {
  Outcome<PageRequest> page = page_request(call, kPageMax);
  if (!page) return std::unexpected(std::move(page).error());
  const std::vector<Flavor>& flavors = cloud.state().flavors;
  auto first = flavors.begin();
  if (!page->marker.empty()) {
    first = std::ranges::find(flavors, page->marker, &Flavor::id);
    if (first == flavors.end()) {
      return refuse(400, fmt::format("marker [{}] not found", page->marker));
    }
    ++first;
  }
  JsonArray items;
  std::string last;
  for (; first != flavors.end() && items.size() < page->limit; ++first) {
    items.push_back(flavor_view(call, *first, detail));
    last = first->id;
  }
  const bool full = items.size() == page->limit;
  Json body = Json::object({{"flavors", std::move(items)}});
  if (full) {
    const std::string href = fmt::format("{}/compute/v2.1/{}?{}", call.base_url,
                                         join(call.path, "/"), query_with_marker(call.query, last));
    body.set("flavors_links", Json::array({Json::object({{"rel", "next"}, {"href", href}})}));
  }
  return answer(200, std::move(body));
}

Reaction flavors_call(const Cloud& cloud, const Call& call) {
  if (matches(call, "GET", {"flavors"})) return list_flavors(cloud, call, Detail::Brief);
  if (matches(call, "GET", {"flavors", "detail"})) return list_flavors(cloud, call, Detail::Full);
  if (call.method != "GET" || call.path.size() < 2) {
    return refuse(403, "Policy doesn't allow os_compute_api:os-flavor-manage to be performed.");
  }
  const Flavor* flavor = cloud.find_flavor(call.path[1]);
  if (flavor == nullptr) {
    return refuse(404, fmt::format("Flavor {} could not be found.", call.path[1]));
  }
  if (call.path.size() == 3 && call.path[2] == "os-extra_specs") {
    return answer(200, Json::object({{"extra_specs", Json::object()}}));
  }
  return answer(200, Json::object({{"flavor", flavor_view(call, *flavor, Detail::Full)}}));
}

Json limits_view(const Cloud& cloud, const Call& call) {
  const Quota quota = cloud.quota_of(call.token.project_id);
  const Use use = use_of(cloud, call.token.project_id);
  return Json::object(
      {{"limits", Json::object({{"rate", Json::array()},
                                {"absolute", Json::object({{"maxTotalInstances", quota.instances},
                                                           {"maxTotalCores", quota.cores},
                                                           {"maxTotalRAMSize", quota.ram_mib},
                                                           {"maxTotalKeypairs", 100},
                                                           {"maxServerMeta", 128},
                                                           {"maxServerGroups", 10},
                                                           {"maxServerGroupMembers", 10},
                                                           {"totalInstancesUsed", use.instances},
                                                           {"totalCoresUsed", use.cores},
                                                           {"totalRAMUsed", use.ram_mib},
                                                           {"totalServerGroupsUsed", 0}})}})}});
}

Json quota_item(std::int64_t limit, std::int64_t used, bool detailed) {
  if (!detailed) return limit;
  return Json::object({{"limit", limit}, {"in_use", used}, {"reserved", 0}});
}

Json quota_set(const Cloud& cloud, const std::string& project_id, const Quota& quota,
               bool detailed) {
  const Use use = use_of(cloud, project_id);
  return Json::object(
      {{"quota_set",
        Json::object({{"id", project_id},
                      {"instances", quota_item(quota.instances, use.instances, detailed)},
                      {"cores", quota_item(quota.cores, use.cores, detailed)},
                      {"ram", quota_item(quota.ram_mib, use.ram_mib, detailed)},
                      {"key_pairs", quota_item(100, 0, detailed)},
                      {"metadata_items", quota_item(128, 0, detailed)},
                      {"server_groups", quota_item(10, 0, detailed)},
                      {"server_group_members", quota_item(10, 0, detailed)}})}});
}

Reaction quotas_call(Cloud& cloud, const Call& call) {
  if (call.path.size() < 2) return refuse(404, "The resource could not be found.");
  const std::string& project = call.path[1];
  if (!call.admin && project != call.token.project_id) {
    return refuse(403, "Policy doesn't allow os_compute_api:os-quota-sets:show to be performed.");
  }
  if (matches(call, "GET", {"os-quota-sets", "*"}) ||
      matches(call, "GET", {"os-quota-sets", "*", "detail"})) {
    return answer(200, quota_set(cloud, project, cloud.quota_of(project), call.path.size() == 3));
  }
  if (matches(call, "GET", {"os-quota-sets", "*", "defaults"})) {
    return answer(200, quota_set(cloud, project, cloud.options().quota, false));
  }
  if (!call.admin) {
    return refuse(403, "Policy doesn't allow os_compute_api:os-quota-sets:update to be performed.");
  }
  if (matches(call, "PUT", {"os-quota-sets", "*"})) {
    const Json& wanted = call.body["quota_set"];
    Quota quota = cloud.quota_of(project);
    quota.instances = wanted["instances"].as_int(quota.instances);
    quota.cores = wanted["cores"].as_int(quota.cores);
    quota.ram_mib = wanted["ram"].as_int(quota.ram_mib);
    cloud.mutable_state().quotas[project] = quota;
    return answer(200, quota_set(cloud, project, quota, false));
  }
  if (matches(call, "DELETE", {"os-quota-sets", "*"})) {
    cloud.mutable_state().quotas.erase(project);
    return answer(202);
  }
  return refuse(404, "The resource could not be found.");
}

Json key_view(const KeyPair& key) {
  return Json::object({{"name", key.name},
                       {"public_key", key.public_key},
                       {"type", "ssh"},
                       {"fingerprint", sha256_hex(key.public_key).substr(0, 32)}});
}

Reaction keys_call(Cloud& cloud, const Call& call) {
  std::vector<KeyPair>& keys = cloud.mutable_state().key_pairs;  // also for reads: they are rare
  const auto mine = [&call](const KeyPair& key) { return key.user_id == call.token.user_id; };
  if (matches(call, "GET", {"os-keypairs"})) {
    JsonArray items;
    for (const KeyPair& key : keys) {
      if (mine(key)) items.push_back(Json::object({{"keypair", key_view(key)}}));
    }
    return answer(200, Json::object({{"keypairs", std::move(items)}}));
  }
  if (matches(call, "POST", {"os-keypairs"})) {
    const Json& wanted = call.body["keypair"];
    KeyPair key{wanted["name"].as_string(), call.token.user_id, wanted["public_key"].as_string()};
    if (key.name.empty()) return invalid_field("name", wanted["name"], "is too short");
    if (!key.public_key.starts_with("ssh-") && !key.public_key.starts_with("ecdsa-")) {
      return refuse(400, "Keypair data is invalid: failed to generate fingerprint");
    }
    const auto same = [&](const KeyPair& other) { return mine(other) && other.name == key.name; };
    if (std::ranges::any_of(keys, same)) {
      return refuse(409, fmt::format("Key pair '{}' already exists.", key.name));
    }
    keys.push_back(key);
    return answer(call.microversion >= 2 ? 201 : 200, Json::object({{"keypair", key_view(key)}}));
  }
  if (call.path.size() != 2) return refuse(404, "The resource could not be found.");
  auto found = std::ranges::find_if(
      keys, [&](const KeyPair& key) { return mine(key) && key.name == call.path[1]; });
  if (found == keys.end()) {
    return refuse(
        404, fmt::format("Keypair {} not found for user {}", call.path[1], call.token.user_id));
  }
  if (call.method == "GET") return answer(200, Json::object({{"keypair", key_view(*found)}}));
  if (call.method != "DELETE") return refuse(405, "The method is not allowed for this resource.");
  keys.erase(found);
  return answer(call.microversion >= 2 ? 204 : 202);
}

Json zones_view(const Cloud& cloud) {
  JsonArray zones;
  for (const std::string& zone : cloud.options().zones) {
    zones.push_back(Json::object({{"zoneName", zone},
                                  {"zoneState", Json::object({{"available", true}})},
                                  {"hosts", nullptr}}));
  }
  return Json::object({{"availabilityZoneInfo", std::move(zones)}});
}

// Neutron's floating IPs as Nova told them before 2.36: what Prometheus asks for.
Json floating_ips_view(const Cloud& cloud, const Call& call) {
  const State& state = cloud.state();
  JsonArray items;
  for (const auto& [id, ip] : state.floating_ips) {
    if (ip.project_id != call.token.project_id) continue;
    Json view = Json::object({{"id", id},
                              {"ip", ip.address},
                              {"fixed_ip", nullptr},
                              {"instance_id", nullptr},
                              {"pool", nullptr}});
    const auto network = state.networks.find(ip.network_id);
    if (network != state.networks.end()) view.set("pool", network->second.name);
    const auto port = state.ports.find(ip.port_id);
    if (port != state.ports.end() && !port->second.fixed_ips.empty()) {
      view.set("fixed_ip", port->second.fixed_ips.front().address);
      view.set("instance_id", port->second.device_id);
    }
    items.push_back(std::move(view));
  }
  return Json::object({{"floating_ips", std::move(items)}});
}

}  // namespace

Answer compute_versions(const Call& call, bool single) {
  Json version = Json::object(
      {{"id", "v2.1"},
       {"status", "CURRENT"},
       {"version", "2.93"},
       {"min_version", "2.1"},
       {"updated", "2013-07-23T11:33:21Z"},
       {"links", Json::array({Json::object(
                     {{"rel", "self"}, {"href", call.base_url + "/compute/v2.1/"}})})}});
  if (!single) return answer(200, Json::object({{"versions", Json::array({version})}}));
  version.set("media-types",
              Json::array({Json::object(
                  {{"base", "application/json"},
                   {"type", "application/vnd.openstack.compute+json;version=2.1"}})}));
  return answer(200, Json::object({{"version", std::move(version)}}));
}

Reaction compute_call(Cloud& cloud, const Call& call) {
  if (call.path.empty()) return compute_versions(call, true);
  const std::string& resource = call.path[0];
  if (resource == "servers") return servers_call(cloud, call);
  if (resource == "flavors") return flavors_call(cloud, call);
  if (resource == "os-quota-sets") return quotas_call(cloud, call);
  if (resource == "os-keypairs") return keys_call(cloud, call);
  if (resource == "os-server-groups") return server_groups_call(cloud, call);
  if (matches(call, "GET", {"limits"})) return answer(200, limits_view(cloud, call));
  if (matches(call, "GET", {"os-availability-zone"})) return answer(200, zones_view(cloud));
  if (matches(call, "GET", {"os-availability-zone", "detail"})) {
    return refuse(
        403, "Policy doesn't allow os_compute_api:os-availability-zone:detail to be performed.");
  }
  constexpr int kFloatingIpsUntil = 35;
  if (matches(call, "GET", {"os-floating-ips"}) && call.microversion <= kFloatingIpsUntil) {
    return answer(200, floating_ips_view(cloud, call));
  }
  if (matches(call, "GET", {"extensions"})) {
    return answer(200, Json::object({{"extensions", Json::array()}}));
  }
  return refuse(404, "The resource could not be found.");
}

}  // namespace clickdeploy::localcloud
