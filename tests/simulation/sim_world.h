// SimWorld: the whole control plane in one thread on a virtual clock, with the world it lives in:
// an OpenStack cloud whose servers run agents, a Prometheus, a disk, users, and a network that can
// fail. Everything that happens follows from the seed.
//
// crash() is kill -9: the process's coroutines and memory are gone; what it wrote to the database
// and to published files stays, and so do the cloud and Prometheus. power_loss() hits the machine:
// what was not synced may be gone, too, and Prometheus starts anew. boot() starts the process from
// what there is, again and again, a second apart, as its supervisor would, if it does not come up.

#pragma once

#include "controller/apiserver/api_server.h"
#include "controller/app/control_plane.h"
#include "controller/client/client.h"
#include "tests/fakes/fake_prometheus.h"
#include "tests/fakes/fake_rule_checker.h"
#include "tests/simulation/checks/taps.h"
#include "tests/simulation/sim_api.h"
#include "tests/simulation/sim_checker.h"
#include "tests/simulation/sim_files.h"
#include "tests/simulation/sim_guests.h"
#include "tests/simulation/sim_machines.h"
#include "tests/simulation/sim_network.h"
#include "tests/simulation/sim_report.h"
#include "tests/simulation/sim_shell.h"
#include "tests/simulation/sim_vfs.h"

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace clickdeploy::simulation {

inline constexpr const char* kCloudOrigin = "http://cloud.sim";
inline constexpr const char* kCloudPassword = "~canary-3b1f-password";  // of every user
inline constexpr const char* kPrometheusOrigin = "http://prometheus.sim:9090";
inline constexpr const char* kTargetsFolder = "/prometheus/targets";
inline constexpr const char* kTargetsToken = "~canary-3b1f-password-of-targets";
inline constexpr const char* kDatabase = "/var/lib/clickdeploy/clickdeploy.db";
inline constexpr const char* kRulesFolder = "/prometheus/rules";

class SimWorld {
 public:
  // A fleet of so many servers is large (openstack/observer.h).
  explicit SimWorld(std::uint64_t seed, std::size_t large_fleet = 500);
  ~SimWorld();
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  void boot();
  void crash();
  // Also where `storage.faults` cut the power; then the process is started again at once.
  void power_loss();
  // The process is killed when so many steps are done, and started again at once.
  void crash_at(std::uint64_t step) { crash_at_ = step; }
  std::size_t crashes() const { return crashes_; }
  std::size_t power_losses() const { return power_losses_; }
  // The process does not come up: why, in its own words. It is started again each second while time
  // passes; until then, what is asked for here is as it was last.
  const std::optional<Error>& boot_error() const { return boot_error_; }

  // Steps until the predicate holds; false if that is not so within `limit` of virtual time. The
  // predicate is looked at when something has changed, and each second.
  bool run_until(const std::function<bool()>& predicate, std::chrono::nanoseconds limit);
  void run_for(std::chrono::nanoseconds duration);

  // A user at the API. What a crash cuts off is done again.
  void apply(const std::string& yaml);
  void patch(const std::string& resource, const api::ObjectKey& key, Json patch);
  void remove(const std::string& resource, const api::ObjectKey& key);
  // The same for one object, where the answer may be an error.
  Result<void> try_apply(const Json& object);
  Result<void> try_patch(const std::string& resource, const api::ObjectKey& key, Json patch);
  Result<void> try_patch_status(const std::string& resource, const api::ObjectKey& key, Json patch);
  Result<void> try_remove(const std::string& resource, const api::ObjectKey& key);

  // What the process answers to a Prometheus that asks for the targets of this job; nullopt: no
  // list. The token is that of `kTargetsToken`.
  std::optional<std::string> serve_targets(const std::string& job);

  // SIGSTOP, and SIGCONT after so long; a process that is killed meanwhile starts as usual.
  void pause(std::chrono::nanoseconds length);

  // The wall clock of the machine that the process runs on, from now on; the cloud and Prometheus
  // have their own.
  void shift_wall(std::chrono::nanoseconds shift);

  // As stored; null if there is none. Resources: "services.clickdeploy.io", "secrets". What is
  // given back holds until the object is asked for again.
  const Json& object(const std::string& resource, const api::ObjectKey& key) const;
  std::vector<std::reference_wrapper<const Json>> objects(const std::string& resource) const;
  store::Revision revision() const;
  // The same for what the store had once.
  const Json& parsed(const store::DocumentPtr& document) const;
  // Of the process that runs, or ran last; null before the first.
  store::ObjectStore* newest_store() const;
  std::vector<app::QueueCounts> queues() const;  // none while no process runs
  bool has_workers() const;  // the process has read what there is, and works on its queues
  // In order of keys, for those who look at every change.
  std::vector<store::DocumentPtr> documents(const std::string& resource) const;

  SimContext& context() { return *context_; }
  std::uint64_t seed() const { return seed_; }
  WallTime process_wall_now() const;
  // How often the wall clock has jumped.
  std::size_t wall_jumps() const { return wall_jumps_; }

  // Events that the store keeps for watchers, from the next start on.
  std::size_t log_events_max = 50'000;

  Taps taps;  // before all that may still be heard while it goes

 private:
  const std::uint64_t seed_;
  const std::size_t large_fleet_;
  std::unique_ptr<SimContext> context_;

 public:
  SimClock clock;
  Report report;
  SeededRandom random;        // of the processes
  SeededRandom cloud_random;  // of the cloud
  SimDisk storage;            // the machine's; its faults are set here
  SimVfs vfs;                 // the database on it
  SimFiles disk;              // published files as others see them
  SimFiles process_disk;
  SimGuests guests;
  localcloud::Cloud cloud;
  CloudChecker checker;
  SimNetwork network;
  ApiViews views;  // what the controllers see of the API
  fakes::FakePrometheus prometheus;
  fakes::FakeRuleChecker rule_checker;
  fakes::FakeMachines machines;  // that exist already, reached over SSH
  SimMachines on_machines;       // what runs on them
  ShellFaults shell_faults;
  // Uids and claims of Instances whose finalizers a person took away by hand: what they had in the
  // cloud is that person's business.
  std::set<std::string> forsaken;
  // Asked when Prometheus asks for targets: is the request lost?
  std::function<bool()> list_is_lost;
  std::function<void()> always;         // called whenever something may have changed
  std::function<void()> between_steps;  // the process may be killed and started here

 private:
  struct Running;

  template <class T>
  std::optional<T> ask(Task<T> task);
  Result<void> insist(const std::function<Task<Result<void>>(client::Client&)>& request);
  void expect(const Result<void>& done, const std::string& what);
  std::uint64_t stamp() const;
  struct Parsed {
    store::DocumentPtr document;
    Json object;
  };
  mutable std::map<store::Key, Parsed> parsed_;  // questions are asked after every change
  bool try_boot();
  void restart_if_down();
  std::optional<http::Reply> ask_guest(const std::string& url, const std::string& authorization);
  fakes::ScrapeAnswer scrape(const std::string& url, const std::string& authorization);

  std::unique_ptr<Running> running_;
  std::unique_ptr<store::ObjectStore> last_store_;  // of the last life, to be looked at
  std::vector<std::unique_ptr<SimProcess>> dead_;
  std::uint64_t crash_at_ = UINT64_MAX;
  std::size_t crashes_ = 0;
  std::size_t power_losses_ = 0;
  std::optional<Error> boot_error_;
  SteadyTime next_start_{};  // while it does not come up
  SteadyTime stopped_until_{};
  std::chrono::nanoseconds wall_shift_{0};
  std::size_t wall_jumps_ = 0;
  std::shared_ptr<const bool> user_waits_;  // for the answer to the newest request
  TaskGroup world_tasks_;
};

// Runs the scenario twice for each seed; the two must be the same run. Prints steps and speed.
void replay(const std::vector<std::uint64_t>& seeds,
            const std::function<void(SimWorld&)>& scenario);

}  // namespace clickdeploy::simulation
