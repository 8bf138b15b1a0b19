#include "controller/base/protobuf.h"

#include <bit>

namespace clickdeploy {
namespace {

constexpr int kVarintBytesMax = 10;
constexpr std::uint32_t kFieldNumberMax = (1U << 29) - 1;

std::unexpected<Error> malformed(const char* what) {
  return fail(ErrorCode::InvalidArgument, std::string("protobuf: ") + what);
}

}  // namespace

Result<std::uint64_t> ProtoReader::read_varint() {
  std::uint64_t value = 0;
  for (int i = 0; i < kVarintBytesMax; ++i) {
    if (rest_.empty()) return malformed("unexpected end");
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) return value;
  }
  return malformed("a number is too long");
}

Result<std::uint64_t> ProtoReader::read_fixed(std::size_t bytes) {
  if (rest_.size() < bytes) return malformed("unexpected end");
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
  }
  rest_.remove_prefix(bytes);
  return value;
}

Result<std::string_view> ProtoReader::read_bytes() {
  Result<std::uint64_t> size = read_varint();
  if (!size) return std::unexpected(size.error());
  if (*size > rest_.size()) return malformed("unexpected end");
  const std::string_view bytes = rest_.substr(0, static_cast<std::size_t>(*size));
  rest_.remove_prefix(bytes.size());
  return bytes;
}

Result<std::optional<WireField>> ProtoReader::next() {
  if (rest_.empty()) return std::nullopt;
  Result<std::uint64_t> tag = read_varint();
  if (!tag) return std::unexpected(tag.error());
  const std::uint64_t number = *tag >> 3;
  if (number == 0 || number > kFieldNumberMax) return malformed("no such field number");
  WireField field;
  field.number = static_cast<std::uint32_t>(number);
  Result<std::uint64_t> value = 0;
  switch (*tag & 7) {
    case 0:
      field.type = WireType::Varint;
      value = read_varint();
      break;
    case 1:
      field.type = WireType::Fixed64;
      value = read_fixed(8);
      break;
    case 2: {
      field.type = WireType::Bytes;
      Result<std::string_view> bytes = read_bytes();
      if (!bytes) return std::unexpected(bytes.error());
      field.bytes = *bytes;
      break;
    }
    case 5:
      field.type = WireType::Fixed32;
      value = read_fixed(4);
      break;
    default:
      return malformed("no such wire type");
  }
  if (!value) return std::unexpected(value.error());
  field.value = *value;
  return field;
}

void ProtoWriter::write_varint(std::uint64_t value) {
  while (value >= 0x80) {
    bytes_ += static_cast<char>((value & 0x7f) | 0x80);
    value >>= 7;
  }
  bytes_ += static_cast<char>(value);
}

void ProtoWriter::write_tag(std::uint32_t number, WireType type) {
  write_varint((static_cast<std::uint64_t>(number) << 3) | static_cast<std::uint64_t>(type));
}

void ProtoWriter::add_varint(std::uint32_t number, std::uint64_t value) {
  write_tag(number, WireType::Varint);
  write_varint(value);
}

void ProtoWriter::add_double(std::uint32_t number, double value) {
  write_tag(number, WireType::Fixed64);
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (int i = 0; i < 8; ++i) bytes_ += static_cast<char>((bits >> (8 * i)) & 0xff);
}

void ProtoWriter::add_bytes(std::uint32_t number, std::string_view bytes) {
  write_tag(number, WireType::Bytes);
  write_varint(bytes.size());
  bytes_ += bytes;
}

}  // namespace clickdeploy
