// What people read about a Service: derived from its Instances, its policy and the backend. Pure.

#pragma once

#include "api/v1alpha1/metrics_backend.h"
#include "controller/reconcilers/service/quota_preflight.h"
#include "controller/reconcilers/service/service_alerts.h"
#include "controller/reconcilers/service/service_plan.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

struct ServiceView {
  const api::v1alpha1::Service& service;
  const ServiceObserved& observed;
  const std::vector<ServiceStep>& plan;
  const api::v1alpha1::MonitoringPolicy* policy = nullptr;  // that applies
  const api::v1alpha1::MetricsBackend* backend = nullptr;   // its backend
  std::optional<Error> failure;                             // of the last step
  std::optional<QuotaRoom>
      quota{};  // for what the plan wanted to make; nullopt: nothing, or unknown
  AlertsView alerts{};
  std::string now;
};

api::v1alpha1::ServiceStatus report_service(const ServiceView& view);

}  // namespace clickdeploy::reconcilers
