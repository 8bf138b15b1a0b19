// The mapping: what node_exporter and the agents say about themselves, as series of a Service and
// of an Instance.
//
// All selectors ask for our own label, so a foreign target with a service_id of its own changes
// nothing. Nothing here divides, so no traffic is 0 and no data is no series; NaN cannot come out.

#include "controller/prometheus/rule_files.h"

#include <fmt/format.h>

namespace clickdeploy::prometheus {

namespace {

constexpr std::string_view kOurs = R"(managed_by="click-deploy")";
constexpr std::string_view kRealDevices =
    R"(device!~"lo|veth.*|docker.*|br-.*|cni.*|virbr.*|ifb.*|tun.*|tap.*")";

struct Level {
  std::string_view prefix;  // of the recorded series' names
  std::string_view labels;  // that are kept
};

constexpr Level kService{"click_deploy_service", "project_id, service_id"};
constexpr Level kInstance{"click_deploy_instance", "project_id, service_id, instance_id"};

Rule recording(std::string record, std::string expr) {
  Rule rule;
  rule.record = std::move(record);
  rule.expr = std::move(expr);
  return rule;
}

// Rounding in rate() can put the idle share a little above 1; a usage below 0 would be nonsense.
Rule cpu_usage(const Level& level) {
  return recording(
      fmt::format("{}_cpu_usage_percent", level.prefix),
      fmt::format(
          R"(clamp_min(100 - avg by ({}) (rate(node_cpu_seconds_total{{{},mode="idle"}}[5m])))"
          R"( * 100, 0))",
          level.labels, kOurs));
}

Rule memory_usage(const Level& level) {
  return recording(fmt::format("{}_memory_usage_bytes", level.prefix),
                   fmt::format("sum by ({0}) (node_memory_MemTotal_bytes{{{1}}} - "
                               "node_memory_MemAvailable_bytes{{{1}}})",
                               level.labels, kOurs));
}

// A Service's total jumps when an Instance comes or goes: it is a sum of counters, not a counter.
// Rates are to be taken from the Instances' series and then added.
Rule network_traffic(const Level& level, std::string_view direction, std::string_view source) {
  return recording(
      fmt::format("{}_network_traffic_{}_bytes_total", level.prefix, direction),
      fmt::format("sum by ({}) ({}{{{},{}}})", level.labels, source, kOurs, kRealDevices));
}

RuleGroup node_group(const Level& level, const std::string& interval) {
  return RuleGroup{.name = fmt::format("{}_node", level.prefix),
                   .interval = interval,
                   .rules = {cpu_usage(level), memory_usage(level),
                             network_traffic(level, "in", "node_network_receive_bytes_total"),
                             network_traffic(level, "out", "node_network_transmit_bytes_total")}};
}

RuleGroup agents_group(const std::string& interval) {
  constexpr std::string_view kLabels = "project_id, service_id, instance_id, agent";
  return RuleGroup{
      .name = "click_deploy_agents",
      .interval = interval,
      .rules = {
          recording(
              "click_deploy_agent_memory_bytes",
              fmt::format("sum by ({}) (process_resident_memory_bytes{{{}}})", kLabels, kOurs)),
          recording("click_deploy_agent_cpu_usage_percent",
                    fmt::format("sum by ({}) (rate(process_cpu_seconds_total{{{}}}[5m])) * 100",
                                kLabels, kOurs))}};
}

}  // namespace

std::vector<RuleGroup> mapping_rule_groups(const std::string& interval) {
  return {node_group(kService, interval), node_group(kInstance, interval), agents_group(interval)};
}

}  // namespace clickdeploy::prometheus
