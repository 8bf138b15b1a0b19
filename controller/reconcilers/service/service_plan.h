// plan_service: which Instances should come and go for a Service. Pure.
//
// One revision is the hash of what a server is made from: template, agents, cloud, project.
// Instances of another revision are replaced within maxSurge and maxUnavailable. Those that a
// person has marked go first, then those that are not ready, then by age. One whose readiness is
// Unknown may serve, so it stays until that is known; nor does any go while nothing can be created
// in its place, or while the rollout is held (rollout.h).
//
// Where servers are missing, those that exist and can be adopted come before new ones.

#pragma once

#include "api/v1alpha1/instance.h"
#include "api/v1alpha1/monitoring_policy.h"
#include "api/v1alpha1/service.h"
#include "controller/reconcilers/service/adoption.h"

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace clickdeploy::reconcilers {

struct ServiceObserved {
  std::vector<api::v1alpha1::Instance> instances;  // owned by the Service, going ones too
  std::vector<api::v1alpha1::AgentSpec> agents;    // of the policy that applies
  bool replace_drifted = false;  // it has servers replaced whose agents are not as installed
  // Servers that are machines which the Cloud's spec no longer has.
  std::set<std::string> retired;
  std::string project_id;                  // of spec.projectID, or the Cloud's
  std::string waiting_for;                 // why nothing can be created yet; "" if it can
  std::vector<AdoptableServer> adoptable;  // in the order in which they are taken
  std::string targets_left;                // for deletion: what Prometheus still knows
  std::string parts_left;  // for deletion: why its groups in the cloud are not gone yet
  // How old the times are that the Instances' Ready and status.rollout hold, by their text.
  std::map<std::string, std::chrono::seconds> ages;
  std::string page_alert;  // one with severity page that fires for the Service, or why nobody knows
  // What was last rolled out to the end, where it is recorded and not what the spec says.
  std::shared_ptr<const api::v1alpha1::Service> completed;
};

struct CreateInstances {
  std::int64_t count = 0;
  std::string revision;
  bool of_completed = false;  // from observed.completed: the rollout is held
  bool operator==(const CreateInstances&) const = default;
};
// An Instance for a server that exists.
struct AdoptInstance {
  AdoptableServer server;
  bool operator==(const AdoptInstance&) const = default;
};
struct DeleteInstance {
  std::string name;
  std::string uid;
  std::string why;
  bool operator==(const DeleteInstance&) const = default;
};
// What needs no new server reaches the Instances in place: the settings for repairs, labels, the
// servers' metadata, security groups and address pairs of ports, and where agents are scraped; on
// machines that exist already also the agents. Where no server is yet, the agents that no policy
// wants any more go.
struct UpdateInstance {
  std::string name;
  bool operator==(const UpdateInstance&) const = default;
};
// Its server stays when the Service goes.
struct DetachInstance {
  std::string name;
  std::string policy;
  bool operator==(const DetachInstance&) const = default;
};
struct DropServiceFinalizers {
  bool operator==(const DropServiceFinalizers&) const = default;
};

using ServiceStep = std::variant<CreateInstances, AdoptInstance, DeleteInstance, UpdateInstance,
                                 DetachInstance, DropServiceFinalizers>;

// In words, for status.plannedSteps.
std::string describe_step(const ServiceStep& step);

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

// The Instance as it should be, of the same server. `revision` is the Service's.
api::v1alpha1::Instance updated_in_place(api::v1alpha1::Instance instance,
                                         const api::v1alpha1::Service& service,
                                         const ServiceObserved& observed,
                                         const std::string& revision);

bool is_up_to_date(const api::v1alpha1::Instance& instance, const ServiceObserved& observed,
                   const std::string& revision);
bool is_ready(const api::v1alpha1::Instance& instance);
// Server up, agents answering as it, targets known and scraped: the chain of one Instance is
// proven.
bool is_monitored(const api::v1alpha1::Instance& instance);

}  // namespace clickdeploy::reconcilers
