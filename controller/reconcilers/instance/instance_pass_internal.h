// One reconcile of an Instance: the working copy, what the API holds, and what was observed.

#pragma once

#include "controller/base/check.h"
#include "controller/reconcilers/instance/instance_reconciler.h"

#include <memory>

namespace clickdeploy::reconcilers {

// One of the Cloud's maxConcurrentCreates.
class CreateSlot {
 public:
  explicit CreateSlot(std::shared_ptr<CloudConnection> connection)
      : connection_(std::move(connection)) {
    ++connection_->creates_in_flight;
  }
  ~CreateSlot() { --connection_->creates_in_flight; }
  CreateSlot(const CreateSlot&) = delete;
  CreateSlot& operator=(const CreateSlot&) = delete;

 private:
  std::shared_ptr<CloudConnection> connection_;
};

// The names of agents that were asked and do not answer.
std::vector<std::string> silent_agents(const InstanceObserved& observed);

struct InstanceReconciler::Pass {
  api::ObjectKey key;
  Instance work;    // its status is the record that actions change
  Instance stored;  // as the API last told it
  InstanceObserved observed{};
  std::shared_ptr<CloudConnection> connection{};
  std::shared_ptr<const openstack::CloudSnapshot> compared{};  // newer than our last change
  SteadyTime look_begun{};                                     // of observed.look_up
  bool looked_again = false;         // because the first look had become old
  std::optional<CreateSlot> slot{};  // held from the decision to ask for a server
  bool finished = false;             // the object is gone; nothing to report
  bool conflict = false;             // the copy is stale; reconcile again
};

}  // namespace clickdeploy::reconcilers
