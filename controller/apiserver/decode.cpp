#include "api/schema/metadata_rules.h"
#include "controller/apiserver/admission_internal.h"
#include "controller/apiserver/protobuf_internal.h"
#include "controller/base/text.h"
#include "controller/base/yaml.h"

#include <fmt/format.h>

#include <utility>

namespace clickdeploy::apiserver {
namespace {

// How errors show a body that could not be read: itself if it looks like JSON, else in hex.
std::string show_body(const std::string& body) {
  if (body.empty()) return "<empty>";
  if (body.front() == '{') return body.substr(0, 1024);
  std::string hex;
  for (const char c : body.substr(0, 32)) {
    hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  }
  return hex;
}

std::unexpected<ApiError> unrecognized(const Call& call, std::string_view why) {
  // A Secret's body is not shown, however broken it is.
  const std::string shown =
      is_secret(*call.target.info) ? std::string("<hidden>") : show_body(call.request.body);
  return bad_request(
      fmt::format("the object provided is unrecognized (must be of type {}): {} ({})",
                  call.target.info->kind, why, shown));
}

std::string parse_failure(const std::string& body, const Error& error) {
  // What Go says of the commonest case: a body that is cut off.
  const std::string_view text = trim(body);
  const bool open = text.empty() || (text.front() == '{' && text.back() != '}');
  return "couldn't get version/kind; json parse error: " +
         (open ? std::string("unexpected end of JSON input") : error.message());
}

Answer<Json> decode_protobuf(const Call& call) {
  Result<Json> object = decode_proto_body(call.request.body);
  if (!object) return unrecognized(call, object.error().message());
  return std::move(*object);
}

}  // namespace

Answer<Json> decode_body(const Call& call, std::vector<std::string>& problems) {
  const std::string type = call.request.media_type();
  const api::ResourceInfo& info = *call.target.info;
  if (type == kProtobufMediaType && find_proto_message(info.api_version(), info.kind) != nullptr) {
    return decode_protobuf(call);
  }
  const bool yaml = type == "application/yaml";
  // No Content-Type at all means JSON, as it does for Kubernetes. A web page could send a body
  // without one too, but not to this API: the HTTP server refuses foreign Hosts and Origins.
  if (!yaml && !type.empty() && type != "application/json") {
    return unsupported_media_type(kBodyMediaTypes);
  }
  std::vector<std::string> duplicates;
  Result<Json> parsed =
      yaml ? parse_single_yaml(call.request.body) : parse_json(call.request.body, {}, &duplicates);
  if (!parsed) {
    return unrecognized(call, yaml ? "error converting YAML to JSON: " + parsed.error().message()
                                   : parse_failure(call.request.body, parsed.error()));
  }
  if (!parsed->is_object()) {
    return unrecognized(
        call, fmt::format("couldn't get version/kind; json parse error: json: cannot unmarshal {} "
                          "into Go value of type struct {{ APIVersion string "
                          "\"json:\\\"apiVersion,omitempty\\\"\"; Kind string "
                          "\"json:\\\"kind,omitempty\\\"\" }}",
                          json_kind(*parsed)));
  }
  if (!info.custom) {
    // The typed clients of some languages leave out what the path says.
    if ((*parsed)["kind"].empty()) parsed->set("kind", info.kind);
    if ((*parsed)["apiVersion"].empty()) parsed->set("apiVersion", info.api_version());
  }
  if ((*parsed)["kind"].as_string().empty()) {
    return unrecognized(
        call, is_secret(*call.target.info)
                  ? std::string("Object 'Kind' is missing")
                  : fmt::format("Object 'Kind' is missing in '{}'", show_body(call.request.body)));
  }
  for (const std::string& path : duplicates) {
    problems.push_back("duplicate field " + go_quote(path));
  }
  return std::move(*parsed);
}

Answer<bool> conform(const Target& target, Json& object, std::vector<std::string>& problems,
                     std::optional<Misfit>& misfit) {
  const api::ResourceInfo& info = *target.info;
  const std::string& version = object["apiVersion"].as_string();
  if (version != info.api_version()) {
    return bad_request(
        fmt::format("the API version in the data ({}) does not match the expected API version ({})",
                    version, info.api_version()));
  }
  const std::string kind = object["kind"].as_string();
  if (kind != info.kind) {
    return invalid(
        info.group, kind, object["metadata"]["name"].as_string(),
        {{"FieldValueInvalid",
          fmt::format("Invalid value: {}: must be {}", go_quote(kind), info.kind), "kind"}});
  }
  if (object["metadata"].is_null()) object.set("metadata", Json::object());
  std::vector<std::string> unknown;
  Result<void> decoded = api::decode_metadata(object.member("metadata"), &unknown);
  if (!decoded) {
    misfit = {decoded.error().message(), decoded.error().message()};
  } else if (!info.custom) {
    misfit = find_misfit(info, object);
  }
  if (misfit) return false;
  api::prune(object, info.schema, &unknown);
  for (const std::string& path : unknown) problems.push_back("unknown field " + go_quote(path));
  return true;
}

Answer<bool> conform(const Target& target, Json& object, std::vector<std::string>& problems) {
  std::optional<Misfit> misfit;
  Answer<bool> good = conform(target, object, problems, misfit);
  if (!misfit) return good;
  const api::ResourceInfo& info = *target.info;
  return bad_request(fmt::format("{} in version {} cannot be handled as a {}: {}", info.kind,
                                 go_quote(info.version), info.kind, misfit->decoded));
}

Answer<bool> settle_problems(Call& call, const std::vector<std::string>& problems,
                             FieldValidation validation) {
  if (problems.empty() || validation == FieldValidation::Ignore) return true;
  if (validation == FieldValidation::Warn) {
    call.warnings.insert(call.warnings.end(), problems.begin(), problems.end());
    return true;
  }
  const api::ResourceInfo& info = *call.target.info;
  return bad_request(
      fmt::format("{} in version {} cannot be handled as a {}: strict decoding error: {}",
                  info.kind, go_quote(info.version), info.kind, join(problems, ", ")));
}

Answer<bool> settle_patch_problems(Call& call, const std::vector<std::string>& problems,
                                   FieldValidation validation, const Json& patched) {
  if (problems.empty() || validation == FieldValidation::Ignore) return true;
  if (validation == FieldValidation::Warn) {
    call.warnings.insert(call.warnings.end(), problems.begin(), problems.end());
    return true;
  }
  return bad_patch(*call.target.info, to_json(patched),
                   "strict decoding error: " + join(problems, ", "));
}

std::unexpected<ApiError> bad_patch(const api::ResourceInfo& info, const std::string& shown,
                                    std::string_view why) {
  const std::string quoted = go_quote(is_secret(info) ? "<hidden>" : shown);
  return invalid(
      "", "", "",
      {{"FieldValueInvalid", fmt::format("Invalid value: {}: {}", quoted, why), "patch"}});
}

Answer<bool> check_identity(const Target& target, Json& object) {
  const Json& metadata = object["metadata"];
  const std::string& name = metadata["name"].as_string();
  const std::string& namespace_name = metadata["namespace"].as_string();
  if (!namespace_name.empty() && namespace_name != target.namespace_name) {
    return bad_request(
        "the namespace of the provided object does not match the namespace sent on the request");
  }
  if (!target.name.empty() && name != target.name) {
    if (name.empty()) {
      return bad_request("name must be provided");
    }
    return bad_request(fmt::format(
        "the name of the object ({}) does not match the name on the URL ({})", name, target.name));
  }
  if (namespace_name != target.namespace_name) {
    object.member("metadata").set("namespace", target.namespace_name);
  }
  return true;
}

}  // namespace clickdeploy::apiserver
