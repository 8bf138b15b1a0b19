// RowChecksum: FNV-1a over the fields of a row, each with its length, so that fields cannot run
// into one another. Guards against damage, not against malice.

#pragma once

#include <cstdint>
#include <string_view>

namespace clickdeploy::store {

class RowChecksum {
 public:
  explicit RowChecksum(std::string_view seed) { add(seed); }

  RowChecksum& add(std::string_view text) {
    add(static_cast<std::uint64_t>(text.size()));
    for (char c : text) mix(static_cast<unsigned char>(c));
    return *this;
  }

  RowChecksum& add(std::uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) mix((number >> shift) & 0xff);
    return *this;
  }

  std::int64_t value() const { return static_cast<std::int64_t>(hash_); }

 private:
  void mix(std::uint64_t byte) {
    hash_ ^= byte;
    hash_ *= 0x100000001b3u;
  }

  std::uint64_t hash_ = 0xcbf29ce484222325u;
};

}  // namespace clickdeploy::store
