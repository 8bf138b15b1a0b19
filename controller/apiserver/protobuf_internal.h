// Bodies in protobuf, as Go clients send them for the kinds of Kubernetes' own: read into the JSON
// of the same object, and written from it where a client takes nothing else.
//
// A body is four bytes "k8s\0" and a message that names the API version and kind and holds the
// object's own message. Which number is which member is in tables (protobuf_kinds.cpp); what a
// table does not name is skipped, as Kubernetes skips it. Depth is bounded by the tables, the
// number of values by kProtoValuesMax.

#pragma once

#include "api/scheme.h"
#include "controller/apiserver/request_internal.h"
#include "controller/base/error.h"
#include "controller/base/json.h"
#include "controller/http/message.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace clickdeploy::apiserver {

inline constexpr std::string_view kProtobufMediaType = "application/vnd.kubernetes.protobuf";
// What a 415 says of bodies.
inline constexpr std::string_view kBodyMediaTypes =
    "application/json, application/yaml, application/vnd.kubernetes.protobuf";
inline constexpr std::size_t kProtoValuesMax = 200'000;

enum class ProtoType : std::uint8_t {
  Text,
  Bool,
  Int,
  Message,
  TextMap,    // map<string, string>
  BytesMap,   // map<string, bytes>: base64 in JSON
  Time,       // whole seconds
  MicroTime,  // six digits
  FieldSet,   // a message whose field 1 is JSON
};

enum class Presence : std::uint8_t {
  OmitZero,  // Go leaves the zero value out of JSON
  KeepZero,  // a pointer in Go: zero is a value
};

struct ProtoMessage;

struct ProtoField {
  std::uint32_t number;
  std::string_view name;
  ProtoType type = ProtoType::Text;
  bool repeated = false;
  Presence presence = Presence::OmitZero;
  const ProtoMessage* message = nullptr;
};

struct ProtoMessage {
  std::span<const ProtoField> fields;
};

// nullptr for kinds that have no form in protobuf, ours among them.
const ProtoMessage* find_proto_message(std::string_view api_version, std::string_view kind);

// The whole body, envelope included, with apiVersion and kind. InvalidArgument for what is
// malformed, for text that is not UTF-8, times out of range, and kinds that have no table.
Result<Json> decode_proto_body(std::string_view body);

// The same backwards; kinds are those of the tables, Status, and lists of them.
Result<std::string> encode_proto_body(const Json& object);

// Whether the client takes protobuf and no JSON, of something that has a form in it.
bool insists_on_protobuf(const api::Scheme& scheme, const ApiRequest& request);

// The reply with its JSON body in protobuf, a watch's events in frames; as it is where there is no
// form for the body.
http::Reply to_protobuf(http::Reply reply);

}  // namespace clickdeploy::apiserver
