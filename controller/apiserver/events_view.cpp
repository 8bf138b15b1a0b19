#include "controller/apiserver/events_view_internal.h"
#include "controller/apiserver/json_extent_internal.h"
#include "controller/apiserver/protobuf_internal.h"
#include "controller/apiserver/render_internal.h"
#include "controller/apiserver/routes_internal.h"
#include "controller/base/text.h"
#include "controller/base/yaml.h"

#include <array>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

constexpr std::string_view kViewVersion = "events.k8s.io/v1";
constexpr std::string_view kCoreVersion = "v1";

struct Rename {
  std::string_view core;
  std::string_view view;
};
constexpr std::array kRenames = {Rename{"involvedObject", "regarding"},
                                 Rename{"message", "note"},
                                 Rename{"source", "deprecatedSource"},
                                 Rename{"count", "deprecatedCount"},
                                 Rename{"firstTimestamp", "deprecatedFirstTimestamp"},
                                 Rename{"lastTimestamp", "deprecatedLastTimestamp"},
                                 Rename{"reportingComponent", "reportingController"}};

enum class Direction { ToCore, ToView };

std::string_view renamed(std::string_view name, Direction direction) {
  for (const auto& [core, view] : kRenames) {
    if (name == (direction == Direction::ToCore ? view : core)) {
      return direction == Direction::ToCore ? core : view;
    }
  }
  return name;
}

Json rename_members(Json object, Direction direction) {
  Json result = Json::object();
  for (auto& [name, value] : object.object_ref()) {
    result.set(renamed(name, direction), std::move(value));
  }
  return result;
}

// Who owns which field is told in the terms of the view too.
void rename_owned_fields(Json& managed_fields, Direction direction) {
  const auto [from, to] = direction == Direction::ToCore ? std::pair(kViewVersion, kCoreVersion)
                                                         : std::pair(kCoreVersion, kViewVersion);
  if (!managed_fields.is_array()) return;
  for (Json& entry : managed_fields.array_ref()) {
    if (entry["apiVersion"].as_string() != from) continue;
    entry.set("apiVersion", to);
    Json renamed_fields = Json::object();
    for (const auto& [key, node] : entry["fieldsV1"].as_object()) {
      const bool field = key.starts_with("f:");
      const std::string_view name = std::string_view(key).substr(field ? 2 : 0);
      renamed_fields.set(field ? "f:" + std::string(renamed(name, direction)) : key, node);
    }
    if (entry["fieldsV1"].is_object()) entry.set("fieldsV1", std::move(renamed_fields));
  }
}

void rename_owned_fields_of(Json& object, Direction direction) {
  if (object["metadata"]["managedFields"].empty()) return;
  rename_owned_fields(object.member("metadata").member("managedFields"), direction);
}

// "/regarding/name" → "/involvedObject/name".
std::string rename_pointer(const std::string& pointer) {
  if (!pointer.starts_with('/')) return pointer;
  const std::size_t end = pointer.find('/', 1);
  const std::string first = pointer.substr(1, end == std::string::npos ? end : end - 1);
  return "/" + std::string(renamed(first, Direction::ToCore)) +
         (end == std::string::npos ? std::string() : pointer.substr(end));
}

Json to_core(Json body) {
  if (body.is_array()) {  // a JSON patch
    for (Json& operation : body.array_ref()) {
      for (const char* member : {"path", "from"}) {
        Json* pointer = operation.find(member);
        if (pointer != nullptr) *pointer = rename_pointer(pointer->as_string());
      }
      Json* value = operation.find("value");
      if (value != nullptr && operation["path"].as_string() == "/metadata/managedFields") {
        rename_owned_fields(*value, Direction::ToCore);
      }
    }
    return body;
  }
  if (!body.is_object()) return body;
  body = rename_members(std::move(body), Direction::ToCore);
  rename_owned_fields_of(body, Direction::ToCore);
  if (body["apiVersion"].as_string() == kViewVersion && body["kind"].as_string() == "Event") {
    body.set("apiVersion", kCoreVersion);
  }
  return body;
}

// An Event, or whatever an answer wraps Events in.
Json to_view(Json object) {
  const std::string kind = object["kind"].as_string();
  if (kind == "Event") object = rename_members(std::move(object), Direction::ToView);
  if (kind == "Event" || kind == "PartialObjectMetadata") {
    rename_owned_fields_of(object, Direction::ToView);
  }
  if (kind == "Event" || kind == "EventList") object.set("apiVersion", kViewVersion);
  if (kind == "EventList" || kind == "PartialObjectMetadataList") {
    for (Json& item : object.member("items").array_ref()) item = to_view(std::move(item));
  }
  if (kind == "Table") {
    for (Json& row : object.member("rows").array_ref()) {
      Json* inner = row.find("object");
      if (inner != nullptr && inner->is_object()) *inner = to_view(std::move(*inner));
    }
  }
  if (kind == "Status" && object["details"].is_object()) {
    object.member("details").set("group", kEventsGroup);
  }
  return object;
}

// The stream of a watch: one JSON document a line, whole lines in each piece.
class ViewStream final : public http::BodyStream {
 public:
  explicit ViewStream(std::unique_ptr<http::BodyStream> core) : core_(std::move(core)) {}

  Task<Result<std::optional<std::string>>> next() override {
    Result<std::optional<std::string>> piece = co_await core_->next();
    if (!piece || !*piece) co_return piece;
    std::string text;
    for (const std::string& line : split(**piece, '\n')) {
      if (line.empty()) continue;
      Result<Json> event = parse_json(line, own_text_limits(line));
      if (!event) co_return std::unexpected(event.error());
      event->set("object", to_view((*event)["object"]));
      text += to_json(*event) + "\n";
    }
    co_return std::optional<std::string>(std::move(text));
  }

 private:
  std::unique_ptr<http::BodyStream> core_;
};

bool is_yaml(std::string_view media_type) {
  return media_type == "application/yaml" || media_type == "application/apply-patch+yaml";
}

// A body that cannot be read stays as it is: the handler says what is wrong with it.
void convert_body(ApiRequest& request) {
  const std::string type = request.media_type();
  const bool protobuf = type == kProtobufMediaType;
  Result<Json> body = protobuf        ? decode_proto_body(request.body)
                      : is_yaml(type) ? parse_single_yaml(request.body)
                                      : parse_json(request.body);
  if (!body) return;
  request.body = to_json(to_core(std::move(*body)));
  if (!protobuf && type != "application/yaml") return;
  for (http::Header& header : request.headers) {
    if (to_lower(header.name) == "content-type") header.value = "application/json";
  }
}

// "regarding.name=web,type!=Normal": only the names in front of the operators are renamed.
std::string convert_selector(const std::string& selector) {
  std::vector<std::string> terms = split(selector, ',');
  for (std::string& term : terms) {
    const std::size_t end = term.find_first_of(".=!");
    if (end == std::string::npos) continue;
    term = std::string(renamed(term.substr(0, end), Direction::ToCore)) + term.substr(end);
  }
  return join(terms, ",");
}

Answer<http::Reply> convert_reply(http::Reply reply) {
  if (reply.stream != nullptr) {
    reply.stream = std::make_unique<ViewStream>(std::move(reply.stream));
    return reply;
  }
  const std::string* type = http::find_header(reply.response.headers, "Content-Type");
  const bool yaml = type != nullptr && *type == "application/yaml";
  const std::string& body = reply.shared ? *reply.shared : reply.response.body;
  const bool indented = body.starts_with("{\n");
  const YamlLimits yaml_limits{.bytes_max = body.size(),
                               .depth_max = kReadDepthMax,
                               .nodes_max = body.size(),
                               .key_bytes_max = body.size()};
  Result<Json> object =
      yaml ? parse_single_yaml(body, yaml_limits) : parse_json(body, own_text_limits(body));
  if (!object) return internal_error("an answer in terms of core/v1 cannot be read");
  const Json converted = to_view(std::move(*object));
  reply.shared.reset();
  reply.response.body = yaml       ? to_yaml(converted)
                        : indented ? to_pretty_json(converted, kJsonIndent) + "\n"
                                   : to_json(converted) + "\n";
  return reply;
}

ApiError convert_error(ApiError error) {
  for (const std::string_view kind : {"events ", "Event "}) {
    const std::size_t at = error.message.find(kind);
    if (at == std::string::npos) continue;
    error.message.insert(at + kind.size() - 1, "." + std::string(kEventsGroup));
    break;
  }
  if (error.kind == "events" || error.kind == "Event") error.group = kEventsGroup;
  return error;
}

}  // namespace

bool is_events_view(const ApiRequest& request) {
  const std::vector<std::string>& path = request.segments;
  return path.size() > 3 && path[0] == "apis" && path[1] == kEventsGroup && path[2] == "v1";
}

Task<Answer<http::Reply>> handle_events_view(const Core& core, ApiRequest request,
                                             ResourceHandler handle) {
  request.segments.erase(request.segments.begin());
  request.segments.front() = "api";
  const std::optional<Target> target = find_target(core.scheme, request);
  if (!target || !is_event(*target->info)) {  // only Events are in this group
    ApiError error;
    error.code = 404;
    co_return refuse(std::move(error));
  }
  if (!request.body.empty() && request.method != "DELETE") convert_body(request);
  for (auto& [name, value] : request.query) {
    if (name == "fieldSelector") value = convert_selector(value);
  }
  Answer<http::Reply> reply = co_await handle(core, std::move(request));
  if (!reply) co_return std::unexpected(convert_error(reply.error()));
  co_return convert_reply(std::move(*reply));
}

}  // namespace clickdeploy::apiserver
