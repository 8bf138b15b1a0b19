#include "controller/reconcilers/service/service_plan.h"

#include "api/v1alpha1/codec.h"
#include "controller/base/planted.h"
#include "controller/base/text.h"
#include "controller/reconcilers/instance/agent_drift.h"
#include "controller/reconcilers/instance/parts.h"
#include "controller/reconcilers/service/rollout.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::v1alpha1::Instance;
using api::v1alpha1::Service;

namespace {

// Longer names are cut: "-" revision "-" suffix must fit into 63 characters, a host's name.
constexpr std::size_t kServiceNameMax = 48;

std::string revision_of(const Instance& instance) {
  auto label = instance.metadata.labels.find(std::string(api::v1alpha1::kRevisionLabel));
  return label == instance.metadata.labels.end() ? "" : label->second;
}

// Could nobody tell whether it is ready?
bool is_unknown(const Instance& instance) {
  const api::Condition* ready = api::find_condition(instance.status.conditions, "Ready");
  return ready != nullptr && ready->status == api::ConditionStatus::Unknown;
}

bool is_marked_to_go(const Instance& instance) {
  const auto mark =
      instance.metadata.annotations.find(std::string(api::v1alpha1::kDeleteFirstAnnotation));
  return mark != instance.metadata.annotations.end() && mark->second != "false";
}

// Who goes first: marked, then not ready, then unknown, then by age.
void sort_by_leaving(std::vector<const Instance*>& instances, const Service& service) {
  const bool newest = service.spec.deletion.order == "Newest";
  auto rank = [](const Instance* instance) {
    return std::make_tuple(!is_marked_to_go(*instance), is_ready(*instance), is_unknown(*instance));
  };
  auto age = [](const Instance* instance) {
    return std::make_tuple(instance->metadata.creation_timestamp, instance->metadata.name);
  };
  std::ranges::sort(instances, [&](const Instance* a, const Instance* b) {
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    return newest ? age(a) > age(b) : age(a) < age(b);
  });
}

DeleteInstance deletion(const Instance& instance, std::string why) {
  return {instance.metadata.name, instance.metadata.uid, std::move(why)};
}

std::vector<ServiceStep> plan_deletion(const ServiceObserved& observed, const Service& service) {
  std::vector<ServiceStep> steps;
  // What is only observed is never deleted.
  const std::string policy = service.spec.management_policy == "Observe"
                                 ? std::string("DetachMonitoring")
                                 : service.spec.deletion.policy;
  for (const Instance& instance : observed.instances) {
    if (instance.metadata.is_deleting()) continue;
    const bool stays = policy != "Delete" && instance.spec.deletion_policy != policy;
    if (stays) steps.push_back(DetachInstance{instance.metadata.name, policy});
    steps.push_back(deletion(instance, "the Service is deleted"));
  }
  const bool held = std::ranges::any_of(service.metadata.finalizers, [](const auto& finalizer) {
    return finalizer == api::v1alpha1::kCloudFinalizer ||
           finalizer == api::v1alpha1::kTargetsFinalizer;
  });
  const bool alone = observed.instances.empty() || planted(Bug::ServiceBeforeInstances);
  const bool unseen = observed.targets_left.empty() || planted(Bug::ServiceBeforeTargets);
  if (alone && unseen && held && observed.parts_left.empty()) {
    steps.push_back(DropServiceFinalizers{});
  }
  return steps;
}

}  // namespace

std::string describe_step(const ServiceStep& step) {
  if (const auto* create = std::get_if<CreateInstances>(&step)) {
    return "create " + std::to_string(create->count) + " of revision " + create->revision;
  }
  if (const auto* adopt = std::get_if<AdoptInstance>(&step)) {
    return "adopt server " + adopt->server.server_id + " (" + adopt->server.server_name + ")";
  }
  if (const auto* gone = std::get_if<DeleteInstance>(&step)) {
    return "delete " + gone->name + ": " + gone->why;
  }
  if (const auto* update = std::get_if<UpdateInstance>(&step)) {
    return "update " + update->name + " in place";
  }
  if (const auto* detach = std::get_if<DetachInstance>(&step)) return "detach " + detach->name;
  return "let the Service go";
}

namespace {

bool has_agents(const Instance& instance, const std::vector<api::v1alpha1::AgentSpec>& agents) {
  return std::ranges::all_of(agents, [&](const auto& wanted) {
    return std::ranges::find(instance.spec.agents, wanted) != instance.spec.agents.end();
  });
}

}  // namespace

bool is_up_to_date(const Instance& instance, const ServiceObserved& observed,
                   const std::string& revision) {
  if (instance.spec.server.is_machine()) {
    return revision_of(instance) == revision &&
           !observed.retired.contains(instance.status.server.id);
  }
  if (observed.replace_drifted && has_drifted_agents(instance)) return false;
  return revision_of(instance) == revision && has_agents(instance, observed.agents);
}

bool is_ready(const Instance& instance) {
  return !instance.metadata.is_deleting() && api::is_true(instance.status.conditions, "Ready");
}

bool is_monitored(const Instance& instance) {
  if (instance.spec.agents.empty()) return false;
  return is_ready(instance) && api::is_true(instance.status.conditions, "AgentsHealthy") &&
         api::is_true(instance.status.conditions, "TargetPublished") &&
         api::is_true(instance.status.conditions, "TargetScraped");
}

namespace {

// Without what says nothing: a field that a later version adds must not replace a fleet.
Json without_defaults(const Json& value) {
  if (value.is_array()) {
    Json list = Json::array();
    for (const Json& item : value.as_array()) list.push_back(without_defaults(item));
    return list;
  }
  if (!value.is_object()) return value;
  Json object = Json::object();
  for (const auto& [name, member] : value.as_object()) {
    Json kept = without_defaults(member);
    const bool nothing = kept.is_null() || (kept.is_bool() && !kept.as_bool()) ||
                         (kept.is_int() && kept.as_int() == 0) ||
                         ((kept.is_object() || kept.is_array()) && kept.empty());
    if (!nothing) object.set(name, std::move(kept));
  }
  return object;
}

// Without what changes in place.
api::v1alpha1::ServerTemplate needing_new_servers(api::v1alpha1::ServerTemplate server) {
  server.metadata.clear();
  if (server.root_volume) server.root_volume->deletion_policy = "Delete";
  for (api::v1alpha1::VolumeSpec& volume : server.volumes) volume.deletion_policy = "Delete";
  for (api::v1alpha1::NetworkAttachment& network : server.networks) {
    network.scrape = false;
    network.security_groups.clear();
    network.allowed_address_pairs.clear();
  }
  return server;
}

}  // namespace

std::string service_revision(const Service& service, const ServiceObserved& observed) {
  Json annotations = Json::object();
  for (const auto& [name, value] : service.spec.template_annotations) annotations.set(name, value);
  const Json server = api::encode(needing_new_servers(service.spec.template_spec));
  const Json made_from = without_defaults(Json::object({
      {"cloud", service.spec.cloud_ref.key(service.metadata.namespace_name).text()},
      {"project", observed.project_id},
      {"server", server},
      {"annotations", std::move(annotations)},
  }));
  return sha256_hex(to_json(made_from)).substr(0, 8);
}

namespace {

// The Instances of a Service that stay, and how many of them serve.
struct Fleet {
  std::vector<const Instance*> fresh;  // of the revision
  std::vector<const Instance*> old;
  std::int64_t fresh_available = 0;
  std::int64_t old_ready = 0;

  std::int64_t fresh_count() const { return static_cast<std::int64_t>(fresh.size()); }
  std::int64_t old_count() const { return static_cast<std::int64_t>(old.size()); }
  std::int64_t size() const { return fresh_count() + old_count(); }
};

Fleet fleet_of(const Service& service, const ServiceObserved& observed,
               const std::string& revision) {
  Fleet fleet;
  for (const Instance& instance : observed.instances) {
    if (instance.metadata.is_deleting()) continue;
    if (is_up_to_date(instance, observed, revision)) {
      fleet.fresh.push_back(&instance);
      fleet.fresh_available += is_available(service, observed, instance) ? 1 : 0;
    } else {
      fleet.old.push_back(&instance);
      fleet.old_ready += is_ready(instance) ? 1 : 0;
    }
  }
  sort_by_leaving(fleet.fresh, service);
  sort_by_leaving(fleet.old, service);
  return fleet;
}

// Old ones go, as in a Deployment, while enough are ready, and only so many as there are new ones
// that are: an old one that is not ready may still serve, and only its monitoring be broken.
void plan_replacements(std::vector<ServiceStep>& steps, const Service& service,
                       const ServiceObserved& observed, const Fleet& fleet,
                       const std::string& revision) {
  const std::int64_t wanted = service.spec.replicas;
  const std::int64_t least = wanted - service.spec.rollout.max_unavailable;
  std::int64_t spare = fleet.fresh_available + fleet.old_ready - least;
  std::int64_t removable = fleet.size() - least - (fleet.fresh_count() - fleet.fresh_available);
  const std::int64_t surplus = fleet.size() - wanted;
  for (const Instance* instance : fleet.old) {
    // Nobody knows who serves, or nothing can take its place: only too many are too many.
    const bool held = is_unknown(*instance) || !observed.waiting_for.empty();
    if (held && wanted > 0 && surplus <= service.spec.rollout.max_surge) continue;
    const bool counts = is_ready(*instance) && !planted(Bug::RolloutRemovesFirst);
    if (planted(Bug::RolloutRemovesFirst)) removable = fleet.old_count();
    if (removable <= 0 || (counts && spare <= 0)) break;
    steps.push_back(deletion(*instance, "replaced by revision " + revision));
    --removable;
    if (counts) --spare;
  }
}

// Servers that exist come before new ones: the next pass goes on with them.
bool plan_adoptions(std::vector<ServiceStep>& steps, const Service& service,
                    const ServiceObserved& observed, const Fleet& fleet) {
  if (!observed.waiting_for.empty()) return false;
  const std::int64_t missing = service.spec.replicas - fleet.size();
  const auto count =
      std::min<std::int64_t>(missing, static_cast<std::int64_t>(observed.adoptable.size()));
  for (std::int64_t i = 0; i < count; ++i) {
    steps.push_back(AdoptInstance{observed.adoptable[static_cast<std::size_t>(i)]});
  }
  return count > 0;
}

// The rollout stands still. The fleet is brought to its size all the same: new ones are made from
// what was last rolled out to the end, and of too many the old ones stay.
void plan_held(std::vector<ServiceStep>& steps, const Service& service,
               const ServiceObserved& observed, const Fleet& fleet, const std::string& revision) {
  const std::int64_t wanted = service.spec.replicas;
  const bool of_completed = observed.completed != nullptr;
  const std::int64_t missing = wanted - fleet.size();
  if (missing > 0 && observed.waiting_for.empty()) {
    const std::string of =
        of_completed ? service_revision(*observed.completed, observed) : revision;
    steps.push_back(CreateInstances{missing, of, of_completed});
  }
  std::vector<const Instance*> all = fleet.fresh;
  all.insert(all.end(), fleet.old.begin(), fleet.old.end());
  sort_by_leaving(all, service);
  const std::int64_t surge = wanted == 0 ? 0 : service.spec.rollout.max_surge;
  for (std::int64_t i = 0; i < fleet.size() - wanted - surge; ++i) {
    steps.push_back(deletion(*all[static_cast<std::size_t>(i)], "scaled down"));
  }
}

}  // namespace

std::vector<ServiceStep> plan_service(const Service& service, const ServiceObserved& observed) {
  if (service.metadata.is_deleting()) return plan_deletion(observed, service);
  if (service.spec.paused) return {};
  std::vector<ServiceStep> steps;
  const std::string revision = service_revision(service, observed);
  for (const Instance& instance : observed.instances) {
    if (instance.metadata.is_deleting()) continue;
    const Instance wanted = updated_in_place(instance, service, observed, revision);
    if (wanted != instance) steps.push_back(UpdateInstance{instance.metadata.name});
  }
  const Fleet fleet = fleet_of(service, observed, revision);
  if (plan_adoptions(steps, service, observed, fleet)) return steps;
  if (!fleet.old.empty() && !rollout_hold(service, observed).empty()) {
    plan_held(steps, service, observed, fleet, revision);
    return steps;
  }
  const std::int64_t wanted = service.spec.replicas;
  // Up: to `wanted` of the new revision, with no more than maxSurge above it in all.
  const std::int64_t room =
      wanted + (fleet.old.empty() ? 0 : service.spec.rollout.max_surge) - fleet.size();
  const std::int64_t lacking = wanted - fleet.fresh_count();
  const std::int64_t missing = planted(Bug::SurgeIgnored) ? lacking : std::min(lacking, room);
  if (missing > 0 && observed.waiting_for.empty()) {
    steps.push_back(CreateInstances{missing, revision});
  }
  // Down: surplus of the new revision.
  for (std::int64_t i = 0; i < -lacking; ++i) {
    steps.push_back(deletion(*fleet.fresh[static_cast<std::size_t>(i)], "scaled down"));
  }
  plan_replacements(steps, service, observed, fleet, revision);
  return steps;
}

namespace {

// No server was asked for yet. One comes without the agents that no policy wants any more: what
// locks them went along with the policy.
bool is_unmade(const Instance& instance) {
  const std::string& claim = instance.status.claim.state;
  return instance.status.server.id.empty() && (claim.empty() || claim == "Intended");
}

}  // namespace

Instance updated_in_place(Instance instance, const Service& service,
                          const ServiceObserved& observed, const std::string& revision) {
  instance.spec.remediation = service.spec.remediation;
  if (!is_up_to_date(instance, observed, revision)) return instance;
  // Labels that somebody else has put on it stay.
  for (const auto& [name, value] : service.spec.template_labels) {
    instance.metadata.labels[name] = value;
  }
  for (api::v1alpha1::NetworkAttachment& mine : instance.spec.server.networks) {
    const auto& networks = service.spec.template_spec.networks;
    const auto wanted =
        std::ranges::find(networks, mine.name, &api::v1alpha1::NetworkAttachment::name);
    if (wanted == networks.end()) continue;
    mine.scrape = wanted->scrape;
    mine.security_groups = wanted->security_groups;
    mine.allowed_address_pairs = wanted->allowed_address_pairs;
  }
  api::v1alpha1::ServerTemplate& server = instance.spec.server;
  // Over SSH agents need no other machine. A policy that is gone takes none away.
  if (server.is_machine() && !has_agents(instance, observed.agents)) {
    instance.spec.agents = observed.agents;
  }
  if (observed.waiting_for.empty() && is_unmade(instance)) {
    std::erase_if(instance.spec.agents, [&](const api::v1alpha1::AgentSpec& agent) {
      return std::ranges::find(observed.agents, agent) == observed.agents.end();
    });
  }
  for (api::v1alpha1::VolumeSpec& mine : server.volumes) {
    const auto* wanted = volume_spec(service.spec.template_spec, PartKind::Volume, mine.name);
    if (wanted != nullptr) mine.deletion_policy = wanted->deletion_policy;
  }
  if (server.root_volume && service.spec.template_spec.root_volume) {
    server.root_volume->deletion_policy = service.spec.template_spec.root_volume->deletion_policy;
  }
  server.metadata = service.spec.template_spec.metadata;
  return instance;
}

Instance make_instance(const Service& service, const ServiceObserved& observed,
                       const std::string& revision, const std::string& suffix) {
  Instance instance;
  instance.metadata.name =
      service.metadata.name.substr(0, kServiceNameMax) + "-" + revision.substr(0, 4) + "-" + suffix;
  instance.metadata.namespace_name = service.metadata.namespace_name;
  instance.metadata.labels = service.spec.template_labels;
  instance.metadata.labels[std::string(api::v1alpha1::kServiceLabel)] = service.metadata.name;
  instance.metadata.labels[std::string(api::v1alpha1::kRevisionLabel)] = revision;
  if (!planted(Bug::NoFinalizer)) {
    instance.metadata.finalizers = {std::string(api::v1alpha1::kCloudFinalizer)};
  }
  instance.metadata.owner_references = {{.api_version = Service::kGvk.api_version(),
                                         .kind = std::string(Service::kGvk.kind),
                                         .name = service.metadata.name,
                                         .uid = service.metadata.uid,
                                         .controller = true,
                                         .block_owner_deletion = true}};
  instance.spec.cloud_ref = service.spec.cloud_ref;
  instance.spec.service_name = service.metadata.name;
  instance.spec.project_id = observed.project_id;
  instance.spec.server = service.spec.template_spec;
  instance.spec.agents = observed.agents;
  instance.spec.remediation = service.spec.remediation;
  return instance;
}

}  // namespace clickdeploy::reconcilers
