// Reading metadata with the types of Kubernetes' ObjectMeta. The messages are those of Go's JSON
// decoder, because that is what users of kubectl search for.

#include "api/schema/metadata_rules.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace clickdeploy::api {
namespace {

enum class Form : std::uint8_t { Text, Integer, Flag, Time, TextMap, TextList, Objects, Anything };

struct Field {
  std::string_view name;
  Form form;
  std::span<const Field> members = {};  // of Objects
  std::string_view type = {};           // of Objects: its Go name
};

constexpr Field kOwnerReference[] = {
    {"apiVersion", Form::Text}, {"blockOwnerDeletion", Form::Flag},
    {"controller", Form::Flag}, {"kind", Form::Text},
    {"name", Form::Text},       {"uid", Form::Text},
};

constexpr Field kManagedFields[] = {
    {"apiVersion", Form::Text}, {"fieldsType", Form::Text}, {"fieldsV1", Form::Anything},
    {"manager", Form::Text},    {"operation", Form::Text},  {"subresource", Form::Text},
    {"time", Form::Time},
};

constexpr Field kObjectMeta[] = {
    {"annotations", Form::TextMap},
    {"creationTimestamp", Form::Time},
    {"deletionGracePeriodSeconds", Form::Integer},
    {"deletionTimestamp", Form::Time},
    {"finalizers", Form::TextList},
    {"generateName", Form::Text},
    {"generation", Form::Integer},
    {"labels", Form::TextMap},
    {"managedFields", Form::Objects, kManagedFields, "ManagedFieldsEntry"},
    {"name", Form::Text},
    {"namespace", Form::Text},
    {"ownerReferences", Form::Objects, kOwnerReference, "OwnerReference"},
    {"resourceVersion", Form::Text},
    {"selfLink", Form::Text},
    {"uid", Form::Text},
};

std::string_view json_kind(const Json& value) {
  if (value.is_bool()) return "bool";
  if (value.is_number()) return "number";
  if (value.is_string()) return "string";
  return value.is_array() ? "array" : "object";
}

const Field* find_field(std::span<const Field> fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const Field& field) { return field.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

bool has_only_texts(const Json& value) {
  for (const Json& text : value.as_array()) {
    if (!text.is_string()) return false;
  }
  for (const auto& [key, text] : value.as_object()) {
    if (!text.is_string()) return false;
  }
  return true;
}

bool is_plain(const Json& object, std::span<const Field> fields);

bool is_plain(const Json& value, const Field& field) {
  switch (field.form) {
    case Form::Text:
      return value.is_string();
    case Form::Integer:
      return value.is_int();
    case Form::Flag:
      return value.is_bool();
    case Form::Time:
      return value.is_string() && parse_time(value.as_string());
    case Form::TextMap:
      return value.is_object() && has_only_texts(value);
    case Form::TextList:
      return value.is_array() && has_only_texts(value);
    case Form::Objects:
      return value.is_array() && std::ranges::all_of(value.as_array(), [&](const Json& item) {
               return item.is_object() && is_plain(item, field.members);
             });
    case Form::Anything:
      return !value.is_null();
  }
  return false;
}

// The usual case, found out without touching the value: nothing to drop, to change or to refuse.
bool is_plain(const Json& object, std::span<const Field> fields) {
  for (const auto& [name, value] : object.as_object()) {
    const Field* known = find_field(fields, name);
    if (known == nullptr || !is_plain(value, *known)) return false;
  }
  return true;
}

class Decoder {
 public:
  explicit Decoder(std::vector<std::string>* unknown_paths) : unknown_paths_(unknown_paths) {}

  Result<void> members(Json& object, std::span<const Field> fields, std::string_view type,
                       const std::string& path);

 private:
  Result<void> member(Json& value, const Field& field, const std::string& where,
                      const std::string& path);
  static Result<void> expect(bool fits, const Json& value, const std::string& where,
                             std::string_view type) {
    if (fits) return {};
    return fail(ErrorCode::InvalidArgument,
                fmt::format("json: cannot unmarshal {} into Go struct field {} of type {}",
                            json_kind(value), where, type));
  }
  static Result<void> time(const Json& value, const std::string& where);
  static Result<void> texts(Json& value, const std::string& where);

  std::vector<std::string>* unknown_paths_;
};

Result<void> Decoder::members(Json& object, std::span<const Field> fields, std::string_view type,
                              const std::string& path) {
  std::vector<JsonObject::Member> kept;
  for (auto& [name, value] : object.object_ref()) {
    const Field* known = find_field(fields, name);
    if (known == nullptr) {
      if (unknown_paths_) unknown_paths_->push_back(child_path(path, name));
    } else if (!value.is_null()) {
      Result<void> read =
          member(value, *known, fmt::format("{}.{}", type, name), child_path(path, name));
      if (!read) return read;
      kept.emplace_back(name, std::move(value));
    }
  }
  object = JsonObject::from_members(std::move(kept));
  return {};
}

Result<void> Decoder::member(Json& value, const Field& field, const std::string& where,
                             const std::string& path) {
  switch (field.form) {
    case Form::Text:
      return expect(value.is_string(), value, where, field.name == "uid" ? "types.UID" : "string");
    case Form::Integer:
      return expect(value.is_int(), value, where, "int64");
    case Form::Flag:
      return expect(value.is_bool(), value, where, "bool");
    case Form::Time:
      return time(value, where);
    case Form::TextMap:
      if (!value.is_object()) return expect(false, value, where, "map[string]string");
      return texts(value, where);
    case Form::TextList:
      if (!value.is_array()) return expect(false, value, where, "[]string");
      return texts(value, where);
    case Form::Objects:
      break;
    case Form::Anything:
      return {};
  }
  if (!value.is_array()) return expect(false, value, where, fmt::format("[]v1.{}", field.type));
  std::size_t index = 0;
  for (Json& item : value.array_ref()) {
    if (!item.is_object()) return expect(false, item, where, fmt::format("v1.{}", field.type));
    Result<void> read = members(item, field.members, field.type, item_path(path, index++));
    if (!read) return read;
  }
  return {};
}

Result<void> Decoder::time(const Json& value, const std::string& where) {
  if (!value.is_string()) return expect(false, value, where, "string");
  if (parse_time(value.as_string())) return {};
  return fail(ErrorCode::InvalidArgument,
              fmt::format("parsing time {} as \"2006-01-02T15:04:05Z07:00\": cannot parse {} as "
                          "\"2006\"",
                          go_quote(value.as_string()), go_quote(value.as_string())));
}

// Go reads a null in a map or list of strings as the empty string.
Result<void> Decoder::texts(Json& value, const std::string& where) {
  const auto check = [&](Json& text) -> Result<void> {
    if (text.is_null()) text = "";
    return expect(text.is_string(), text, where, "string");
  };
  if (value.is_array()) {
    for (Json& text : value.array_ref()) {
      if (Result<void> fits = check(text); !fits) return fits;
    }
    return {};
  }
  for (auto& [key, text] : value.object_ref()) {
    if (Result<void> fits = check(text); !fits) return fits;
  }
  return {};
}

}  // namespace

Result<void> decode_metadata(Json& metadata, std::vector<std::string>* unknown_paths) {
  if (metadata.is_object() && !metadata.contains("selfLink") && is_plain(metadata, kObjectMeta)) {
    return {};
  }
  if (metadata.is_null()) metadata = Json::object();
  if (!metadata.is_object()) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("json: cannot unmarshal {} into Go struct field .metadata of type "
                            "v1.ObjectMeta",
                            json_kind(metadata)));
  }
  Result<void> read =
      Decoder(unknown_paths).members(metadata, kObjectMeta, "ObjectMeta", "metadata");
  if (read) metadata.erase("selfLink");
  return read;
}

}  // namespace clickdeploy::api
