#include "controller/apiserver/core_internal.h"
#include "controller/apiserver/json_extent_internal.h"
#include "controller/apiserver/protobuf_internal.h"
#include "controller/apiserver/routes_internal.h"
#include "controller/base/protobuf.h"
#include "controller/base/text.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

bool is_json(const AcceptClause& clause) {
  return clause.media_type == "application/json" || clause.media_type == "application/yaml" ||
         clause.media_type == "application/*" || clause.media_type == "*/*";
}

bool is_protobuf(const AcceptClause& clause, bool watch) {
  const std::string stream = clause.parameter("stream");
  return clause.media_type == kProtobufMediaType && clause.parameter("as").empty() &&
         (stream.empty() || (watch && stream == "watch"));
}

bool has_form(const std::optional<Target>& target, const ApiRequest& request) {
  if (target) return find_proto_message(target->info->api_version(), target->info->kind) != nullptr;
  return request.segments.size() == 4 && request.segments[3].ends_with("reviews");
}

// One event: its length in four bytes, then a WatchEvent, whose object is a body by itself.
Result<std::string> frame_of(std::string_view line) {
  Result<Json> event = parse_json(line, own_text_limits(line));
  if (!event) return std::unexpected(event.error());
  Result<std::string> object = encode_proto_body((*event)["object"]);
  if (!object) return std::unexpected(object.error());
  ProtoWriter raw;
  raw.add_bytes(1, *object);
  ProtoWriter message;
  message.add_bytes(1, (*event)["type"].as_string());
  message.add_message(2, raw);
  const std::string bytes = message.bytes();
  std::string frame;
  for (const int shift : {24, 16, 8, 0}) frame += static_cast<char>(bytes.size() >> shift & 0xff);
  return frame + bytes;
}

// The stream of a watch: from one JSON document a line, whole lines in each piece, to frames.
class FrameStream final : public http::BodyStream {
 public:
  explicit FrameStream(std::unique_ptr<http::BodyStream> lines) : lines_(std::move(lines)) {}

  Task<Result<std::optional<std::string>>> next() override {
    Result<std::optional<std::string>> piece = co_await lines_->next();
    if (!piece || !*piece) co_return piece;
    std::string frames;
    for (const std::string& line : split(**piece, '\n')) {
      if (line.empty()) continue;
      Result<std::string> frame = frame_of(line);
      if (!frame) co_return std::unexpected(frame.error());
      frames += *frame;
    }
    co_return std::optional<std::string>(std::move(frames));
  }

 private:
  std::unique_ptr<http::BodyStream> lines_;
};

void set_content_type(http::Reply& reply, std::string_view value) {
  for (http::Header& header : reply.response.headers) {
    if (header.name == "Content-Type") header.value = value;
  }
}

}  // namespace

bool insists_on_protobuf(const api::Scheme& scheme, const ApiRequest& request) {
  const std::string accept = request.header("Accept");
  if (accept.find(kProtobufMediaType) == std::string::npos) return false;
  const std::vector<AcceptClause> clauses = parse_accept(accept);
  const std::optional<Target> target = find_target(scheme, request);
  const bool watch = request.flag("watch") || (target && target->old_watch_path);
  return std::none_of(clauses.begin(), clauses.end(), is_json) &&
         std::any_of(clauses.begin(), clauses.end(),
                     [watch](const AcceptClause& clause) { return is_protobuf(clause, watch); }) &&
         has_form(target, request);
}

http::Reply to_protobuf(http::Reply reply) {
  if (reply.stream != nullptr) {
    reply.stream = std::make_unique<FrameStream>(std::move(reply.stream));
    set_content_type(reply, std::string(kProtobufMediaType) + ";stream=watch");
    return reply;
  }
  const std::string& body = reply.shared ? *reply.shared : reply.response.body;
  Result<Json> object = parse_json(body, own_text_limits(body));
  if (!object) return reply;
  Result<std::string> bytes = encode_proto_body(*object);
  if (!bytes) return reply;
  reply.shared.reset();
  reply.response.body = std::move(*bytes);
  set_content_type(reply, kProtobufMediaType);
  return reply;
}

}  // namespace clickdeploy::apiserver
