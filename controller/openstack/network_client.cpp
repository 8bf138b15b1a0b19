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

Json create_body(const PortCreate& create) {
  Json port = Json::object({{"name", create.name},
                            {"network_id", create.network_id},
                            {"description", create.description}});
  if (create.security_group_ids) {
    Json groups = Json::array();
    for (const std::string& id : *create.security_group_ids) groups.push_back(id);
    port.set("security_groups", std::move(groups));
  }
  return Json::object({{"port", std::move(port)}});
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
  Result<Identity> identity = co_await session_.identity();
  if (!identity) co_return fail_in(kWhat, std::move(identity).error());
  ListRequest request = list_of("ports");
  request.query += "&project_id=" + escape_query(identity->project_id);
  if (!description.empty()) request.query += "&description=" + escape_query(description);
  Result<std::vector<Json>> items = co_await list_all(session_, std::move(request));
  if (!items) co_return fail_in(kWhat, std::move(items).error());
  keep_project(*items, identity->project_id);
  Result<std::vector<Port>> ports = parse_items<Port>(*items, parse_port);
  if (!ports) co_return fail_in(kWhat, std::move(ports).error());
  if (!description.empty()) {
    std::erase_if(*ports, [&](const Port& port) { return port.description != description; });
  }
  co_return ports;
}

Task<Result<Port>> NetworkClient::create_port(PortCreate create) {
  constexpr std::string_view kWhat = "create port";
  ApiRequest request;
  request.service = "network";
  request.method = "POST";
  request.path = "/ports";
  request.body = create_body(create);
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (!answer) co_return fail_in(kWhat, std::move(answer).error());
  Result<Port> port = parse_port(answer->body["port"]);
  if (!port) co_return fail_in(kWhat, std::move(port).error());
  co_return port;
}

Task<Result<void>> NetworkClient::delete_port(std::string id) {
  constexpr std::string_view kWhat = "delete port";
  if (!is_plain_id(id))
    co_return fail_in(kWhat, Error(ErrorCode::InvalidArgument, "not a port id"));
  ApiRequest request;
  request.service = "network";
  request.method = "DELETE";
  request.path = "/ports/" + escape_path_segment(id);
  request.priority = Priority::Urgent;
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (answer || answer.error().code() == ErrorCode::NotFound) co_return Result<void>();
  co_return fail_in(kWhat, std::move(answer).error());
}

}  // namespace clickdeploy::openstack
