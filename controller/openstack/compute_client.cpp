#include "controller/base/planted.h"
#include "controller/base/text.h"
#include "controller/openstack/answers_internal.h"
#include "controller/openstack/clients.h"
#include "controller/openstack/error_mapping_internal.h"
#include "controller/openstack/paging_internal.h"
#include "controller/openstack/words_internal.h"

#include <algorithm>
#include <utility>

namespace clickdeploy::openstack {
namespace {

constexpr std::size_t kUserDataBytesMax = 65'535;  // after base64; Nova's own limit
constexpr std::size_t kConsoleBytesMax = 1024 * 1024;

Json strings(const std::vector<std::string>& values) {
  Json list = Json::array();
  for (const std::string& value : values) list.push_back(value);
  return list;
}

// Whatever is attached is ours to delete, never Nova's.
Json device(std::string uuid, int boot_index) {
  return Json::object({{"uuid", std::move(uuid)},
                       {"source_type", "volume"},
                       {"destination_type", "volume"},
                       {"boot_index", boot_index},
                       {"delete_on_termination", false}});
}

// Empty for a server that has no volumes. Beside volumes Nova wants the image named here too.
Json devices(const ServerCreate& create) {
  Json list = Json::array();
  if (!create.root_volume_id.empty()) {
    list.push_back(device(create.root_volume_id, 0));
  } else if (!create.volume_ids.empty()) {
    list.push_back(Json::object({{"uuid", create.image_id},
                                 {"source_type", "image"},
                                 {"destination_type", "local"},
                                 {"boot_index", 0},
                                 {"delete_on_termination", true}}));
  }
  for (const std::string& id : create.volume_ids) list.push_back(device(id, -1));
  return list;
}

Json create_body(const ServerCreate& create, std::string user_data) {
  Json networks = "none";  // an empty list would mean "any of the project's"
  if (!create.port_ids.empty()) {
    networks = Json::array();
    for (const std::string& id : create.port_ids) {
      networks.push_back(Json::object({{"port", id}}));
    }
  }
  Json server = Json::object({{"name", create.name},
                              {"imageRef", create.root_volume_id.empty() ? create.image_id : ""},
                              {"flavorRef", create.flavor_id},
                              {"networks", std::move(networks)}});
  Json disks = devices(create);
  if (!disks.empty()) server.set("block_device_mapping_v2", std::move(disks));
  if (!create.availability_zone.empty()) server.set("availability_zone", create.availability_zone);
  if (create.config_drive) server.set("config_drive", *create.config_drive);
  if (!create.key_name.empty()) server.set("key_name", create.key_name);
  if (!user_data.empty()) server.set("user_data", std::move(user_data));
  if (!create.tags.empty()) server.set("tags", strings(create.tags));
  if (!create.metadata.empty()) {
    Json metadata = Json::object();
    for (const auto& [name, value] : create.metadata) metadata.set(name, value);
    server.set("metadata", std::move(metadata));
  }
  Json body = Json::object({{"server", std::move(server)}});
  if (!create.server_group_id.empty()) {
    body.set("os:scheduler_hints", Json::object({{"group", create.server_group_id}}));
  }
  return body;
}

std::string server_path(const std::string& id) {
  return "/servers/" + escape_path_segment(id);
}

ApiRequest action(const std::string& id, Json body, Priority priority) {
  ApiRequest request;
  request.service = "compute";
  request.method = "POST";
  request.path = server_path(id) + "/action";
  request.body = std::move(body);
  request.priority = priority;
  return request;
}

ApiRequest read(std::string path) {
  ApiRequest request;
  request.service = "compute";
  request.path = std::move(path);
  request.priority = Priority::Background;
  return request;
}

ListRequest servers_request() {
  return {
      .service = "compute", .path = "/servers/detail", .query = "limit=1000", .member = "servers"};
}

// An id that is empty, "." or has a slash would name another resource.
std::unexpected<Error> bad_id(std::string_view what) {
  return fail_in(what, Error(ErrorCode::InvalidArgument, "not a server id"));
}

}  // namespace

Task<Result<ServerList>> ComputeClient::list_all_servers() {
  constexpr std::string_view kWhat = "list servers";
  Result<Listing> listing = co_await list_with_time(session_, servers_request());
  if (!listing) co_return fail_in(kWhat, std::move(listing).error());
  Result<std::vector<Server>> servers = parse_items<Server>(listing->items, parse_server);
  if (!servers) co_return fail_in(kWhat, std::move(servers).error());
  co_return ServerList{*std::move(servers), listing->as_of};
}

Task<Result<std::optional<std::vector<Server>>>> ComputeClient::list_changed_servers(
    WallTime since) {
  constexpr std::string_view kWhat = "list changed servers";
  ListRequest request = servers_request();
  request.query += "&changes-since=" + escape_query(format_time(since));
  Result<std::optional<std::vector<Json>>> items =
      co_await list_one_page(session_, std::move(request));
  if (!items) co_return fail_in(kWhat, std::move(items).error());
  if (!*items) co_return std::optional<std::vector<Server>>();
  Result<std::vector<Server>> servers = parse_items<Server>(**items, parse_server);
  if (!servers) co_return fail_in(kWhat, std::move(servers).error());
  co_return std::optional(*std::move(servers));
}

Task<Result<std::vector<Server>>> ComputeClient::list_servers(std::string tag) {
  constexpr std::string_view kWhat = "list servers";
  ListRequest request = servers_request();
  if (!tag.empty()) request.query += "&tags=" + escape_query(tag);
  Result<std::vector<Json>> items = co_await list_all(session_, std::move(request));
  if (!items) co_return fail_in(kWhat, std::move(items).error());
  Result<std::vector<Server>> servers = parse_items<Server>(*items, parse_server);
  if (!servers) co_return fail_in(kWhat, std::move(servers).error());
  // Clouds ignore filters that they do not know; ours decides whose a server is.
  if (!tag.empty()) {
    std::erase_if(*servers, [&](const Server& server) {
      return std::ranges::find(server.tags, tag) == server.tags.end();
    });
  }
  co_return servers;
}

Task<Result<std::optional<Server>>> ComputeClient::get_server(std::string id) {
  constexpr std::string_view kWhat = "get server";
  if (!is_plain_id(id)) co_return bad_id(kWhat);
  ApiRequest request = read(server_path(id));
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  const bool gone =
      !answer && (answer.error().code() == ErrorCode::NotFound || planted(Bug::ErrorMeansGone));
  if (gone && !planted(Bug::GoneIsError)) co_return std::optional<Server>();
  if (!answer) co_return fail_in(kWhat, std::move(answer).error());
  Result<Server> server = parse_server(answer->body["server"]);
  if (!server) co_return fail_in(kWhat, std::move(server).error());
  if (server->id != id) {
    co_return fail_in(kWhat, Error(ErrorCode::Unavailable, "the answer is about another server"));
  }
  co_return std::optional<Server>(std::move(*server));
}

Task<Result<std::string>> ComputeClient::create_server(ServerCreate create) {
  constexpr std::string_view kWhat = "create server";
  std::string user_data = base64_encode(create.user_data);
  if (user_data.size() > kUserDataBytesMax) {
    co_return fail_in(
        kWhat, Error(ErrorCode::InvalidArgument,
                     "user data has " + std::to_string(user_data.size()) +
                         " bytes after base64, of at most " + std::to_string(kUserDataBytesMax)));
  }
  ApiRequest request;
  request.service = "compute";
  request.method = "POST";
  request.path = "/servers";
  request.body = create_body(create, std::move(user_data));
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (!answer) co_return fail_in(kWhat, std::move(answer).error());
  Result<std::string> id = parse_id(answer->body["server"], "server");
  if (!id) co_return fail_in(kWhat, std::move(id).error());
  co_return id;
}

Task<Result<void>> ComputeClient::delete_server(std::string id) {
  constexpr std::string_view kWhat = "delete server";
  if (!is_plain_id(id)) co_return bad_id(kWhat);
  ApiRequest request;
  request.service = "compute";
  request.method = "DELETE";
  request.path = server_path(id);
  request.priority = Priority::Urgent;
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (answer || answer.error().code() == ErrorCode::NotFound) co_return Result<void>();
  co_return fail_in(kWhat, std::move(answer).error());
}

Task<Result<void>> ComputeClient::reboot_server(std::string id, RebootType type) {
  constexpr std::string_view kWhat = "reboot server";
  if (!is_plain_id(id)) co_return bad_id(kWhat);
  Json reboot = Json::object({{"type", type == RebootType::Hard ? "HARD" : "SOFT"}});
  ApiRequest request = action(id, Json::object({{"reboot", std::move(reboot)}}), Priority::Urgent);
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (!answer) co_return fail_in(kWhat, std::move(answer).error());
  co_return Result<void>();
}

Task<Result<void>> ComputeClient::attach_volume(std::string server_id, std::string volume_id) {
  constexpr std::string_view kWhat = "attach volume";
  if (!is_plain_id(server_id)) co_return bad_id(kWhat);
  ApiRequest request;
  request.service = "compute";
  request.method = "POST";
  request.path = server_path(server_id) + "/os-volume_attachments";
  request.body =
      Json::object({{"volumeAttachment", Json::object({{"volumeId", std::move(volume_id)}})}});
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (answer) co_return Result<void>();
  // Nova passes on how Cinder calls a volume in another state: a bad request.
  Error error = std::move(answer).error();
  if (error.code() == ErrorCode::InvalidArgument) {
    error = Error(ErrorCode::Conflict, error.message());
  }
  co_return fail_in(kWhat, std::move(error));
}

Task<Result<std::string>> ComputeClient::console_output(std::string id, int lines) {
  constexpr std::string_view kWhat = "get console output";
  if (!is_plain_id(id)) co_return bad_id(kWhat);
  Json console = Json::object({{"length", lines}});
  ApiRequest request =
      action(id, Json::object({{"os-getConsoleOutput", std::move(console)}}), Priority::Background);
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (!answer) co_return fail_in(kWhat, std::move(answer).error());
  co_return clean_text(answer->body["output"].as_string(), kConsoleBytesMax, LineBreaks::Keep);
}

Task<Result<std::vector<Flavor>>> ComputeClient::list_flavors() {
  constexpr std::string_view kWhat = "list flavors";
  ListRequest request{
      .service = "compute", .path = "/flavors/detail", .query = "limit=1000", .member = "flavors"};
  Result<std::vector<Json>> items = co_await list_all(session_, std::move(request));
  if (!items) co_return fail_in(kWhat, std::move(items).error());
  Result<std::vector<Flavor>> flavors = parse_items<Flavor>(*items, parse_flavor);
  if (!flavors) co_return fail_in(kWhat, std::move(flavors).error());
  co_return flavors;
}

Task<Result<Quota>> ComputeClient::quota() {
  constexpr std::string_view kWhat = "get limits";
  ApiRequest request = read("/limits");
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (!answer) co_return fail_in(kWhat, std::move(answer).error());
  Result<Quota> quota = parse_quota(answer->body["limits"]["absolute"]);
  if (!quota) co_return fail_in(kWhat, std::move(quota).error());
  co_return quota;
}

Task<Result<std::vector<ServerGroup>>> ComputeClient::list_server_groups() {
  constexpr std::string_view kWhat = "list server groups";
  ListRequest request{.service = "compute",
                      .path = "/os-server-groups",
                      .query = "limit=1000",
                      .member = "server_groups"};
  Result<std::vector<Json>> items = co_await list_all(session_, std::move(request));
  if (!items) co_return fail_in(kWhat, std::move(items).error());
  Result<std::vector<ServerGroup>> groups = parse_items<ServerGroup>(*items, parse_server_group);
  if (!groups) co_return fail_in(kWhat, std::move(groups).error());
  co_return groups;
}

Task<Result<ServerGroup>> ComputeClient::create_server_group(std::string name, std::string policy) {
  constexpr std::string_view kWhat = "create server group";
  ApiRequest request;
  request.service = "compute";
  request.method = "POST";
  request.path = "/os-server-groups";
  request.body = Json::object(
      {{"server_group", Json::object({{"name", std::move(name)}, {"policy", std::move(policy)}})}});
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (!answer) co_return fail_in(kWhat, std::move(answer).error());
  Result<ServerGroup> group = parse_server_group(answer->body["server_group"]);
  if (!group) co_return fail_in(kWhat, std::move(group).error());
  co_return group;
}

Task<Result<void>> ComputeClient::delete_server_group(std::string id) {
  constexpr std::string_view kWhat = "delete server group";
  if (!is_plain_id(id)) co_return fail_in(kWhat, Error(ErrorCode::InvalidArgument, "not its id"));
  ApiRequest request;
  request.service = "compute";
  request.method = "DELETE";
  request.path = "/os-server-groups/" + escape_path_segment(id);
  request.priority = Priority::Urgent;
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (answer || answer.error().code() == ErrorCode::NotFound) co_return Result<void>();
  co_return fail_in(kWhat, std::move(answer).error());
}

}  // namespace clickdeploy::openstack
