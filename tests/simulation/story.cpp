#include "tests/simulation/story.h"

#include <fmt/format.h>

namespace clickdeploy::simulation {

namespace {

constexpr std::size_t kMessageMax = 160;

std::string shortened(const std::string& text) {
  return text.size() <= kMessageMax ? text : text.substr(0, kMessageMax) + "…";
}

// "POST /compute/v2.1/servers/ID/action {"reboot": …}" says more than its address.
std::string words_of(const Mutation& mutation) {
  const bool server = mutation.path.starts_with("/compute/v2.1/servers");
  const std::string id = mutation.path.substr(mutation.path.rfind('/') + 1);
  if (mutation.path.ends_with("/action")) {
    return "acts on a server: " + shortened(mutation.body);
  }
  if (mutation.method == "DELETE") return (server ? "deletes server " : "deletes port ") + id;
  const Json body = parse_json(mutation.body).value_or(Json());
  const std::string kind = server ? "server" : "port";
  if (mutation.method == "POST") return "creates " + kind + " " + body[kind]["name"].as_string();
  return mutation.method + " " + mutation.path;
}

}  // namespace

void Story::tell(const std::string& who, const std::string& what,
                 const std::string& decision) const {
  if (!told_) return;
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(world_.context().now());
  fmt::print("{:3}:{:02}.{:03} {:>8}  {:10} {}{}\n", now.count() / 60'000, now.count() / 1000 % 60,
             now.count() % 1000, world_.context().steps(), who, what,
             decision.empty() ? "" : "  [" + decision + "]");
}

void Story::tell_mutation(const Mutation& mutation) const {
  if (!told_) return;
  const bool good = mutation.status < 300;
  tell(good ? "controller" : "cloud", good ? words_of(mutation)
                                           : fmt::format("refuses with {}: the controller {}",
                                                         mutation.status, words_of(mutation)));
}

Story::Facts Story::facts_of(const Json& object) {
  Facts facts;
  auto add = [&facts](const std::string& name, const std::string& value) {
    if (!value.empty()) facts[name] = value;
  };
  const Json& status = object["status"];
  add("generation", std::to_string(object["metadata"]["generation"].as_int()));
  add("deleted", object["metadata"]["deletionTimestamp"].as_string());
  std::string finalizers;
  for (const Json& each : object["metadata"]["finalizers"].as_array()) {
    finalizers += (finalizers.empty() ? "" : " ") + each.as_string();
  }
  add("finalizers", finalizers);
  add("phase", status["phase"].as_string());
  add("claim", status["claim"]["state"].as_string());
  add("server", status["server"]["id"].as_string());
  add("server state", status["server"]["state"].as_string());
  add("repair", status["remediation"]["step"].as_string());
  for (const char* count : {"replicas", "readyReplicas", "monitoredReplicas"}) {
    if (!status[count].is_null()) add(count, std::to_string(status[count].as_int()));
  }
  for (const Json& each : status["conditions"].as_array()) {
    // What is well needs no words, and they change with every sample.
    const bool well = each["status"].as_string() == "True";
    add(each["type"].as_string(),
        fmt::format("{} ({}{})", each["status"].as_string(), each["reason"].as_string(),
                    well ? "" : ": " + shortened(each["message"].as_string())));
  }
  return facts;
}

void Story::look_at_object(const std::string& name, const Json& object, bool fresh) {
  Facts& before = known_[name];
  Facts now = facts_of(object);
  if (fresh) tell("object", name + " is there");
  for (const auto& [fact, value] : now) {
    const auto known = before.find(fact);
    if (known == before.end()) {
      tell("object", fmt::format("{}  {}: {}", name, fact, value));
    } else if (known->second != value) {
      // Of a condition, what it was in a word.
      const std::string old = known->second.substr(0, known->second.find(':'));
      tell("object",
           fmt::format("{}  {}: {} → {}", name, fact, old + (old.contains('(') ? ")" : ""), value));
    }
  }
  for (const auto& [fact, value] : before) {
    if (!now.contains(fact)) tell("object", fmt::format("{}  {}: gone", name, fact));
  }
  before = std::move(now);
}

void Story::look_at_events() {
  for (const Json& event : world_.objects("events")) {
    std::string text =
        fmt::format("{} {}: {}", event["involvedObject"]["name"].as_string(),
                    event["reason"].as_string(), shortened(event["message"].as_string()));
    if (event["count"].as_int() > 1) text += fmt::format(" (×{})", event["count"].as_int());
    std::string& known = events_[event["metadata"]["name"].as_string()];
    if (known != text) tell("event", text);
    known = std::move(text);
  }
}

void Story::look() {
  if (!told_ || world_.revision() == revision_) return;
  revision_ = world_.revision();
  std::map<std::string, Facts> before = known_;
  for (const std::string& resource : {kClouds, kBackends, kPolicies, kServices, kInstances}) {
    for (const Json& object : world_.objects(resource)) {
      const std::string name =
          resource.substr(0, resource.find('.') - 1) + "/" + object["metadata"]["name"].as_string();
      look_at_object(name, object, before.erase(name) == 0);
    }
  }
  for (const auto& [name, facts] : before) {
    tell("object", name + " is gone");
    known_.erase(name);
  }
  look_at_events();
}

}  // namespace clickdeploy::simulation
