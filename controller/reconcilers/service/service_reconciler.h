// ServiceReconciler: a Service into Instances, one revision at a time, within its budgets.

#pragma once

#include "controller/client/typed_client.h"
#include "controller/reconcilers/context.h"
#include "controller/reconcilers/instance/record_ages.h"
#include "controller/reconcilers/service/history.h"
#include "controller/reconcilers/service/quota_preflight.h"
#include "controller/reconcilers/service/service_plan.h"
#include "controller/reconcilers/service/shared_part_keeper.h"
#include "controller/runtime/controller.h"

#include <map>
#include <optional>
#include <set>
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
  // Whether the cloud can be seen, and which servers of it can be adopted.
  void observe_cloud(const api::v1alpha1::Service& service, ServiceObserved& observed);
  // Whether the template fits the type of the Cloud, and which machines are to be given back.
  void observe_machines(const api::v1alpha1::Service& service, ServiceObserved& observed) const;
  Task<Result<void>> adopt(const api::v1alpha1::Service& service, const ServiceObserved& observed,
                           const AdoptableServer& server);
  void observe_time(const api::v1alpha1::Service& service, ServiceObserved& observed);
  std::string page_alert(const api::v1alpha1::Service& service) const;
  // Brings status.rollout up to date, and its history. What is made from then on is `service`: its
  // own template, or the one that it was brought back to.
  Task<Result<void>> advance(api::v1alpha1::Service& service, ServiceObserved& observed);
  Task<Result<std::vector<TemplateRecord>>> read_history(api::v1alpha1::Service service);
  Task<Result<void>> write_history(const api::v1alpha1::Service& service, std::string hash,
                                   const HistoryPlan& plan);
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
  std::map<api::ObjectKey, RecordAges> ages_;
  // Tokens of Instances that this process has seen: a server of one that is gone is on its way, or
  // was left behind on purpose. It is no server of a lost database. A Service that is made anew
  // under its old name waits for a look at the cloud that is younger than the end of the first:
  // an older one shows servers that are gone.
  struct KnownTokens {
    std::set<std::string> tokens;
    std::optional<SteadyTime> gone_since;  // when the Service was found gone
  };
  void forget_tokens(const api::ObjectKey& gone);
  std::map<api::ObjectKey, KnownTokens> known_tokens_;
};

}  // namespace clickdeploy::reconcilers
