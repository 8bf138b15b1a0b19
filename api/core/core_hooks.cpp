#include "api/core/core_hooks.h"

#include "api/core/event_columns.h"
#include "controller/base/check.h"
#include "controller/base/json.h"
#include "controller/base/text.h"

#include <optional>
#include <string_view>
#include <vector>

namespace clickdeploy::api::core {
namespace {

constexpr std::size_t kDataBytesMax = 1024 * 1024;  // of all values of a Secret or ConfigMap

bool has_config_key_form(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

constexpr std::string_view kConfigKeyProblem =
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name', "
    " "
    "or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

// A key of a Secret or ConfigMap becomes a file name where it is mounted.
std::vector<std::string_view> config_key_problems(std::string_view key) {
  std::vector<std::string_view> problems;
  if (key.size() > 253) problems.emplace_back("must be no more than 253 characters");
  if (!has_config_key_form(key)) problems.push_back(kConfigKeyProblem);
  if (key == ".") {
    problems.emplace_back("must not be '.'");
  } else if (key == "..") {
    problems.emplace_back("must not be '..'");
  } else if (key.starts_with("..")) {
    problems.emplace_back("must not start with '..'");
  }
  return problems;
}

void check_keys(const Json& data, const std::string& path, FieldErrors& errors) {
  for (const auto& [key, value] : data.as_object()) {
    if (errors.size() >= kFieldErrorsMax) return;
    for (const std::string_view problem : config_key_problems(key)) {
      errors.push_back(invalid(key_path(path, key), key, problem));
    }
  }
}

std::size_t value_bytes(const Json& data) {
  std::size_t bytes = 0;
  for (const auto& [key, value] : data.as_object()) bytes += value.as_string().size();
  return bytes;
}

void check_base64(const Json& data, const std::string& path, FieldErrors& errors) {
  for (const auto& [key, value] : data.as_object()) {
    // The text itself is not shown: it may be a password that was not encoded.
    if (errors.size() < kFieldErrorsMax && !base64_decode(value.as_string())) {
      errors.push_back(invalid(key_path(path, key), "", "must be base64"));
    }
  }
}

// Immutable stays so, and keeps what it protects.
void check_immutable(const Json& object, const Json* old, std::initializer_list<const char*> fields,
                     FieldErrors& errors) {
  if (!old || !(*old)["immutable"].as_bool()) return;
  if (!object["immutable"].as_bool()) {
    errors.push_back(forbidden("immutable", "field is immutable when `immutable` is set"));
  }
  for (const char* field : fields) {
    if (object[field] != (*old)[field]) {
      errors.push_back(forbidden(field, "field is immutable when `immutable` is set"));
    }
  }
}

// What a Secret of a known type must hold, for those that take it without a look.
struct SecretType {
  std::string_view name;
  std::vector<std::string_view> keys;
  bool all = true;      // else one of the keys is enough
  bool filled = false;  // an empty value is as good as none
  bool json = false;
};

const std::vector<SecretType>& secret_types() {
  static const std::vector<SecretType> types = {
      {.name = "kubernetes.io/tls", .keys = {"tls.crt", "tls.key"}},
      {.name = "kubernetes.io/dockercfg", .keys = {".dockercfg"}, .json = true},
      {.name = "kubernetes.io/dockerconfigjson", .keys = {".dockerconfigjson"}, .json = true},
      {.name = "kubernetes.io/basic-auth", .keys = {"username", "password"}, .all = false},
      {.name = "kubernetes.io/ssh-auth", .keys = {"ssh-privatekey"}, .filled = true},
  };
  return types;
}

void check_secret_type(const Json& object, FieldErrors& errors) {
  constexpr std::string_view kAccountToken = "kubernetes.io/service-account-token";
  constexpr std::string_view kAccountName = "kubernetes.io/service-account.name";
  const std::string& type = object["type"].as_string();
  if (type == kAccountToken &&
      object["metadata"]["annotations"][kAccountName].as_string().empty()) {
    errors.push_back(required(key_path("metadata.annotations", kAccountName)));
  }
  for (const SecretType& known : secret_types()) {
    if (type != known.name) continue;
    FieldErrors missing;
    for (const std::string_view key : known.keys) {
      const Json* value = object["data"].find(key);
      const bool there = value != nullptr && !(known.filled && value->empty());
      if (!there) missing.push_back(required(key_path("data", key)));
      // What is wrong with it is not told: the text is secret.
      const std::optional<std::string> text =
          there ? base64_decode(value->as_string()) : std::nullopt;
      if (known.json && text && !parse_json(*text)) {
        errors.push_back(
            invalid(key_path("data", key), "<secret contents redacted>", "must be JSON"));
      }
    }
    if (known.all || missing.size() == known.keys.size()) {
      errors.insert(errors.end(), missing.begin(), missing.end());
    }
  }
}

FieldErrors secret_rules(const Json& object, const Json* old) {
  FieldErrors errors;
  check_keys(object["data"], "data", errors);
  check_base64(object["data"], "data", errors);
  if (value_bytes(object["data"]) > kDataBytesMax / 3 * 4) {
    errors.push_back(too_long("data", "may not be more than 1048576 bytes"));
  }
  // One that is there may stay as it is.
  if (!old || object["data"] != (*old)["data"]) check_secret_type(object, errors);
  if (old && object["type"] != (*old)["type"]) {
    errors.push_back(invalid("type", object["type"], "field is immutable"));
  }
  check_immutable(object, old, {"data"}, errors);
  return errors;
}

FieldErrors config_map_rules(const Json& object, const Json* old) {
  FieldErrors errors;
  check_keys(object["data"], "data", errors);
  check_keys(object["binaryData"], "binaryData", errors);
  check_base64(object["binaryData"], "binaryData", errors);
  for (const auto& [key, value] : object["binaryData"].as_object()) {
    if (object["data"].contains(key) && errors.size() < kFieldErrorsMax) {
      errors.push_back(
          invalid(key_path("data", key), key, "duplicate of key present in binaryData"));
    }
  }
  if (value_bytes(object["data"]) + value_bytes(object["binaryData"]) > kDataBytesMax) {
    errors.push_back(too_long("[]", "may not be more than 1048576 bytes"));
  }
  check_immutable(object, old, {"data", "binaryData"}, errors);
  return errors;
}

FieldErrors event_rules(const Json& object, const Json*) {
  FieldErrors errors;
  const std::string& about = object["involvedObject"]["namespace"].as_string();
  const std::string& in = object["metadata"]["namespace"].as_string();
  if (!about.empty() && !in.empty() && about != in) {
    errors.push_back(invalid("involvedObject.namespace", about, "does not match event.namespace"));
  }
  return errors;
}

// stringData is for people to write; what is stored and read is data.
void normalize_secret(Json& object) {
  if (const Json* plain = object.find("stringData")) {
    std::vector<JsonObject::Member> members;
    for (const auto& [key, value] : object["data"].as_object()) members.emplace_back(key, value);
    for (const auto& [key, value] : plain->as_object()) {
      members.emplace_back(key, base64_encode(value.as_string()));
    }
    object.set("data", JsonObject::from_members(std::move(members)));
    object.erase("stringData");
  }
  if (object["type"].as_string().empty()) object.set("type", "Opaque");
}

// The label lets selectors name a namespace; finalizing the content is the API server's work.
void normalize_namespace(Json& object) {
  Json& metadata = object.member("metadata");
  const std::string name = metadata["name"].as_string();
  if (!name.empty()) metadata.member("labels").set("kubernetes.io/metadata.name", name);
  const bool deleting = metadata.contains("deletionTimestamp");
  object.member("status").set("phase", deleting ? "Terminating" : "Active");
}

Json count_members(const Json& object, std::initializer_list<const char*> fields) {
  std::size_t count = 0;
  for (const char* field : fields) count += object[field].size();
  return static_cast<std::int64_t>(count);
}

void compute(ResourceInfo& info, std::string_view name,
             std::function<Json(const Json& object, WallTime now)> cell) {
  for (Column& column : info.columns) {
    if (column.name == name) column.compute = std::move(cell);
  }
}

}  // namespace

void attach_hooks(ResourceInfo& info) {
  if (info.kind == "Namespace") {
    info.name_rule = NameRule::DnsLabel;
    info.normalize = normalize_namespace;
  } else if (info.kind == "Secret") {
    info.normalize = normalize_secret;
    info.cross_field_rules = secret_rules;
    compute(info, "Data", [](const Json& o, WallTime) { return count_members(o, {"data"}); });
  } else if (info.kind == "ConfigMap") {
    info.cross_field_rules = config_map_rules;
    compute(info, "Data",
            [](const Json& o, WallTime) { return count_members(o, {"data", "binaryData"}); });
  } else if (info.kind == "CustomResourceDefinition") {
    info.read_only = true;
  } else if (info.kind == "APIService") {
    info.read_only = true;
    compute(info, "Service", [](const Json&, WallTime) { return Json("Local"); });
  } else if (info.kind == "Event" && info.group.empty()) {
    info.cross_field_rules = event_rules;
    compute(info, "Last Seen", event_last_seen);
    compute(info, "First Seen", event_first_seen);
    compute(info, "Object", event_object);
    compute(info, "Source", event_source);
    compute(info, "Count", event_count);
  }
  for (const Column& column : info.columns) {
    CHECK(column.path || column.compute, info.kind + ": nothing fills the column " + column.name);
  }
}

}  // namespace clickdeploy::api::core
