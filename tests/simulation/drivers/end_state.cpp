#include "tests/simulation/drivers/end_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <regex>

namespace clickdeploy::simulation {

namespace {

// How often something was tried, when last, and what was said about it, depends on what went wrong.
// A back-test that failed is made again after ten minutes.
constexpr std::array kDropped = {"message",    "attempts",        "retries",    "lastReason",
                                 "partsAsked", "durationSeconds", "requestID",  "request_id",
                                 "lastScrape", "reportedID",      "lastReload", "progress",
                                 "backTest"};

std::string replaced(std::string text) {
  static const std::vector<std::pair<std::regex, const char*>> kRules = [] {
    std::vector<std::pair<std::regex, const char*>> rules;
    rules.emplace_back(R"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", "ID");
    rules.emplace_back(R"(\b[0-9a-f]{32}\b)", "ID");
    rules.emplace_back(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?)", "TIME");
    rules.emplace_back(R"(\b\d+\.\d+\.\d+\.\d+\b)", "ADDRESS");
    rules.emplace_back(R"(\b(web|site)-[0-9a-f]{4}-[0-9a-z]+)", "$1-NAME");
    return rules;
  }();
  for (const auto& [pattern, with] : kRules) text = std::regex_replace(text, pattern, with);
  return text;
}

Json without_chance(const Json& value) {
  if (value.is_string()) return replaced(value.as_string());
  if (value.is_array()) {
    Json items = Json::array();
    for (const Json& item : value.as_array()) {
      // The warning of a back-test, too.
      const bool of_history = item.is_string() && item.as_string().contains("have fired");
      if (!of_history) items.push_back(without_chance(item));
    }
    return items;
  }
  if (!value.is_object()) return value;
  std::vector<std::string> names;
  for (const auto& [name, member] : value.as_object()) names.push_back(name);
  std::ranges::sort(names);
  Json kept = Json::object();
  for (const std::string& name : names) {
    if (std::ranges::find(kDropped, name) != kDropped.end()) continue;
    Json rest = without_chance(value[name]);
    if (name == "warnings" && rest.as_array().empty()) continue;
    kept.set(name, std::move(rest));
    // Each is known by its type; their order is the order in which they were first told.
    if (name == "conditions") std::ranges::sort(kept.member(name).array_ref(), {}, to_json);
  }
  return kept;
}

std::string shape_of(const Mutation& mutation) {
  std::string path = mutation.path.substr(0, mutation.path.find('?'));
  return mutation.method + " " + replaced(std::move(path));
}

// The Instance that a request to create a server names; "" if it is another request.
std::string instance_of_create(const Mutation& mutation) {
  if (mutation.method != "POST" || mutation.path != "/compute/v2.1/servers") return "";
  const Json body = parse_json(mutation.body).value_or(Json());
  return body["server"]["metadata"]["clickdeploy_uid"].as_string();
}

std::string describe_server(const localcloud::Server& server, const SimWorld& world) {
  const auto image = world.cloud.state().images.find(server.image_id);
  std::string text = fmt::format(
      "server image={} flavor={} {} ports={}",
      image == world.cloud.state().images.end() ? server.image_id : image->second.name,
      server.flavor_id, localcloud::status_of(server), world.cloud.ports_of(server.id).size());
  for (const auto& [name, value] : server.metadata) {
    text += fmt::format(" {}={}", name, name == "clickdeploy_claim" ? "ID" : replaced(value));
  }
  return text;
}

}  // namespace

void EffectCounter::begin() {
  first_mutation_ = world_.checker.mutations().size();
  note(false);
  revision_ = world_.revision();
}

void EffectCounter::look() {
  if (world_.revision() == revision_) return;
  revision_ = world_.revision();
  note(true);
}

void EffectCounter::note(bool counts) {
  for (const std::string& resource : {kServices, kInstances}) {
    for (const Json& object : world_.objects(resource)) {
      const bool fresh = known_.insert(object["metadata"]["uid"].as_string()).second;
      if (fresh && counts) ++made_["new " + resource.substr(0, resource.find('.'))];
    }
  }
}

Effects EffectCounter::effects() const {
  Effects counts = made_;
  std::map<std::string, std::int64_t> servers;
  const auto& mutations = world_.checker.mutations();
  for (std::size_t i = first_mutation_; i < mutations.size(); ++i) {
    const Mutation& mutation = mutations[i];
    if (mutation.status < 200 || mutation.status > 299) continue;
    if (mutation.method != "POST" && mutation.method != "DELETE") continue;
    ++counts[shape_of(mutation)];
    const std::string instance = instance_of_create(mutation);
    if (!instance.empty()) ++servers[instance];
  }
  std::vector<std::int64_t> most;
  for (const auto& [instance, count] : servers) most.push_back(count);
  std::ranges::sort(most, std::greater());
  for (std::size_t i = 0; i < most.size(); ++i) {
    counts[fmt::format("servers of Instance {}", i + 1)] = most[i];
  }
  return counts;
}

std::string excess(const Effects& more, const Effects& reference, std::string_view free) {
  std::string text;
  for (const auto& [what, count] : more) {
    if (!free.empty() && what.contains(free)) continue;
    const auto found = reference.find(what);
    const std::int64_t expected = found == reference.end() ? 0 : found->second;
    if (count > expected) text += fmt::format("{} {} times, not {}; ", what, count, expected);
  }
  return text;
}

std::vector<std::string> end_state(const SimWorld& world) {
  std::vector<std::string> lines;
  for (const std::string& resource : {kClouds, kBackends, kPolicies, kServices, kInstances}) {
    for (const Json& object : world.objects(resource)) {
      const Json parts = Json::object({{"labels", object["metadata"]["labels"]},
                                       {"finalizers", object["metadata"]["finalizers"]},
                                       {"spec", object["spec"]},
                                       {"status", object["status"]}});
      lines.push_back(resource.substr(0, resource.find('.')) + " " +
                      replaced(object["metadata"]["name"].as_string()) + " " +
                      to_json(without_chance(parts)));
    }
  }
  for (const localcloud::Server* server : world.checker.our_servers()) {
    lines.push_back(describe_server(*server, world));
  }
  lines.push_back(fmt::format("ports {}", world.checker.our_ports().size()));
  for (const localcloud::Volume* volume : world.checker.our_volumes()) {
    lines.push_back(fmt::format("volume {} {} marks={}", replaced(volume->name), volume->status,
                                volume->metadata.size()));
  }
  lines.push_back(fmt::format("targets {}", world.prometheus.targets()));
  for (const std::string& name : world.prometheus.rule_names()) {
    lines.push_back("rule " + name + ": " + world.prometheus.rule_expression(name));
  }
  std::ranges::sort(lines);
  return lines;
}

std::string difference(const std::vector<std::string>& state,
                       const std::vector<std::string>& reference) {
  std::vector<std::string> extra;
  std::vector<std::string> missing;
  std::ranges::set_difference(state, reference, std::back_inserter(extra));
  std::ranges::set_difference(reference, state, std::back_inserter(missing));
  std::string text;
  for (std::size_t i = 0; i < std::max(extra.size(), missing.size()); ++i) {
    const std::string is = i < extra.size() ? extra[i] : "nothing";
    const std::string was = i < missing.size() ? missing[i] : "nothing";
    const auto differs = std::ranges::mismatch(is, was).in1 - is.begin();
    const auto from = static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, differs - 60));
    text += fmt::format("{}: …{}… instead of …{}…; ", is.substr(0, is.find(' ')),
                        from < is.size() ? is.substr(from, 160) : "",
                        from < was.size() ? was.substr(from, 160) : "");
  }
  return text;
}

}  // namespace clickdeploy::simulation
