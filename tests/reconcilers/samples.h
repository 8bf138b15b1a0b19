// Objects and observations to start from, and actions as one line of text.

#pragma once

#include "api/v1alpha1/cloud.h"
#include "api/v1alpha1/metrics_backend.h"
#include "api/v1alpha1/monitoring_policy.h"
#include "api/v1alpha1/service.h"
#include "controller/reconcilers/instance/instance_plan.h"

#include <memory>
#include <string>
#include <string_view>

namespace clickdeploy::reconcilers {

inline constexpr const char* kToken = "0123456789abcdef0123456789abcdef";

// 2026-11-22T10:00:00Z and so many seconds.
WallTime at(std::int64_t seconds);
std::string time_at(std::int64_t seconds);

// shop/web-1: one network "app", one agent, finalizer clickdeploy.io/cloud, no status.
Instance sample_instance();

// Its claim in that state, entered at `since` seconds; Confirmed ones have server "server-1".
Instance with_claim(const std::string& state, std::int64_t since = 0);

// A server "server-1" that booted at 0, whose agent has answered.
Instance running_instance();

openstack::Server sample_server(const std::string& id, const std::string& status = "ACTIVE");
openstack::Port sample_cloud_port(const std::string& id = "port-1");
Part sample_port(const std::string& id = "port-1");

// A trusted cloud at `seconds`, and nothing else.
InstanceObserved trusted(std::int64_t seconds = 0);
ResolvedServer sample_resolved();

// A trusted cloud with the recorded server, whose one agent is so.
InstanceObserved seen(std::int64_t seconds, const std::string& server_status, TargetView target,
                      AgentObserved::Probe probe);

// "CreatePart Port app", "Rest Waiting", "Rest" when all is well: without the message.
std::string describe(const InstanceAction& action);
std::string rest_message(const InstanceAction& action);  // "" if it is no Rest

// shop/web: four replicas, labels {tier: front}, uid "service-uid".
api::v1alpha1::Service sample_service();
// shop/base: selects tier=front, backend shop/main, one agent node-exporter.
api::v1alpha1::MonitoringPolicy sample_policy();
api::v1alpha1::MetricsBackend sample_backend();

// "True Succeeded", "Unknown ObservationFailed", "" if there is none.
std::string condition_text(const api::Conditions& conditions, std::string_view type);
std::string condition_message(const api::Conditions& conditions, std::string_view type);
void put_condition(api::Conditions& conditions, std::string_view type, api::ConditionStatus status);

// The Instance's conditions say that its whole chain is proven.
void make_ready(Instance& instance);

template <class Kind>
std::shared_ptr<const Kind> shared(Kind value) {
  return std::make_shared<const Kind>(std::move(value));
}

}  // namespace clickdeploy::reconcilers
