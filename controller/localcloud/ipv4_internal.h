// IPv4 addresses and blocks as numbers.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace clickdeploy::localcloud {

struct Ipv4Block {
  std::uint32_t first = 0;
  int prefix = 32;

  std::uint32_t last() const;
  bool contains(std::uint32_t address) const { return address >= first && address <= last(); }
};

std::optional<std::uint32_t> parse_ipv4(std::string_view text);
std::optional<Ipv4Block> parse_ipv4_block(std::string_view text);  // host bits must be zero
std::string format_ipv4(std::uint32_t address);
std::string format_ipv4_block(const Ipv4Block& block);

}  // namespace clickdeploy::localcloud
