// Cloud: the model of an OpenStack cloud, without HTTP.
//
// Deterministic: time comes from the Clock, ids and choices from the Random, and there is no I/O
// but what the GuestDriver does. It refuses what the real services refuse, and like them it has no
// idempotency: two equal creates make two servers, names need not be unique.
//
// What takes time (a build, a reboot, a delete) is kept as "due at"; advance() carries out all that
// is due. Every call of the HTTP face advances first; a ticker does so in between, so that guests
// start on time. An operation that fails changes nothing.
//
// Threads: one. Lifetime: clock, random and guests outlive the cloud.

#pragma once

#include "controller/async/clock.h"
#include "controller/async/random.h"
#include "controller/localcloud/faults.h"
#include "controller/localcloud/guest_driver.h"
#include "controller/localcloud/state.h"

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace clickdeploy::localcloud {

// What a service would answer instead of doing it. The face gives it that service's JSON form.
struct ApiError {
  int status = 400;
  std::string type;  // Neutron's exception name; the other services derive theirs from the status
  std::string message;
};

template <class T>
using Outcome = std::expected<T, ApiError>;

inline std::unexpected<ApiError> refuse(int status, std::string message, std::string type = "") {
  return std::unexpected(ApiError{status, std::move(type), std::move(message)});
}

struct CloudOptions {
  std::string region = "RegionOne";
  std::string cidr = "127.20.0.0/16";
  std::string external_cidr;               // of the network "public"; "" = there is none
  std::vector<std::string> zones{"nova"};  // availability zones; the first is the default
  std::string project = "demo";
  std::string user = "controller";
  std::string password = "openstack";
  std::chrono::seconds token_ttl{3600};
  Quota quota;
  std::chrono::milliseconds build{2'000};                    // from the create call to ACTIVE
  std::chrono::milliseconds reboot{600};                     // soft and hard
  std::chrono::milliseconds power{300};                      // stop, start, rebuild
  std::chrono::milliseconds removal{300};                    // from the delete call to 404
  std::vector<std::string> volume_types{"standard", "ssd"};  // the first is the default
  std::chrono::milliseconds volume{1'000};                   // from the create call to available
  std::size_t deleted_servers_max = 10'000;                  // older rows are forgotten
};

struct Token {
  std::string id;
  std::string audit_id;
  std::string user_id;
  std::string project_id;  // "" = unscoped
  std::string application_credential_id;
  WallTime issued;
  WallTime expires;
};

// One volume of "block_device_mapping_v2".
struct RequestedVolume {
  std::string id;
  bool boots = false;
  bool deleted_with_server = false;
};

struct NewServer {
  std::string name;
  std::string description;
  std::string image_id;  // "": it boots from one of `volumes`
  std::vector<RequestedVolume> volumes;
  std::string flavor_id;
  std::string key_name;
  std::string availability_zone;
  std::string user_data;
  bool config_drive = false;
  std::string group_id;  // of the scheduler hint "group"
  std::map<std::string, std::string> metadata;
  std::set<std::string> tags;
  std::vector<std::string> security_groups;
  std::vector<RequestedNic> nics;
  bool choose_network = false;  // no networks named: take the only one
  std::int64_t count = 1;
};

struct Rebuild {
  std::string image_id;
  std::optional<std::string> name;
  std::optional<std::string> user_data;
  std::optional<std::map<std::string, std::string>> metadata;
};

struct NewPort {
  std::string network_id;
  std::string name;
  std::string description;
  std::string mac;
  std::vector<FixedIp> fixed_ips;  // either part may be "" (= any)
  std::optional<std::vector<std::string>> security_groups;
  std::vector<AddressPair> allowed_address_pairs;
  std::string device_id;
  std::string device_owner;
  bool admin_state_up = true;
  bool made_by_nova = false;
};

struct NewVolume {
  std::string name;
  std::string description;
  std::int64_t size_gib = 1;
  std::string type;
  std::string zone;
  std::string image_id;
  std::map<std::string, std::string> metadata;
};

class Cloud {
 public:
  // Begins with the default contents: project, users, images, flavors, networks.
  Cloud(CloudOptions options, Clock& clock, Random& random, GuestDriver& guests);

  // Puts a stored state in place of the default contents; servers that were running start again.
  Result<void> restore(const Json& stored);

  const CloudOptions& options() const { return options_; }
  const State& state() const { return state_; }
  State& mutable_state();  // for the face's plain edits (names, tags, metadata); counts as a change
  GuestDriver& guests() { return guests_; }
  Faults& faults() { return faults_; }
  const Faults& faults() const { return faults_; }
  Random& random() { return random_; }
  WallTime now() const { return clock_.wall_now(); }

  // Rises with every change of the state.
  std::uint64_t revision() const { return revision_; }

  // Carries out what is due.
  void advance();
  // When the next thing is due; nullopt if nothing is under way.
  std::optional<SteadyTime> next_due() const;

  // Identity. 401 for every kind of wrong credentials.
  Outcome<Token> log_in(std::string_view user, std::string_view password, std::string_view project);
  Outcome<Token> log_in_with_credential(std::string_view id_or_name, std::string_view user,
                                        std::string_view secret);
  Outcome<Token> log_in_with_token(std::string_view token, std::string_view project);
  const Token* find_token(std::string_view id);  // nullptr if unknown or expired
  void revoke_token(std::string_view id);
  void expire_all_tokens() { tokens_.clear(); }
  const User* find_user(std::string_view id_or_name) const;
  const Project* find_project(std::string_view id_or_name) const;

  // Compute. The ids of the new servers, in BUILD.
  Outcome<std::vector<std::string>> create_servers(const Token& token, NewServer request);
  Server* find_server(std::string_view id);  // nullptr if deleted
  Outcome<void> delete_server(Server& server);
  Outcome<void> reboot_server(Server& server, bool hard);
  Outcome<void> stop_server(Server& server);
  Outcome<void> start_server(Server& server);
  Outcome<void> rebuild_server(Server& server, Rebuild request);
  const Flavor* find_flavor(std::string_view id) const;

  // Network.
  Outcome<std::string> create_port(const std::string& project_id, NewPort request);
  Outcome<void> delete_port(const std::string& id);
  // `port_id` "" attaches it to nothing. The id of the new one.
  Outcome<std::string> create_floating_ip(const std::string& project_id, FloatingIp request);
  Outcome<void> attach_floating_ip(FloatingIp& ip, const std::string& port_id);

  // Block storage. The id of the new one, in "creating".
  Outcome<std::string> create_volume(const Token& token, NewVolume request);
  Outcome<void> delete_volume(Volume& volume);
  Outcome<void> attach_volume(Volume& volume, const Server& server);
  Outcome<void> detach_volume(Volume& volume);
  std::vector<const Volume*> volumes_of(std::string_view server_id) const;  // the root one first

  std::vector<const Port*> ports_of(std::string_view server_id) const;
  // The only way to say whose a port is: ports_of() knows it by this. "" is nobody's.
  void set_device(Port& port, std::string device_id);
  std::string ensure_default_group(const std::string& project_id);
  Quota quota_of(std::string_view project_id) const;

  // Adds an image under a name that may be taken already.
  std::string add_image(std::string name, std::map<std::string, std::string> properties);

 private:
  struct Pending {
    SteadyTime due;
    std::string id;  // of a server or a volume
    auto operator<=>(const Pending&) const = default;
  };

  void seed();
  void set_due(const std::string& id, std::chrono::milliseconds after);
  void set_task(Server& server, TaskState task, std::chrono::milliseconds after);
  void set_status(Volume& volume, std::string status);
  void step(Volume& volume);
  Outcome<void> check_volumes(const NewServer& request, const std::string& project_id) const;
  void reserve_volume(Volume& volume, const std::string& server_id);
  void release_volumes(const Server& server);
  void settle(Server& server, VmState state);
  void touch(Server& server);
  void step(Server& server);
  void schedule(Server& server);
  void connect(Server& server);
  void spawn(Server& server);
  void remove(Server& server);
  void fail_build(Server& server, int code, std::string message);
  void boot(Server& server, Boot boot);
  void detach_floating_ips(const std::string& port_id);
  void forget_device(const Port& port);
  Outcome<void> check_reachable(const FloatingIp& ip, const std::string& port_id) const;
  void release_ports(const Server& server);
  void forget_old_rows();
  Outcome<void> check_state(const Server& server, std::string_view action,
                            std::set<VmState> allowed) const;
  Outcome<void> check_quota(const Token& token, const Flavor& flavor, std::int64_t count) const;
  Outcome<void> resolve_nics(NewServer& request) const;
  Outcome<std::string> pick_address(const Subnet& subnet, const std::string& wanted);
  Token make_token(const User& user, std::string project_id);

  CloudOptions options_;
  Clock& clock_;
  Random& random_;
  GuestDriver& guests_;
  Faults faults_;
  State state_;
  std::map<std::string, Token, std::less<>> tokens_;
  std::set<Pending> pending_;
  std::map<std::string, SteadyTime> due_of_;  // id → its entry in pending_
  std::map<std::string, std::set<std::string>, std::less<>> ports_by_device_;
  std::uint64_t revision_ = 1;
};

}  // namespace clickdeploy::localcloud
