#include "controller/prometheus/observer.h"

#include "controller/async/signal.h"
#include "controller/async/within.h"
#include "controller/prometheus/rule_files.h"

#include <algorithm>
#include <set>

namespace clickdeploy::prometheus {

namespace {

constexpr std::chrono::milliseconds kBetweenPolls{1'000};
constexpr std::chrono::milliseconds kPauseAfterErrorMax{30'000};

const std::string& label(const ActiveTarget& target, const std::string& name) {
  static const std::string kNone;
  const auto found = target.labels.find(name);
  return found == target.labels.end() ? kNone : found->second;
}

std::pair<std::string, std::string> key_of(const ActiveTarget& target) {
  return {label(target, "instance_id"), label(target, "agent")};
}

// Is it the mark in a rule file of this owner?
bool is_info_of(const RuleStatus& rule, const std::string& owner) {
  if (rule.name != kRulesInfoMetric) return false;
  const auto its = rule.labels.find("owner");
  return its != rule.labels.end() && its->second == owner && rule.labels.contains("file") &&
         rule.labels.contains("spec_hash");
}

Task<bool> wait_for(Signal& signal, std::uint64_t seen) {
  co_await signal.wait(seen);
  co_return true;
}

// Ends when `signal` has moved on from `seen`, or after `duration`.
Task<void> sleep_unless_signalled(Clock& clock, Signal& signal, std::uint64_t seen,
                                  std::chrono::nanoseconds duration) {
  co_await within(clock, duration, wait_for(signal, seen));
}

// Adds what the alerts that only `from` has are about.
void add_differing(const PrometheusSnapshot* from, const PrometheusSnapshot* to,
                   std::set<std::string>& instances, std::set<std::string>& services) {
  if (from == nullptr) return;
  for (const auto& [service, alerts] : from->alerts) {
    std::set<std::pair<Labels, std::string>> known;
    if (to != nullptr && to->alerts.contains(service)) {
      for (const Alert& alert : to->alerts.at(service)) {
        known.emplace(alert.labels, alert.state + alert.since);
      }
    }
    for (const Alert& alert : alerts) {
      if (known.contains({alert.labels, alert.state + alert.since})) continue;
      services.insert(service);
      instances.insert(alert.label("instance_id"));
    }
  }
}

PollChanges changes(const PrometheusSnapshot* before, const PrometheusSnapshot& after) {
  std::map<Labels, const ActiveTarget*> known;
  if (before != nullptr) {
    for (const ActiveTarget& target : before->targets) known.emplace(target.labels, &target);
  }
  std::set<std::string> changed;
  for (const ActiveTarget& target : after.targets) {
    const auto old = known.find(target.labels);
    if (old == known.end() || old->second->health != target.health) {
      changed.insert(label(target, "instance_id"));
    }
    if (old != known.end()) known.erase(old);
  }
  for (const auto& [labels, gone] : known) changed.insert(label(*gone, "instance_id"));
  std::set<std::string> services;
  add_differing(before, &after, changed, services);
  add_differing(&after, before, changed, services);
  changed.erase("");
  return {{changed.begin(), changed.end()}, {services.begin(), services.end()}};
}

}  // namespace

void PrometheusSnapshot::index_targets() {
  index.clear();
  for (std::size_t at = 0; at < targets.size(); ++at) index.emplace(key_of(targets[at]), at);
}

const ActiveTarget* PrometheusSnapshot::find_target(const std::string& instance_id,
                                                    const std::string& agent) const {
  const std::pair key(instance_id, agent);
  if (!index.empty()) {
    const auto found = index.find(key);
    return found == index.end() ? nullptr : &targets[found->second];
  }
  const auto found = std::ranges::find(targets, key, key_of);
  return found == targets.end() ? nullptr : &*found;
}

std::string PrometheusSnapshot::loaded_hash(const std::string& file_name,
                                            const std::string& owner) const {
  for (const RuleGroupStatus& group : groups) {
    for (const RuleStatus& rule : group.rules) {
      if (is_info_of(rule, owner) && rule.labels.at("file") == file_name) {
        return rule.labels.at("spec_hash");
      }
    }
  }
  return "";
}

std::map<std::string, std::string> PrometheusSnapshot::files_of(const std::string& owner) const {
  std::map<std::string, std::string> files;
  for (const RuleGroupStatus& group : groups) {
    for (const RuleStatus& rule : group.rules) {
      if (is_info_of(rule, owner)) files.emplace(group.file, rule.labels.at("file"));
    }
  }
  return files;
}

struct PrometheusObserver::State {
  State(QueryClient its_client, Clock& its_clock, PrometheusObserverOptions its_options)
      : client(std::move(its_client)), clock(its_clock), options(its_options) {}

  Task<Result<std::shared_ptr<PrometheusSnapshot>>> take_snapshot();
  Task<void> poll();
  Task<void> wait_for_next(SteadyTime started, std::uint64_t seen);
  std::chrono::milliseconds pause() const;

  QueryClient client;
  Clock& clock;
  PrometheusObserverOptions options;
  Signal poked;
  std::vector<Listener> listeners;
  std::shared_ptr<const PrometheusSnapshot> snapshot;
  std::optional<Error> last_error;
  std::uint32_t failures = 0;  // in a row
};

Task<Result<std::shared_ptr<PrometheusSnapshot>>> PrometheusObserver::State::take_snapshot() {
  auto fresh = std::make_shared<PrometheusSnapshot>();
  fresh->sequence = snapshot ? snapshot->sequence + 1 : 1;
  fresh->started_at = clock.steady_now();
  fresh->taken_at = clock.wall_now();

  Result<RuntimeInfo> runtime = co_await client.runtime_info();
  if (!runtime) co_return std::unexpected(std::move(runtime).error());
  fresh->runtime = *std::move(runtime);

  Result<std::vector<ActiveTarget>> targets = co_await client.active_targets();
  if (!targets) co_return std::unexpected(std::move(targets).error());
  for (ActiveTarget& target : *targets) {
    if (label(target, "managed_by") == "click-deploy") fresh->targets.push_back(std::move(target));
  }
  fresh->index_targets();

  Result<std::vector<RuleGroupStatus>> groups = co_await client.rules();
  if (!groups) co_return std::unexpected(std::move(groups).error());
  fresh->groups = *std::move(groups);
  for (RuleGroupStatus& group : fresh->groups) {
    for (RuleStatus& rule : group.rules) {
      for (Alert& alert : std::exchange(rule.alerts, {})) {
        fresh->alerts[alert.label("service_id")].push_back(std::move(alert));
      }
    }
  }
  co_return fresh;
}

Task<void> PrometheusObserver::State::poll() {
  Result<std::shared_ptr<PrometheusSnapshot>> fresh = co_await take_snapshot();
  PollChanges changed;
  if (fresh) {
    changed = changes(snapshot.get(), **fresh);
    snapshot = *std::move(fresh);
    last_error.reset();
    failures = 0;
  } else {
    last_error = std::move(fresh).error();
    ++failures;
  }
  for (const Listener& listener : listeners) listener(changed);
}

std::chrono::milliseconds PrometheusObserver::State::pause() const {
  std::chrono::milliseconds pause = options.poll;
  for (std::uint32_t n = 0; n < failures && pause < kPauseAfterErrorMax; ++n) {
    pause = std::min(2 * pause, kPauseAfterErrorMax);
  }
  return pause;
}

Task<void> PrometheusObserver::State::wait_for_next(SteadyTime started, std::uint64_t seen) {
  const SteadyTime regular = clock.steady_now() + pause();
  while (poked.version() == seen && clock.steady_now() < regular) {
    co_await sleep_unless_signalled(clock, poked, seen, regular - clock.steady_now());
  }
  const SteadyTime earliest = started + kBetweenPolls;
  const SteadyTime now = clock.steady_now();
  if (now < earliest) co_await clock.sleep(earliest - now);
}

PrometheusObserver::PrometheusObserver(QueryClient client, Clock& clock,
                                       PrometheusObserverOptions options)
    : state_(std::make_unique<State>(std::move(client), clock, options)) {}

PrometheusObserver::~PrometheusObserver() = default;

Task<void> PrometheusObserver::run() {
  while (true) {
    // Read before the poll: a poke during it asks for what may have changed behind its back.
    const std::uint64_t seen = state_->poked.version();
    const SteadyTime started = state_->clock.steady_now();
    co_await state_->poll();
    co_await state_->wait_for_next(started, seen);
  }
}

void PrometheusObserver::poke() {
  state_->poked.notify();
}

std::shared_ptr<const PrometheusSnapshot> PrometheusObserver::snapshot() const {
  return state_->snapshot;
}

std::optional<Error> PrometheusObserver::last_error() const {
  return state_->last_error;
}

void PrometheusObserver::listen(Listener listener) {
  state_->listeners.push_back(std::move(listener));
}

}  // namespace clickdeploy::prometheus
