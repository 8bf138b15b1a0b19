#include "controller/apiserver/core_internal.h"
#include "controller/apiserver/json_extent_internal.h"
#include "controller/apiserver/protobuf_internal.h"
#include "controller/apiserver/routes_internal.h"

#include <algorithm>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

bool is_json(const AcceptClause& clause) {
  return clause.media_type == "application/json" || clause.media_type == "application/yaml" ||
         clause.media_type == "application/*" || clause.media_type == "*/*";
}

bool is_protobuf(const AcceptClause& clause) {
  return clause.media_type == kProtobufMediaType && clause.parameter("as").empty() &&
         clause.parameter("stream").empty();
}

bool has_form(const api::Scheme& scheme, const ApiRequest& request) {
  const std::optional<Target> target = find_target(scheme, request);
  if (target) return find_proto_message(target->info->api_version(), target->info->kind) != nullptr;
  return request.segments.size() == 4 && request.segments[3].ends_with("reviews");
}

}  // namespace

bool insists_on_protobuf(const api::Scheme& scheme, const ApiRequest& request) {
  const std::string accept = request.header("Accept");
  if (accept.find(kProtobufMediaType) == std::string::npos) return false;
  const std::vector<AcceptClause> clauses = parse_accept(accept);
  return std::none_of(clauses.begin(), clauses.end(), is_json) &&
         std::any_of(clauses.begin(), clauses.end(), is_protobuf) && !request.flag("watch") &&
         has_form(scheme, request);
}

http::Reply to_protobuf(http::Reply reply) {
  if (reply.stream != nullptr) return reply;
  const std::string& body = reply.shared ? *reply.shared : reply.response.body;
  Result<Json> object = parse_json(body, own_text_limits(body));
  if (!object) return reply;
  Result<std::string> bytes = encode_proto_body(*object);
  if (!bytes) return reply;
  reply.shared.reset();
  reply.response.body = std::move(*bytes);
  for (http::Header& header : reply.response.headers) {
    if (header.name == "Content-Type") header.value = kProtobufMediaType;
  }
  return reply;
}

}  // namespace clickdeploy::apiserver
