// Parts that several kinds share. Data only.

#pragma once

#include "api/meta/condition.h"
#include "api/meta/label_selector.h"
#include "api/meta/object_meta.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::api::v1alpha1 {

inline constexpr std::string_view kGroup = "clickdeploy.io";
inline constexpr std::string_view kVersion = "v1alpha1";

// Finalizers: one per outside duty.
inline constexpr std::string_view kCloudFinalizer = "clickdeploy.io/cloud";
inline constexpr std::string_view kTargetsFinalizer = "clickdeploy.io/targets";
inline constexpr std::string_view kRulesFinalizer = "clickdeploy.io/rules";

// On an Instance: it goes before others when there are too many.
inline constexpr std::string_view kDeleteFirstAnnotation = "clickdeploy.io/delete-first";

// On the template of a Service: another value replaces every server.
inline constexpr std::string_view kRestartedAnnotation = "clickdeploy.io/restartedAt";

// Labels of an Instance.
inline constexpr std::string_view kServiceLabel = "clickdeploy.io/service";
inline constexpr std::string_view kRevisionLabel = "clickdeploy.io/revision";

// A reference in the same namespace, or in `namespace_name` where the referent allows it.
struct NamespacedRef {
  std::string name;
  std::string namespace_name;  // "": the referrer's own

  ObjectKey key(const std::string& home) const {
    return {namespace_name.empty() ? home : namespace_name, name};
  }
  bool operator==(const NamespacedRef&) const = default;
};

// One key of a Secret in the same namespace.
struct SecretKeyRef {
  std::string name;
  std::string key;

  bool empty() const { return name.empty(); }
  bool operator==(const SecretKeyRef&) const = default;
};

// How the controller logs in to servers.
struct SshSpec {
  std::string user;
  SecretKeyRef key;  // a private key
  std::int64_t port = 22;

  bool operator==(const SshSpec&) const = default;
};

// What a thing must have to be meant: all of it.
struct ThingFilter {
  std::map<std::string, std::string> properties;
  std::vector<std::string> tags;

  bool operator==(const ThingFilter&) const = default;
};

// A thing of the cloud, chosen by exactly one of the three.
struct CloudThing {
  std::string id;
  std::string name;
  std::optional<ThingFilter> filter{};

  // `name "web"`, `filter os_distro=debian`: for messages.
  std::string text() const;
  bool operator==(const CloudThing&) const = default;
};

// A further address that a port may send from.
struct AddressPair {
  std::string ip_address;  // or a CIDR
  std::string mac_address;

  bool operator==(const AddressPair&) const = default;
};

struct NetworkAttachment {
  std::string name;  // unique in the list
  CloudThing network;
  std::optional<CloudThing> subnet;         // of the network; nullopt: the cloud chooses
  std::vector<CloudThing> security_groups;  // empty: the project's default
  std::vector<AddressPair> allowed_address_pairs;
  bool scrape = false;  // agents are scraped at this address

  bool operator==(const NetworkAttachment&) const = default;
};

struct FloatingIPSpec {
  CloudThing network;      // an external one
  std::string attachment;  // whose port gets it; "": the first

  bool operator==(const FloatingIPSpec&) const = default;
};

// Servers that the cloud keeps together or apart: a group of the Service's own, or one that exists.
struct ServerGroupSpec {
  std::string policy;  // of our own: affinity | anti-affinity | soft-affinity | soft-anti-affinity
  std::string name;    // of one that exists

  bool operator==(const ServerGroupSpec&) const = default;
};

// A disk of the cloud's block storage that is made for each server.
struct VolumeSpec {
  std::string name;  // unique in the list; "" for the disk that the server boots from
  std::int64_t size_gib = 0;
  std::string type;                        // "": the cloud's default
  std::string deletion_policy = "Delete";  // Delete | Keep: what becomes of it with its Instance

  bool operator==(const VolumeSpec&) const = default;
};

// One thing in the cloud that was made for an object.
struct OwnedResource {
  std::string kind;
  std::string id;
  std::string name;
  std::string state;

  bool operator==(const OwnedResource&) const = default;
};

struct UserData {
  std::string inline_text;
  SecretKeyRef secret_ref;

  bool empty() const { return inline_text.empty() && secret_ref.empty(); }
  bool operator==(const UserData&) const = default;
};

// What a server is made from; or, without image, flavors and networks, which machine of a Cloud of
// type Hosts it is.
struct ServerTemplate {
  CloudThing image;
  std::vector<CloudThing> flavors;              // in order of preference
  std::vector<std::string> availability_zones;  // servers are spread over them
  std::vector<NetworkAttachment> networks;
  std::optional<FloatingIPSpec> floating_ip;
  std::optional<VolumeSpec> root_volume;  // nullopt: the server boots from its host's disk
  std::vector<VolumeSpec> volumes;        // further disks
  std::optional<ServerGroupSpec> server_group;
  std::optional<bool> config_drive;  // nullopt: the cloud decides
  std::string key_name;
  UserData user_data;
  std::map<std::string, std::string> metadata;
  std::optional<LabelSelector> host_selector;  // nullopt: any machine

  bool is_machine() const { return networks.empty(); }
  bool operator==(const ServerTemplate&) const = default;
};

struct AgentInstall {
  std::string method = "Package";  // Container | Package | Archive | Prebuilt | None
  std::string image;
  std::string url;
  std::string sha256;
  std::string package;  // of an agent that the catalog does not know
  std::string binary;   // its file in the archive
  std::string unit;     // systemd's, that RestartAgent restarts

  bool operator==(const AgentInstall&) const = default;
};

// How an agent is asked over TLS. Secrets are in the namespace of the policy.
struct AgentTls {
  std::string mode = "None";       // None | Server
  std::string certificate_secret;  // keys tls.crt and tls.key; "": each server makes its own
  SecretKeyRef ca;                 // whose certificates are trusted; empty: they are not verified
  std::string server_name;         // in the certificate; "": the address

  bool operator==(const AgentTls&) const = default;
};

struct AgentSpec {
  std::string name;
  AgentInstall install;
  std::string version;
  std::int64_t port = 0;  // 0: the catalog's
  std::string path;       // "": the catalog's, /metrics
  std::vector<std::string> extra_args;
  std::optional<std::int64_t> memory_mib;  // nullopt: the catalog's limit, or none
  std::string cpus;                        // "0.5"; "" is no limit
  std::optional<AgentTls> tls;
  std::string basic_secret;  // that it asks for: keys username and password; "": for nothing

  bool operator==(const AgentSpec&) const = default;
};

struct RemediationSpec {
  bool enabled = true;
  std::int64_t unhealthy_after_seconds = 300;
  std::int64_t startup_timeout_seconds = 900;
  std::int64_t step_timeout_seconds = 300;
  std::vector<std::string> steps = {"RestartAgent", "Reinstall", "SoftReboot", "HardReboot",
                                    "Replace"};
  std::string max_unhealthy = "20%";  // a percentage, or a number
  std::int64_t max_in_flight = 1;
  std::int64_t max_retries = 4;

  bool operator==(const RemediationSpec&) const = default;
};

}  // namespace clickdeploy::api::v1alpha1
