// What the cloud holds: plain data, as it is kept in the state file.
//
// Tokens are not part of it: after a restart every client logs in again, as with a real Keystone
// whose keys were rotated. Containers are ordered by id, so that output does not depend on chance.

#pragma once

#include "controller/async/clock.h"
#include "controller/base/error.h"
#include "controller/base/json.h"
#include "controller/base/text.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace clickdeploy::localcloud {

struct Project {
  std::string id;
  std::string name;
};

struct User {
  std::string id;
  std::string name;
  std::string password;
  std::string project_id;  // the one project in which it has a role
  bool admin = false;
};

struct ApplicationCredential {
  std::string id;
  std::string name;
  std::string user_id;
  std::string secret;
};

struct Flavor {
  std::string id;
  std::string name;
  std::int64_t vcpus = 1;
  std::int64_t ram_mib = 512;
  std::int64_t disk_gib = 1;
  bool fits_host = true;  // false: every server of it ends in "no valid host"
};

struct Image {
  std::string id;
  std::string name;
  std::map<std::string, std::string> properties;
  WallTime created;
};

struct Network {
  std::string id;
  std::string name;
  WallTime created;
  bool external = false;  // floating IPs come from it; no project has ports there
};

struct Subnet {
  std::string id;
  std::string name;
  std::string network_id;
  std::string cidr;
  WallTime created;
};

struct FixedIp {
  std::string subnet_id;
  std::string address;
};

struct AddressPair {
  std::string ip_address;
  std::string mac;
};

struct Port {
  std::string id;
  std::string name;
  std::string description;
  std::string project_id;
  std::string network_id;
  std::string mac;
  std::vector<FixedIp> fixed_ips;
  std::vector<std::string> security_groups;  // ids
  std::vector<AddressPair> allowed_address_pairs;
  std::vector<std::string> tags;
  std::string device_id;  // server, "" if free
  std::string device_owner;
  bool admin_state_up = true;
  bool made_by_nova = false;  // deleted together with its server
  WallTime created;
  WallTime updated;
};

struct FloatingIp {
  std::string id;
  std::string description;
  std::string project_id;
  std::string network_id;
  std::string address;
  std::string port_id;  // "" = attached to nothing
  std::vector<std::string> tags;
  WallTime created;
  WallTime updated;
};

struct Volume {
  std::string id;
  std::string name;
  std::string description;
  std::string project_id;
  std::string user_id;
  std::int64_t size_gib = 1;
  std::string type;
  std::string zone;
  std::string image_id;  // that it was made from; "": it is empty, and not bootable
  std::map<std::string, std::string> metadata;
  std::string status = "creating";  // as Cinder spells it
  std::string server_id;            // that has it, or has reserved it; "" if none
  std::string attachment_id;
  std::string device;  // "/dev/vda"
  bool deleted_with_server = false;
  std::uint64_t sequence = 0;  // order of creation
  WallTime created;
  WallTime updated;
};

struct SecurityGroupRule {
  std::string id;
  std::string direction = "ingress";
  std::string ethertype = "IPv4";
  std::string protocol;  // "" = any
  std::optional<std::int64_t> port_min;
  std::optional<std::int64_t> port_max;
  std::string remote_cidr;
  std::string remote_group_id;
};

struct SecurityGroup {
  std::string id;
  std::string name;
  std::string description;
  std::string project_id;
  std::vector<SecurityGroupRule> rules;
  std::vector<std::string> tags;
  WallTime created;
};

struct ServerGroup {
  std::string id;
  std::string name;
  std::string policy;
  std::string project_id;
  std::string user_id;
};

struct KeyPair {
  std::string name;
  std::string user_id;
  std::string public_key;
};

enum class VmState : std::uint8_t { Building, Active, Stopped, Error, Deleted };
enum class TaskState : std::uint8_t {
  None,
  Scheduling,
  Networking,
  Spawning,
  Rebooting,
  RebootingHard,
  PoweringOff,
  PoweringOn,
  Rebuilding,
  Deleting,
};

struct ServerFault {
  int code = 500;
  std::string message;
  WallTime created;
};

// One entry of "networks" in the create call.
struct RequestedNic {
  std::string network_id;
  std::string port_id;   // an existing port, or "" for one that Nova makes
  std::string fixed_ip;  // "" = any
};

struct Server {
  std::string id;
  std::string name;
  std::string description;
  std::string project_id;
  std::string user_id;
  std::string image_id;  // "": it boots from a volume
  std::string flavor_id;
  std::string key_name;
  std::string availability_zone;
  std::string user_data;  // base64, as it was sent
  bool config_drive = false;
  std::string group_id;  // server group, "" if none
  std::map<std::string, std::string> metadata;
  std::set<std::string> tags;
  std::vector<std::string> security_groups;  // names, as asked for
  std::vector<RequestedNic> nics;
  VmState vm_state = VmState::Building;
  TaskState task = TaskState::Scheduling;
  std::optional<ServerFault> fault;
  WallTime created;
  WallTime updated;
  std::optional<WallTime> launched;
  std::optional<WallTime> terminated;
  std::uint64_t sequence = 0;  // order of creation
};

// -1 is "no limit".
struct Quota {
  std::int64_t instances = 50;
  std::int64_t cores = -1;
  std::int64_t ram_mib = -1;
  std::int64_t ports = 500;
  std::int64_t floating_ips = 50;
  std::int64_t server_groups = 10;
  std::int64_t security_groups = 20;
  std::int64_t security_group_rules = 200;
  std::int64_t volumes = 100;
  std::int64_t volume_gib = 10'000;
};

struct State {
  std::string cidr;  // the pool that the subnets were cut from
  std::vector<Project> projects;
  std::vector<User> users;
  std::vector<ApplicationCredential> application_credentials;
  std::vector<Flavor> flavors;
  std::map<std::string, Image> images;
  std::map<std::string, Network> networks;
  std::map<std::string, Subnet> subnets;
  std::map<std::string, Port> ports;
  std::map<std::string, FloatingIp> floating_ips;
  std::map<std::string, Volume> volumes;
  std::map<std::string, SecurityGroup> security_groups;
  std::vector<KeyPair> key_pairs;
  std::map<std::string, ServerGroup> server_groups;
  std::map<std::string, Server> servers;  // deleted ones too, for changes-since
  std::map<std::string, Quota> quotas;    // by project id; absent: the default
  std::uint64_t next_sequence = 1;
};

// Nova's words: "ACTIVE", "active", "spawning" ("" for None).
std::string status_of(const Server& server);
std::string vm_state_name(VmState state);
std::string task_state_name(TaskState task);

Json encode_state(const State& state);
Result<State> decode_state(const Json& json);

}  // namespace clickdeploy::localcloud
