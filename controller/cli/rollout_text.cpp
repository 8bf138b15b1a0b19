#include "controller/cli/rollout_text_internal.h"

#include <string>

namespace clickdeploy::cli {

namespace {

RolloutView waiting(const std::string& name, const std::string& what) {
  return {.text = "Waiting for service \"" + name + "\" rollout to finish: " + what + "..."};
}

std::string number(std::int64_t value) {
  return std::to_string(value);
}

}  // namespace

RolloutView view_rollout(const Json& service) {
  const std::string& name = service["metadata"]["name"].as_string();
  const Json& status = service["status"];
  const Json& rollout = status["rollout"];
  const std::string& state = rollout["state"].as_string();
  if (status["observedGeneration"].as_int() < service["metadata"]["generation"].as_int() ||
      state.empty()) {
    return {.text = "Waiting for service spec update to be observed..."};
  }
  const std::string& why = rollout["message"].as_string();
  if (state == "Failed") {
    return {.done = true,
            .failed = true,
            .text = "service \"" + name + "\" exceeded its progress deadline: " + why};
  }
  if (state == "RolledBack") {
    return {
        .done = true,
        .failed = true,
        .text = "service \"" + name + "\" was rolled back to its last complete template: " + why};
  }
  const std::int64_t wanted = service["spec"]["replicas"].as_int();
  const std::int64_t replicas = status["replicas"].as_int();
  const std::int64_t updated = status["updatedReplicas"].as_int();
  const std::int64_t available = status["availableReplicas"].as_int();
  const std::string paused = state == "Paused" ? " (the rollout is paused)" : "";
  if (updated < wanted) {
    return waiting(name, number(updated) + " out of " + number(wanted) +
                             " new replicas have been updated" + paused);
  }
  if (replicas > updated) {
    return waiting(name,
                   number(replicas - updated) + " old replicas are pending termination" + paused);
  }
  if (available < updated) {
    return waiting(name, number(available) + " of " + number(updated) +
                             " updated replicas are available" + paused);
  }
  return {.done = true, .text = "service \"" + name + "\" successfully rolled out"};
}

}  // namespace clickdeploy::cli
