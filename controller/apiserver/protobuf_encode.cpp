#include "controller/apiserver/protobuf_internal.h"
#include "controller/base/protobuf.h"
#include "controller/base/text.h"

#include <chrono>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

void write_message(ProtoWriter& writer, const ProtoMessage& message, const Json& object);

void write_time(ProtoWriter& writer, std::uint32_t number, const Json& value) {
  const std::optional<WallTime> time = parse_time(value.as_string());
  if (!time) return;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(*time);
  ProtoWriter inner;
  inner.add_varint(1, static_cast<std::uint64_t>(seconds.time_since_epoch().count()));
  inner.add_varint(2, static_cast<std::uint64_t>((*time - seconds).count()));
  writer.add_message(number, inner);
}

void write_map(ProtoWriter& writer, const ProtoField& field, const Json& map) {
  for (const auto& [key, value] : map.as_object()) {
    ProtoWriter entry;
    entry.add_bytes(1, key);
    if (field.type == ProtoType::BytesMap) {
      entry.add_bytes(2, base64_decode(value.as_string()).value_or(std::string()));
    } else {
      entry.add_bytes(2, value.as_string());
    }
    writer.add_message(field.number, entry);
  }
}

void write_value(ProtoWriter& writer, const ProtoField& field, const Json& value) {
  switch (field.type) {
    case ProtoType::Text:
      writer.add_bytes(field.number, value.as_string());
      return;
    case ProtoType::Bool:
      writer.add_bool(field.number, value.as_bool());
      return;
    case ProtoType::Int:
      writer.add_varint(field.number, static_cast<std::uint64_t>(value.as_int()));
      return;
    case ProtoType::Message: {
      ProtoWriter inner;
      write_message(inner, *field.message, value);
      writer.add_message(field.number, inner);
      return;
    }
    case ProtoType::TextMap:
    case ProtoType::BytesMap:
      write_map(writer, field, value);
      return;
    case ProtoType::Time:
    case ProtoType::MicroTime:
      write_time(writer, field.number, value);
      return;
    case ProtoType::FieldSet: {
      ProtoWriter inner;
      inner.add_bytes(1, to_json(value));
      writer.add_message(field.number, inner);
      return;
    }
  }
}

void write_message(ProtoWriter& writer, const ProtoMessage& message, const Json& object) {
  for (const ProtoField& field : message.fields) {
    const Json* value = object.find(field.name);
    if (value == nullptr || value->is_null()) continue;
    if (!field.repeated) {
      write_value(writer, field, *value);
      continue;
    }
    for (const Json& item : value->as_array()) write_value(writer, field, item);
  }
}

}  // namespace

Result<std::string> encode_proto_body(const Json& object) {
  const std::string& api_version = object["apiVersion"].as_string();
  const std::string& kind = object["kind"].as_string();
  const ProtoMessage* message = find_proto_message(api_version, kind);
  if (message == nullptr) {
    return fail(ErrorCode::InvalidArgument, "protobuf: no form for " + api_version + " " + kind);
  }
  ProtoWriter raw;
  write_message(raw, *message, object);
  ProtoWriter type;
  type.add_bytes(1, api_version);
  type.add_bytes(2, kind);
  ProtoWriter envelope;
  envelope.add_message(1, type);
  envelope.add_message(2, raw);
  envelope.add_bytes(3, "");
  envelope.add_bytes(4, "");
  return std::string("k8s\0", 4) + envelope.bytes();
}

}  // namespace clickdeploy::apiserver
