// BackendConnections: the live side of each MetricsBackend object: clients and observers of its
// Prometheus and, if it names one, its Alertmanager.
//
// Threads: the event loop's. Lifetime: stop() has finished before destruction.

#pragma once

#include "api/meta/object_meta.h"
#include "controller/async/clock.h"
#include "controller/async/task_group.h"
#include "controller/http/http_client.h"
#include "controller/prometheus/alertmanager_observer.h"
#include "controller/prometheus/observer.h"
#include "controller/reconcilers/metrics_backend/backend_access.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

// How long a snapshot may be acted upon, if one is taken every `poll`.
std::chrono::milliseconds snapshot_lasts(std::chrono::milliseconds poll);

// Makes a client for certificates of its own.
using SecuredClients = std::function<std::unique_ptr<http::HttpClient>(http::TlsOptions)>;

class AlertmanagerConnection {
 public:
  // As BackendConnection.
  AlertmanagerConnection(http::HttpClient& http, std::unique_ptr<http::HttpClient> own,
                         Clock& clock, prometheus::Access its_access,
                         std::chrono::milliseconds poll);

  const prometheus::Access access;
  const std::unique_ptr<http::HttpClient> own_http;
  prometheus::AlertmanagerClient client;
  prometheus::AlertmanagerObserver observer;
};

class BackendConnection {
 public:
  // `own` may be null; else it is used instead of `http`.
  BackendConnection(http::HttpClient& http, std::unique_ptr<http::HttpClient> own, Clock& clock,
                    Executor executor, prometheus::Access access, std::chrono::milliseconds poll);

  const prometheus::Access access;
  const std::unique_ptr<http::HttpClient> own_http;
  prometheus::QueryClient client;
  prometheus::PrometheusObserver observer;
  std::unique_ptr<AlertmanagerConnection> alertmanager;  // null: none is named
  TaskGroup tasks;                                       // runs the observers

  // The snapshot, if it is complete and not old (snapshot_lasts); else nullptr, and `why` says why
  // not.
  std::shared_ptr<const prometheus::PrometheusSnapshot> fresh_snapshot(std::string* why) const;

  // Is it otherwise than at the last call, or was it in between, whether Prometheus is known, and
  // its Alertmanager?
  bool knowledge_moved();

 private:
  Clock& clock_;
  std::chrono::milliseconds poll_;
  std::pair<bool, bool> known_{};  // Prometheus, Alertmanager
  SteadyTime known_until_{};       // Prometheus
};

class BackendConnections {
 public:
  using Key = api::ObjectKey;
  // Told after each poll.
  using Listener = std::function<void(const Key& backend, const prometheus::PollChanges& changes)>;

  // Without `secured` every backend is asked through `http`.
  BackendConnections(http::HttpClient& http, Clock& clock, Executor executor,
                     std::chrono::milliseconds poll, SecuredClients secured = {});

  void listen(Listener listener) { listener_ = std::move(listener); }
  // Made anew when the access has changed.
  std::shared_ptr<BackendConnection> ensure(const Key& key, const BackendAccess& access);
  std::shared_ptr<BackendConnection> find(const Key& key) const;  // nullptr if there is none
  std::vector<std::pair<Key, std::shared_ptr<BackendConnection>>> all() const;
  void remove(const Key& key);
  Task<void> stop();

 private:
  std::unique_ptr<http::HttpClient> own_client(const prometheus::Access& access) const;
  void tell(const Key& key, BackendConnection& connection, prometheus::PollChanges changes) const;
  void retire(std::shared_ptr<BackendConnection> connection);

  http::HttpClient& http_;
  Clock& clock_;
  Executor executor_;
  std::chrono::milliseconds poll_;
  SecuredClients secured_;
  Listener listener_;
  std::map<Key, std::shared_ptr<BackendConnection>> connections_;
  std::vector<std::shared_ptr<BackendConnection>> retired_;
};

}  // namespace clickdeploy::reconcilers
