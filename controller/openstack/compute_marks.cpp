// Metadata, tags and name of a server: what marks it.

#include "controller/base/text.h"
#include "controller/openstack/answers_internal.h"
#include "controller/openstack/clients.h"
#include "controller/openstack/error_mapping_internal.h"
#include "controller/openstack/words_internal.h"

#include <utility>

namespace clickdeploy::openstack {
namespace {

// One change of a server's parts; `rest` is the path below the server.
Task<Result<void>> change_server(Session& session, std::string_view what, std::string method,
                                 std::string id, std::string rest, Json body) {
  if (!is_plain_id(id)) {
    co_return fail_in(what, Error(ErrorCode::InvalidArgument, "not a server id"));
  }
  ApiRequest request;
  request.service = "compute";
  request.method = std::move(method);
  request.path = "/servers/" + escape_path_segment(id) + rest;
  request.body = std::move(body);
  Result<ApiResponse> answer = co_await session.request(std::move(request));
  if (!answer) co_return fail_in(what, std::move(answer).error());
  co_return Result<void>();
}

// What was to be taken away and is not there is taken away.
Result<void> gone_is_done(Result<void> done) {
  if (!done && done.error().code() == ErrorCode::NotFound) return {};
  return done;
}

}  // namespace

Task<Result<void>> ComputeClient::set_server_metadata(std::string id,
                                                      std::map<std::string, std::string> items) {
  Json metadata = Json::object();
  for (auto& [name, value] : items) metadata.set(name, std::move(value));
  Json body = Json::object({{"metadata", std::move(metadata)}});
  Result<void> done = co_await change_server(session_, "set metadata", "POST", std::move(id),
                                             "/metadata", std::move(body));
  co_return done;
}

Task<Result<void>> ComputeClient::delete_server_metadata(std::string id, std::string name) {
  std::string rest = "/metadata/" + escape_path_segment(name);
  Result<void> done = co_await change_server(session_, "delete metadata", "DELETE", std::move(id),
                                             std::move(rest), Json());
  co_return gone_is_done(std::move(done));
}

Task<Result<void>> ComputeClient::add_server_tag(std::string id, std::string tag) {
  std::string rest = "/tags/" + escape_path_segment(tag);
  Result<void> done =
      co_await change_server(session_, "add tag", "PUT", std::move(id), std::move(rest), Json());
  co_return done;
}

Task<Result<void>> ComputeClient::delete_server_tag(std::string id, std::string tag) {
  std::string rest = "/tags/" + escape_path_segment(tag);
  Result<void> done = co_await change_server(session_, "delete tag", "DELETE", std::move(id),
                                             std::move(rest), Json());
  co_return gone_is_done(std::move(done));
}

Task<Result<void>> ComputeClient::rename_server(std::string id, std::string name) {
  Json body = Json::object({{"server", Json::object({{"name", std::move(name)}})}});
  Result<void> done =
      co_await change_server(session_, "rename server", "PUT", std::move(id), "", std::move(body));
  co_return done;
}

}  // namespace clickdeploy::openstack
