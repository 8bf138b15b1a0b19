#include "tests/simulation/checks/replacement_check.h"

#include <algorithm>

namespace clickdeploy::simulation {

namespace {

// "20%" of `total`, at least 1; or a plain number.
std::int64_t share_of(const std::string& text, std::int64_t total) {
  const std::int64_t number = std::strtoll(text.c_str(), nullptr, 10);
  return text.ends_with("%") ? std::max<std::int64_t>(1, total * number / 100) : number;
}

bool is_ready(const Json& object) {
  return std::ranges::any_of(object["status"]["conditions"].as_array(), [](const Json& each) {
    return each["type"].as_string() == "Ready" && each["status"].as_string() == "True";
  });
}

}  // namespace

void ReplacementCheck::changed(const store::Event& event, const Json& object) {
  const store::Key& key = event.document->key;
  const std::string& uid = object["metadata"]["uid"].as_string();
  const bool gone = event.type == store::EventType::Deleted;
  if (key.resource == "services.clickdeploy.io") {
    gone ? static_cast<void>(services_.erase(uid)) : service_changed(uid, object);
  } else if (key.resource == "instances.clickdeploy.io") {
    gone ? static_cast<void>(instances_.erase(uid)) : instance_changed(uid, object, key);
  }
}

void ReplacementCheck::service_changed(const std::string& uid, const Json& object) {
  const auto [at, fresh] = services_.try_emplace(uid);
  Service& service = at->second;
  const Json& spec = object["spec"];
  const std::int64_t replicas = spec["replicas"].as_int(1);
  if (fresh || !is_fresh(service.moved)) service.most = service.least = service.replicas;
  if (fresh) service.most = service.least = replicas;
  if (replicas != service.replicas) service.moved = clock_.steady_now();
  service.replicas = replicas;
  service.most = std::max(service.most, replicas);
  service.least = std::min(service.least, replicas);
  service.surge = spec["rollout"]["maxSurge"].as_int(1);
  service.unavailable = spec["rollout"]["maxUnavailable"].as_int(0);
  const Json& remediation = spec["remediation"];
  const Json& unhealthy = remediation["maxUnhealthy"];
  service.unhealthy_max =
      unhealthy.is_int() ? std::to_string(unhealthy.as_int()) : unhealthy.as_string("20%");
  service.in_flight_max = remediation["maxInFlight"].as_int(1);
  service.deleting = !object["metadata"]["deletionTimestamp"].is_null();
}

void ReplacementCheck::instance_changed(const std::string& uid, const Json& object,
                                        const store::Key& key) {
  const std::string& name = key.name;
  const auto [at, fresh] = instances_.try_emplace(uid);
  Instance& known = at->second;
  const Instance before = known;
  const SteadyTime now = clock_.steady_now();
  const Json& metadata = object["metadata"];
  const Json& status = object["status"];
  const Json& record = status["remediation"];
  known.service = metadata["ownerReferences"][0]["uid"].as_string();
  const Json& cloud = object["spec"]["cloudRef"];
  known.cloud = cloud["namespace"].as_string() + "/" + cloud["name"].as_string();
  // Agents are rolled out as the template is.
  known.revision =
      metadata["labels"]["clickdeploy.io/revision"].as_string() + to_json(object["spec"]["agents"]);
  // And whoever has other agents than it says is replaced as one of an older revision.
  for (const Json& condition : status["conditions"].as_array()) {
    const bool drifted = condition["type"].as_string() == "AgentsUpToDate" &&
                         condition["reason"].as_string() == "Drifted";
    if (drifted) known.revision += " drifted";
  }
  known.deleting = !metadata["deletionTimestamp"].is_null();
  known.ready = is_ready(object);
  known.booted = !status["bootedAt"].as_string().empty();
  known.was_up = status["bootstrap"]["state"].as_string() == "Succeeded";
  known.unhealthy_since = record["unhealthySince"].as_string();
  known.step = record["step"].as_string();
  known.unhealthy = repairs(known) || (!known.unhealthy_since.empty() && known.booted);
  // One that was just made was never ready: nobody can have counted on it.
  if (known.ready != before.ready) known.ready_moved = now;
  if (known.unhealthy != before.unhealthy || fresh) known.unhealthy_moved = now;
  if (known.deleting && !before.deleting) known.deleted_at = now;
  if (fresh) judge_create(known, name);
  if (known.deleting && !before.deleting && !fresh) judge_deletion(uid, before, key);
  const bool begins = repairs(known) && !repairs(before) && !known.deleting;
  if (begins) judge_repair(uid, known, name);
  if (begins && before.was_up && before.unhealthy_since.empty() && known.step != "Recreate") {
    report_.add("S3", name + " is repaired at once, without the time to recover");
  }
}

bool ReplacementCheck::repairs(const Instance& instance) {
  return !instance.step.empty() && (instance.booted || instance.step == "Recreate");
}

void ReplacementCheck::judge_create(const Instance& made, const std::string& name) const {
  const auto service = services_.find(made.service);
  if (service == services_.end() || service->second.deleting) return;
  std::int64_t all = 0;
  bool rolls = false;
  for (const auto& [uid, each] : instances_) {
    if (each.service != made.service) continue;
    if (!each.deleting) ++all;
    // One that is just going may have been counted as an old one still.
    if (each.revision != made.revision && (!each.deleting || is_fresh(each.deleted_at))) {
      rolls = true;
    }
  }
  const std::int64_t most = service->second.most + (rolls ? service->second.surge : 0);
  if (all <= most) return;
  report_.add("S3", name + " is one too many: " + std::to_string(all) + " Instances, with " +
                        std::to_string(service->second.most) + " replicas and maxSurge " +
                        std::to_string(service->second.surge));
}

void ReplacementCheck::judge_deletion(const std::string& uid, const Instance& going,
                                      const store::Key& key) {
  going_.erase(key);
  const auto service = services_.find(going.service);
  if (service == services_.end() || service->second.deleting) return;
  if (!going.ready || is_fresh(going.ready_moved)) return;
  std::int64_t others = 0;
  for (const auto& [other_uid, other] : instances_) {
    if (other_uid == uid || other.service != going.service) continue;
    if (other.deleting && !is_fresh(other.deleted_at)) continue;
    if ((other.ready && !other.deleting) || (!other.ready && is_fresh(other.ready_moved))) ++others;
  }
  const std::int64_t least = service->second.least - service->second.unavailable;
  if (others >= least) return;
  going_[key] = key.name + " is ready and goes, and " + std::to_string(others) +
                " others are: fewer than " + std::to_string(service->second.least) +
                " replicas less maxUnavailable " + std::to_string(service->second.unavailable);
}

void ReplacementCheck::deleted(const store::Key& key, bool by_controller) {
  const auto found = going_.find(key);
  if (found == going_.end()) return;
  if (by_controller) report_.add("S3", found->second);
  going_.erase(found);
}

void ReplacementCheck::judge_repair(const std::string& uid, const Instance& repaired,
                                    const std::string& name) const {
  const auto service = services_.find(repaired.service);
  if (service == services_.end()) return;
  const auto running = std::ranges::count_if(instances_, [&](const auto& each) {
    const Instance& other = each.second;
    return other.service == repaired.service && !other.deleting && repairs(other);
  });
  if (running > service->second.in_flight_max) {
    report_.add("S3", name + " is repaired as number " + std::to_string(running) +
                          " at once; maxInFlight is " +
                          std::to_string(service->second.in_flight_max));
  }
  const std::string& most = service->second.unhealthy_max;
  judge_brake(uid, repaired, name, &Instance::service, most);
  judge_brake(uid, repaired, name, &Instance::cloud, most.ends_with("%") ? most : "20%");
}

void ReplacementCheck::judge_brake(const std::string& uid, const Instance& repaired,
                                   const std::string& name, std::string Instance::* scope,
                                   const std::string& most) const {
  std::int64_t unhealthy = 0;
  std::int64_t total = 0;
  for (const auto& [other_uid, other] : instances_) {
    if (other.*scope != repaired.*scope) continue;
    ++total;
    const bool settled = other_uid == uid || !is_fresh(other.unhealthy_moved);
    if (other.unhealthy && !other.deleting && settled) ++unhealthy;
  }
  if (unhealthy <= share_of(most, total)) return;
  report_.add("S3", name + " is repaired while " + std::to_string(unhealthy) + " of " +
                        std::to_string(total) + " are unhealthy; maxUnhealthy is " + most);
}

}  // namespace clickdeploy::simulation
