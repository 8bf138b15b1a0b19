// The protobuf wire format: fields by number, without a schema.
//
// Kubernetes clients send some bodies in it and read the OpenAPI v2 document only so. What the
// numbers mean is in tables beside the kinds; this is the reading and writing of the bytes.

#pragma once

#include "controller/base/error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace clickdeploy {

enum class WireType : std::uint8_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

struct WireField {
  std::uint32_t number = 0;
  WireType type = WireType::Varint;
  std::uint64_t value = 0;  // of Varint, Fixed64 and Fixed32
  std::string_view bytes;   // of Bytes: a part of what is read
};

// Reads the fields of one message, in the order in which they stand. Never looks past the end.
class ProtoReader {
 public:
  // The bytes outlive the reader and its fields.
  explicit ProtoReader(std::string_view bytes) : rest_(bytes) {}

  // nullopt at the end. InvalidArgument for what is cut off, a varint of more than ten bytes, the
  // number 0, and groups, which nobody writes any more.
  Result<std::optional<WireField>> next();

 private:
  Result<std::uint64_t> read_varint();
  Result<std::uint64_t> read_fixed(std::size_t bytes);
  Result<std::string_view> read_bytes();

  std::string_view rest_;
};

// Writes the fields of one message.
class ProtoWriter {
 public:
  void add_varint(std::uint32_t number, std::uint64_t value);
  void add_bool(std::uint32_t number, bool value) { add_varint(number, value ? 1 : 0); }
  void add_double(std::uint32_t number, double value);
  void add_bytes(std::uint32_t number, std::string_view bytes);
  void add_message(std::uint32_t number, const ProtoWriter& message) {
    add_bytes(number, message.bytes_);
  }

  const std::string& bytes() const { return bytes_; }

 private:
  void write_varint(std::uint64_t value);
  void write_tag(std::uint32_t number, WireType type);

  std::string bytes_;
};

}  // namespace clickdeploy
