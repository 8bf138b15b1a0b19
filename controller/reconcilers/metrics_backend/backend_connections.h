// BackendConnections: the live side of each MetricsBackend object: query client and observer.
//
// Threads: the event loop's. Lifetime: stop() has finished before destruction.

#pragma once

#include "api/v1alpha1/metrics_backend.h"
#include "controller/async/clock.h"
#include "controller/async/task_group.h"
#include "controller/http/http_client.h"
#include "controller/prometheus/observer.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

// How long a snapshot may be acted upon, if one is taken every `poll`.
std::chrono::milliseconds snapshot_lasts(std::chrono::milliseconds poll);

class BackendConnection {
 public:
  BackendConnection(http::HttpClient& http, Clock& clock, Executor executor,
                    const api::v1alpha1::MetricsBackendSpec& spec, std::chrono::milliseconds poll);

  const std::string url;
  const std::int64_t query_timeout_seconds;
  prometheus::QueryClient client;
  prometheus::PrometheusObserver observer;
  TaskGroup tasks;  // runs the observer

  // The snapshot, if it is complete and not old (snapshot_lasts); else nullptr, and `why` says why
  // not.
  std::shared_ptr<const prometheus::PrometheusSnapshot> fresh_snapshot(std::string* why) const;

 private:
  Clock& clock_;
  std::chrono::milliseconds poll_;
};

class BackendConnections {
 public:
  using Key = api::ObjectKey;
  // Told after each poll; `changed` are instance_id labels of targets.
  using Listener = std::function<void(const Key& backend, const std::vector<std::string>& changed)>;

  BackendConnections(http::HttpClient& http, Clock& clock, Executor executor,
                     std::chrono::milliseconds poll);

  void listen(Listener listener) { listener_ = std::move(listener); }
  std::shared_ptr<BackendConnection> ensure(const Key& key,
                                            const api::v1alpha1::MetricsBackendSpec& spec);
  std::shared_ptr<BackendConnection> find(const Key& key) const;  // nullptr if there is none
  std::vector<std::pair<Key, std::shared_ptr<BackendConnection>>> all() const;
  void remove(const Key& key);
  Task<void> stop();

 private:
  void retire(std::shared_ptr<BackendConnection> connection);

  http::HttpClient& http_;
  Clock& clock_;
  Executor executor_;
  std::chrono::milliseconds poll_;
  Listener listener_;
  std::map<Key, std::shared_ptr<BackendConnection>> connections_;
  std::vector<std::shared_ptr<BackendConnection>> retired_;
};

}  // namespace clickdeploy::reconcilers
