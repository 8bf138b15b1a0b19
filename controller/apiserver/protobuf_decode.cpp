#include "controller/apiserver/json_extent_internal.h"
#include "controller/apiserver/protobuf_internal.h"
#include "controller/base/protobuf.h"
#include "controller/base/text.h"
#include "controller/base/utf8.h"

#include <chrono>
#include <utility>
#include <vector>

namespace clickdeploy::apiserver {
namespace {

constexpr std::string_view kMagic{"k8s\0", 4};
// What a WallTime can hold, with room to spare: the years 1700 and 2250.
constexpr std::int64_t kSecondsMin = -8'520'336'000;
constexpr std::int64_t kSecondsMax = 8'835'999'000;

std::unexpected<Error> malformed(std::string what) {
  return fail(ErrorCode::InvalidArgument, "protobuf: " + std::move(what));
}

Result<std::string> read_text(std::string_view bytes) {
  if (!is_valid_utf8(bytes)) return malformed("a text is not UTF-8");
  return std::string(bytes);
}

// Every wire field that becomes a value is counted: two bytes may become a hundred of memory.
class Decoder {
 public:
  Result<Json> read_message(const ProtoMessage& message, std::string_view bytes);

 private:
  using Members = std::vector<JsonObject::Member>;

  Result<void> count(std::size_t values = 1);
  Result<void> read_field(const ProtoField& field, const WireField& wire, Json& object,
                          std::vector<Members>& maps, std::size_t index);
  Result<Json> read_value(const ProtoField& field, const WireField& wire);
  Result<JsonObject::Member> read_entry(const ProtoField& field, std::string_view bytes);
  Result<Json> read_field_set(std::string_view bytes);

  std::size_t values_ = 0;
};

// Null for the zero time, which Kubernetes leaves out.
Result<Json> read_time(std::string_view bytes, bool micro) {
  std::int64_t seconds = 0;
  std::int64_t nanos = 0;
  ProtoReader reader(bytes);
  for (;;) {
    Result<std::optional<WireField>> field = reader.next();
    if (!field) return std::unexpected(field.error());
    if (!*field) break;
    if ((*field)->type != WireType::Varint) continue;
    if ((*field)->number == 1) seconds = static_cast<std::int64_t>((*field)->value);
    if ((*field)->number == 2) nanos = static_cast<std::int64_t>((*field)->value);
  }
  if (seconds == 0 && nanos == 0) return Json();
  if (seconds < kSecondsMin || seconds > kSecondsMax || nanos < 0 || nanos > 999'999'999) {
    return malformed("a time is out of range");
  }
  const WallTime time{std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanos)};
  return Json(micro ? format_micro_time(time) : format_time(time));
}

WireType wire_type(ProtoType type) {
  return type == ProtoType::Bool || type == ProtoType::Int ? WireType::Varint : WireType::Bytes;
}

bool is_map(ProtoType type) {
  return type == ProtoType::TextMap || type == ProtoType::BytesMap;
}

bool is_zero(const Json& value) {
  if (value.is_bool()) return !value.as_bool();
  if (value.is_int()) return value.as_int() == 0;
  return value.is_null() || (value.is_string() && value.as_string().empty());
}

Result<void> Decoder::count(std::size_t values) {
  values_ += values;
  if (values_ > kProtoValuesMax) return malformed("too many values");
  return {};
}

// A text of JSON in the message: its values count with all others.
Result<Json> Decoder::read_field_set(std::string_view bytes) {
  ProtoReader reader(bytes);
  Json json;
  for (;;) {
    Result<std::optional<WireField>> field = reader.next();
    if (!field) return std::unexpected(field.error());
    if (!*field) return json;
    if ((*field)->number != 1 || (*field)->type != WireType::Bytes) continue;
    const JsonLimits limits{.depth_max = kFieldsV1DepthMax, .nodes_max = kProtoValuesMax - values_};
    Result<Json> parsed = parse_json((*field)->bytes, limits);
    if (!parsed) return std::unexpected(std::move(parsed).error().with_context("protobuf"));
    json = std::move(*parsed);
    Result<void> counted = count(extent_of(json).values);
    if (!counted) return std::unexpected(counted.error());
  }
}

Result<JsonObject::Member> Decoder::read_entry(const ProtoField& field, std::string_view bytes) {
  ProtoReader reader(bytes);
  std::string_view key;
  std::string_view value;
  for (;;) {
    Result<std::optional<WireField>> part = reader.next();
    if (!part) return std::unexpected(part.error());
    if (!*part) break;
    if ((*part)->type != WireType::Bytes) continue;
    if ((*part)->number == 1) key = (*part)->bytes;
    if ((*part)->number == 2) value = (*part)->bytes;
  }
  Result<std::string> name = read_text(key);
  if (!name) return std::unexpected(name.error());
  if (field.type == ProtoType::BytesMap) {
    return JsonObject::Member(std::move(*name), base64_encode(value));
  }
  Result<std::string> text = read_text(value);
  if (!text) return std::unexpected(text.error());
  return JsonObject::Member(std::move(*name), std::move(*text));
}

Result<Json> Decoder::read_value(const ProtoField& field, const WireField& wire) {
  switch (field.type) {
    case ProtoType::Bool:
      return Json(wire.value != 0);
    case ProtoType::Int:
      return Json(static_cast<std::int64_t>(wire.value));
    case ProtoType::Message:
      return read_message(*field.message, wire.bytes);
    case ProtoType::Time:
      return read_time(wire.bytes, false);
    case ProtoType::MicroTime:
      return read_time(wire.bytes, true);
    case ProtoType::FieldSet:
      return read_field_set(wire.bytes);
    case ProtoType::Text:
    case ProtoType::TextMap:
    case ProtoType::BytesMap:
      break;
  }
  Result<std::string> text = read_text(wire.bytes);
  if (!text) return std::unexpected(text.error());
  return Json(std::move(*text));
}

Result<void> Decoder::read_field(const ProtoField& field, const WireField& wire, Json& object,
                                 std::vector<Members>& maps, std::size_t index) {
  if (wire.type != wire_type(field.type)) {
    return malformed("wrong wire type of " + std::string(field.name));
  }
  Result<void> counted = count();
  if (!counted) return counted;
  if (is_map(field.type)) {
    Result<JsonObject::Member> entry = read_entry(field, wire.bytes);
    if (!entry) return std::unexpected(entry.error());
    if (maps.size() <= index) maps.resize(index + 1);
    maps[index].push_back(std::move(*entry));
    return {};
  }
  Result<Json> value = read_value(field, wire);
  if (!value) return std::unexpected(value.error());
  if (field.repeated) {
    object.member(field.name).push_back(std::move(*value));
  } else if (field.presence == Presence::KeepZero || !is_zero(*value)) {
    object.set(field.name, std::move(*value));
  }
  return {};
}

Result<Json> Decoder::read_message(const ProtoMessage& message, std::string_view bytes) {
  Json object = Json::object();
  std::vector<Members> maps;  // by the place of their field in the table
  ProtoReader reader(bytes);
  for (;;) {
    Result<std::optional<WireField>> wire = reader.next();
    if (!wire) return std::unexpected(wire.error());
    if (!*wire) break;
    for (std::size_t i = 0; i < message.fields.size(); ++i) {
      if (message.fields[i].number != (*wire)->number) continue;
      Result<void> read = read_field(message.fields[i], **wire, object, maps, i);
      if (!read) return std::unexpected(read.error());
      break;
    }
  }
  for (std::size_t i = 0; i < maps.size(); ++i) {
    if (maps[i].empty()) continue;
    object.set(message.fields[i].name, JsonObject::from_members(std::move(maps[i])));
  }
  return object;
}

struct Envelope {
  std::string api_version;
  std::string kind;
  std::string_view raw;
};

Result<void> read_type(std::string_view bytes, Envelope& envelope) {
  ProtoReader reader(bytes);
  for (;;) {
    Result<std::optional<WireField>> field = reader.next();
    if (!field) return std::unexpected(field.error());
    if (!*field) return {};
    if ((*field)->type != WireType::Bytes || (*field)->number > 2) continue;
    Result<std::string> text = read_text((*field)->bytes);
    if (!text) return std::unexpected(text.error());
    ((*field)->number == 1 ? envelope.api_version : envelope.kind) = std::move(*text);
  }
}

Result<Envelope> read_envelope(std::string_view body) {
  if (!body.starts_with(kMagic)) return malformed("the body does not begin with k8s");
  ProtoReader reader(body.substr(kMagic.size()));
  Envelope envelope;
  for (;;) {
    Result<std::optional<WireField>> field = reader.next();
    if (!field) return std::unexpected(field.error());
    if (!*field) return envelope;
    if ((*field)->type != WireType::Bytes) continue;
    if ((*field)->number == 1) {
      Result<void> read = read_type((*field)->bytes, envelope);
      if (!read) return std::unexpected(read.error());
    } else if ((*field)->number == 2) {
      envelope.raw = (*field)->bytes;
    } else if ((*field)->number == 3 && !(*field)->bytes.empty()) {
      return malformed("encoded content is not read");
    }
  }
}

}  // namespace

Result<Json> decode_proto_body(std::string_view body) {
  Result<Envelope> envelope = read_envelope(body);
  if (!envelope) return std::unexpected(envelope.error());
  const ProtoMessage* message = find_proto_message(envelope->api_version, envelope->kind);
  if (message == nullptr) {
    return malformed("no kind " + go_quote(envelope->kind) + " is known for version " +
                     go_quote(envelope->api_version));
  }
  Result<Json> object = Decoder().read_message(*message, envelope->raw);
  if (!object) return object;
  object->set("apiVersion", std::move(envelope->api_version));
  object->set("kind", std::move(envelope->kind));
  return object;
}

}  // namespace clickdeploy::apiserver
