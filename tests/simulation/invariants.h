// Invariants: what must be true of a run at every change, whatever goes wrong in it. The table
// names each promise; docs/reliability.md tells the same and what is not watched yet. Most of them
// have a small class of their own in checks/.

#pragma once

#include "tests/simulation/checks/call_rate_check.h"
#include "tests/simulation/checks/canary_check.h"
#include "tests/simulation/checks/condition_check.h"
#include "tests/simulation/checks/credential_check.h"
#include "tests/simulation/checks/history.h"
#include "tests/simulation/checks/lost_update_check.h"
#include "tests/simulation/checks/machine_check.h"
#include "tests/simulation/checks/queue_check.h"
#include "tests/simulation/checks/replacement_check.h"
#include "tests/simulation/checks/rule_files_check.h"
#include "tests/simulation/checks/target_files_check.h"
#include "tests/simulation/checks/watch_check.h"
#include "tests/simulation/sim_fleet.h"

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace clickdeploy::simulation {

struct Promise {
  const char* id;
  const char* text;
  const char* checked_at;
};
std::span<const Promise> promises();

// Watches one world from its construction on, the watchers from the next start of a process on.
// Lifetime: the world outlives it.
class Invariants {
 public:
  explicit Invariants(SimWorld& world);
  ~Invariants();
  Invariants(const Invariants&) = delete;
  Invariants& operator=(const Invariants&) = delete;

  // To be called whenever something may have changed.
  void look();

  // How often each object was written since the last call: by resource, namespace and name.
  std::map<std::string, std::int64_t> take_writes() { return std::exchange(writes_, {}); }

  const std::vector<std::unique_ptr<WatchCheck>>& watchers() const { return watchers_; }
  const History& history() const { return history_; }

 private:
  void listen();
  void start_watchers();
  void catch_up();
  void changed(const store::Event& event);
  void look_now_and_then();
  void look_at_ownership();
  void look_at_prometheus();
  void judge_delete(const http::Request& request);
  void judge_volume_delete(const localcloud::Volume& volume);
  void look_at_volumes(const std::set<std::string>& uids);
  void judge_message(const http::Request& request);
  ConditionCheck::Wall wall();
  std::size_t keys_of_kind(const std::string& kind) const;
  std::string owner_of_server(const std::string& id) const;
  std::optional<std::string> holder_of_server(const std::string& id) const;
  std::string claim_of_port(const std::string& id) const;
  std::optional<std::set<std::string>> addresses_of_server(const std::string& id) const;
  const Json* instance_with_uid(const std::string& uid) const;

  SimWorld& world_;
  History history_;
  LostUpdateCheck lost_updates_;
  ConditionCheck conditions_;
  ReplacementCheck replacements_;
  QueueCheck queues_;
  CanaryCheck canaries_;
  CredentialBook book_;
  CallRateCheck rates_;
  CredentialCheck credentials_;
  TargetFilesCheck targets_;
  RuleFilesCheck rules_;
  MachineCheck machines_;
  std::vector<std::unique_ptr<WatchCheck>> watchers_;
  std::uint64_t cloud_revision_ = 0;
  store::Revision looked_at_ = 0;
  SteadyTime next_look_{};
  SteadyTime no_workers_until_{};
  SteadyTime next_metrics_{};
  std::vector<SteadyTime> wall_jumps_;
  std::map<std::string, std::set<store::Key>> keys_;  // by resource; all there ever were
  std::set<std::string> claims_;                      // that Instances have
  std::set<std::string> taken_over_;  // uids that servers kept when another Instance took them over
  std::map<std::string, WallTime> ended_claims_;
  std::map<std::string, std::int64_t> writes_;
};

// S18: lets the world run for `duration`, in which neither cloud nor machines may be changed, and
// each object be written `refreshes_max` times at most.
void stay_at_rest(SimWorld& world, Invariants& invariants, std::chrono::nanoseconds duration,
                  std::int64_t refreshes_max);

}  // namespace clickdeploy::simulation
