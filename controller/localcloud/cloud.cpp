#include "controller/localcloud/cloud.h"

#include "controller/base/check.h"
#include "controller/localcloud/ipv4_internal.h"

#include <algorithm>

namespace clickdeploy::localcloud {
namespace {

// Keystone and Neutron write ids without hyphens for projects and users, with them for the rest.
std::string compact_id(Random& random) {
  std::string id = random.uuid();
  std::erase(id, '-');
  return id;
}

}  // namespace

Cloud::Cloud(CloudOptions options, Clock& clock, Random& random, GuestDriver& guests)
    : options_(std::move(options)), clock_(clock), random_(random), guests_(guests) {
  seed();
}

void Cloud::seed() {
  state_.cidr = options_.cidr;
  const Project project{compact_id(random_), options_.project};
  const Project admins{compact_id(random_), "admin"};
  state_.projects = {project, admins};
  const User user{compact_id(random_), options_.user, options_.password, project.id, false};
  const User admin{compact_id(random_), "admin", options_.password, admins.id, true};
  state_.users = {user, admin};
  state_.application_credentials = {{compact_id(random_), options_.user, user.id, random_.hex(32)}};
  state_.flavors = {{"1", "m1.tiny", 1, 512, 1, true},
                    {"2", "m1.small", 1, 2048, 20, true},
                    {"3", "m1.medium", 2, 4096, 40, true},
                    {"9", "m1.huge", 1024, 1 << 22, 1000, false}};
  add_image("debian-12", {{"os_distro", "debian"}, {"os_version", "12"}});
  add_image("ubuntu-22.04", {{"os_distro", "ubuntu"}, {"os_version", "22.04"}});

  const std::optional<Ipv4Block> pool = parse_ipv4_block(options_.cidr);
  CHECK(pool && pool->prefix <= 28, "the pool is a block of at least sixteen addresses");
  const int prefix = pool->prefix + 1;
  const std::uint32_t half = std::uint32_t{1} << (32 - prefix);
  std::uint32_t first = pool->first;
  for (const char* name : {"private", "app-net"}) {
    const Network network{random_.uuid(), name, now(), false};
    const Subnet subnet{random_.uuid(), name, network.id,
                        format_ipv4_block(Ipv4Block{first, prefix}), now()};
    state_.networks.emplace(network.id, network);
    state_.subnets.emplace(subnet.id, subnet);
    first += half;
  }
  if (!options_.external_cidr.empty()) {
    // Fixed ids: whether there is one changes nothing else of what a seed makes.
    const Network network{"ffffffff-0000-4000-8000-000000000001", "public", now(), true};
    const Subnet subnet{"ffffffff-0000-4000-8000-000000000002", "public", network.id,
                        options_.external_cidr, now()};
    state_.networks.emplace(network.id, network);
    state_.subnets.emplace(subnet.id, subnet);
  }
  ensure_default_group(project.id);
}

std::string Cloud::add_image(std::string name, std::map<std::string, std::string> properties) {
  Image image{random_.uuid(), std::move(name), std::move(properties), now()};
  std::string id = image.id;
  state_.images.emplace(id, std::move(image));
  ++revision_;
  return id;
}

Result<void> Cloud::restore(const Json& stored) {
  Result<State> state = decode_state(stored);
  if (!state)
    return std::unexpected(std::move(state).error().with_context("read the cloud's state"));
  state_ = std::move(*state);
  tokens_.clear();
  pending_.clear();
  due_of_.clear();
  ports_by_device_.clear();
  for (const auto& [id, port] : state_.ports) {
    if (!port.device_id.empty()) ports_by_device_[port.device_id].insert(id);
  }
  for (auto& [id, server] : state_.servers) {
    if (server.vm_state == VmState::Deleted) continue;
    if (server.task != TaskState::None) set_task(server, server.task, options_.power);
    if (server.vm_state == VmState::Active && server.task != TaskState::Deleting) {
      boot(server, Boot::Again);
    }
  }
  for (const auto& [id, volume] : state_.volumes) set_due(id, options_.power);
  ++revision_;
  return {};
}

State& Cloud::mutable_state() {
  ++revision_;
  return state_;
}

const Flavor* Cloud::find_flavor(std::string_view id) const {
  auto found = std::ranges::find(state_.flavors, id, &Flavor::id);
  return found == state_.flavors.end() ? nullptr : &*found;
}

Quota Cloud::quota_of(std::string_view project_id) const {
  auto found = state_.quotas.find(std::string(project_id));
  return found == state_.quotas.end() ? options_.quota : found->second;
}

}  // namespace clickdeploy::localcloud
