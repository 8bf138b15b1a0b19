// What a Service's status tells of its alerts. Pure.
//
// Nothing in it moves while an alert lasts, so that an evaluation that finds the same writes
// nothing: no value, and the summary stays as it was when the alert was first seen.

#pragma once

#include "api/v1alpha1/instance.h"
#include "api/v1alpha1/service.h"
#include "controller/prometheus/alertmanager_observer.h"
#include "controller/prometheus/observer.h"

#include <string>

namespace clickdeploy::reconcilers {

struct AlertsView {
  const prometheus::PrometheusSnapshot* snapshot = nullptr;    // nullptr: could not be observed
  std::string why;                                             // why not
  const prometheus::AlertmanagerView* alertmanager = nullptr;  // nullptr: none is named, or unseen
};

// The alerts with this service_id. ClickDeployExpectedDown is none: it only holds others back.
api::v1alpha1::ServiceAlerts report_alerts(const std::string& service_uid,
                                           const prometheus::PrometheusSnapshot& snapshot,
                                           const prometheus::AlertmanagerView* alertmanager,
                                           const api::v1alpha1::ServiceAlerts& before);

// Those of them about one server.
api::v1alpha1::AlertCounts count_alerts(const std::string& service_uid,
                                        const std::string& server_id,
                                        const prometheus::PrometheusSnapshot& snapshot);

}  // namespace clickdeploy::reconcilers
