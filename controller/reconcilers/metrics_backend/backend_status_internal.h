// What people read about a MetricsBackend, and the small pure decisions of its reconciler.

#pragma once

#include "controller/client/typed_client.h"
#include "controller/prometheus/observer.h"
#include "controller/prometheus/publisher.h"
#include "controller/reconcilers/metrics_backend/monitoring_plan.h"
#include "controller/reconcilers/metrics_backend/rule_choice.h"

#include <map>
#include <optional>
#include <set>
#include <string>

namespace clickdeploy::reconcilers {

// What came of one reconcile's acts.
struct BackendOutcome {
  std::size_t delivered = 0;
  std::map<std::string, RulesOutcome> rules;  // by file name, of policies alone
  std::set<std::string> rejected_files;       // that, or a rule of which, is not loaded
  std::string rejection;                      // of the last of them
  std::string broken;  // what Prometheus says of its own configuration; "" if that is fine
  bool reload_pending = false;
  bool settling = false;  // files changed a moment ago: Prometheus may still be reading
  bool verified = false;
  std::optional<Error> observation_error;  // of the last look at Prometheus
  bool alertmanager_seen = false;
  std::optional<Error> alertmanager_error;  // of the last look at Alertmanager
  std::size_t silences = 0;                 // that there should be
  std::optional<Error> silence_error;       // why they are not all as they should be
  std::optional<Error> targets_error;
  std::optional<Error> rules_error;
};

// `snapshot` is nullptr if Prometheus could not be observed; then `why` says why.
api::v1alpha1::MetricsBackendStatus report_backend(const api::v1alpha1::MetricsBackend& backend,
                                                   const BackendPlan& plan,
                                                   const BackendOutcome& outcome,
                                                   const prometheus::PrometheusSnapshot* snapshot,
                                                   const std::string& why, WallTime now);

bool is_worth_writing(const api::v1alpha1::MetricsBackend& before,
                      const api::v1alpha1::MetricsBackend& after, WallTime now);

}  // namespace clickdeploy::reconcilers
