// SharedPartKeeper: brings the shared parts of Services about.
//
// Creates are not idempotent, and one that was not answered may still be carried out: after such
// one nothing more is made for a minute, and what then shows itself is used. So there is one group
// of a kind in the end, though for a while there may be a second one, which is removed.
//
// Threads: the event loop's. Lifetime: as the ServiceReconciler that it belongs to.

#pragma once

#include "controller/reconcilers/context.h"
#include "controller/reconcilers/service/shared_parts.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

class SharedPartKeeper {
 public:
  explicit SharedPartKeeper(Context& context) : context_(context) {}

  // What the Service needs. `agents` are those of its policy and of its Instances.
  SharedWanted wanted(const api::v1alpha1::Service& service,
                      const std::vector<api::v1alpha1::AgentSpec>& agents,
                      bool old_instances) const;

  // What there is afterwards, for status.resources. An error says what is missing still; it is
  // tried again. Without need it asks the cloud nothing.
  Task<Result<std::vector<api::v1alpha1::OwnedResource>>> settle(api::v1alpha1::Service service,
                                                                 SharedWanted wanted);

  void forget(const api::ObjectKey& key);

 private:
  struct Settled {
    SharedWanted wanted;
    std::vector<api::v1alpha1::OwnedResource> resources;
    SteadyTime until{};
  };

  Task<Result<SharedFound>> look_up(CloudConnection& cloud, api::v1alpha1::Service service);
  Task<Result<void>> perform(CloudConnection& cloud, api::v1alpha1::Service service,
                             SharedStep step);

  Context& context_;
  std::map<api::ObjectKey, Settled> settled_;
  std::map<api::ObjectKey, SteadyTime> unanswered_;  // creates of which nobody knows the outcome
};

}  // namespace clickdeploy::reconcilers
