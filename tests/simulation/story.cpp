#include "tests/simulation/story.h"

#include <fmt/format.h>

namespace clickdeploy::simulation {

namespace {
const std::vector<std::string> kEventResources = {"events"};
}  // namespace

void Story::tell(const std::string& who, const std::string& what) const {
  if (!told_) return;
  const double seconds = std::chrono::duration<double>(world_.context().now()).count();
  fmt::print("{:10.3f} s  step {:7}  {:10} {}\n", seconds, world_.context().steps(), who, what);
}

std::string Story::summary(const Json& object) const {
  const Json& status = object["status"];
  std::string text = object["metadata"]["deletionTimestamp"].is_null() ? "" : "going; ";
  if (!status["claim"].is_null()) text += status["claim"]["state"].as_string() + "; ";
  if (!status["server"]["id"].is_null()) {
    text += status["server"]["id"].as_string().substr(0, 8) + " " +
            status["server"]["state"].as_string() + "; ";
  }
  if (!status["remediation"]["step"].as_string().empty()) {
    text += status["remediation"]["step"].as_string() + "; ";
  }
  for (const char* type : {"Ready", "Progressing"}) {
    const Json& found = condition(object, type);
    if (found.is_null()) continue;
    text += fmt::format("{}={} {}: {}; ", type, found["status"].as_string(),
                        found["reason"].as_string(), found["message"].as_string().substr(0, 120));
  }
  return text;
}

void Story::look() {
  if (!told_ || world_.revision() == revision_) return;
  revision_ = world_.revision();
  std::map<std::string, std::string> now;
  for (const std::string& resource : {kClouds, kBackends, kPolicies, kServices, kInstances}) {
    for (const Json& object : world_.objects(resource)) {
      const std::string name =
          resource.substr(0, resource.find('.')) + "/" + object["metadata"]["name"].as_string();
      std::string text = summary(object);
      const auto known = known_.find(name);
      if (known == known_.end() || known->second != text) tell("object", name + "  " + text);
      now.emplace(name, std::move(text));
    }
  }
  for (const std::string& resource : kEventResources) {
    for (const Json& event : world_.objects(resource)) {
      const std::string name = "event/" + event["metadata"]["name"].as_string();
      std::string text = fmt::format(
          "{} {}: {} ({} times)", event["involvedObject"]["name"].as_string(),
          event["reason"].as_string(), event["message"].as_string(), event["count"].as_int());
      const auto known = known_.find(name);
      if (known == known_.end() || known->second != text) tell("event", text);
      now.emplace(name, std::move(text));
    }
  }
  for (const auto& [name, text] : known_) {
    if (name.starts_with("event/")) continue;
    if (!now.contains(name)) tell("object", name + "  is gone");
  }
  known_ = std::move(now);
}

}  // namespace clickdeploy::simulation
