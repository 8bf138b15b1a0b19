#include "controller/prometheus/default_alerts.h"

#include "controller/base/text.h"
#include "controller/prometheus/promql.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::prometheus {

namespace {

constexpr std::string_view kOurs = R"(managed_by="click-deploy")";
constexpr std::string_view kInstanceLabels =
    "project_id, service_id, instance_id, service, namespace, instance_name";
constexpr std::string_view kRealDisks =
    R"(managed_by="click-deploy",fstype!~"tmpfs|devtmpfs|ramfs|overlay|squashfs|iso9660|autofs|nsfs")";

constexpr std::string_view kInstance =
    "Instance {{ $labels.namespace }}/{{ $labels.instance_name }}";
constexpr std::string_view kWhy =
    "clickctl why instance/{{ $labels.instance_name }} -n {{ $labels.namespace }} tells more.";

struct Text {
  std::string expr;
  std::string summary;
  std::string description;
};

Rule make(const DefaultAlert& alert, const AlertSettings& settings, Text text) {
  Rule rule;
  rule.alert = alert.name;
  rule.expr = std::move(text.expr);
  rule.for_duration = settings.for_duration.empty() ? alert.for_duration : settings.for_duration;
  rule.labels = {
      {"severity", settings.severity.empty() ? std::string(alert.severity) : settings.severity}};
  rule.annotations = {{"summary", std::move(text.summary)},
                      {"description", std::move(text.description)}};
  return rule;
}

std::string used_percent() {
  return fmt::format(
      "100 - 100 * node_filesystem_avail_bytes{{{0}}} / node_filesystem_size_bytes{{{0}}}",
      kRealDisks);
}

// Selects what the policy's own agents say of themselves, not applications.
std::string agents_matcher(const AlertedFleet& fleet) {
  return fmt::format("{},agent=~{}", kOurs, promql::quote(join(fleet.agents, "|")));
}

Text instance_down() {
  return {fmt::format("max by ({}) (up{{{}}}) == 0", kInstanceLabels, kOurs),
          fmt::format("{} does not answer", kInstance),
          fmt::format("Prometheus reaches none of its agents. {}", kWhy)};
}

Text agent_down() {
  return {fmt::format("up{{{0}}} == 0 and on (instance_id) max by (instance_id) (up{{{0}}}) == 1",
                      kOurs),
          fmt::format("Agent {{{{ $labels.agent }}}} of {} does not answer", kInstance),
          fmt::format("Others on the same Instance do. {}", kWhy)};
}

Text disk_full(std::int64_t threshold) {
  return {fmt::format("{} > {}", used_percent(), threshold),
          fmt::format("{{{{ $labels.mountpoint }}}} of {} is nearly full", kInstance),
          "{{ $value | printf \"%.0f\" }} percent of {{ $labels.device }} are used."};
}

Text disk_filling(std::int64_t threshold) {
  return {fmt::format("predict_linear(node_filesystem_avail_bytes{{{}}}[6h], 24 * 3600) < 0 and "
                      "{} > {}",
                      kRealDisks, used_percent(), threshold),
          fmt::format("{{{{ $labels.mountpoint }}}} of {} will be full within a day", kInstance),
          "It will be if it goes on to fill as in the last six hours."};
}

Text memory_low(std::int64_t threshold) {
  return {fmt::format("100 * node_memory_MemAvailable_bytes{{{0}}} / "
                      "node_memory_MemTotal_bytes{{{0}}} < {1}",
                      kOurs, threshold),
          fmt::format("{} has little memory left", kInstance),
          "{{ $value | printf \"%.0f\" }} percent are available."};
}

Text cpu_high(std::int64_t threshold) {
  return {
      fmt::format(
          R"(100 - 100 * avg by ({}) (rate(node_cpu_seconds_total{{{},mode="idle"}}[5m])) > {})",
          kInstanceLabels, kOurs, threshold),
      fmt::format("{} uses nearly all of its CPU time", kInstance),
      "It uses {{ $value | printf \"%.0f\" }} percent."};
}

Text agent_memory(std::int64_t threshold, const AlertedFleet& fleet) {
  return {fmt::format("process_resident_memory_bytes{{{}}} > {} * 1024 * 1024",
                      agents_matcher(fleet), threshold),
          fmt::format("Agent {{{{ $labels.agent }}}} of {} uses much memory", kInstance),
          "It uses {{ $value | humanize1024 }}B."};
}

Text agent_restarting(std::int64_t threshold, const AlertedFleet& fleet) {
  return {fmt::format("changes(process_start_time_seconds{{{}}}[1h]) > {}", agents_matcher(fleet),
                      threshold),
          fmt::format("Agent {{{{ $labels.agent }}}} of {} restarts again and again", kInstance),
          "It did so {{ $value }} times in the last hour."};
}

// `up` is gone with its target, so that nothing else would tell.
std::vector<Rule> target_missing(const DefaultAlert& alert, const AlertSettings& settings,
                                 const AlertedFleet& fleet) {
  std::vector<Rule> rules;
  for (const AlertedService& service : fleet.services) {
    if (!service.has_targets) continue;
    const std::string of = fmt::format("Service {}/{}", service.namespace_name, service.name);
    Rule rule = make(
        alert, settings,
        {fmt::format("absent(up{{{},service_id={}}})", kOurs, promql::quote(service.id)),
         fmt::format("Prometheus has no target of {}", of),
         fmt::format("None of its Instances is scraped. clickctl why service/{} -n {} tells more.",
                     service.name, service.namespace_name)});
    rule.labels["service_id"] = service.id;
    if (!service.project_id.empty()) rule.labels["project_id"] = service.project_id;
    rule.labels["namespace"] = service.namespace_name;
    rule.labels["service"] = service.name;
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace

const std::vector<DefaultAlert>& default_alerts() {
  static const std::vector<DefaultAlert> kAlerts = {
      {"agentDown", "AgentDown", "10m", "ticket"},
      {"agentMemory", "AgentMemoryHigh", "15m", "ticket", 100},
      {"agentRestarting", "AgentRestarting", "", "ticket", 3},
      {"cpuHigh", "InstanceCPUHigh", "30m", "ticket", 95},
      {"diskFilling", "DiskFilling", "1h", "ticket", 60},
      {"diskFull", "DiskNearlyFull", "15m", "ticket", 90},
      {"instanceDown", "InstanceDown", "5m", "page"},
      {"memoryLow", "InstanceMemoryLow", "15m", "ticket", 5},
      {"targetMissing", "TargetMissing", "10m", "page"}};
  return kAlerts;
}

std::vector<Rule> default_alert_rules(std::string_view key, const AlertSettings& settings,
                                      const AlertedFleet& fleet) {
  const auto& all = default_alerts();
  const auto alert = std::ranges::find(all, key, &DefaultAlert::key);
  if (alert == all.end()) return {};
  const std::int64_t threshold = settings.threshold.value_or(alert->threshold);
  const auto one = [&](Text text) { return std::vector<Rule>{make(*alert, settings, text)}; };
  if (key == "instanceDown") return one(instance_down());
  if (key == "agentDown") return one(agent_down());
  if (key == "diskFull") return one(disk_full(threshold));
  if (key == "diskFilling") return one(disk_filling(threshold));
  if (key == "memoryLow") return one(memory_low(threshold));
  if (key == "cpuHigh") return one(cpu_high(threshold));
  if (key == "agentMemory") return one(agent_memory(threshold, fleet));
  if (key == "agentRestarting") return one(agent_restarting(threshold, fleet));
  return target_missing(*alert, settings, fleet);
}

Rule expected_down_rule() {
  Rule rule;
  rule.alert = kExpectedDownAlert;
  rule.expr = fmt::format("{} == 1", kExpectedDownMetric);
  rule.labels = {{"severity", "none"}};
  rule.annotations = {
      {"summary", fmt::format("{} is taken down by the controller itself", kInstance)}};
  return rule;
}

}  // namespace clickdeploy::prometheus
