// Drift: where a server of ours is not what its Instance says, because somebody changed it in the
// cloud, or because the spec changed in a way that needs no new server.
//
//   put back   name, metadata, tags; security groups and address pairs of ports; the place of the
//              floating IP; a volume that was detached
//   only told  flavor and image (a new server is needed), a port or a volume that is gone or
//              elsewhere, and whatever no longer carries our mark
//   respected  all else: further metadata and tags, the names of ports
//
// Nothing without our mark is changed: a server from which all marks were taken is only told of,
// and so is one that carries another cluster's.
//
// We do not fight. What somebody changes back is put back after one minute, two, four, up to an
// hour; the condition UpToDate says how often and when next. Pure, but for DriftBook's memory.

#pragma once

#include "api/v1alpha1/instance.h"
#include "controller/async/clock.h"
#include "controller/base/error.h"
#include "controller/base/text.h"
#include "controller/openstack/observer.h"
#include "controller/reconcilers/instance/marks.h"
#include "controller/reconcilers/instance/parts.h"

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace clickdeploy::reconcilers {

struct RenameServer {
  std::string name;
  bool operator==(const RenameServer&) const = default;
};
struct SetMetadata {
  std::map<std::string, std::string> items;
  bool operator==(const SetMetadata&) const = default;
};
struct AddTags {
  std::vector<std::string> tags;
  bool operator==(const AddTags&) const = default;
};
// A port gets these security groups instead of those that it has.
struct SetPortGroups {
  std::string port;
  std::vector<std::string> groups;
  bool operator==(const SetPortGroups&) const = default;
};
struct SetPortPairs {
  std::string port;
  std::vector<openstack::AddressPair> pairs;
  bool operator==(const SetPortPairs&) const = default;
};
// A part that outlives servers is made or attached again.
struct MendPart {
  PartKind kind = PartKind::FloatingIP;
  std::string name{};
  bool operator==(const MendPart&) const = default;
};
// The process of an agent is started again, over SSH.
struct RestartAgent {
  std::string agent;
  bool operator==(const RestartAgent&) const = default;
};
// The agents of a machine that exists already are installed anew.
struct InstallAnew {
  bool operator==(const InstallAnew&) const = default;
};
struct OnlyTell {
  std::string advice;  // what a person can do
  bool operator==(const OnlyTell&) const = default;
};
using Correction = std::variant<OnlyTell, RenameServer, SetMetadata, AddTags, SetPortGroups,
                                SetPortPairs, MendPart, RestartAgent, InstallAnew>;

struct Drift {
  std::string field;
  std::string wanted;
  std::string found;
  Correction correction;
  // From the DriftBook:
  std::int64_t times = 0;             // it was put back before, and is so again
  std::chrono::milliseconds wait{0};  // before it may be put back again
  std::string next_at{};              // when that is over, RFC 3339
  std::string refusal{};              // why the cloud did not let us, the last time
  bool asked = false;                 // this pass has put it back; not observed yet
  bool as_installed = false;          // nobody changed it: it has been so from the start

  bool is_due() const;
  bool operator==(const Drift&) const = default;
};

// What a part's drift is called.
std::string part_field(PartKind kind, const std::string& name);

// The reason of a condition when a person must decide.
inline constexpr std::string_view kDriftedReason = "Drifted";

// "name is 'x' instead of 'web-1'"
std::string describe_drift(const Drift& drift);

// The condition UpToDate: type, status, reason and message. It is Unknown if nothing differs and
// some could not be compared; `failure` says why.
api::Condition drift_condition(const std::vector<Drift>& drift,
                               const std::optional<Error>& failure);

// Security groups that ports should have, by the name of the attachment. One that is not in it is
// not compared.
using WantedGroups = std::map<std::string, std::vector<std::string>>;

// `known` are the project's groups, `shared` what the Service has recorded of its own.
// InvalidArgument names a group that is not there or not unique.
Result<WantedGroups> wanted_groups(const api::v1alpha1::ServerTemplate& server,
                                   const std::vector<openstack::SecurityGroup>& known,
                                   const std::vector<api::v1alpha1::OwnedResource>& shared);

// The recorded server must be in the snapshot.
std::vector<Drift> find_drift(const api::v1alpha1::Instance& instance,
                              const std::string& cluster_id,
                              const openstack::CloudSnapshot& snapshot, const WantedGroups& groups);

// What this process remembers of one Instance's drift: lost at a restart, after which one more
// correction is made at once.
class DriftBook {
 public:
  // Completes `drift` with what is known of it. Returns what was not there at the last look, for
  // events.
  std::vector<Drift> look(std::vector<Drift>& drift, SteadyTime now);
  void corrected(const std::string& field, SteadyTime now, WallTime wall_now);
  void refused(const std::string& field, std::string why, SteadyTime now, WallTime wall_now);

 private:
  struct Entry {
    std::string wanted;
    std::string found;
    std::int64_t times = 0;
    SteadyTime tried_at{};
    std::string next_at;
    std::string refusal;
    bool there = false;  // at the last look
  };
  Entry& try_again(const std::string& field, SteadyTime now, WallTime wall_now);

  std::map<std::string, Entry> entries_;  // by field
};

}  // namespace clickdeploy::reconcilers
