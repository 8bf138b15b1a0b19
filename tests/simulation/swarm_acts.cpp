// What users do.

#include "tests/simulation/swarm_user.h"

#include <fmt/format.h>

#include <array>

namespace clickdeploy::simulation {

const std::vector<SwarmUser::Act>& SwarmUser::acts() {
  static const std::vector<Act> kActs = {
      &SwarmUser::scale,
      &SwarmUser::scale,
      &SwarmUser::scale,
      &SwarmUser::change_image,
      &SwarmUser::want_no_image,
      &SwarmUser::change_metadata,
      &SwarmUser::change_label,
      &SwarmUser::change_rule,
      &SwarmUser::break_rule,
      &SwarmUser::toggle_pause,
      &SwarmUser::toggle_selection,
      &SwarmUser::remove,
      &SwarmUser::remove,
      &SwarmUser::remove_instance,
      &SwarmUser::change_brakes,
      &SwarmUser::flip_flop,
      &SwarmUser::empty_and_fill,
      &SwarmUser::add_unknown_field,
      &SwarmUser::edit_status,
      &SwarmUser::annotate,
      &SwarmUser::make_many,
      &SwarmUser::remove_finalizer,
      &SwarmUser::edit_cloud,
  };
  return kActs;
}

const Json* SwarmUser::any_instance(const ServiceWish& service, Dice& dice) const {
  std::vector<const Json*> found;
  for (const Json& instance : world_.objects(kInstances)) {
    if (instance["metadata"]["namespace"].as_string() == service.key.namespace_name) {
      found.push_back(&instance);
    }
  }
  return found.empty() ? nullptr : found[dice.below(found.size())];
}

void SwarmUser::scale(ServiceWish& service, Dice& dice) {
  service.replicas = static_cast<int>(dice.chance(0.9) ? dice.between(0, 4) : dice.between(0, 8));
  apply(service, fmt::format("scales to {}", service.replicas));
}

void SwarmUser::change_image(ServiceWish& service, Dice& dice) {
  service.image = dice.chance(0.5) ? "debian-12" : "ubuntu-22.04";
  apply(service, "wants image " + service.image);
}

void SwarmUser::want_no_image(ServiceWish& service, Dice& /*dice*/) {
  service.image = "no-such-image";
  apply(service, "wants an image that does not exist");
}

void SwarmUser::change_metadata(ServiceWish& service, Dice& dice) {
  service.metadata = dice.chance(0.5) ? "shop" : "stock";
  apply(service, "wants metadata owner=" + service.metadata);
}

void SwarmUser::change_label(ServiceWish& service, Dice& dice) {
  service.label = dice.chance(0.5) ? "web" : "www";
  apply(service, "wants label app=" + service.label);
}

void SwarmUser::change_rule(ServiceWish& /*service*/, Dice& dice) {
  wish_.rule = fmt::format("click_deploy_service_cpu_usage_percent > {}", dice.between(90, 92));
  tell("wants rule " + wish_.rule);
  apply_policies();
}

void SwarmUser::break_rule(ServiceWish& /*service*/, Dice& /*dice*/) {
  tell("wants a rule that cannot be parsed");
  expect(world_.try_apply(policy("sum((( click_deploy_service_cpu_usage_percent > 90")),
         "apply a bad rule");
}

void SwarmUser::toggle_pause(ServiceWish& service, Dice& /*dice*/) {
  service.paused = !service.paused;
  apply(service, service.paused ? "pauses" : "goes on");
}

void SwarmUser::toggle_selection(ServiceWish& service, Dice& /*dice*/) {
  service.selected = !service.selected;
  apply(service, service.selected ? "is to be monitored" : "hides from the policies");
}

void SwarmUser::remove(ServiceWish& service, Dice& dice) {
  service.exists = dice.chance(0.7);  // or it stays away
  tell(service.key.name + (service.exists ? ": is deleted, to be made anew" : ": is deleted"));
  expect(world_.try_remove(kServices, service.key), "delete Service");
}

void SwarmUser::remove_instance(ServiceWish& service, Dice& dice) {
  const Json* instance = any_instance(service, dice);
  if (instance == nullptr) return;
  const api::ObjectKey key{service.key.namespace_name, (*instance)["metadata"]["name"].as_string()};
  tell("deletes Instance " + key.name);
  expect(world_.try_remove(kInstances, key), "delete Instance");
}

void SwarmUser::change_brakes(ServiceWish& service, Dice& dice) {
  service.brakes = draw_brakes(dice);
  apply(service, "has new brakes: " + service.brakes.max_unhealthy);
}

void SwarmUser::flip_flop(ServiceWish& service, Dice& dice) {
  const ServiceWish before = service;
  for (int i = 0; i < 3; ++i) {
    service.replicas = before.replicas + 1;
    service.metadata = dice.chance(0.5) ? "shop" : "stock";
    apply(service, "flips");
    service.replicas = before.replicas;
    service.metadata = before.metadata;
    apply(service, "flops");
  }
}

void SwarmUser::empty_and_fill(ServiceWish& service, Dice& dice) {
  const int replicas = service.replicas;
  service.replicas = 0;
  apply(service, "scales to 0");
  world_.run_for(std::chrono::milliseconds(dice.below(5'000)));
  service.replicas = replicas;
  apply(service, fmt::format("scales back to {}", replicas));
}

void SwarmUser::add_unknown_field(ServiceWish& service, Dice& /*dice*/) {
  Json object = manifest(service);
  object.member("spec").set("replcas", 7);
  tell(service.key.name + ": misspells a field");
  if (world_.object(kServices, service.key).is_null()) return;
  const Result<void> done = world_.try_apply(object);
  if (!done && done.error().code() != ErrorCode::InvalidArgument) expect(done, "unknown field");
}

// Not the conditions: their times are what the edit would make wrong.
void SwarmUser::edit_status(ServiceWish& service, Dice& dice) {
  const Json* instance = any_instance(service, dice);
  if (instance != nullptr && dice.chance(0.5)) {
    const api::ObjectKey key{service.key.namespace_name,
                             (*instance)["metadata"]["name"].as_string()};
    const Json status = Json::object({{"phase", "Running"}, {"addresses", Json()}});
    tell("edits the status of Instance " + key.name);
    return expect(world_.try_patch_status(kInstances, key, Json::object({{"status", status}})),
                  "patch status");
  }
  const Json status = Json::object({{"replicas", 99}, {"readyReplicas", 99}, {"revision", "x"}});
  tell(service.key.name + ": somebody edits its status");
  expect(world_.try_patch_status(kServices, service.key, Json::object({{"status", status}})),
         "patch status");
}

// A second program that has its own fields on the same objects.
void SwarmUser::annotate(ServiceWish& service, Dice& dice) {
  const Json notes = Json::object({{"example.com/note", std::to_string(dice.below(100))}});
  const Json patch =
      Json::object({{"metadata", Json::object({{"annotations", notes}, {"labels", notes}})}});
  tell(service.key.name + ": another program annotates it and an Instance");
  expect(world_.try_patch(kServices, service.key, patch), "annotate");
  const Json* instance = any_instance(service, dice);
  if (instance == nullptr) return;
  const api::ObjectKey key{service.key.namespace_name, (*instance)["metadata"]["name"].as_string()};
  expect(world_.try_patch(kInstances, key, patch), "annotate");
}

void SwarmUser::make_many(ServiceWish& /*service*/, Dice& dice) {
  const auto count = dice.between(5, 15);
  tell(fmt::format("applies {} Services without servers", count));
  for (std::int64_t i = 0; i < count; ++i) {
    const ServiceWish one{.key = {"shop", fmt::format("many-{}", i)}, .replicas = 0};
    if (many_.insert(one.key.name).second) expect(world_.try_apply(manifest(one)), "apply");
  }
}

// What it had in the cloud is that person's business from then on.
void SwarmUser::remove_finalizer(ServiceWish& service, Dice& dice) {
  const Json* instance = any_instance(service, dice);
  if (instance == nullptr) return;
  const Json& metadata = (*instance)["metadata"];
  const api::ObjectKey key{service.key.namespace_name, metadata["name"].as_string()};
  tell("deletes Instance " + key.name + " and takes its finalizers away by hand");
  world_.forsaken.insert(metadata["uid"].as_string());
  world_.forsaken.insert((*instance)["status"]["claim"]["token"].as_string());
  expect(world_.try_remove(kInstances, key), "delete Instance");
  const Json none = Json::object({{"finalizers", Json::array()}});
  expect(world_.try_patch(kInstances, key, Json::object({{"metadata", none}})), "patch");
}

void SwarmUser::edit_cloud(ServiceWish& service, Dice& dice) {
  const Json spec = Json::object({{"pollSeconds", dice.between(5, 15)}});
  tell("changes how often Cloud " + service.cloud.name + " is looked at");
  expect(world_.try_patch(kClouds, service.cloud, Json::object({{"spec", spec}})), "patch Cloud");
}

}  // namespace clickdeploy::simulation
