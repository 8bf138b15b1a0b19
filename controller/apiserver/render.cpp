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

Json row_object(const Call& call, const Json& object) {
  const std::string include = call.request.parameter("includeObject");
  if (include == "None") return nullptr;
  return include == "Object" ? object : partial_metadata(call, object);
}

}  // namespace

Json partial_metadata(const Call& call, const Json& object) {
  return Json::object({{"kind", "PartialObjectMetadata"},
                       {"apiVersion", meta_api_version(call)},
                       {"metadata", object["metadata"]}});
}

std::string table_row(const Core& core, const Call& call, const Json& object) {
  Json cells(api::table_cells(call.target.info->columns, object, core.clock.wall_now()));
  Json row = Json::object();
  row.set("cells", std::move(cells));
  row.set("object", row_object(call, object));
  return to_json(row);
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

Answer<std::string> render_object(const Core& core, const Call& call, const Json& object) {
  if (call.format.form == Form::Object) return to_json(object);
  if (call.format.form == Form::PartialMetadata) return to_json(partial_metadata(call, object));
  Answer<bool> good = check_table_options(call);
  if (!good) return std::unexpected(good.error());
  Json table = table_head(call, true);
  table.set("metadata", Json::object({{"resourceVersion", object["metadata"]["resourceVersion"]}}));
  std::string text = to_json(table);
  text.pop_back();
  return text + ",\"rows\":[" + table_row(core, call, object) + "]}";
}

http::Reply reply_json(const Call& call, int code, std::string json) {
  if (call.format.yaml || call.format.pretty) {
    Result<Json> value = parse_json(json, own_text_limits(json));
    if (value) json = call.format.yaml ? to_yaml(*value) : to_pretty_json(*value);
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

void append_shown(std::string& text, const Call& call, const store::Document& document) {
  const std::string_view bytes = document.bytes;
  const TextRange left_out =
      call.format.omits_managed_fields ? find_managed_fields(bytes) : TextRange();
  text += bytes.substr(0, left_out.begin);
  text += bytes.substr(left_out.end);
}

Answer<http::Reply> reply_document(const Core& core, const Call& call, int code,
                                   store::DocumentPtr document) {
  const bool as_stored =
      call.format.form == Form::Object && !call.format.yaml && !call.format.pretty;
  if (!as_stored) {
    Answer<std::string> text = render_object(core, call, read_shown(call, *document));
    if (!text) return std::unexpected(text.error());
    return reply_json(call, code, std::move(*text));
  }
  http::Reply reply = reply_body(code, "application/json", {});
  add_warnings(reply, call);
  if (call.format.omits_managed_fields) {
    reply.response.body.reserve(document->bytes.size());
    append_shown(reply.response.body, call, *document);
    return reply;
  }
  const std::string* bytes = &document->bytes;
  reply.shared = std::shared_ptr<const std::string>(std::move(document), bytes);
  return reply;
}

http::Reply reply_error(const ApiError& error, bool pretty) {
  const Json status = to_status(error);
  const bool indent = pretty || error.code == 406;
  http::Reply reply = reply_body(error.code, "application/json",
                                 (indent ? to_pretty_json(status) : to_json(status)) + "\n");
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
