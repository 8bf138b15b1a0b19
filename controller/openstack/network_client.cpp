#include "controller/base/text.h"
#include "controller/openstack/answers_internal.h"
#include "controller/openstack/clients.h"
#include "controller/openstack/error_mapping_internal.h"
#include "controller/openstack/paging_internal.h"
#include "controller/openstack/words_internal.h"

#include <utility>

namespace clickdeploy::openstack {
namespace {

ListRequest list_of(std::string member) {
  ListRequest request{.service = "network", .query = "limit=1000", .member = std::move(member)};
  request.path = "/" + request.member;
  for (char& c : request.path) {
    if (c == '_') c = '-';
  }
  return request;
}

// An administrator's lists hold every project's things.
void keep_project(std::vector<Json>& items, const std::string& project) {
  std::erase_if(items, [&](const Json& item) {
    const Json& owner = item.contains("project_id") ? item["project_id"] : item["tenant_id"];
    return !owner.as_string().empty() && owner.as_string() != project;
  });
}

Json pairs_body(const std::vector<AddressPair>& pairs) {
  Json body = Json::array();
  for (const AddressPair& pair : pairs) {
    Json item = Json::object({{"ip_address", pair.ip_address}});
    if (!pair.mac_address.empty()) item.set("mac_address", pair.mac_address);
    body.push_back(std::move(item));
  }
  return body;
}

Json create_body(const PortCreate& create) {
  Json port = Json::object({{"name", create.name},
                            {"network_id", create.network_id},
                            {"description", create.description}});
  if (create.security_group_ids) {
    Json groups = Json::array();
    for (const std::string& id : *create.security_group_ids) groups.push_back(id);
    port.set("security_groups", std::move(groups));
  }
  if (!create.subnet_id.empty()) {
    port.set("fixed_ips", Json::array({Json::object({{"subnet_id", create.subnet_id}})}));
  }
  if (!create.allowed_address_pairs.empty()) {
    port.set("allowed_address_pairs", pairs_body(create.allowed_address_pairs));
  }
  return Json::object({{"port", std::move(port)}});
}

ApiRequest change(std::string method, std::string path, Json body = {}) {
  ApiRequest request;
  request.service = "network";
  request.priority = method == "DELETE" ? Priority::Urgent : Priority::Normal;
  request.method = std::move(method);
  request.path = std::move(path);
  request.body = std::move(body);
  return request;
}

// Those of our project with exactly that description; "" for any.
Task<Result<std::vector<Json>>> list_own(Session& session, std::string member,
                                         std::string description) {
  Result<Identity> identity = co_await session.identity();
  if (!identity) co_return std::unexpected(std::move(identity).error());
  ListRequest request = list_of(std::move(member));
  request.query += "&project_id=" + escape_query(identity->project_id);
  if (!description.empty()) request.query += "&description=" + escape_query(description);
  Result<std::vector<Json>> items = co_await list_all(session, std::move(request));
  if (!items) co_return std::unexpected(std::move(items).error());
  keep_project(*items, identity->project_id);
  if (!description.empty()) {
    std::erase_if(*items,
                  [&](const Json& item) { return item["description"].as_string() != description; });
  }
  co_return items;
}

// One that is gone is a success.
Task<Result<void>> remove(Session& session, std::string what, std::string collection,
                          std::string id) {
  if (!is_plain_id(id)) {
    co_return fail_in("delete " + what, Error(ErrorCode::InvalidArgument, "not its id"));
  }
  ApiRequest request = change("DELETE", "/" + collection + "/" + escape_path_segment(id));
  Result<ApiResponse> answer = co_await session.request(std::move(request));
  if (answer || answer.error().code() == ErrorCode::NotFound) co_return Result<void>();
  co_return fail_in("delete " + what, std::move(answer).error());
}

}  // namespace

Task<Result<std::vector<Network>>> NetworkClient::list_networks() {
  constexpr std::string_view kWhat = "list networks";
  ListRequest request = list_of("networks");
  Result<std::vector<Json>> items = co_await list_all(session_, std::move(request));
  if (!items) co_return fail_in(kWhat, std::move(items).error());
  Result<std::vector<Network>> networks = parse_items<Network>(*items, parse_network);
  if (!networks) co_return fail_in(kWhat, std::move(networks).error());
  co_return networks;
}

Task<Result<std::vector<SecurityGroup>>> NetworkClient::list_security_groups() {
  constexpr std::string_view kWhat = "list security groups";
  Result<Identity> identity = co_await session_.identity();
  if (!identity) co_return fail_in(kWhat, std::move(identity).error());
  ListRequest request = list_of("security_groups");
  Result<std::vector<Json>> items = co_await list_all(session_, std::move(request));
  if (!items) co_return fail_in(kWhat, std::move(items).error());
  keep_project(*items, identity->project_id);
  Result<std::vector<SecurityGroup>> groups =
      parse_items<SecurityGroup>(*items, parse_security_group);
  if (!groups) co_return fail_in(kWhat, std::move(groups).error());
  co_return groups;
}

Task<Result<std::vector<Port>>> NetworkClient::list_ports(std::string description) {
  constexpr std::string_view kWhat = "list ports";
  Result<std::vector<Json>> items = co_await list_own(session_, "ports", std::move(description));
  if (!items) co_return fail_in(kWhat, std::move(items).error());
  Result<std::vector<Port>> ports = parse_items<Port>(*items, parse_port);
  if (!ports) co_return fail_in(kWhat, std::move(ports).error());
  co_return ports;
}

Task<Result<Port>> NetworkClient::create_port(PortCreate create) {
  constexpr std::string_view kWhat = "create port";
  ApiRequest request = change("POST", "/ports", create_body(create));
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (!answer) co_return fail_in(kWhat, std::move(answer).error());
  Result<Port> port = parse_port(answer->body["port"]);
  if (!port) co_return fail_in(kWhat, std::move(port).error());
  co_return port;
}

namespace {

Task<Result<void>> update_port(Session& session, std::string id, Json changes) {
  constexpr std::string_view kWhat = "update port";
  if (!is_plain_id(id))
    co_return fail_in(kWhat, Error(ErrorCode::InvalidArgument, "not a port id"));
  ApiRequest request;
  request.service = "network";
  request.method = "PUT";
  request.path = "/ports/" + escape_path_segment(id);
  request.body = Json::object({{"port", std::move(changes)}});
  Result<ApiResponse> answer = co_await session.request(std::move(request));
  if (!answer) co_return fail_in(kWhat, std::move(answer).error());
  co_return Result<void>();
}

}  // namespace

Task<Result<void>> NetworkClient::set_port_description(std::string id, std::string description) {
  Json changes = Json::object({{"description", std::move(description)}});
  Result<void> done = co_await update_port(session_, std::move(id), std::move(changes));
  co_return done;
}

Task<Result<void>> NetworkClient::set_port_security_groups(std::string id,
                                                           std::vector<std::string> group_ids) {
  Json groups = Json::array();
  for (std::string& group : group_ids) groups.push_back(std::move(group));
  Json changes = Json::object({{"security_groups", std::move(groups)}});
  Result<void> done = co_await update_port(session_, std::move(id), std::move(changes));
  co_return done;
}

Task<Result<void>> NetworkClient::set_port_address_pairs(std::string id,
                                                         std::vector<AddressPair> pairs) {
  Json changes = Json::object({{"allowed_address_pairs", pairs_body(pairs)}});
  Result<void> done = co_await update_port(session_, std::move(id), std::move(changes));
  co_return done;
}

Task<Result<void>> NetworkClient::delete_port(std::string id) {
  Result<void> removed = co_await remove(session_, "port", "ports", std::move(id));
  co_return removed;
}

Task<Result<std::vector<Subnet>>> NetworkClient::list_subnets() {
  constexpr std::string_view kWhat = "list subnets";
  ListRequest request = list_of("subnets");
  Result<std::vector<Json>> items = co_await list_all(session_, std::move(request));
  if (!items) co_return fail_in(kWhat, std::move(items).error());
  Result<std::vector<Subnet>> subnets = parse_items<Subnet>(*items, parse_subnet);
  if (!subnets) co_return fail_in(kWhat, std::move(subnets).error());
  co_return subnets;
}

Task<Result<SecurityGroup>> NetworkClient::create_security_group(std::string name,
                                                                 std::string description) {
  constexpr std::string_view kWhat = "create security group";
  Json group = Json::object({{"name", std::move(name)}, {"description", std::move(description)}});
  ApiRequest request =
      change("POST", "/security-groups", Json::object({{"security_group", std::move(group)}}));
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (!answer) co_return fail_in(kWhat, std::move(answer).error());
  Result<SecurityGroup> made = parse_security_group(answer->body["security_group"]);
  if (!made) co_return fail_in(kWhat, std::move(made).error());
  co_return made;
}

Task<Result<void>> NetworkClient::create_ingress_rule(std::string group_id, IngressRule rule) {
  constexpr std::string_view kWhat = "create security group rule";
  const bool v6 = rule.cidr.contains(':');
  Json body = Json::object({{"security_group_id", std::move(group_id)},
                            {"direction", "ingress"},
                            {"ethertype", v6 ? "IPv6" : "IPv4"},
                            {"protocol", "tcp"},
                            {"port_range_min", rule.port},
                            {"port_range_max", rule.port},
                            {"remote_ip_prefix", rule.cidr}});
  ApiRequest request = change("POST", "/security-group-rules",
                              Json::object({{"security_group_rule", std::move(body)}}));
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  // Neutron knows equal rules: 409 for one that is there.
  if (answer || answer.error().code() == ErrorCode::Conflict) co_return Result<void>();
  co_return fail_in(kWhat, std::move(answer).error());
}

Task<Result<void>> NetworkClient::delete_security_group_rule(std::string id) {
  Result<void> removed =
      co_await remove(session_, "security group rule", "security-group-rules", std::move(id));
  co_return removed;
}

Task<Result<void>> NetworkClient::delete_security_group(std::string id) {
  Result<void> removed =
      co_await remove(session_, "security group", "security-groups", std::move(id));
  co_return removed;
}

Task<Result<NetworkQuota>> NetworkClient::quota() {
  constexpr std::string_view kWhat = "get network quota";
  Result<Identity> identity = co_await session_.identity();
  if (!identity) co_return fail_in(kWhat, std::move(identity).error());
  ApiRequest request =
      change("GET", "/quotas/" + escape_path_segment(identity->project_id) + "/details.json");
  request.priority = Priority::Background;
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (!answer) co_return fail_in(kWhat, std::move(answer).error());
  Result<NetworkQuota> quota = parse_network_quota(answer->body["quota"]);
  if (!quota) co_return fail_in(kWhat, std::move(quota).error());
  co_return quota;
}

Task<Result<std::vector<FloatingIP>>> NetworkClient::list_floating_ips(std::string description) {
  constexpr std::string_view kWhat = "list floating IPs";
  Result<std::vector<Json>> items =
      co_await list_own(session_, "floatingips", std::move(description));
  if (!items) co_return fail_in(kWhat, std::move(items).error());
  Result<std::vector<FloatingIP>> ips = parse_items<FloatingIP>(*items, parse_floating_ip);
  if (!ips) co_return fail_in(kWhat, std::move(ips).error());
  co_return ips;
}

Task<Result<FloatingIP>> NetworkClient::create_floating_ip(FloatingIPCreate create) {
  constexpr std::string_view kWhat = "create floating IP";
  Json ip = Json::object(
      {{"floating_network_id", create.network_id}, {"description", create.description}});
  if (!create.port_id.empty()) ip.set("port_id", create.port_id);
  ApiRequest request =
      change("POST", "/floatingips", Json::object({{"floatingip", std::move(ip)}}));
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (!answer) co_return fail_in(kWhat, std::move(answer).error());
  Result<FloatingIP> made = parse_floating_ip(answer->body["floatingip"]);
  if (!made) co_return fail_in(kWhat, std::move(made).error());
  co_return made;
}

Task<Result<FloatingIP>> NetworkClient::attach_floating_ip(std::string id, std::string port_id) {
  constexpr std::string_view kWhat = "attach floating IP";
  if (!is_plain_id(id)) co_return fail_in(kWhat, Error(ErrorCode::InvalidArgument, "not its id"));
  Json body = Json::object({{"floatingip", Json::object({{"port_id", port_id}})}});
  ApiRequest request = change("PUT", "/floatingips/" + escape_path_segment(id), std::move(body));
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (!answer) co_return fail_in(kWhat, std::move(answer).error());
  Result<FloatingIP> attached = parse_floating_ip(answer->body["floatingip"]);
  if (!attached) co_return fail_in(kWhat, std::move(attached).error());
  co_return attached;
}

Task<Result<void>> NetworkClient::set_floating_ip_description(std::string id,
                                                              std::string description) {
  constexpr std::string_view kWhat = "update floating IP";
  if (!is_plain_id(id)) {
    co_return fail_in(kWhat, Error(ErrorCode::InvalidArgument, "not a floating IP id"));
  }
  Json ip = Json::object({{"description", std::move(description)}});
  ApiRequest request = change("PUT", "/floatingips/" + escape_path_segment(id),
                              Json::object({{"floatingip", std::move(ip)}}));
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (!answer) co_return fail_in(kWhat, std::move(answer).error());
  co_return Result<void>();
}

Task<Result<void>> NetworkClient::delete_floating_ip(std::string id) {
  Result<void> removed = co_await remove(session_, "floating IP", "floatingips", std::move(id));
  co_return removed;
}

}  // namespace clickdeploy::openstack
