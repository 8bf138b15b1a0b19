// CloudObserver: an informer for a cloud. One paged list of servers and one of ports per tick feed
// every Instance.
//
// A snapshot says when it was taken and is either complete or absent: a list that failed half way
// changes nothing but `last_error`, and the old snapshot stays with its age. Listeners get the
// change, not the poll: the servers that appeared, changed or went.
//
// Of a large fleet whole lists are read once a minute, and whenever somebody wants them. Looks in
// between ask Nova what has changed since. They make no snapshot: if nothing has changed, the one
// that is there is confirmed; if anything has, the whole lists are read after all.
//
// Threads and lifetime: one executor's thread; run() is started once in a TaskGroup and unwinds
// when cancelled. Listeners must not wait.

#pragma once

#include "controller/async/clock.h"
#include "controller/async/signal.h"
#include "controller/openstack/clients.h"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace clickdeploy::openstack {

struct CloudSnapshot {
  std::uint64_t sequence = 0;  // from 1; one more for each complete sweep
  SteadyTime started_at{};     // whole lists; a change made after this may be missing in it
  WallTime taken_at{};
  std::optional<WallTime> as_of;  // of the servers, by the cloud's clock, if it tells
  Identity identity;
  std::map<std::string, Server> servers;  // by id
  std::map<std::string, Port> ports;      // by id
  // By id; nullopt until want_floating_ips() was called.
  std::optional<std::map<std::string, FloatingIP>> floating_ips;
  // The same, asked for now and then also when nobody wants them, so up to some sweeps old: for
  // what people decide. Null: the cloud did not list them yet.
  std::shared_ptr<const std::map<std::string, FloatingIP>> known_floating_ips;
  // By id; up to some sweeps old until want_volumes() was called. Nullopt: the cloud has no Cinder,
  // or `volumes_error` says why it did not list them.
  std::optional<std::map<std::string, Volume>> volumes;
  std::optional<Error> volumes_error;
  // Asked for now and then, so up to some sweeps old.
  Quota quota;
  std::optional<NetworkQuota> network_quota;  // nullopt: the cloud does not tell
  std::optional<VolumeQuota> volume_quota;
  std::shared_ptr<const std::set<std::string>> counted;  // the servers that `quota` counts
  std::multimap<std::string, std::string> ids_by_tag;    // made with the servers

  std::vector<const Server*> servers_with_tag(const std::string& tag) const;
};

struct CloudObserverOptions {
  std::chrono::seconds poll{10};
  std::size_t large_fleet = 500;  // servers in the list
};

class CloudObserver {
 public:
  CloudObserver(Session& session, Clock& clock, CloudObserverOptions options);
  // Looks by `sweep` instead; sequence, times and tags are filled in here.
  using Sweep = std::function<Task<Result<CloudSnapshot>>()>;
  CloudObserver(Session& session, Sweep sweep, Clock& clock, CloudObserverOptions options);
  ~CloudObserver();
  CloudObserver(const CloudObserver&) = delete;
  CloudObserver& operator=(const CloudObserver&) = delete;

  // Polls until cancelled: at once, then every `poll`, and soon after poke(). After an error the
  // pause grows to at most a minute.
  Task<void> run();

  // Holds from the pause that is being made on; at least a second.
  void set_poll(std::chrono::seconds poll);

  // Asks for a sweep now, of whole lists: at most one a second, and a quarter of the time.
  void poke();

  // For the next two minutes each look is at whole lists. Who decides something because it is not
  // there, or compares what Nova does not count as a change, says so, and waits for whole().
  void want_whole();

  // Was the last complete look one at whole lists?
  bool whole() const;

  // When the last complete look was begun, of whichever kind.
  SteadyTime seen_at() const;

  // The next sweep asks for the quotas, whether they are due or not.
  void want_quota();

  // From now on sweeps list floating IPs too: one more call, which most fleets do not need.
  void want_floating_ips();

  // From now on each sweep lists volumes, if the cloud has any. A sweep without that list is
  // complete all the same: servers do not depend on it.
  void want_volumes();

  std::shared_ptr<const CloudSnapshot> snapshot() const;  // nullptr before the first complete one
  std::optional<Error> last_error() const;  // of the last sweep; nullopt if it was complete

  // Called after each sweep, complete or not. `changed` holds the ids of servers that appeared,
  // changed or went (empty for a failed sweep).
  using Listener = std::function<void(const std::vector<std::string>& changed)>;
  void listen(Listener listener);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace clickdeploy::openstack
