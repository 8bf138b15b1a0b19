// ControlPlane: informers, reconcilers and their queues, wired together. It is the same in the
// daemon and in the simulation; only the world it is given differs.
//
// Threads: all of it runs on the world's executor. Lifetime: stop() has finished before
// destruction; the world outlives it.

#pragma once

#include "controller/agents/remote_shell.h"
#include "controller/app/chain_times.h"
#include "controller/async/clock.h"
#include "controller/async/disk.h"
#include "controller/async/random.h"
#include "controller/async/task.h"
#include "controller/http/http_client.h"
#include "controller/prometheus/rule_files.h"
#include "controller/prometheus/targets_request.h"
#include "controller/reconcilers/instance/expected_down.h"
#include "controller/runtime/controller.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace clickdeploy::app {

// The seams.
struct World {
  Executor executor;  // of the controllers and caches
  Executor blocking;  // runs file and process calls, one at a time
  Clock& clock;
  Random& random;
  http::HttpClient& api;      // to the API server
  std::string api_server;     // its origin: "http://clickdeploy.local"
  http::HttpClient& outside;  // to clouds, Prometheus and agents
  Disk& disk;
  prometheus::RuleChecker& rules;
  std::string cluster_id;  // stamps what we make
  std::chrono::milliseconds prometheus_poll{5'000};
  std::string evidence_folder{};  // of replaced servers' console logs; "" keeps none
  runtime::ReconcileObserver* reconciles = nullptr;  // may be null
  // To backends that show or want certificates of their own; without it `outside` asks them, too.
  std::function<std::unique_ptr<http::HttpClient>(http::TlsOptions)> secured{};
  agents::RemoteShell* shell = nullptr;  // to servers, to restart agents; may be null
  std::size_t large_fleet = 500;         // servers of a cloud (openstack/observer.h)
};

struct QueueCounts {
  std::string kind;
  std::uint64_t reconciles = 0;
  std::uint64_t errors = 0;
  std::size_t ready = 0;
  std::size_t delayed = 0;
  std::size_t working = 0;
  std::size_t workers = 0;
  std::chrono::nanoseconds oldest_wait{0};  // of the keys that are ready
};

class ControlPlane {
 public:
  explicit ControlPlane(World world);
  ~ControlPlane();
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  // Starts the informers, and the reconcilers once every cache has synced.
  void start();

  Task<void> stop();

  // True when every cache has synced and the reconcilers run.
  bool running() const;

  std::vector<QueueCounts> counts() const;

  // The answer to a Prometheus that asks for its targets. On the world's executor.
  http::Response targets(const prometheus::TargetsRequest& wanted,
                         const http::Request& request) const;

  // The Instances that are taken down by ourselves now.
  std::vector<reconcilers::ExpectedDown> expected_down() const;

  // On the world's executor.
  const ChainTimes& chain_times() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace clickdeploy::app
