#include "controller/reconcilers/metrics_backend/address_policy.h"

#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <netinet/in.h>

namespace clickdeploy::reconcilers {

namespace {

struct Network {
  std::uint32_t address;
  int bits;
};

constexpr std::array<Network, 6> kPrivate = {{
    {0x0A000000, 8},   // 10.0.0.0
    {0xAC100000, 12},  // 172.16.0.0
    {0xC0A80000, 16},  // 192.168.0.0
    {0x64400000, 10},  // 100.64.0.0
    {0xA9FE0000, 16},  // 169.254.0.0
    {0x7F000000, 8},   // 127.0.0.0
}};

bool is_private_v4(std::uint32_t address) {
  for (const Network& network : kPrivate) {
    if ((address >> (32 - network.bits)) == (network.address >> (32 - network.bits))) return true;
  }
  return false;
}

}  // namespace

bool is_private_address(const std::string& address) {
  in_addr v4{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return is_private_v4(ntohl(v4.s_addr));
  in6_addr v6{};
  if (inet_pton(AF_INET6, address.c_str(), &v6) != 1) return false;
  const std::uint8_t* bytes = v6.s6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) {
    return is_private_v4((std::uint32_t{bytes[12]} << 24) | (std::uint32_t{bytes[13]} << 16) |
                         (std::uint32_t{bytes[14]} << 8) | bytes[15]);
  }
  return (bytes[0] & 0xFE) == 0xFC || IN6_IS_ADDR_LINKLOCAL(&v6) || IN6_IS_ADDR_LOOPBACK(&v6);
}

std::string address_refusal(const std::string& address_policy, const std::string& address) {
  if (address_policy != "PrivateOnly" || address.empty() || is_private_address(address)) return "";
  return "address " + address +
         " is public, and scrape.addressPolicy is PrivateOnly: scrape another network, or set it "
         "to Any";
}

}  // namespace clickdeploy::reconcilers
