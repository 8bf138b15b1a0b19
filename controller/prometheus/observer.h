// PrometheusObserver: an informer for one Prometheus. One poll of targets, rules and runtime
// information feeds every target's and rule's status.
//
// A snapshot is complete or absent; after a failed poll the old one stays with its age and
// `last_error` says why. Threads and lifetime as openstack::CloudObserver.

#pragma once

#include "controller/async/clock.h"
#include "controller/prometheus/query_client.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::prometheus {

struct PrometheusSnapshot {
  std::uint64_t sequence = 0;  // from 1
  SteadyTime started_at{};
  WallTime taken_at{};
  RuntimeInfo runtime;
  std::vector<ActiveTarget> targets;                 // those with managed_by="click-deploy" only
  std::vector<RuleGroupStatus> groups;               // all; their alerts are in `alerts`
  std::map<std::string, std::vector<Alert>> alerts;  // by service_id
  // Where in `targets` an instance_id and agent are. Made by index_targets(); without it
  // find_target() looks at every target.
  std::map<std::pair<std::string, std::string>, std::size_t> index;

  void index_targets();

  // By instance_id and agent label; nullptr if Prometheus does not know such a target.
  const ActiveTarget* find_target(const std::string& instance_id, const std::string& agent) const;
  // The spec_hash that Prometheus has loaded for one of the owner's files; "" if none.
  std::string loaded_hash(const std::string& file_name, const std::string& owner) const;
  // The rule files that Prometheus has loaded and that say they are of this owner: path → name.
  std::map<std::string, std::string> files_of(const std::string& owner) const;
};

// What a poll found changed.
struct PollChanges {
  std::vector<std::string> instances;  // instance_id of targets that appeared, went or changed
                                       // health, and of alerts as below
  std::vector<std::string> services;   // service_id of alerts that appeared, went or changed state
  bool known = false;  // whether anything is known of alerts and targets is otherwise than before

  bool empty() const { return instances.empty() && services.empty() && !known; }
  bool operator==(const PollChanges&) const = default;
};

struct PrometheusObserverOptions {
  std::chrono::milliseconds poll{5'000};
};

class PrometheusObserver {
 public:
  PrometheusObserver(QueryClient client, Clock& clock, PrometheusObserverOptions options);
  ~PrometheusObserver();
  PrometheusObserver(const PrometheusObserver&) = delete;
  PrometheusObserver& operator=(const PrometheusObserver&) = delete;

  // Polls until cancelled: at once, then every `poll`, and soon after poke(). After an error the
  // pause grows to at most 30 seconds.
  Task<void> run();
  void poke();  // a poll soon; at most one a second

  std::shared_ptr<const PrometheusSnapshot> snapshot()
      const;  // nullptr before the first complete one
  std::optional<Error> last_error() const;

  // Called after each poll, complete or not.
  using Listener = std::function<void(const PollChanges& changes)>;
  void listen(Listener listener);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace clickdeploy::prometheus
