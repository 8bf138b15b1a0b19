// MetricsBackendReconciler: all bindings of one Prometheus into its files, and the proof that
// Prometheus has them.
//
// Target files are written whole and renamed; Prometheus notices by itself. With HTTPSD it asks for
// the same lists instead (target_board.h), and with OpenStackSD it finds the servers by itself
// (openstack_sd.h). A rule file that promtool refuses never replaces one that is loaded. Prometheus
// is reloaded only when rule files changed, or when it does not show the hash that the files have;
// if it refuses, the files that it is known to load are put back (rule_delivery.h). Whether targets
// and rules arrived is said by its own API alone.

#pragma once

#include "controller/client/typed_client.h"
#include "controller/reconcilers/context.h"
#include "controller/reconcilers/metrics_backend/rule_delivery.h"
#include "controller/reconcilers/metrics_backend/silence_plan.h"
#include "controller/reconcilers/metrics_backend/target_board.h"
#include "controller/runtime/controller.h"

#include <map>
#include <memory>
#include <set>
#include <string>

namespace clickdeploy::reconcilers {

class MetricsBackendReconciler final : public runtime::Reconciler {
 public:
  MetricsBackendReconciler(Context& context, PublishingContext publishing);

  Task<Result<runtime::ReconcileResult>> reconcile(api::ObjectKey key) override;

  // What backends ask us for.
  const TargetBoard& board() const { return board_; }

 private:
  struct Pass;

  // What is remembered between reconciles of one backend; all of it can be lost.
  struct Memory {
    SteadyTime changed{};  // when files were written last
    bool wrote = false;
    std::map<std::string, SteadyTime> leaving{};  // files of targets, empty since then
    std::size_t held = 0;  // targets of stopped servers, when that was told last
    std::map<std::string, std::vector<std::string>> foreign;  // by folder: files told of last
    RuleMemory rules;
    bool silences_settled = false;  // none is wanted, and none of ours is there
  };

  Task<Result<void>> publish_targets(Pass& pass);
  Task<Result<bool>> write_targets(Pass& pass);
  Result<bool> serve_targets(Pass& pass);
  Task<Result<void>> publish_rules(Pass& pass);
  // What is not in `wanted` is emptied, and removed when it has been empty for long enough.
  Task<Result<prometheus::PublishResult>> publish_files(Pass& pass, prometheus::Files wanted,
                                                        std::set<std::string> unwritten,
                                                        std::chrono::seconds empty_first);
  Task<Result<bool>> remove_all(Pass& pass);  // false: not yet
  Task<void> keep_silences(Pass& pass, const MonitoringInput& input);
  RuleOrder order_rules(const Pass& pass) const;
  void tell_held(Pass& pass) const;
  void tell_foreign(Pass& pass, const std::string& folder,
                    const std::vector<std::string>& names) const;
  void tell_unreachable(const Pass& pass, const api::v1alpha1::MetricsBackendStatus& before) const;
  void tell_reload(Pass& pass, const Result<void>& reloaded) const;
  void remember_change(Pass& pass) const;
  void report(Pass& pass) const;
  std::string owner_of(const Pass& pass) const;

  Context& context_;
  PublishingContext publishing_;
  client::TypedClient<api::v1alpha1::MetricsBackend> backends_;
  std::map<api::ObjectKey, Memory> memory_;
  TargetBoard board_;
};

}  // namespace clickdeploy::reconcilers
