// The body of a DELETE. Its options only ever make a deletion smaller or gentler (a trial run, a
// precondition, dependents that stay), so one that cannot be read must stop it, not be passed over.

#include "controller/apiserver/options_internal.h"
#include "controller/apiserver/protobuf_internal.h"
#include "controller/apiserver/typed_decode_internal.h"
#include "controller/base/text.h"
#include "controller/base/yaml.h"

#include <fmt/format.h>

#include <array>
#include <span>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

struct Field {
  std::string_view name;
  std::string_view go_type;  // as errors name it
  bool (Json::*fits)() const;
};

constexpr std::array kOptions{
    Field{"kind", "string", &Json::is_string},
    Field{"apiVersion", "string", &Json::is_string},
    Field{"dryRun", "[]string", &Json::is_array},
    Field{"gracePeriodSeconds", "int64", &Json::is_int},
    Field{"orphanDependents", "bool", &Json::is_bool},
    Field{"preconditions", "v1.Preconditions", &Json::is_object},
    Field{"propagationPolicy", "v1.DeletionPropagation", &Json::is_string},
};
constexpr std::array kPreconditions{
    Field{"uid", "types.UID", &Json::is_string},
    Field{"resourceVersion", "string", &Json::is_string},
};

std::unexpected<ApiError> wrong_type(const Json& value, std::string_view where,
                                     std::string_view go_type) {
  return bad_request(
      fmt::format("DeleteOptions in version \"v1\" cannot be handled as a DeleteOptions: json: "
                  "cannot unmarshal {} into Go struct field {} of type {}",
                  json_kind(value), where, go_type));
}

// A null is as good as absent.
Answer<bool> check_fields(const Json& object, std::span<const Field> fields,
                          std::string_view type) {
  for (const Field& field : fields) {
    const Json& value = object[field.name];
    if (value.is_null() || (value.*field.fits)()) continue;
    return wrong_type(value, fmt::format("{}.{}", type, field.name), field.go_type);
  }
  return true;
}

}  // namespace

Answer<Json> read_delete_body(const ApiRequest& request) {
  if (request.body.empty()) return Json();
  const std::string type = request.media_type();
  const bool yaml = type == "application/yaml";
  const bool protobuf = type == kProtobufMediaType;
  if (!yaml && !protobuf && !type.empty() && type != "application/json") {
    return unsupported_media_type(kBodyMediaTypes);
  }
  Result<Json> body = protobuf ? decode_proto_body(request.body)
                      : yaml   ? parse_single_yaml(request.body)
                               : parse_json(request.body);
  if (!body || !body->is_object()) {
    const std::string_view text = trim(request.body);
    if (!yaml && text.starts_with('{') && !text.ends_with('}')) {
      return internal_error(
          "couldn't get version/kind; json parse error: unexpected end of JSON input");
    }
    return internal_error(fmt::format("couldn't get version/kind; {} parse error: {}",
                                      protobuf ? "protobuf"
                                      : yaml   ? "yaml"
                                               : "json",
                                      body ? "the body is not an object" : body.error().message()));
  }
  Answer<bool> good = check_fields(*body, kOptions, "DeleteOptions");
  if (good) good = check_fields((*body)["preconditions"], kPreconditions, "Preconditions");
  if (!good) return std::unexpected(good.error());
  for (const Json& value : (*body)["dryRun"].as_array()) {
    if (!value.is_string()) return wrong_type(value, "DeleteOptions.dryRun", "string");
  }
  return std::move(*body);
}

}  // namespace clickdeploy::apiserver
