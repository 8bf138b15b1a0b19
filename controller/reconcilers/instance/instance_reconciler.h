// InstanceReconciler: one server, its ports and its agents, from claim to 404.
//
// Observe, plan, act, report. plan_instance decides one action at a time; this class performs it
// and asks again. Claims are written before anything is called; the status is written once more at
// the end, also after a failure, and only if it says something new.

#pragma once

#include "controller/agents/probe.h"
#include "controller/client/typed_client.h"
#include "controller/reconcilers/context.h"
#include "controller/reconcilers/instance/agent_access.h"
#include "controller/reconcilers/instance/instance_plan.h"
#include "controller/reconcilers/instance/record_ages.h"
#include "controller/runtime/controller.h"

#include <map>
#include <memory>
#include <string>

namespace clickdeploy::reconcilers {

class InstanceReconciler final : public runtime::Reconciler {
 public:
  explicit InstanceReconciler(Context& context);

  Task<Result<runtime::ReconcileResult>> reconcile(api::ObjectKey key) override;

 private:
  struct Pass;  // one reconcile: the working copy and what is observed

  void observe_cloud(Pass& pass) const;
  void observe_server(Pass& pass) const;
  Task<void> observe_drift(Pass& pass);
  Task<WantedGroups> observe_groups(Pass& pass);
  Task<void> observe_fault(Pass& pass);
  Task<void> observe_agents(Pass& pass);
  bool is_comparison_due(const Pass& pass);
  void observe_agent_drift(Pass& pass);
  Task<void> observe_console(Pass& pass);
  RepairBudget observe_budget(const Pass& pass) const;
  void observe_time(Pass& pass);

  Task<Result<void>> perform(Pass& pass, InstanceAction action);
  Task<Result<void>> save(Pass& pass);
  Task<Result<void>> look_up(Pass& pass);
  Task<Result<ResolvedServer>> resolve(Pass& pass);
  Task<Result<void>> make_part(Pass& pass, WantedPart wanted);
  Task<Result<void>> move_part(Pass& pass, AttachPart move);
  Task<Result<void>> begin_use(Pass& pass, std::string volume_id);
  Task<Result<void>> give_up_volume(Pass& pass, GiveUpVolume failed);
  Task<Result<void>> release_volume(Pass& pass, std::string volume_id);
  static void forget_part(Pass& pass, const std::string& id);
  Task<Result<void>> create_server(Pass& pass);
  Task<Result<void>> correct_drift(Pass& pass, std::string field);
  void note_mended(Pass& pass, const Part& part);
  Task<Result<void>> correct_agent(Pass& pass, std::string field);
  void observe_machine(Pass& pass);
  Result<ResolvedServer> choose_machine(Pass& pass);
  Task<Result<void>> install_agents(Pass& pass);
  Task<Result<void>> mark_server(Pass& pass, std::string id);
  Task<Result<void>> unmark_server(Pass& pass, std::string id);
  Task<Result<void>> restart_agents(Pass& pass, std::vector<std::string> names);
  Task<Result<void>> begin_repair(Pass& pass, std::string step, std::string reason);
  Task<Result<void>> drop_finalizer(Pass& pass);

  Context& context_;
  client::TypedClient<Instance> instances_;
  // When we last changed something in the cloud for this Instance: an observation that began before
  // says nothing about it. Lost at a restart, when every observation is newer anyway.
  std::map<api::ObjectKey, SteadyTime> changed_at_;
  // Repairs begun that the cache may not show yet: the count of steps with this one.
  std::map<api::ObjectKey, std::int64_t> begun_;
  // Since when this process has seen a claim in its state.
  struct ClaimSeen {
    api::v1alpha1::Claim claim;
    SteadyTime since{};
  };
  std::map<api::ObjectKey, ClaimSeen> claims_seen_;
  std::map<api::ObjectKey, RecordAges> ages_;
  // Servers of somebody else that are being marked, so that two Instances never mark one.
  std::map<std::string, api::ObjectKey> marking_;
  std::map<api::ObjectKey, SteadyTime> consoles_read_;  // of servers that never came up
  AgentLocks agent_locks_;
  std::map<api::ObjectKey, DriftBook> drift_books_;
  std::map<api::ObjectKey, DriftBook> agent_books_;
  std::map<api::ObjectKey, SteadyTime> agents_compared_;  // when all of them answered last
  // Why a Cloud did not list its security groups.
  struct ListFailure {
    Error error;
    SteadyTime at{};
  };
  std::map<api::ObjectKey, ListFailure> group_failures_;
};

}  // namespace clickdeploy::reconcilers
