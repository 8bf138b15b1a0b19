#include "controller/reconcilers/service/service_plan.h"

#include "api/v1alpha1/codec.h"
#include "controller/base/planted.h"
#include "controller/base/text.h"

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

// Who goes first: not ready, then unknown, then the oldest.
bool goes_before(const Instance* a, const Instance* b) {
  auto rank = [](const Instance* instance) {
    return std::make_tuple(is_ready(*instance), is_unknown(*instance),
                           instance->metadata.creation_timestamp, instance->metadata.name);
  };
  return rank(a) < rank(b);
}

DeleteInstance deletion(const Instance& instance, std::string why) {
  return {instance.metadata.name, instance.metadata.uid, std::move(why)};
}

std::vector<ServiceStep> plan_deletion(const ServiceObserved& observed, const Service& service) {
  std::vector<ServiceStep> steps;
  for (const Instance& instance : observed.instances) {
    if (!instance.metadata.is_deleting())
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

bool is_up_to_date(const Instance& instance, const ServiceObserved& observed,
                   const std::string& revision) {
  return revision_of(instance) == revision &&
         std::ranges::all_of(observed.agents, [&](const auto& wanted) {
           return std::ranges::find(instance.spec.agents, wanted) != instance.spec.agents.end();
         });
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

std::string service_revision(const Service& service, const ServiceObserved& observed) {
  Json made_from = Json::object({
      {"cloud", service.spec.cloud_ref.key(service.metadata.namespace_name).text()},
      {"project", observed.project_id},
      {"server", api::encode(service.spec.template_spec)},
  });
  return sha256_hex(to_json(made_from)).substr(0, 8);
}

std::vector<ServiceStep> plan_service(const Service& service, const ServiceObserved& observed) {
  if (service.metadata.is_deleting()) return plan_deletion(observed, service);
  if (service.spec.paused) return {};
  std::vector<ServiceStep> steps;
  const std::string revision = service_revision(service, observed);
  std::vector<const Instance*> fresh;
  std::vector<const Instance*> old;
  for (const Instance& instance : observed.instances) {
    if (instance.metadata.is_deleting()) continue;
    (is_up_to_date(instance, observed, revision) ? fresh : old).push_back(&instance);
    if (instance.spec.remediation != service.spec.remediation) {
      steps.push_back(UpdateInstance{instance.metadata.name});
    }
  }
  std::ranges::sort(fresh, goes_before);
  std::ranges::sort(old, goes_before);
  const std::int64_t wanted = service.spec.replicas;
  const auto fresh_count = static_cast<std::int64_t>(fresh.size());
  const auto old_count = static_cast<std::int64_t>(old.size());

  // Up: to `wanted` of the new revision, with no more than maxSurge above it in all.
  const std::int64_t room =
      wanted + (old.empty() ? 0 : service.spec.rollout.max_surge) - (fresh_count + old_count);
  const std::int64_t missing =
      planted(Bug::SurgeIgnored) ? wanted - fresh_count : std::min(wanted - fresh_count, room);
  if (missing > 0 && observed.waiting_for.empty()) {
    steps.push_back(CreateInstances{missing, revision});
  }

  // Down: surplus of the new revision.
  for (std::int64_t i = 0; i < fresh_count - wanted; ++i) {
    steps.push_back(deletion(*fresh[static_cast<std::size_t>(i)], "scaled down"));
  }
  // Old ones go, as in a Deployment, while enough are ready, and only so many as there are new ones
  // that are: an old one that is not ready may still serve, and only its monitoring be broken.
  const auto fresh_ready = static_cast<std::int64_t>(
      std::ranges::count_if(fresh, [](auto* one) { return is_ready(*one); }));
  const auto old_ready = static_cast<std::int64_t>(
      std::ranges::count_if(old, [](auto* one) { return is_ready(*one); }));
  const std::int64_t least = wanted - service.spec.rollout.max_unavailable;
  std::int64_t spare = fresh_ready + old_ready - least;
  std::int64_t removable = fresh_count + old_count - least - (fresh_count - fresh_ready);
  const std::int64_t surplus = fresh_count + old_count - wanted;
  for (const Instance* instance : old) {
    // Nobody knows who serves, or nothing can take its place: only too many are too many.
    const bool held = is_unknown(*instance) || !observed.waiting_for.empty();
    if (held && wanted > 0 && surplus <= service.spec.rollout.max_surge) continue;
    const bool counts = is_ready(*instance) && !planted(Bug::RolloutRemovesFirst);
    if (planted(Bug::RolloutRemovesFirst)) removable = old_count;
    if (removable <= 0 || (counts && spare <= 0)) break;
    steps.push_back(deletion(*instance, "replaced by revision " + revision));
    --removable;
    if (counts) --spare;
  }
  return steps;
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
