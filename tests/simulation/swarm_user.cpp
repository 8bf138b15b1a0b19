#include "tests/simulation/swarm_user.h"

#include "controller/base/yaml.h"

#include <array>

namespace clickdeploy::simulation {

SwarmUser::SwarmUser(SimWorld& world, Story& story, std::uint64_t seed)
    : world_(world), story_(story), dice_(seed + 7'000'003) {
  wish_.replicas = 1 + static_cast<int>(dice_.below(4));
  eagerness_ = dice_.rate(0.6);
}

// As in the scenarios, but with brakes that do not hold for ever what a whole hostile phase broke.
Json SwarmUser::service() const {
  Json object = parse_single_yaml(service_manifest(wish_.replicas, wish_.image)).value_or(Json());
  object.member("metadata").member("labels").set("tier", wish_.selected ? "front" : "back");
  Json& spec = object.member("spec");
  spec.set("paused", wish_.paused);
  spec.member("remediation").set("maxUnhealthy", "100%");
  spec.member("remediation").set("maxRetries", 100);
  Json& made = spec.member("template");
  made.member("spec").member("metadata").set("owner", wish_.metadata);
  made.member("metadata").member("labels").set("app", wish_.label);
  return object;
}

void SwarmUser::expect(const Result<void>& done, const std::string& what) {
  if (done) return;
  const ErrorCode code = done.error().code();
  if (code == ErrorCode::NotFound || code == ErrorCode::AlreadyExists ||
      code == ErrorCode::Conflict) {
    return;
  }
  world_.report.add("run", what + ": " + done.error().message());
}

void SwarmUser::apply_yaml(const std::string& yaml) {
  Result<std::vector<YamlDocument>> documents = parse_yaml(yaml);
  if (!documents) return world_.report.add("run", documents.error().message());
  for (const YamlDocument& document : *documents) {
    expect(world_.try_apply(document.value), "apply");
  }
}

void SwarmUser::apply_service(const std::string& what) {
  story_.tell("user", what);
  wish_.exists = true;
  const Json& there = world_.object(kServices, kWeb);
  // One that is going is left to go; pursue() makes the next one.
  if (!there["metadata"]["deletionTimestamp"].is_null()) return;
  expect(world_.try_apply(service()), "apply Service");
}

void SwarmUser::apply_policy(const std::string& rule, const std::string& what) {
  story_.tell("user", what + ": " + rule);
  apply_yaml(policy_manifest(rule));
}

void SwarmUser::begin() {
  story_.tell("user", "applies the platform");
  apply_yaml(platform_manifests());
  apply_service("applies Service web with " + std::to_string(wish_.replicas) + " replicas");
}

void SwarmUser::pursue() {
  if (wish_.exists && world_.object(kServices, kWeb).is_null()) {
    apply_service("makes Service web anew");
  }
}

void SwarmUser::act() {
  pursue();
  if (!dice_.chance(eagerness_)) return;
  constexpr std::array kImages = {"debian-12", "ubuntu-22.04"};
  constexpr std::array kRules = {"click_deploy_service_cpu_usage_percent > 90",
                                 "click_deploy_service_cpu_usage_percent > 95"};
  switch (dice_.below(12)) {
    case 0:
    case 1:
    case 2:
      wish_.replicas = static_cast<int>(dice_.below(6));
      return apply_service("scales to " + std::to_string(wish_.replicas));
    case 3:
      wish_.image = kImages[dice_.below(kImages.size())];
      return apply_service("wants image " + wish_.image);
    case 4:
      wish_.image = "no-such-image";
      return apply_service("wants an image that does not exist");
    case 5:
      wish_.metadata = dice_.chance(0.5) ? "shop" : "stock";
      return apply_service("wants metadata owner=" + wish_.metadata);
    case 6:
      wish_.label = dice_.chance(0.5) ? "web" : "www";
      return apply_service("wants label app=" + wish_.label);
    case 7:
      wish_.rule = kRules[dice_.below(kRules.size())];
      return apply_policy(wish_.rule, "wants rule");
    case 8:
      return apply_policy("sum((( click_deploy_service_cpu_usage_percent > 90",
                          "wants a rule that cannot be parsed");
    case 9:
      wish_.paused = !wish_.paused;
      return apply_service(wish_.paused ? "pauses" : "goes on");
    case 10:
      wish_.selected = !wish_.selected;
      return apply_service(wish_.selected ? "lets the policy select web"
                                          : "hides web from the policy");
    default:
      wish_.exists = dice_.chance(0.7);  // or it stays away
      story_.tell("user", wish_.exists ? "deletes web and will make it anew" : "deletes web");
      expect(world_.try_remove(kServices, kWeb), "delete Service");
  }
}

void SwarmUser::settle() {
  wish_.paused = false;
  if (wish_.image == "no-such-image") wish_.image = "debian-12";
  apply_policy(wish_.rule, "settles for rule");
  // What somebody deletes at once is missing at once: the guard asks for a word of a person.
  const Json protection = Json::object({{"missingFleetThreshold", "100%"}});
  const Json spec = Json::object({{"protection", protection}});
  expect(world_.try_patch(kClouds, kCloud, Json::object({{"spec", spec}})), "patch Cloud");
  if (wish_.exists) apply_service("settles for " + std::to_string(wish_.replicas) + " replicas");
}

}  // namespace clickdeploy::simulation
