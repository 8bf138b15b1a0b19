// The silences for planned work: what Alertmanager is to hold back while the controller takes
// Instances down itself. Pure.
//
// A silence is of one Instance, by namespace, service and instance_name. It ends by itself ten
// minutes after it was last extended, whatever becomes of us. Ours carry a mark in their comment:
// after a crash they are found by it, and a silence without it is never touched.

#pragma once

#include "controller/prometheus/silence.h"
#include "controller/reconcilers/metrics_backend/monitoring_plan.h"

#include <string>
#include <variant>
#include <vector>

namespace clickdeploy::reconcilers {

struct WantedSilence {
  std::string namespace_name;
  std::string service;
  std::string instance;
  std::string reason;  // Deleting | Repairing | Booting

  bool operator==(const WantedSilence&) const = default;
};

// Those for Instances whose policy asks for it by alerting.silenceDuringActions, at this backend.
std::vector<WantedSilence> wanted_silences(const api::ObjectKey& backend,
                                           const MonitoringInput& input);

// `silence.id` is empty for a new one.
struct PutSilence {
  prometheus::Silence silence;
  bool operator==(const PutSilence&) const = default;
};
struct ExpireSilence {
  std::string id;
  bool operator==(const ExpireSilence&) const = default;
};
using SilenceStep = std::variant<PutSilence, ExpireSilence>;

// `owner` names the database and the backend, as rules_owner_of says.
std::vector<SilenceStep> plan_silences(const std::string& owner,
                                       const std::vector<WantedSilence>& wanted,
                                       const std::vector<prometheus::Silence>& existing,
                                       WallTime now);

}  // namespace clickdeploy::reconcilers
