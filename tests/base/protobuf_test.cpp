#include "controller/base/protobuf.h"

#include <gtest/gtest.h>

#include <random>

namespace clickdeploy {
namespace {

using namespace std::string_view_literals;

TEST(Protobuf, ReadsWhatItWrites) {
  ProtoWriter inner;
  inner.add_bytes(1, "x");
  ProtoWriter writer;
  writer.add_varint(1, 300);
  writer.add_bytes(2, "abc");
  writer.add_bool(3, true);
  writer.add_double(4, 1.5);
  writer.add_message(5, inner);
  writer.add_varint(1000, ~std::uint64_t{0});

  ProtoReader reader(writer.bytes());
  EXPECT_EQ((**reader.next()).value, 300U);
  EXPECT_EQ((**reader.next()).bytes, "abc");
  EXPECT_EQ((**reader.next()).value, 1U);
  const WireField fixed = **reader.next();
  EXPECT_EQ(fixed.type, WireType::Fixed64);
  EXPECT_EQ(fixed.value, 0x3ff8000000000000U);
  EXPECT_EQ((**reader.next()).bytes, "\x0a\x01x"sv);
  const WireField last = **reader.next();
  EXPECT_EQ(last.number, 1000U);
  EXPECT_EQ(last.value, ~std::uint64_t{0});
  EXPECT_FALSE(reader.next()->has_value());
}

TEST(Protobuf, RefusesWhatIsCutOffOrMalformed) {
  for (const std::string_view bytes :
       {"\x0a"sv,
        "\x0a\x05"sv
        "abc"sv,
        "\x08"sv, "\x08\x80"sv, "\x09\x01"sv, "\x0d\x01"sv, "\x00\x01"sv, "\x0b"sv, "\x0f"sv,
        "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv,
        "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv}) {
    ProtoReader reader(bytes);
    EXPECT_FALSE(reader.next().has_value());
  }
}

TEST(Protobuf, EndsOnAnyBytes) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 64, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    ProtoReader reader(bytes);
    std::size_t fields = 0;
    for (;;) {
      Result<std::optional<WireField>> field = reader.next();
      if (!field || !*field) break;
      ++fields;
    }
    EXPECT_LE(fields, bytes.size());
  }
}

}  // namespace
}  // namespace clickdeploy
