// POST, PUT and DELETE of /floatingips.

#include "controller/localcloud/network_views_internal.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::localcloud {
namespace {

constexpr std::string_view kAttributes[] = {
    "floating_network_id", "floating_ip_address", "port_id",   "fixed_ip_address", "subnet_id",
    "description",         "project_id",          "tenant_id", "dns_name",         "dns_domain"};

Outcome<void> check_attributes(const Json& wanted) {
  if (!wanted.is_object()) return refuse(400, "Resource body required", "HTTPBadRequest");
  for (const auto& [key, value] : wanted.as_object()) {
    if (std::ranges::find(kAttributes, key) != std::end(kAttributes)) continue;
    return refuse(400, fmt::format("Unrecognized attribute(s) '{}'", key), "HTTPBadRequest");
  }
  return {};
}

Reaction create(Cloud& cloud, const Call& call) {
  const Json& wanted = call.body["floatingip"];
  Outcome<void> checked = check_attributes(wanted);
  if (!checked) return std::unexpected(std::move(checked).error());
  if (!wanted.contains("floating_network_id")) {
    return refuse(400,
                  "Failed to parse request. Required attribute 'floating_network_id' not specified",
                  "HTTPBadRequest");
  }
  FloatingIp request;
  request.network_id = wanted["floating_network_id"].as_string();
  request.description = wanted["description"].as_string();
  request.port_id = wanted["port_id"].as_string();
  Outcome<std::string> id = cloud.create_floating_ip(call.token.project_id, std::move(request));
  if (!id) return std::unexpected(std::move(id).error());
  const FloatingIp& made = cloud.state().floating_ips.at(*id);
  return answer(201, Json::object({{"floatingip", floating_ip_view(cloud, made)}}));
}

Reaction update(Cloud& cloud, const Call& call, FloatingIp& ip) {
  const Json& wanted = call.body["floatingip"];
  Outcome<void> checked = check_attributes(wanted);
  if (!checked) return std::unexpected(std::move(checked).error());
  if (wanted.contains("port_id")) {
    Outcome<void> attached = cloud.attach_floating_ip(ip, wanted["port_id"].as_string());
    if (!attached) return std::unexpected(std::move(attached).error());
  }
  if (wanted.contains("description")) ip.description = wanted["description"].as_string();
  return answer(200, Json::object({{"floatingip", floating_ip_view(cloud, ip)}}));
}

}  // namespace

Reaction floating_ip_change(Cloud& cloud, const Call& call) {
  if (matches(call, "POST", {"floatingips"})) return create(cloud, call);
  if (call.path.size() != 2) return refuse(404, "The resource could not be found.", "HTTPNotFound");
  auto& ips = cloud.mutable_state().floating_ips;
  const auto found = ips.find(call.path[1]);
  if (found == ips.end() || (!call.admin && found->second.project_id != call.token.project_id)) {
    return refuse(404, fmt::format("Floating IP {} could not be found", call.path[1]),
                  "FloatingIPNotFound");
  }
  if (call.method == "PUT") return update(cloud, call, found->second);
  if (call.method != "DELETE") {
    return refuse(405, "The method is not allowed for this resource.", "HTTPMethodNotAllowed");
  }
  ips.erase(found);
  return answer(204);
}

}  // namespace clickdeploy::localcloud
