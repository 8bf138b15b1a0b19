// Nova's /servers: list, create, show, update, delete.

#include "controller/base/text.h"
#include "controller/localcloud/face_internal.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::localcloud {
namespace {

constexpr std::size_t kPageMax = 1000;

Reaction list_servers(const Cloud& cloud, const Call& call, Detail detail) {
  Outcome<std::vector<const Server*>> servers = select_servers(cloud, call);
  if (!servers) return std::unexpected(std::move(servers).error());
  Outcome<PageRequest> page = page_request(call, kPageMax);
  if (!page) return std::unexpected(std::move(page).error());
  auto first = servers->begin();
  if (!page->marker.empty()) {
    first = std::ranges::find(*servers, page->marker, &Server::id);
    if (first == servers->end()) {
      return refuse(400, fmt::format("marker [{}] not found", page->marker));
    }
    ++first;
  }
  JsonArray items;
  std::string last;
  for (; first != servers->end() && items.size() < page->limit; ++first) {
    items.push_back(server_view(cloud, call, **first, detail));
    last = (*first)->id;
  }
  // Nova offers a next page whenever this one is full.
  const bool full = items.size() == page->limit;
  Json body = Json::object({{"servers", std::move(items)}});
  if (full) {
    const std::string href = fmt::format("{}/compute/v2.1/{}?{}", call.base_url,
                                         join(call.path, "/"), query_with_marker(call.query, last));
    body.set("servers_links", Json::array({Json::object({{"rel", "next"}, {"href", href}})}));
  }
  return answer(200, std::move(body));
}

Reaction create_servers(Cloud& cloud, const Call& call) {
  Outcome<NewServer> request = read_new_server(cloud, call);
  if (!request) return std::unexpected(std::move(request).error());
  Outcome<std::vector<std::string>> ids = cloud.create_servers(call.token, std::move(*request));
  if (!ids) return std::unexpected(std::move(ids).error());
  if (call.body["server"]["return_reservation_id"].as_bool()) {
    return answer(202, Json::object({{"reservation_id", "r-" + ids->front().substr(0, 8)}}));
  }
  const std::string& id = ids->front();
  JsonArray groups;
  for (const Json& group : call.body["server"]["security_groups"].as_array()) {
    groups.push_back(group);
  }
  if (groups.empty()) groups.push_back(Json::object({{"name", "default"}}));
  Answer made =
      answer(202, Json::object({{"server", Json::object({{"id", id},
                                                         {"links", links_view(call, "servers", id)},
                                                         {"OS-DCF:diskConfig", "MANUAL"},
                                                         {"security_groups", std::move(groups)},
                                                         {"adminPass", cloud.random().hex(6)}})}}));
  made.headers.push_back({"Location", call.base_url + "/compute/v2.1/servers/" + id});
  return made;
}

Reaction update_server(Cloud& cloud, const Call& call, Server& server) {
  const Json& changes = call.body["server"];
  if (!changes.is_object() || changes.empty()) {
    return refuse(400,
                  "Invalid input for field/attribute server. Value: {}. {} does not have "
                  "enough properties");
  }
  for (const auto& [key, value] : changes.as_object()) {
    const bool known = key == "name" || key == "accessIPv4" || key == "accessIPv6" ||
                       key == "OS-DCF:diskConfig" ||
                       (key == "description" && call.microversion >= 19) ||
                       (key == "hostname" && call.microversion >= 90);
    if (!known) {
      return invalid_field(
          "server", changes,
          fmt::format("Additional properties are not allowed ('{}' was unexpected)", key));
    }
  }
  if (changes.contains("name") && trim(changes["name"].as_string()).empty()) {
    return invalid_field("name", changes["name"], "is too short");
  }
  cloud.mutable_state();
  if (changes.contains("name")) server.name = std::string(trim(changes["name"].as_string()));
  if (changes.contains("description")) server.description = changes["description"].as_string();
  server.updated = cloud.now();
  return answer(200, Json::object({{"server", server_view(cloud, call, server, Detail::Full)}}));
}

Json interfaces_view(const Cloud& cloud, const Server& server) {
  JsonArray items;
  for (const Port* port : cloud.ports_of(server.id)) {
    JsonArray ips;
    for (const FixedIp& ip : port->fixed_ips) {
      ips.push_back(Json::object({{"ip_address", ip.address}, {"subnet_id", ip.subnet_id}}));
    }
    items.push_back(Json::object({{"port_id", port->id},
                                  {"net_id", port->network_id},
                                  {"mac_addr", port->mac},
                                  {"port_state", "ACTIVE"},
                                  {"fixed_ips", std::move(ips)}}));
  }
  return Json::object({{"interfaceAttachments", std::move(items)}});
}

}  // namespace

Reaction servers_call(Cloud& cloud, const Call& call) {
  if (matches(call, "GET", {"servers"})) return list_servers(cloud, call, Detail::Brief);
  if (matches(call, "GET", {"servers", "detail"})) return list_servers(cloud, call, Detail::InList);
  if (matches(call, "POST", {"servers"})) return create_servers(cloud, call);
  if (call.path.size() < 2) return refuse(404, "The resource could not be found.");

  Server* server = cloud.find_server(call.path[1]);
  if (server == nullptr || (server->project_id != call.token.project_id && !call.admin)) {
    return refuse(404, fmt::format("Instance {} could not be found.", call.path[1]));
  }
  if (matches(call, "GET", {"servers", "*"})) {
    return answer(200, Json::object({{"server", server_view(cloud, call, *server, Detail::Full)}}));
  }
  if (matches(call, "PUT", {"servers", "*"})) return update_server(cloud, call, *server);
  if (matches(call, "DELETE", {"servers", "*"})) {
    Outcome<void> deleted = cloud.delete_server(*server);
    if (!deleted) return std::unexpected(std::move(deleted).error());
    return answer(204);
  }
  if (matches(call, "POST", {"servers", "*", "action"})) {
    return server_action(cloud, call, *server);
  }
  if (matches(call, "GET", {"servers", "*", "os-interface"})) {
    return answer(200, interfaces_view(cloud, *server));
  }
  if (matches(call, "GET", {"servers", "*", "ips"})) {
    const Json view = server_view(cloud, call, *server, Detail::Full);
    return answer(200, Json::object({{"addresses", view["addresses"]}}));
  }
  if (matches(call, "GET", {"servers", "*", "os-security-groups"})) {
    const Json view = server_view(cloud, call, *server, Detail::Full);
    return answer(200, Json::object({{"security_groups", view["security_groups"]}}));
  }
  if (call.path[2] == "os-volume_attachments") return server_volumes(cloud, call, *server);
  if (call.path[2] == "metadata") return server_metadata(cloud, call, *server);
  if (call.path[2] == "tags" && call.microversion >= 26) return server_tags(cloud, call, *server);
  return refuse(404, "The resource could not be found.");
}

}  // namespace clickdeploy::localcloud
