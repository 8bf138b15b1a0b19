// Nova's JSON forms, by microversion.

#include "controller/base/text.h"
#include "controller/localcloud/face_internal.h"

#include <fmt/format.h>

namespace clickdeploy::localcloud {
namespace {

Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

Json time_or_null(const std::optional<WallTime>& time) {
  return time ? Json(format_micro_time(*time).substr(0, 26)) : Json();
}

Json bookmark(const Call& call, std::string_view resource, std::string_view id) {
  return Json::object({{"rel", "bookmark"},
                       {"href", fmt::format("{}/compute/{}/{}", call.base_url, resource, id)}});
}

Json addresses_view(const Cloud& cloud, const Server& server) {
  Json view = Json::object();
  for (const Port* port : cloud.ports_of(server.id)) {
    auto network = cloud.state().networks.find(port->network_id);
    if (network == cloud.state().networks.end()) continue;
    Json& list = view.member(network->second.name);
    for (const FixedIp& ip : port->fixed_ips) {
      list.push_back(Json::object({{"addr", ip.address},
                                   {"version", 4},
                                   {"OS-EXT-IPS:type", "fixed"},
                                   {"OS-EXT-IPS-MAC:mac_addr", port->mac}}));
    }
    for (const auto& [id, ip] : cloud.state().floating_ips) {
      if (ip.port_id != port->id) continue;
      list.push_back(Json::object({{"addr", ip.address},
                                   {"version", 4},
                                   {"OS-EXT-IPS:type", "floating"},
                                   {"OS-EXT-IPS-MAC:mac_addr", port->mac}}));
    }
  }
  return view;
}

Json embedded_flavor(const Cloud& cloud, const Call& call, const Server& server) {
  const Flavor* flavor = cloud.find_flavor(server.flavor_id);
  if (call.microversion < 47 || flavor == nullptr) {
    return Json::object({{"id", server.flavor_id},
                         {"links", Json::array({bookmark(call, "flavors", server.flavor_id)})}});
  }
  return Json::object({{"vcpus", flavor->vcpus},
                       {"ram", flavor->ram_mib},
                       {"disk", flavor->disk_gib},
                       {"ephemeral", 0},
                       {"swap", 0},
                       {"original_name", flavor->name},
                       {"extra_specs", Json::object()}});
}

Json groups_view(const Cloud& cloud, const Server& server) {
  std::set<std::string> names;
  for (const Port* port : cloud.ports_of(server.id)) {
    for (const std::string& id : port->security_groups) {
      auto group = cloud.state().security_groups.find(id);
      if (group != cloud.state().security_groups.end()) names.insert(group->second.name);
    }
  }
  JsonArray groups;
  for (const std::string& name : names) groups.push_back(Json::object({{"name", name}}));
  return groups;
}

int power_state(const Server& server) {
  if (server.vm_state == VmState::Active) return 1;
  return server.vm_state == VmState::Stopped ? 4 : 0;
}

Json attached_view(const Cloud& cloud, const Server& server) {
  JsonArray items;
  for (const Volume* volume : cloud.volumes_of(server.id)) {
    items.push_back(
        Json::object({{"id", volume->id}, {"delete_on_termination", volume->deleted_with_server}}));
  }
  return items;
}

void add_extended(Json& view, const Cloud& cloud, const Call& call, const Server& server) {
  const bool placed = server.launched.has_value();
  view.set("OS-EXT-STS:task_state", text_or_null(task_state_name(server.task)));
  view.set("OS-EXT-STS:vm_state", vm_state_name(server.vm_state));
  view.set("OS-EXT-STS:power_state", power_state(server));
  view.set("OS-EXT-AZ:availability_zone", placed ? server.availability_zone : "");
  view.set("OS-SRV-USG:launched_at", time_or_null(server.launched));
  view.set("OS-SRV-USG:terminated_at", time_or_null(server.terminated));
  view.set("OS-DCF:diskConfig", "MANUAL");
  view.set("os-extended-volumes:volumes_attached", attached_view(cloud, server));
  if (call.microversion >= 9) view.set("locked", false);
  if (call.microversion >= 73) view.set("locked_reason", nullptr);
  if (call.microversion >= 19) view.set("description", text_or_null(server.description));
  if (call.microversion >= 26) {
    view.set("tags", strings_json({server.tags.begin(), server.tags.end()}));
  }
  if (call.microversion >= 63) view.set("trusted_image_certificates", nullptr);
  if (call.microversion >= 90) view.set("OS-EXT-SRV-ATTR:hostname", server.name);
  if (!call.admin) return;
  view.set("OS-EXT-SRV-ATTR:host", placed ? Json("localcloud") : Json());
  view.set("OS-EXT-SRV-ATTR:instance_name", "instance-" + server.id.substr(0, 8));
  view.set("OS-EXT-SRV-ATTR:hypervisor_hostname", placed ? Json("localcloud") : Json());
  if (call.microversion >= 3) {
    view.set("OS-EXT-SRV-ATTR:user_data", text_or_null(server.user_data));
    view.set("OS-EXT-SRV-ATTR:hostname", server.name);
  }
  if (call.microversion >= 16) view.set("host_status", placed ? "UP" : "");
}

}  // namespace

Json links_view(const Call& call, std::string_view resource, std::string_view id) {
  return Json::array(
      {Json::object({{"rel", "self"},
                     {"href", fmt::format("{}/compute/v2.1/{}/{}", call.base_url, resource, id)}}),
       bookmark(call, resource, id)});
}

Json server_view(const Cloud& cloud, const Call& call, const Server& server, Detail detail) {
  Json view = Json::object({{"id", server.id},
                            {"name", server.name},
                            {"links", links_view(call, "servers", server.id)}});
  if (detail == Detail::Brief) return view;
  Json metadata = Json::object();
  for (const auto& [key, value] : server.metadata) metadata.set(key, value);
  const std::string status = status_of(server);
  view.set("status", status);
  view.set("tenant_id", server.project_id);
  view.set("user_id", server.user_id);
  view.set("metadata", std::move(metadata));
  view.set("hostId", server.launched ? sha256_hex(server.project_id + "localcloud").substr(0, 56)
                                     : std::string());
  Json image = "";  // of one that boots from a volume
  if (!server.image_id.empty()) {
    image = Json::object({{"id", server.image_id},
                          {"links", Json::array({bookmark(call, "images", server.image_id)})}});
  }
  view.set("image", std::move(image));
  view.set("flavor", embedded_flavor(cloud, call, server));
  view.set("created", format_time(server.created));
  view.set("updated", format_time(server.updated));
  view.set("addresses", addresses_view(cloud, server));
  view.set("accessIPv4", "");
  view.set("accessIPv6", "");
  view.set("config_drive", server.config_drive ? "True" : "");
  view.set("key_name", text_or_null(server.key_name));
  if (status == "ACTIVE" || status == "BUILD" || status == "REBUILD") view.set("progress", 0);
  Json groups = groups_view(cloud, server);
  if (!groups.empty()) view.set("security_groups", std::move(groups));
  add_extended(view, cloud, call, server);
  if (detail == Detail::Full && call.microversion >= 71) {
    const bool grouped = cloud.state().server_groups.contains(server.group_id);
    view.set("server_groups", grouped ? Json::array({server.group_id}) : Json::array());
  }
  // Nova leaves the fault out of detail lists.
  if (detail == Detail::Full && server.fault && status == "ERROR") {
    view.set("fault", Json::object({{"code", server.fault->code},
                                    {"created", format_time(server.fault->created)},
                                    {"message", server.fault->message}}));
  }
  return view;
}

Json flavor_view(const Call& call, const Flavor& flavor, Detail detail) {
  Json view = Json::object({{"id", flavor.id},
                            {"name", flavor.name},
                            {"links", links_view(call, "flavors", flavor.id)}});
  if (call.microversion >= 55) view.set("description", nullptr);
  if (detail == Detail::Brief) return view;
  view.set("vcpus", flavor.vcpus);
  view.set("ram", flavor.ram_mib);
  view.set("disk", flavor.disk_gib);
  view.set("swap", call.microversion >= 75 ? Json(0) : Json(""));
  view.set("rxtx_factor", 1.0);
  view.set("OS-FLV-EXT-DATA:ephemeral", 0);
  view.set("OS-FLV-DISABLED:disabled", false);
  view.set("os-flavor-access:is_public", true);
  if (call.microversion >= 61) view.set("extra_specs", Json::object());
  return view;
}

}  // namespace clickdeploy::localcloud
