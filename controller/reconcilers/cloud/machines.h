// Machines: the servers of a Cloud of type Hosts, which exist already and are reached over SSH.
//
// To create a server is to take a machine: the claim's marks are written on the machine, in one
// step and only where there are none. To delete it is to take our agents and then the marks away. A
// server's id names the Cloud, the machine and the taking ("demo/lab/web-1/5f0c2a7e"), so that a
// machine that was given back and taken again is another server, and no id is used twice.
//
// A machine that cannot be reached is a server in the state UNKNOWN with what was last seen of it:
// it is never absent. A look that decides about a deletion is made anew, and fails where it cannot.
//
// Threads and lifetime: as the CloudConnection that it belongs to.

#pragma once

#include "api/v1alpha1/cloud.h"
#include "controller/agents/machine.h"
#include "controller/async/clock.h"
#include "controller/async/task_group.h"
#include "controller/openstack/observer.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

// How many machines a selector means, and what keeps those from being taken that are not free.
struct MachineCount {
  std::int64_t all = 0;
  std::int64_t free = 0;
  std::int64_t taken = 0;
  std::int64_t foreign = 0;
  std::int64_t unreachable = 0;

  // "of 4 machines that match, 2 are taken, …".
  std::string text() const;
  bool operator==(const MachineCount&) const = default;
};

class Machines final : public openstack::Servers {
 public:
  // All outlive it. `cloud` is the Cloud's namespace/name; `tasks` runs what looks at machines.
  Machines(agents::RemoteShell& shell, Clock& clock, TaskGroup& tasks, std::string cloud,
           std::string cluster_id);

  // What the spec says now. `known` is what was recorded: host keys, and machines that are taken
  // but no longer in the spec.
  void follow(const api::v1alpha1::CloudSpec& spec, SecretString key,
              const std::vector<api::v1alpha1::HostStatus>& known);

  // Looks at all machines, some at a time. One that has just not answered is left alone for a
  // while.
  Task<Result<openstack::CloudSnapshot>> sweep();

  // The first that shows another host key than the known one, with what is wrong; "" if none does.
  std::string stranger() const;

  // For the Cloud's status, by name.
  std::vector<api::v1alpha1::HostStatus> statuses() const;

  MachineCount count(const std::optional<api::LabelSelector>& selector) const;

  // The id of the server that a free machine would become; it is kept for this token for two
  // minutes. That of `avoid`, a server's id, comes last. ResourceExhausted says how many there are,
  // and why none is free.
  Result<std::string> choose(const std::string& token,
                             const std::optional<api::LabelSelector>& selector,
                             const std::string& avoid = "");

  // Is the machine of this server no longer in the spec?
  bool is_retired(const std::string& server_id) const;

  // Begins to install; the server's agents_mark and task_state tell how far it is.
  Task<Result<void>> install(std::string id, agents::UserDataInput input);
  // The marks go, the agents stay.
  Task<Result<void>> let_go(std::string id);
  // A command as in RemoteShell::run.
  Task<Result<agents::ShellOutcome>> run(std::string id, std::vector<std::string> argv,
                                         std::chrono::milliseconds deadline);

  Task<Result<std::vector<openstack::Server>>> list_servers(std::string tag = "") override;
  Task<Result<std::optional<openstack::Server>>> get_server(std::string id) override;
  Task<Result<std::string>> create_server(openstack::ServerCreate create) override;
  Task<Result<void>> delete_server(std::string id) override;
  Task<Result<std::string>> console_output(std::string id, int lines) override;
  // Machines are what they are: these are InvalidArgument.
  Task<Result<void>> reboot_server(std::string id, openstack::RebootType type) override;
  Task<Result<void>> set_server_metadata(std::string id,
                                         std::map<std::string, std::string> items) override;
  Task<Result<void>> delete_server_metadata(std::string id, std::string name) override;
  Task<Result<void>> add_server_tag(std::string id, std::string tag) override;
  Task<Result<void>> delete_server_tag(std::string id, std::string tag) override;
  Task<Result<void>> rename_server(std::string id, std::string name) override;

 private:
  struct Machine;
  using MachinePtr = std::shared_ptr<Machine>;
  struct Round;

  Task<void> look_at_some(std::shared_ptr<Round> round);
  Task<Result<void>> look(MachinePtr machine);
  Task<Result<agents::ShellOutcome>> script(MachinePtr machine, agents::MachineScript text,
                                            std::chrono::milliseconds deadline);
  Task<Result<void>> change(MachinePtr machine, Result<agents::MachineScript> text,
                            std::string what);
  agents::SshTarget target_of(const Machine& machine) const;
  MachinePtr machine_of(const std::string& server_id) const;
  std::string id_of(const Machine& machine, const std::string& token) const;
  std::string id_of(const Machine& machine) const;  // "" while it is nobody's
  openstack::Server server_of(const Machine& machine) const;
  std::string state_of(const Machine& machine) const;
  openstack::CloudSnapshot snapshot() const;

  agents::RemoteShell& shell_;
  Clock& clock_;
  TaskGroup& tasks_;
  const std::string cloud_;
  const std::string cluster_id_;
  SecretString key_;
  api::v1alpha1::SshSpec ssh_;
  std::map<std::string, MachinePtr> machines_;  // by name
};

}  // namespace clickdeploy::reconcilers
