// Which loopback addresses and ports this run takes. Others may run on the same machine: another
// dev, somebody's own Prometheus.

#include "controller/app/dev_setup_internal.h"
#include "controller/base/json.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace clickdeploy::app {

namespace {

constexpr const char* kPrometheusAddress = "127.0.0.1:9090";
constexpr const char* kAlertmanagerAddress = "127.0.0.1:9093";
constexpr const char* kCloudAddress = "127.0.0.1:8774";
constexpr int kFirstBlock = 20;  // 127.20.0.0/16
constexpr int kLastBlock = 60;

// The port that stands for the whole block while a dev runs, on an address that no server gets.
constexpr std::uint16_t kClaimPort = 7180;

constexpr std::uint16_t kExporterPort = 9100;

// A listening socket, or -1.
int bind_to(const std::string& host, std::uint16_t port) {
  const bool ipv6 = host.find(':') != std::string::npos;
  const int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  int bound = -1;
  if (ipv6) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    inet_pton(AF_INET6, host.c_str(), &address.sin6_addr);
    bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  } else {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  if (bound == 0 && listen(fd, 1) == 0) return fd;
  close(fd);
  return -1;
}

bool can_bind(const std::string& host, std::uint16_t port) {
  const int fd = bind_to(host, port);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

std::uint16_t port_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

std::string block_text(int block) {
  return fmt::format("127.{}.0.0/16", block);
}

// Somebody else's servers would have exporters in the first addresses of either half.
bool looks_unused(int block) {
  for (const int half : {0, 128}) {
    for (int host = 1; host <= 40; ++host) {
      if (!can_bind(fmt::format("127.{}.{}.{}", block, half, host), kExporterPort)) return false;
    }
  }
  return true;
}

int claim_block(int block) {
  return bind_to(fmt::format("127.{}.255.254", block), kClaimPort);
}

// The block of an earlier run on the same folder: its servers keep their addresses.
int block_of_earlier_run(const std::string& data, Disk& disk) {
  Result<std::string> text = disk.read(data + "/localcloud.json");
  if (!text) return 0;
  Result<Json> state = parse_json(*text);
  if (!state) return 0;
  for (int block = kFirstBlock; block <= kLastBlock; ++block) {
    if ((*state)["cidr"].as_string() == block_text(block)) return block;
  }
  return 0;
}

Result<void> choose_block(DevPlaces& places, Disk& disk, std::vector<std::string>& notes) {
  if (const int earlier = block_of_earlier_run(places.data, disk); earlier != 0) {
    places.cidr = block_text(earlier);
    places.cidr_claim = claim_block(earlier);
    if (places.cidr_claim >= 0) return {};
    return fail(ErrorCode::Unavailable,
                "the servers of " + places.data + " live in " + places.cidr +
                    ", which another run of dev uses now\n  Stop that one, or choose another "
                    "folder with --data");
  }
  for (int block = kFirstBlock; block <= kLastBlock; ++block) {
    const int claim = claim_block(block);
    if (claim < 0) continue;
    if (!looks_unused(block)) {
      close(claim);
      continue;
    }
    places.cidr = block_text(block);
    places.cidr_claim = claim;
    if (block != kFirstBlock) {
      notes.push_back(block_text(kFirstBlock) + " is in use: servers get addresses of " +
                      places.cidr);
    }
    return {};
  }
  return fail(ErrorCode::ResourceExhausted,
              fmt::format("no free block of addresses from {} to {}\n  Stop another run of dev",
                          block_text(kFirstBlock), block_text(kLastBlock)));
}

}  // namespace

Result<std::string> choose_address(const std::string& wanted) {
  Result<ListenAddress> address = parse_listen(wanted);
  if (!address) return std::unexpected(std::move(address).error());
  int fd = bind_to(address->host, address->port);
  if (fd < 0) fd = bind_to(address->host, 0);
  if (fd < 0) return fail(ErrorCode::Unavailable, "cannot listen on " + address->host);
  const std::uint16_t port = port_of(fd);
  close(fd);
  const bool ipv6 = address->host.find(':') != std::string::npos;
  return fmt::format("{}:{}", ipv6 ? "[" + address->host + "]" : address->host, port);
}

Result<DevPlaces> choose_dev_places(const std::string& data, bool any_port, Disk& disk,
                                    std::vector<std::string>& notes) {
  DevPlaces places;
  places.data = data;
  struct Wish {
    const char* name;
    const char* usual;
    std::string DevPlaces::* member;
  };
  for (const Wish& wish :
       {Wish{"Prometheus", kPrometheusAddress, &DevPlaces::prometheus_address},
        Wish{"Alertmanager", kAlertmanagerAddress, &DevPlaces::alertmanager_address},
        Wish{"the cloud", kCloudAddress, &DevPlaces::cloud_address}}) {
    Result<std::string> address = choose_address(any_port ? "127.0.0.1:0" : wish.usual);
    if (!address) return std::unexpected(std::move(address).error().with_context(wish.name));
    if (!any_port && *address != wish.usual) {
      notes.push_back(fmt::format("{} is in use: {} gets {}", wish.usual, wish.name, *address));
    }
    // A free port is not taken yet, so it may be offered twice.
    while (*address == places.prometheus_address || *address == places.alertmanager_address) {
      address = choose_address("127.0.0.1:0");
      if (!address) return std::unexpected(std::move(address).error().with_context(wish.name));
    }
    places.*wish.member = *std::move(address);
  }
  Result<void> block = choose_block(places, disk, notes);
  if (!block) return std::unexpected(std::move(block).error());
  return places;
}

void release_dev_places(DevPlaces& places) {
  if (places.cidr_claim >= 0) close(std::exchange(places.cidr_claim, -1));
}

}  // namespace clickdeploy::app
