// Context: what every reconciler is built from. All of it outlives them.

#pragma once

#include "api/v1alpha1/monitoring_policy.h"
#include "controller/agents/remote_shell.h"
#include "controller/client/client.h"
#include "controller/reconcilers/caches.h"
#include "controller/reconcilers/cloud/cloud_connections.h"
#include "controller/reconcilers/instance/evidence.h"
#include "controller/reconcilers/metrics_backend/backend_connections.h"
#include "controller/reconcilers/metrics_backend/monitoring_plan.h"
#include "controller/runtime/event_recorder.h"

#include <memory>
#include <string>

namespace clickdeploy::reconcilers {

struct Context {
  client::Client& client;
  http::HttpClient& http;  // to agents
  Clock& clock;
  Random& random;
  Caches& caches;
  CloudConnections& clouds;
  BackendConnections& backends;
  runtime::EventRecorder& events;
  std::string cluster_id;
  EvidenceStore evidence;
  Executor blocking;                     // runs what takes long
  agents::RemoteShell* shell = nullptr;  // to servers; null: RestartAgent is not possible

  // The objects that decide what is monitored. Without Instances it is cheap.
  MonitoringInput monitoring_input(bool with_instances) const;

  // The policy that applies to this Service, and the connection to its backend; either may be null.
  struct Monitoring {
    std::shared_ptr<const api::v1alpha1::MonitoringPolicy> policy;
    api::ObjectKey backend;
    std::shared_ptr<BackendConnection> connection;
  };
  Monitoring monitoring_of(const api::v1alpha1::Service& service) const;
};

}  // namespace clickdeploy::reconcilers
