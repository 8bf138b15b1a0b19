#include "controller/prometheus/rule_files.h"

#include "controller/base/json.h"
#include "controller/base/yaml.h"

namespace clickdeploy::prometheus {

namespace {

constexpr std::size_t kSpecHashDigits = 16;

Json to_object(const Labels& labels) {
  Json object = Json::object();
  for (const auto& [name, value] : labels) object.set(name, value);
  return object;
}

Json to_object(const Rule& rule) {
  Json object = Json::object({{"expr", rule.expr}});
  if (!rule.record.empty()) object.set("record", rule.record);
  if (!rule.alert.empty()) object.set("alert", rule.alert);
  if (!rule.for_duration.empty()) object.set("for", rule.for_duration);
  if (!rule.labels.empty()) object.set("labels", to_object(rule.labels));
  if (!rule.annotations.empty()) object.set("annotations", to_object(rule.annotations));
  return object;
}

Json to_object(const RuleGroup& group) {
  Json rules = Json::array();
  for (const Rule& rule : group.rules) rules.push_back(to_object(rule));
  Json object = Json::object({{"name", group.name}, {"rules", std::move(rules)}});
  if (!group.interval.empty()) object.set("interval", group.interval);
  return object;
}

Labels to_labels(const Json& object) {
  Labels labels;
  for (const auto& [name, value] : object.as_object()) labels.emplace(name, value.as_string());
  return labels;
}

Rule to_rule(const Json& object) {
  Rule rule;
  rule.record = object["record"].as_string();
  rule.alert = object["alert"].as_string();
  rule.expr = object["expr"].as_string();
  rule.for_duration = object["for"].as_string();
  rule.labels = to_labels(object["labels"]);
  rule.annotations = to_labels(object["annotations"]);
  return rule;
}

RuleGroup info_group(const std::string& file_name, const std::string& owner,
                     const std::string& spec_hash) {
  Rule rule;
  rule.record = kRulesInfoMetric;
  rule.expr = "vector(1)";
  rule.labels = {{"file", file_name},
                 {"managed_by", "click-deploy"},
                 {"owner", owner},
                 {"spec_hash", spec_hash}};
  return RuleGroup{.name = "click_deploy_info", .interval = "", .rules = {std::move(rule)}};
}

}  // namespace

RuleFile render_rule_file(const std::string& file_name, const std::string& owner,
                          const std::vector<RuleGroup>& groups) {
  Json list = Json::array();
  for (const RuleGroup& group : groups) list.push_back(to_object(group));

  RuleFile file;
  file.spec_hash = sha256_hex(to_json(list)).substr(0, kSpecHashDigits);
  list.push_back(to_object(info_group(file_name, owner, file.spec_hash)));
  file.text = to_yaml(Json::object({{"groups", std::move(list)}}));
  return file;
}

Result<std::vector<RuleGroup>> read_rule_groups(const std::string& text) {
  Result<Json> document = parse_single_yaml(text);
  if (!document) return std::unexpected(std::move(document).error());
  std::vector<RuleGroup> groups;
  for (const Json& item : (*document)["groups"].as_array()) {
    RuleGroup group{
        .name = item["name"].as_string(), .interval = item["interval"].as_string(), .rules = {}};
    for (const Json& rule : item["rules"].as_array()) group.rules.push_back(to_rule(rule));
    const bool added = group.rules.size() == 1 && group.rules[0].record == kRulesInfoMetric;
    if (!added) groups.push_back(std::move(group));
  }
  return groups;
}

std::string hash_in(const std::string& text) {
  const std::string mark = "spec_hash: ";
  const std::size_t at = text.rfind(mark);
  if (at == std::string::npos) return "";
  std::string rest = text.substr(at + mark.size(), kSpecHashDigits + 4);
  std::erase_if(rest, [](char c) { return c == '"' || c == '\''; });
  return rest.substr(0, rest.find_first_not_of("0123456789abcdef"));
}

}  // namespace clickdeploy::prometheus
