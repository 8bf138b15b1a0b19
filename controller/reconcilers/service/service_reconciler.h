// ServiceReconciler: a Service into Instances, one revision at a time, within its budgets.

#pragma once

#include "controller/client/typed_client.h"
#include "controller/reconcilers/context.h"
#include "controller/reconcilers/service/quota_preflight.h"
#include "controller/reconcilers/service/service_plan.h"
#include "controller/reconcilers/service/shared_part_keeper.h"
#include "controller/runtime/controller.h"

#include <map>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

class ServiceReconciler final : public runtime::Reconciler {
 public:
  explicit ServiceReconciler(Context& context);

  Task<Result<runtime::ReconcileResult>> reconcile(api::ObjectKey key) override;

 private:
  Task<Result<ServiceObserved>> observe(api::v1alpha1::Service service);
  Result<api::v1alpha1::Instance> read_instance(const Json& item) const;
  // Why the first Instances cannot be made yet; "" if they can.
  Task<Result<std::string>> unobserved_policy(api::v1alpha1::Service service);
  std::vector<std::string> targets_known(const api::v1alpha1::Service& service,
                                         std::string* unobserved) const;
  Task<Result<void>> perform(const api::v1alpha1::Service& service, const ServiceObserved& observed,
                             ServiceStep step);
  Task<Result<void>> create(api::v1alpha1::Instance instance);
  // Is there room for so many more, as far as was observed? Nullopt if that is not known.
  std::optional<QuotaRoom> observe_quota(const api::v1alpha1::Service& service,
                                         std::int64_t wanted) const;
  // True if the record has changed, and was written: the cache is to see it before others need it.
  Task<Result<bool>> settle_shared_parts(api::v1alpha1::Service service, ServiceObserved* observed);

  Context& context_;
  client::TypedClient<api::v1alpha1::Service> services_;
  client::TypedClient<api::v1alpha1::Instance> instances_;
  // Since when a Service that is deleted has no Instances, as far as this process has seen.
  std::map<api::ObjectKey, SteadyTime> alone_since_;
  SharedPartKeeper shared_parts_;
};

}  // namespace clickdeploy::reconcilers
