// plan_service: which Instances should come and go for a Service. Pure.
//
// One revision is the hash of what a server is made from: template, agents, cloud, project.
// Instances of another revision are replaced within maxSurge and maxUnavailable. Those that are not
// ready go first, then the oldest. One whose readiness is Unknown may serve, so it stays until that
// is known; nor does any go while nothing can be created in its place.

#pragma once

#include "api/v1alpha1/instance.h"
#include "api/v1alpha1/monitoring_policy.h"
#include "api/v1alpha1/service.h"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace clickdeploy::reconcilers {

struct ServiceObserved {
  std::vector<api::v1alpha1::Instance> instances;  // owned by the Service, going ones too
  std::vector<api::v1alpha1::AgentSpec> agents;    // of the policy that applies
  std::string project_id;                          // of spec.projectID, or the Cloud's
  std::string waiting_for;                         // why nothing can be created yet; "" if it can
  std::string targets_left;                        // for deletion: what Prometheus still knows
  std::string parts_left;  // for deletion: why its groups in the cloud are not gone yet
};

struct CreateInstances {
  std::int64_t count = 0;
  std::string revision;
  bool operator==(const CreateInstances&) const = default;
};
struct DeleteInstance {
  std::string name;
  std::string uid;
  std::string why;
  bool operator==(const DeleteInstance&) const = default;
};
// The new remediation settings of a Service reach its Instances without a new server.
struct UpdateInstance {
  std::string name;
  bool operator==(const UpdateInstance&) const = default;
};
struct DropServiceFinalizers {
  bool operator==(const DropServiceFinalizers&) const = default;
};

using ServiceStep =
    std::variant<CreateInstances, DeleteInstance, UpdateInstance, DropServiceFinalizers>;

// Eight hexadecimal digits.
std::string service_revision(const api::v1alpha1::Service& service,
                             const ServiceObserved& observed);

// An empty plan means in sync.
std::vector<ServiceStep> plan_service(const api::v1alpha1::Service& service,
                                      const ServiceObserved& observed);

// The Instance to create: everything but its name's suffix, which is `suffix`.
api::v1alpha1::Instance make_instance(const api::v1alpha1::Service& service,
                                      const ServiceObserved& observed, const std::string& revision,
                                      const std::string& suffix);

bool is_up_to_date(const api::v1alpha1::Instance& instance, const ServiceObserved& observed,
                   const std::string& revision);
bool is_ready(const api::v1alpha1::Instance& instance);
// Server up, agents answering as it, targets known and scraped: the chain of one Instance is
// proven.
bool is_monitored(const api::v1alpha1::Instance& instance);

}  // namespace clickdeploy::reconcilers
