// One reconcile of an Instance: the working copy, what the API holds, and what was observed.

#pragma once

#include "controller/base/check.h"
#include "controller/reconcilers/instance/instance_reconciler.h"

#include <memory>

namespace clickdeploy::reconcilers {

struct InstanceReconciler::Pass {
  api::ObjectKey key;
  Instance work;    // its status is the record that actions change
  Instance stored;  // as the API last told it
  InstanceObserved observed{};
  std::shared_ptr<CloudConnection> connection{};
  bool finished = false;  // the object is gone; nothing to report
  bool conflict = false;  // the copy is stale; reconcile again
};

}  // namespace clickdeploy::reconcilers
