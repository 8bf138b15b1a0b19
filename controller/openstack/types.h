// What OpenStack's APIs say, as plain values: only what we read or write.

#pragma once

#include "controller/base/secret.h"
#include "controller/base/text.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::openstack {

// How to log in, as in clouds.yaml. Either user and password with a project, or an application
// credential (which implies its project).
struct Credentials {
  std::string auth_url;  // ends in /v3 or not; both work
  std::string username;
  std::string user_id;  // instead of username and its domain
  std::string user_domain = "Default";
  std::string user_domain_id;  // instead of user_domain
  SecretString password;
  std::string project_name;
  std::string project_id;
  std::string project_domain = "Default";
  std::string project_domain_id;  // instead of project_domain
  std::string application_credential_id;
  std::string application_credential_name;
  SecretString application_credential_secret;
  std::string region;                // "" : the only one of the catalog
  std::string interface = "public";  // public | internal | admin

  bool operator==(const Credentials&) const = default;
};

struct Fault {
  std::int64_t code = 0;
  std::string message;

  bool operator==(const Fault&) const = default;
};

struct Address {
  std::string network;  // the network's name, as Nova labels it
  std::string address;
  std::string type;  // fixed | floating
  int version = 4;

  bool operator==(const Address&) const = default;
};

struct Server {
  std::string id;
  std::string name;
  std::string status;      // ACTIVE, BUILD, ERROR, SHUTOFF, REBOOT, … as Nova spells it
  std::string task_state;  // "" when none
  std::string vm_state;
  std::optional<Fault> fault;  // only when read by id
  std::vector<Address> addresses;
  std::string image_id;
  std::string flavor_name;
  std::string availability_zone;
  std::map<std::string, std::string> metadata;
  std::vector<std::string> tags;
  std::string created;  // RFC 3339
  std::string updated;
  // Of a machine: agents::machine_settings() of what is installed, and which step of that failed.
  std::string agents_mark;
  std::string failed_step;

  bool operator==(const Server&) const = default;
};

struct ServerCreate {
  std::string name;
  std::string host;  // of machines that exist already: the one to take
  std::string image_id;
  std::string root_volume_id;           // boots from it, whatever its image; "": from the image
  std::vector<std::string> volume_ids;  // attached besides; they outlive the server
  std::string flavor_id;
  std::vector<std::string> port_ids;
  std::string server_group_id;
  std::string availability_zone;
  std::optional<bool> config_drive;
  std::string key_name;
  std::string user_data;  // plain text; encoded by the client
  std::map<std::string, std::string> metadata;
  std::vector<std::string> tags;
};

struct Flavor {
  std::string id;
  std::string name;
  std::int64_t vcpus = 0;
  std::int64_t ram_mib = 0;
  std::int64_t disk_gib = 0;
  std::map<std::string, std::string> properties{};  // its members and extra specs, as text

  bool operator==(const Flavor&) const = default;
};

struct Image {
  std::string id;
  std::string name;
  std::string status;
  std::map<std::string, std::string> properties;  // string members that are not Glance's own
  std::vector<std::string> tags;

  bool operator==(const Image&) const = default;
};

struct Network {
  std::string id;
  std::string name;
  std::vector<std::string> subnet_ids;
  std::map<std::string, std::string> properties{};  // its other members, as text
  std::vector<std::string> tags{};

  bool operator==(const Network&) const = default;
};

struct Subnet {
  std::string id;
  std::string name;
  std::string network_id;
  std::map<std::string, std::string> properties;
  std::vector<std::string> tags;

  bool operator==(const Subnet&) const = default;
};

// Lets TCP in, from these addresses to this port.
struct IngressRule {
  std::string id;
  std::string cidr;
  std::int64_t port = 0;

  bool operator==(const IngressRule&) const = default;
};

struct SecurityGroup {
  std::string id;
  std::string name;
  std::string description{};
  std::vector<IngressRule> rules{};  // only rules of that form
  std::map<std::string, std::string> properties{};
  std::vector<std::string> tags{};

  bool operator==(const SecurityGroup&) const = default;
};

struct AddressPair {
  std::string ip_address;
  std::string mac_address;  // "": the port's own

  bool operator==(const AddressPair&) const = default;
};

struct Port {
  std::string id;
  std::string name;
  std::string description;
  std::string status;
  std::string network_id;
  std::string device_id;
  std::string device_owner;
  std::vector<std::string> fixed_ips;
  std::vector<std::string> security_group_ids;
  std::vector<std::string> tags;
  std::string mac_address;
  std::vector<AddressPair> allowed_address_pairs;
  bool has_security = true;  // false: it can have no security groups

  bool operator==(const Port&) const = default;
};

struct PortCreate {
  std::string name;
  std::string network_id;
  std::string description;
  std::optional<std::vector<std::string>> security_group_ids{};  // nullopt: the project's default
  std::string subnet_id{};                                       // "": the cloud chooses
  std::vector<AddressPair> allowed_address_pairs{};
};

struct FloatingIP {
  std::string id;
  std::string address;
  std::string description;
  std::string status;
  std::string network_id;
  std::string port_id;  // "": attached to nothing

  bool operator==(const FloatingIP&) const = default;
};

struct FloatingIPCreate {
  std::string network_id;
  std::string description;
  std::string port_id;  // "": attached to nothing
};

struct Volume {
  std::string id;
  std::string name;
  std::string status;  // available, in-use, creating, error, … as Cinder spells it
  std::int64_t size_gib = 0;
  std::map<std::string, std::string> metadata;
  std::vector<std::string> server_ids;  // that it is attached to

  bool operator==(const Volume&) const = default;
};

struct VolumeCreate {
  std::string name;
  std::int64_t size_gib = 0;
  std::string type;      // "": the cloud's default
  std::string image_id;  // that it is made from; "": it is empty
  std::map<std::string, std::string> metadata;
};

struct ServerGroup {
  std::string id;
  std::string name;
  std::string policy;

  bool operator==(const ServerGroup&) const = default;
};

struct QuotaUse {
  std::int64_t limit = -1;  // -1: unlimited
  std::int64_t used = 0;

  bool operator==(const QuotaUse&) const = default;
};

struct Quota {
  QuotaUse instances;
  QuotaUse cores;
  QuotaUse ram_mib;

  bool operator==(const Quota&) const = default;
};

struct NetworkQuota {
  QuotaUse ports;
  QuotaUse floating_ips;

  bool operator==(const NetworkQuota&) const = default;
};

struct VolumeQuota {
  QuotaUse volumes;
  QuotaUse gib;

  bool operator==(const VolumeQuota&) const = default;
};

// Who we are to this cloud, learnt at log-in.
struct Identity {
  std::string project_id;
  std::string user_id;
  std::string catalog_hash;  // of the endpoints in use
  WallTime token_expires_at{};

  bool operator==(const Identity&) const = default;
};

// What becomes of a text when it is read from the cloud: without control characters, cut after
// 1,024 bytes.
std::string as_shown(const std::string& text);

}  // namespace clickdeploy::openstack
