#include "tests/simulation/checks/condition_check.h"

#include "controller/base/text.h"

#include <utility>

namespace clickdeploy::simulation {

namespace {
// Times are written in whole seconds, and a status may be written a little after it was made.
constexpr std::chrono::seconds kRounding{1};

// What somebody wants of an object: all but its metadata and status, and whether it is to go.
Json desire_of(const Json& object) {
  Json desire = object;
  desire.erase("status");
  desire.set("metadata", !object["metadata"]["deletionTimestamp"].is_null());
  return desire;
}
}  // namespace

void ConditionCheck::changed(const store::Event& event, const Json& object, const Wall& wall) {
  const store::Key& key = event.document->key;
  if (event.type == store::EventType::Deleted) {
    objects_.erase(key);
    return;
  }
  const Json& status = object["status"];
  Object& known = objects_[key];
  const std::string& uid = object["metadata"]["uid"].as_string();
  if (known.uid != uid) known = {.uid = uid};
  const std::string name = key.resource + " " + key.name;
  const std::int64_t generation = object["metadata"]["generation"].as_int();
  const std::int64_t observed = status["observedGeneration"].as_int();
  judge_generation(name, object, known);
  if (observed < known.observed_generation) {
    report_.add("S11", name + ": observedGeneration fell from " +
                           std::to_string(known.observed_generation) + " to " +
                           std::to_string(observed));
  }
  known.observed_generation = observed;
  if (observed > generation) {
    report_.add("S11", name + ": observedGeneration is ahead of the generation");
  }
  for (const Json& condition : status["conditions"].as_array()) {
    judge(name, condition, generation, known, wall);
  }
}

void ConditionCheck::judge_generation(const std::string& name, const Json& object,
                                      Object& known) const {
  const std::int64_t generation = object["metadata"]["generation"].as_int();
  const std::int64_t before = std::exchange(known.generation, generation);
  const Json desire_before = std::exchange(known.desire, desire_of(object));
  if (before == 0) return;
  const bool changed = known.desire != desire_before;
  if (generation == before + (changed ? 1 : 0)) return;
  report_.add("S11", name + ": generation went from " + std::to_string(before) + " to " +
                         std::to_string(generation) + " with a write that changes " +
                         (changed ? "what is wanted" : "nothing that is wanted"));
}

void ConditionCheck::judge(const std::string& name, const Json& condition, std::int64_t generation,
                           Object& known, const Wall& wall) {
  const std::string now = format_time(wall.now + kRounding);
  const std::string& type = condition["type"].as_string();
  const std::string what = name + ": condition " + type;
  const std::string& status = condition["status"].as_string();
  const std::string& time = condition["lastTransitionTime"].as_string();
  if (condition["observedGeneration"].as_int() > generation) {
    report_.add("S11", what + " tells of a generation that there is not yet");
  }
  const auto [at, fresh] = known.conditions.try_emplace(type, Seen{status, time, wall.settled});
  Seen& seen = at->second;
  if (fresh) {
    if (time > now && wall.jumps == 0) report_.add("S11", what + " has a time to come: " + time);
    return;
  }
  if (status == seen.status && time != seen.time) {
    report_.add("S11", what + " stayed " + status + ", but its time moved from " + seen.time +
                           " to " + time);
  }
  // RFC 3339 in UTC sorts as text.
  if (time < seen.time && wall.jumps == seen.settled) {
    report_.add("S11", what + " went back from " + seen.time + " to " + time);
  }
  if (time > now && time != seen.time && wall.jumps == seen.settled) {
    report_.add("S11", what + " has a time to come: " + time);
  }
  if (time != seen.time) seen.settled = wall.settled;
  seen.status = status;
  seen.time = time;
}

}  // namespace clickdeploy::simulation
