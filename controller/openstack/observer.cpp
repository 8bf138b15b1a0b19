#include "controller/openstack/observer.h"

#include "controller/base/planted.h"

#include <algorithm>
#include <set>
#include <utility>

namespace clickdeploy::openstack {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr nanoseconds kLongestPause = seconds(60);
constexpr nanoseconds kPokeGap = seconds(1);  // from the start of one sweep to the next
constexpr int kPokeRest = 4;                  // likewise, at least so many times what it took
constexpr nanoseconds kPokeLook = std::chrono::milliseconds(500);
constexpr std::uint64_t kLooksPerQuota = 6;
// A fleet at rest is read whole as often; so late is what Nova does not count as a change.
constexpr nanoseconds kWholeEvery = seconds(60);
constexpr nanoseconds kWholeWanted = seconds(120);
// Nova's hosts may differ so much in what time it is. What differs more is seen a minute late.
constexpr seconds kClocksDiffer{60};
// How long Cinder is left alone after it failed or was slow. Our own process may have stood still
// while it seemed so, for hours.
constexpr nanoseconds kVolumesRest = seconds(60);
constexpr nanoseconds kVolumesRestMost = seconds(120);
constexpr nanoseconds kVolumesSlow = seconds(10);

std::vector<std::string> changed_servers(const CloudSnapshot* before, const CloudSnapshot& after) {
  static const std::map<std::string, Server> kNone;
  const std::map<std::string, Server>& old = before ? before->servers : kNone;
  std::set<std::string> ids;
  for (const auto& [id, server] : after.servers) {
    auto known = old.find(id);
    if (known == old.end() || known->second != server) ids.insert(id);
  }
  for (const auto& [id, server] : old) {
    if (!after.servers.contains(id)) ids.insert(id);
  }
  return {ids.begin(), ids.end()};
}

}  // namespace

std::vector<const Server*> CloudSnapshot::servers_with_tag(const std::string& tag) const {
  std::vector<const Server*> found;
  const auto [begin, end] = ids_by_tag.equal_range(tag);
  for (auto at = begin; at != end; ++at) found.push_back(&servers.at(at->second));
  return found;
}

namespace {

nanoseconds at_least_a_second(seconds poll) {
  return std::max(poll, seconds(1));
}

}  // namespace

struct CloudObserver::State {
  State(Session& the_session, Clock& the_clock, CloudObserverOptions the_options)
      : session(the_session),
        compute(the_session),
        network(the_session),
        volume(the_session),
        clock(the_clock),
        poll(at_least_a_second(the_options.poll)),
        large_fleet(the_options.large_fleet) {}

  Session& session;
  ComputeClient compute;
  NetworkClient network;
  VolumeClient volume;
  Clock& clock;
  nanoseconds poll;
  const std::size_t large_fleet;

  std::shared_ptr<const CloudSnapshot> snapshot;
  std::optional<Error> last_error;
  std::vector<Listener> listeners;
  std::uint32_t failures = 0;  // in a row
  bool poked = false;
  bool with_floating_ips = false;
  bool with_volumes = false;
  SteadyTime volumes_not_before{};
  bool quota_wanted = false;
  SteadyTime seen_at{};
  SteadyTime whole_until{};          // whole lists are wanted until then
  std::uint64_t looks = 0;           // complete ones
  std::uint64_t quota_due_look = 0;  // the number of the look that asks for the quota again

  Sweep own_sweep;  // null: the cloud's lists

  std::uint64_t next_sequence() const { return snapshot ? snapshot->sequence + 1 : 1; }
  Task<void> look();
  bool may_ask_for_changes(SteadyTime now) const;
  Task<Result<bool>> has_changed();
  Task<Result<CloudSnapshot>> look_at_all();
  Task<Result<CloudSnapshot>> sweep();
  Task<Result<void>> sweep_floating_ips(CloudSnapshot& next, bool audit_due);
  Task<void> sweep_volumes(CloudSnapshot& next, bool quota_due);
  Task<void> pause(SteadyTime swept_at);
  void publish(Result<CloudSnapshot> result);
  void tell(const std::vector<std::string>& changed) const;
  nanoseconds pause_length() const;
};

// Most fleets have none; those that a lost database has left are worth a look a minute.
Task<Result<void>> CloudObserver::State::sweep_floating_ips(CloudSnapshot& next, bool audit_due) {
  if (snapshot) next.known_floating_ips = snapshot->known_floating_ips;
  if (!with_floating_ips && !audit_due) co_return Result<void>{};
  Result<std::vector<FloatingIP>> ips = co_await network.list_floating_ips();
  // A cloud without routers has none.
  const bool none = !ips && ips.error().code() == ErrorCode::NotFound;
  if (!ips && !none) {
    if (!with_floating_ips) co_return Result<void>{};  // nothing is decided by them
    co_return std::unexpected(std::move(ips).error());
  }
  std::map<std::string, FloatingIP> by_id;
  if (!none) {
    for (FloatingIP& ip : *ips) {
      std::string id = ip.id;
      by_id.emplace(std::move(id), std::move(ip));
    }
  }
  if (with_floating_ips) next.floating_ips = by_id;
  next.known_floating_ips =
      std::make_shared<const std::map<std::string, FloatingIP>>(std::move(by_id));
  co_return Result<void>{};
}

// Most fleets have no volumes; what a lost database has left is worth a look a minute. A Cinder
// that fails, perhaps only after a minute, must not hold up what is known of servers: it rests for
// a while.
Task<void> CloudObserver::State::sweep_volumes(CloudSnapshot& next, bool quota_due) {
  Result<bool> offered = co_await session.offers("volume");
  if (!offered || !*offered) co_return;
  const SteadyTime started = clock.steady_now();
  const bool rests = started < volumes_not_before;
  if (snapshot && (rests || (!with_volumes && !quota_due))) {
    // Who wants them compares them with what was done meanwhile: an old list is none.
    if (!with_volumes) next.volumes = snapshot->volumes;
    next.volumes_error = snapshot->volumes_error;
    if (rests && !next.volumes_error) {
      next.volumes_error = Error(ErrorCode::Unavailable, "Cinder is slow, and asked seldom");
    }
    next.volume_quota = snapshot->volume_quota;
    co_return;
  }
  Result<std::vector<Volume>> volumes = co_await volume.list_volumes();
  if (volumes) {
    next.volumes.emplace();
    for (Volume& each : *volumes) {
      std::string id = each.id;
      next.volumes->emplace(std::move(id), std::move(each));
    }
  } else {
    next.volumes_error = std::move(volumes).error();
  }
  if (snapshot) next.volume_quota = snapshot->volume_quota;
  if (volumes && quota_due) {
    Result<VolumeQuota> quota = co_await volume.quota();
    if (quota) next.volume_quota = *quota;
  }
  const nanoseconds took = clock.steady_now() - started;
  if (next.volumes_error || took > kVolumesSlow) {
    volumes_not_before =
        clock.steady_now() + std::clamp<nanoseconds>(4 * took, kVolumesRest, kVolumesRestMost);
  }
}

// All of it, or an error: a caller must never take half a list for the whole.
Task<Result<CloudSnapshot>> CloudObserver::State::sweep() {
  CloudSnapshot next;
  Result<Identity> identity = co_await session.identity();
  if (!identity) co_return std::unexpected(std::move(identity).error());
  next.identity = std::move(*identity);

  Result<ServerList> servers = co_await compute.list_all_servers();
  if (!servers) co_return std::unexpected(std::move(servers).error());
  next.as_of = servers->as_of;
  for (Server& server : servers->servers) {
    std::string id = server.id;
    next.servers.emplace(std::move(id), std::move(server));
  }

  Result<std::vector<Port>> ports = co_await network.list_ports();
  if (!ports) co_return std::unexpected(std::move(ports).error());
  for (Port& port : *ports) {
    std::string id = port.id;
    next.ports.emplace(std::move(id), std::move(port));
  }

  // The quota matters to people, not to decisions, and its request is dear.
  const bool same_project = snapshot && snapshot->identity.project_id == next.identity.project_id;
  const bool quota_due = !same_project || quota_wanted || looks >= quota_due_look;
  if (!quota_due) {
    next.quota = snapshot->quota;
    next.network_quota = snapshot->network_quota;
    next.counted = snapshot->counted;
  } else {
    quota_wanted = false;
    Result<Quota> quota = co_await compute.quota();
    if (!quota) co_return std::unexpected(std::move(quota).error());
    next.quota = *quota;
    std::set<std::string> counted;
    for (const auto& [id, server] : next.servers) counted.insert(id);
    next.counted = std::make_shared<const std::set<std::string>>(std::move(counted));
    Result<NetworkQuota> of_network = co_await network.quota();
    if (of_network) next.network_quota = *of_network;
    quota_due_look = looks + kLooksPerQuota;
  }

  Result<void> ips = co_await sweep_floating_ips(next, quota_due);
  if (!ips) co_return std::unexpected(std::move(ips).error());
  co_await sweep_volumes(next, quota_due);

  // A log-in in between may have been into another project: then these lists are of two.
  Result<Identity> after = co_await session.identity();
  if (!after) co_return std::unexpected(std::move(after).error());
  if (after->project_id != next.identity.project_id) {
    co_return fail(ErrorCode::Unavailable, "the project changed while it was listed");
  }
  co_return next;
}

bool CloudObserver::State::may_ask_for_changes(SteadyTime now) const {
  return snapshot && !own_sweep && !last_error && snapshot->as_of && !poked && now >= whole_until &&
         snapshot->servers.size() >= large_fleet && now - snapshot->started_at < kWholeEvery;
}

// Since the whole lists were read: always since then, so that no answer hangs on an earlier one. A
// change that is not seen here is seen when they are read again; that something is gone is never
// concluded here.
Task<Result<bool>> CloudObserver::State::has_changed() {
  Result<Identity> before = co_await session.identity();
  if (!before) co_return std::unexpected(std::move(before).error());
  Result<std::optional<std::vector<Server>>> changed =
      co_await compute.list_changed_servers(*snapshot->as_of - kClocksDiffer);
  if (!changed) co_return std::unexpected(std::move(changed).error());
  Result<Identity> after = co_await session.identity();
  if (!after) co_return std::unexpected(std::move(after).error());
  const std::string& project = snapshot->identity.project_id;
  if (planted(Bug::ChangesTakenForAll) && *changed) {
    auto short_of = std::make_shared<CloudSnapshot>(*snapshot);
    short_of->servers.clear();
    for (Server& server : **changed) {
      std::string id = server.id;
      short_of->servers.emplace(std::move(id), std::move(server));
    }
    short_of->ids_by_tag.clear();
    short_of->started_at = clock.steady_now();
    snapshot = std::move(short_of);
    co_return false;
  }
  if (before->project_id != project || after->project_id != project || !*changed) co_return true;
  co_return std::ranges::any_of(**changed, [this](const Server& server) {
    const auto known = snapshot->servers.find(server.id);
    if (server.status == "DELETED") return known != snapshot->servers.end();
    return known == snapshot->servers.end() || known->second != server;
  });
}

Task<void> CloudObserver::State::look() {
  const SteadyTime started_at = clock.steady_now();
  // A poke during the look may be about something that its lists have missed.
  const bool changes_will_do = may_ask_for_changes(started_at);
  poked = false;
  if (changes_will_do) {
    Result<bool> changed = co_await has_changed();
    if (!changed) {
      publish(std::unexpected(std::move(changed).error()));
      co_return;
    }
    if (!*changed) {
      seen_at = started_at;
      ++looks;
      tell({});
      co_return;
    }
  }
  Result<CloudSnapshot> next = co_await look_at_all();
  publish(std::move(next));
}

Task<Result<CloudSnapshot>> CloudObserver::State::look_at_all() {
  const SteadyTime started_at = clock.steady_now();
  Result<CloudSnapshot> next;
  if (own_sweep) {
    next = co_await own_sweep();
  } else {
    next = co_await sweep();
  }
  if (!next) co_return next;
  next->sequence = next_sequence();
  next->started_at = started_at;
  next->taken_at = clock.wall_now();
  for (const auto& [id, server] : next->servers) {
    for (const std::string& tag : server.tags) next->ids_by_tag.emplace(tag, id);
  }
  co_return next;
}

void CloudObserver::State::publish(Result<CloudSnapshot> result) {
  std::vector<std::string> changed;
  if (result) {
    changed = changed_servers(snapshot.get(), *result);
    snapshot = std::make_shared<const CloudSnapshot>(std::move(*result));
    seen_at = snapshot->started_at;
    ++looks;
    last_error.reset();
    failures = 0;
  } else {
    last_error = std::move(result).error();
    failures = std::min(failures + 1, 16u);
  }
  tell(changed);
}

void CloudObserver::State::tell(const std::vector<std::string>& changed) const {
  // A listener may add another one.
  const std::vector<Listener> called = listeners;
  for (const Listener& listener : called) listener(changed);
}

nanoseconds CloudObserver::State::pause_length() const {
  nanoseconds length = poll;
  for (std::uint32_t i = 0; i < failures && length < kLongestPause; ++i) length *= 2;
  return failures == 0 ? poll : std::max(poll, std::min(length, kLongestPause));
}

// Until the next sweep is due. In slices, because a poke may come at any time; a cloud that fails
// is not asked sooner for being poked.
Task<void> CloudObserver::State::pause(SteadyTime swept_at) {
  // A cloud that needs longer than `poll` for its lists gets some rest all the same.
  const SteadyTime rested = clock.steady_now() + kPokeGap;
  // Where lists take long, pokes come in crowds: each of thousands of servers that are made.
  const nanoseconds slow = std::min(poll, kPokeRest * (clock.steady_now() - swept_at));
  while (true) {
    const SteadyTime now = clock.steady_now();
    const SteadyTime due = std::max(swept_at + pause_length(), rested);
    if (now >= due) co_return;
    const SteadyTime poke_due = swept_at + (failures > 0 ? poll : std::max(kPokeGap, slow));
    if (poked && now >= poke_due) co_return;
    nanoseconds slice = std::min(due - now, kPokeLook);
    if (poked) slice = std::min(slice, poke_due - now);
    co_await clock.sleep(slice);
  }
}

CloudObserver::CloudObserver(Session& session, Clock& clock, CloudObserverOptions options)
    : state_(std::make_unique<State>(session, clock, options)) {}

CloudObserver::CloudObserver(Session& session, Sweep sweep, Clock& clock,
                             CloudObserverOptions options)
    : CloudObserver(session, clock, options) {
  state_->own_sweep = std::move(sweep);
}

CloudObserver::~CloudObserver() = default;

Task<void> CloudObserver::run() {
  while (true) {
    const SteadyTime started_at = state_->clock.steady_now();
    co_await state_->look();
    co_await state_->pause(started_at);
  }
}

void CloudObserver::set_poll(seconds poll) {
  state_->poll = at_least_a_second(poll);
}

void CloudObserver::poke() {
  state_->poked = true;
}

void CloudObserver::want_whole() {
  state_->whole_until = state_->clock.steady_now() + kWholeWanted;
}

bool CloudObserver::whole() const {
  return state_->snapshot != nullptr && state_->seen_at == state_->snapshot->started_at;
}

SteadyTime CloudObserver::seen_at() const {
  return state_->seen_at;
}

void CloudObserver::want_quota() {
  if (!state_->quota_wanted) poke();
  state_->quota_wanted = true;
}

void CloudObserver::want_floating_ips() {
  if (!state_->with_floating_ips) poke();
  state_->with_floating_ips = true;
}

void CloudObserver::want_volumes() {
  if (!state_->with_volumes) want_quota();
  state_->with_volumes = true;
}

std::shared_ptr<const CloudSnapshot> CloudObserver::snapshot() const {
  return state_->snapshot;
}

std::optional<Error> CloudObserver::last_error() const {
  return state_->last_error;
}

void CloudObserver::listen(Listener listener) {
  state_->listeners.push_back(std::move(listener));
}

}  // namespace clickdeploy::openstack
