#include "api/schema/table.h"
#include "controller/apiserver/json_extent_internal.h"
#include "controller/apiserver/object_internal.h"
#include "controller/apiserver/render_internal.h"
#include "controller/base/text.h"
#include "controller/base/utf8.h"
#include "controller/base/yaml.h"

#include <fmt/format.h>

#include <utility>

namespace clickdeploy::apiserver {
namespace {

constexpr std::size_t kWarningBytesMax = 4096;  // of one reply
constexpr std::size_t kWarningCut = 256;        // of each, if all are too long

std::string meta_api_version(const Call& call) {
  return "meta.k8s.io/" + call.format.meta_version;
}

// RFC 7234: 299 is "miscellaneous persistent warning"; the text is a quoted string.
std::string warning_header(std::string_view text) {
  std::string quoted = "299 - \"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return quoted + "\"";
}

http::Reply reply_body(int code, std::string content_type, std::string body) {
  http::Reply reply;
  reply.response.status = code;
  reply.response.headers.push_back({"Content-Type", std::move(content_type)});
  reply.response.body = std::move(body);
  return reply;
}

// All together they stay small enough for the header limits of clients and proxies, however many
// unknown fields or odd finalizers a body has.
void add_warnings(http::Reply& reply, const Call& call) {
  auto add = [&reply](std::string_view text) {
    reply.response.headers.push_back({"Warning", warning_header(text)});
  };
  std::size_t all = 0;
  for (const std::string& warning : call.warnings) all += warning.size();
  const std::size_t each = all > kWarningBytesMax ? kWarningCut : kWarningBytesMax;
  std::size_t used = 0;
  for (std::size_t i = 0; i < call.warnings.size(); ++i) {
    const std::string_view text = utf8_prefix(call.warnings[i], each);
    used += text.size();
    if (used > kWarningBytesMax) {
      add(fmt::format("… and {} more", call.warnings.size() - i));
      return;
    }
    add(text);
  }
}

}  // namespace

void append_partial_metadata(std::string& text, const Call& call, std::string_view object) {
  text += R"({"apiVersion":)";
  append_json(text, meta_api_version(call));
  text += R"(,"kind":"PartialObjectMetadata","metadata":)";
  append_stored_metadata(text, object, call.format.omits_managed_fields);
  text += '}';
}

RowWriter::RowWriter(const Core& core, const Call& call)
    : core_(core), call_(call), outline_(api::outline_of(call.target.info->columns)) {
  const std::string include = call.request.parameter("includeObject");
  if (include == "None") include_ = Include::None;
  if (include == "Object") include_ = Include::Object;
}

void RowWriter::append(std::string& text, std::string_view object) const {
  text += R"({"cells":)";
  append_json(text,
              Json(api::table_cells(call_.target.info->columns, read_outlined(object, outline_),
                                    core_.clock.wall_now())));
  text += R"(,"object":)";
  if (include_ == Include::None) text += "null";
  if (include_ == Include::Metadata) append_partial_metadata(text, call_, object);
  if (include_ == Include::Object) append_shown(text, call_, object);
  text += '}';
}

Json table_head(const Call& call, bool with_columns) {
  Json head = Json::object({{"kind", "Table"}, {"apiVersion", meta_api_version(call)}});
  head.set("columnDefinitions",
           with_columns ? api::column_definitions(call.target.info->columns) : Json());
  return head;
}

Answer<bool> check_table_options(const Call& call) {
  if (call.format.form != Form::Table) return true;
  const std::string include = call.request.parameter("includeObject");
  if (include.empty() || include == "None" || include == "Metadata" || include == "Object") {
    return true;
  }
  return bad_request(
      fmt::format("Unable to convert to Table as requested: includeObject: Invalid value: {}: must "
                  "be 'Metadata', 'Object', 'None', or empty",
                  go_quote(include)));
}

namespace {

// The object in the call's form, as JSON text. 400 for a bad includeObject.
Answer<std::string> render(const Core& core, const Call& call, std::string_view object) {
  std::string text;
  if (call.format.form == Form::Object) append_shown(text, call, object);
  if (call.format.form == Form::PartialMetadata) append_partial_metadata(text, call, object);
  if (call.format.form != Form::Table) return text;
  Answer<bool> good = check_table_options(call);
  if (!good) return std::unexpected(good.error());
  Json table = table_head(call, true);
  table.set("metadata",
            Json::object({{"resourceVersion", read_stored_metadata(object, "resourceVersion")}}));
  append_json(text, table);
  text.pop_back();
  text += ",\"rows\":[";
  RowWriter(core, call).append(text, object);
  return text + "]}";
}

}  // namespace

http::Reply reply_json(const Call& call, int code, std::string json) {
  if (call.format.yaml || call.format.pretty) {
    Result<Json> value = parse_json(json, own_text_limits(json));
    if (value) json = call.format.yaml ? to_yaml(*value) : to_pretty_json(*value, kJsonIndent);
  }
  if (json.empty() || json.back() != '\n') json += '\n';
  http::Reply reply =
      reply_body(code, call.format.yaml ? "application/yaml" : "application/json", std::move(json));
  add_warnings(reply, call);
  return reply;
}

Json read_shown(const Call& call, const store::Document& document) {
  Json object = read_document(document);
  if (call.format.omits_managed_fields) object.member("metadata").erase("managedFields");
  return object;
}

void append_shown(std::string& text, const Call& call, std::string_view object) {
  const TextRange left_out =
      call.format.omits_managed_fields ? find_managed_fields(object) : TextRange();
  text += object.substr(0, left_out.begin);
  text += object.substr(left_out.end);
}

Answer<http::Reply> reply_document(const Core& core, const Call& call, int code,
                                   store::DocumentPtr document) {
  const bool as_stored =
      call.format.form == Form::Object && !call.format.yaml && !call.format.pretty;
  if (!as_stored) {
    Answer<std::string> text = render(core, call, document->bytes);
    if (!text) return std::unexpected(text.error());
    return reply_json(call, code, std::move(*text));
  }
  http::Reply reply = reply_body(code, "application/json", {});
  add_warnings(reply, call);
  if (call.format.omits_managed_fields) {
    reply.response.body.reserve(document->bytes.size());
    append_shown(reply.response.body, call, document->bytes);
    return reply;
  }
  const std::string* bytes = &document->bytes;
  reply.shared = std::shared_ptr<const std::string>(std::move(document), bytes);
  return reply;
}

http::Reply reply_error(const ApiError& error, const Format& format) {
  const Json status = to_status(error);
  const bool indent = format.pretty || error.code == 406;
  const std::string json = indent ? to_pretty_json(status, kJsonIndent) : to_json(status);
  http::Reply reply = format.yaml ? reply_body(error.code, "application/yaml", to_yaml(status))
                                  : reply_body(error.code, "application/json", json + "\n");
  if (error.retry_after_seconds > 0) {
    reply.response.headers.push_back({"Retry-After", std::to_string(error.retry_after_seconds)});
  }
  return reply;
}

http::Reply reply_text(int code, std::string text) {
  http::Reply reply = reply_body(code, "text/plain; charset=utf-8", std::move(text));
  reply.response.headers.push_back({"X-Content-Type-Options", "nosniff"});
  return reply;
}

}  // namespace clickdeploy::apiserver
