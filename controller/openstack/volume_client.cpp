#include "controller/base/text.h"
#include "controller/openstack/answers_internal.h"
#include "controller/openstack/clients.h"
#include "controller/openstack/error_mapping_internal.h"
#include "controller/openstack/paging_internal.h"
#include "controller/openstack/words_internal.h"

#include <utility>

namespace clickdeploy::openstack {
namespace {

ApiRequest volume_request(std::string method, std::string path, Priority priority) {
  ApiRequest request;
  request.service = "volume";
  request.method = std::move(method);
  request.path = std::move(path);
  request.priority = priority;
  return request;
}

std::string volume_path(const std::string& id) {
  return "/volumes/" + escape_path_segment(id);
}

std::unexpected<Error> bad_id(std::string_view what) {
  return fail_in(what, Error(ErrorCode::InvalidArgument, "not a volume id"));
}

bool is_marked(const Volume& volume, const std::string& name, const std::string& value) {
  const auto found = volume.metadata.find(name);
  return found != volume.metadata.end() && found->second == value;
}

Json metadata_body(const std::map<std::string, std::string>& items) {
  Json metadata = Json::object();
  for (const auto& [name, value] : items) metadata.set(name, value);
  return metadata;
}

Json create_body(const VolumeCreate& create) {
  Json volume = Json::object({{"name", create.name}, {"size", create.size_gib}});
  if (!create.type.empty()) volume.set("volume_type", create.type);
  if (!create.image_id.empty()) volume.set("imageRef", create.image_id);
  volume.set("metadata", metadata_body(create.metadata));
  return Json::object({{"volume", std::move(volume)}});
}

}  // namespace

// An administrator sees those of its own project only, unless it asks for all.
Task<Result<std::vector<Volume>>> VolumeClient::list_volumes(std::string name, std::string value) {
  constexpr std::string_view kWhat = "list volumes";
  ListRequest request{
      .service = "volume", .path = "/volumes/detail", .query = "limit=1000", .member = "volumes"};
  // Cinder reads it as a literal of Python's.
  if (!name.empty()) {
    request.query += "&metadata=" + escape_query("{'" + name + "': '" + value + "'}");
  }
  Result<std::vector<Json>> items = co_await list_all(session_, std::move(request));
  if (!items) co_return fail_in(kWhat, std::move(items).error());
  Result<std::vector<Volume>> volumes = parse_items<Volume>(*items, parse_volume);
  if (!volumes) co_return fail_in(kWhat, std::move(volumes).error());
  // Clouds ignore filters that they do not know or do not allow.
  if (!name.empty()) {
    std::erase_if(*volumes, [&](const Volume& volume) { return !is_marked(volume, name, value); });
  }
  co_return volumes;
}

Task<Result<std::optional<Volume>>> VolumeClient::get_volume(std::string id) {
  constexpr std::string_view kWhat = "get volume";
  if (!is_plain_id(id)) co_return bad_id(kWhat);
  ApiRequest request = volume_request("GET", volume_path(id), Priority::Background);
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (!answer && answer.error().code() == ErrorCode::NotFound) co_return std::optional<Volume>();
  if (!answer) co_return fail_in(kWhat, std::move(answer).error());
  Result<Volume> volume = parse_volume(answer->body["volume"]);
  if (!volume) co_return fail_in(kWhat, std::move(volume).error());
  if (volume->id != id) {
    co_return fail_in(kWhat, Error(ErrorCode::Unavailable, "the answer is about another volume"));
  }
  co_return std::optional<Volume>(std::move(*volume));
}

Task<Result<Volume>> VolumeClient::create_volume(VolumeCreate create) {
  constexpr std::string_view kWhat = "create volume";
  ApiRequest request = volume_request("POST", "/volumes", Priority::Normal);
  request.body = create_body(create);
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (!answer) co_return fail_in(kWhat, std::move(answer).error());
  Result<Volume> volume = parse_volume(answer->body["volume"]);
  if (!volume) co_return fail_in(kWhat, std::move(volume).error());
  co_return volume;
}

Task<Result<void>> VolumeClient::delete_volume(std::string id) {
  constexpr std::string_view kWhat = "delete volume";
  if (!is_plain_id(id)) co_return bad_id(kWhat);
  ApiRequest request = volume_request("DELETE", volume_path(id), Priority::Urgent);
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (answer || answer.error().code() == ErrorCode::NotFound) co_return Result<void>();
  // Cinder calls it a bad request; asked later it may well be done.
  Error error = std::move(answer).error();
  if (error.code() == ErrorCode::InvalidArgument) {
    error = Error(ErrorCode::Conflict, error.message());
  }
  co_return fail_in(kWhat, std::move(error));
}

Task<Result<void>> VolumeClient::delete_volume_metadata(std::string id, std::string name) {
  constexpr std::string_view kWhat = "delete volume metadata";
  if (!is_plain_id(id)) co_return bad_id(kWhat);
  ApiRequest request = volume_request(
      "DELETE", volume_path(id) + "/metadata/" + escape_path_segment(name), Priority::Normal);
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (answer || answer.error().code() == ErrorCode::NotFound) co_return Result<void>();
  co_return fail_in(kWhat, std::move(answer).error());
}

Task<Result<void>> VolumeClient::replace_volume_metadata(
    std::string id, std::map<std::string, std::string> metadata) {
  constexpr std::string_view kWhat = "set volume metadata";
  if (!is_plain_id(id)) co_return bad_id(kWhat);
  ApiRequest request = volume_request("PUT", volume_path(id) + "/metadata", Priority::Normal);
  request.body = Json::object({{"metadata", metadata_body(metadata)}});
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (!answer) co_return fail_in(kWhat, std::move(answer).error());
  co_return Result<void>();
}

Task<Result<VolumeQuota>> VolumeClient::quota() {
  constexpr std::string_view kWhat = "get volume limits";
  ApiRequest request = volume_request("GET", "/limits", Priority::Background);
  Result<ApiResponse> answer = co_await session_.request(std::move(request));
  if (!answer) co_return fail_in(kWhat, std::move(answer).error());
  Result<VolumeQuota> quota = parse_volume_quota(answer->body["limits"]["absolute"]);
  if (!quota) co_return fail_in(kWhat, std::move(quota).error());
  co_return quota;
}

}  // namespace clickdeploy::openstack
