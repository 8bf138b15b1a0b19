#include "controller/base/text.h"
#include "controller/localcloud/ipv4_internal.h"

#include <fmt/format.h>

#include <charconv>

namespace clickdeploy::localcloud {
namespace {

std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t max) {
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  auto [stop, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc() || stop != end || value > max) return std::nullopt;
  return value;
}

}  // namespace

std::uint32_t Ipv4Block::last() const {
  const std::uint64_t size = std::uint64_t{1} << (32 - prefix);
  return static_cast<std::uint32_t>(first + (size - 1));
}

std::optional<std::uint32_t> parse_ipv4(std::string_view text) {
  const std::vector<std::string> parts = split(text, '.');
  if (parts.size() != 4) return std::nullopt;
  std::uint32_t address = 0;
  for (const std::string& part : parts) {
    const std::optional<std::uint32_t> byte = parse_number(part, 255);
    if (!byte) return std::nullopt;
    address = (address << 8) | *byte;
  }
  return address;
}

std::optional<Ipv4Block> parse_ipv4_block(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::optional<std::uint32_t> first = parse_ipv4(text.substr(0, slash));
  const std::optional<std::uint32_t> prefix = parse_number(text.substr(slash + 1), 32);
  if (!first || !prefix) return std::nullopt;
  const Ipv4Block block{*first, static_cast<int>(*prefix)};
  const std::uint64_t size = std::uint64_t{1} << (32 - block.prefix);
  if (block.first % size != 0) return std::nullopt;
  return block;
}

std::string format_ipv4(std::uint32_t address) {
  return fmt::format("{}.{}.{}.{}", address >> 24, (address >> 16) & 255, (address >> 8) & 255,
                     address & 255);
}

std::string format_ipv4_block(const Ipv4Block& block) {
  return fmt::format("{}/{}", format_ipv4(block.first), block.prefix);
}

}  // namespace clickdeploy::localcloud
