#include "tests/simulation/checks/target_files_check.h"

#include <algorithm>

namespace clickdeploy::simulation {

namespace {

constexpr std::size_t kFewest = 5;

Json wish_of(const std::string& resource, const Json& object) {
  const Json& metadata = object["metadata"];
  Json wish =
      Json::object({{"labels", metadata["labels"]}, {"deleted", metadata["deletionTimestamp"]}});
  if (resource == "services.clickdeploy.io") {
    wish.set("paused", object["spec"]["paused"]);
    return wish;
  }
  Json spec = object["spec"];
  if (spec.is_object()) spec.member("ruleGroups") = Json();  // they decide nothing here
  wish.set("spec", std::move(spec));
  return wish;
}

}  // namespace

void TargetFilesCheck::changed(const store::Event& event, const Json& object) {
  const store::Key& key = event.document->key;
  const bool gone = event.type == store::EventType::Deleted;
  if (key.resource == "instances.clickdeploy.io") {
    const Json& status = object["status"];
    const std::string& server = status["server"]["id"].as_string();
    std::string& known = server_of_[object["metadata"]["uid"].as_string()];
    if (!known.empty() && known != server) leaves_[known] = true;
    known = server;
    if (server.empty()) return;
    const std::string& step = status["remediation"]["step"].as_string();
    leaves_[server] = gone || !object["metadata"]["deletionTimestamp"].is_null() ||
                      step == "Replace" || step == "Recreate";
    return;
  }
  const bool decides = key.resource == "services.clickdeploy.io" ||
                       key.resource == "monitoringpolicies.clickdeploy.io" ||
                       key.resource == "metricsbackends.clickdeploy.io" ||
                       key.resource == "namespaces";
  if (!decides) return;
  Json wish = gone ? Json() : wish_of(key.resource, object);
  Json& known = wishes_[key];
  if (known == wish) return;
  known = std::move(wish);
  excuse(key);
}

void TargetFilesCheck::excuse(const store::Key& changed) {
  std::string start = folder_ + "/clickdeploy-";
  if (changed.resource == "services.clickdeploy.io") {
    start += changed.namespace_name + "_" + changed.name + ".";
  } else if (changed.resource == "namespaces") {
    start += changed.name + "_";
  }
  for (const auto& [path, targets] : files_) {
    if (path.starts_with(start)) excused_.insert(path);
  }
}

std::size_t TargetFilesCheck::targets() const {
  std::size_t count = 0;
  for (const auto& [name, targets] : files_) count += targets.size();
  return count;
}

bool TargetFilesCheck::is_explained(const std::string& server_id) const {
  const auto found = leaves_.find(server_id);
  return found == leaves_.end() || found->second;
}

void TargetFilesCheck::file(const std::string& path, std::optional<std::string_view> bytes) {
  const bool list = path.ends_with(".json") || path.ends_with(".yml");  // of locked agents
  if (!path.starts_with(folder_ + "/") || !list) return;
  const Result<Json> groups = parse_json(bytes.value_or("[]"));
  if (!groups) return report_.add("S12", path + " is no JSON: " + groups.error().message());
  Targets now;
  for (const Json& group : groups->as_array()) {
    for (const Json& address : group["targets"].as_array()) {
      now[address.as_string()] = group["labels"]["instance_id"].as_string();
    }
  }
  judge_addresses(now);
  if (!before_) before_ = targets();
  Targets& known = files_[path];
  std::size_t unexplained = 0;
  for (const auto& [address, server] : known) {
    if (!now.contains(address) && !is_explained(server)) ++unexplained;
  }
  known = std::move(now);
  if (unexplained == 0 || excused_.erase(path) > 0) return;
  unexplained_ += unexplained;
}

// As if each Service had its file, as it has where files are written.
void TargetFilesCheck::served(const std::string& job, const std::string& list) {
  const Result<Json> groups = parse_json(list);
  if (!groups) return report_.add("S12", "what is served is no JSON: " + groups.error().message());
  const std::string ending = "." + job + ".json";
  std::map<std::string, Json> lists;
  for (const auto& [path, targets] : files_) {
    if (path.ends_with(ending)) lists.emplace(path, Json::array());
  }
  for (const Json& group : groups->as_array()) {
    const Json& labels = group["labels"];
    if (labels["service"].is_null()) continue;  // an empty group
    const std::string name = labels["namespace"].as_string() + "_" + labels["service"].as_string();
    lists.try_emplace(folder_ + "/clickdeploy-" + name + ending, Json::array())
        .first->second.push_back(group);
  }
  for (const auto& [path, targets] : lists) file(path, to_json(targets));
  published();
}

void TargetFilesCheck::published() {
  const std::optional<std::size_t> before = std::exchange(before_, std::nullopt);
  const std::size_t unexplained = std::exchange(unexplained_, 0);
  if (!before || unexplained <= std::max(kFewest, *before / 10)) return;
  report_.add("S13", "a publish takes away " + std::to_string(unexplained) + " of " +
                         std::to_string(*before) +
                         " targets at once, and nobody deleted or replaced them");
}

void TargetFilesCheck::judge_addresses(const Targets& targets) const {
  for (const auto& [address, server] : targets) {
    const std::string host = address.substr(0, address.rfind(':'));
    const std::optional<std::set<std::string>> addresses = addresses_(server);
    if (!addresses) {
      report_.add("S14", "target " + address + " is of server " + server + ", which is not ours");
    } else if (!addresses->empty() && !addresses->contains(host)) {
      report_.add("S14", "target " + address + " is not an address of its server " + server);
    }
  }
}

}  // namespace clickdeploy::simulation
