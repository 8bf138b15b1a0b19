// The mapping: what node_exporter, cAdvisor, applications, Caddy and the agents say, as series of a
// Service and of an Instance.
//
// All selectors ask for our own label, so a foreign target with a service_id of its own changes
// nothing. No traffic is 0, no data is no series, and NaN never comes out: a ratio is of what is
// above 0, and a comparison drops what is not a number.

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
constexpr Level kContainer{"click_deploy_container", "project_id, service_id, instance_id, name"};

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

// cAdvisor gives every level of the cgroup tree; those of containers have an image.
constexpr std::string_view kContainers = R"(managed_by="click-deploy",image!="")";

RuleGroup containers_group(const Level& level, std::string_view infix,
                           const std::string& interval) {
  const auto named = [&](std::string_view name, std::string expr) {
    return recording(fmt::format("{}{}_{}", level.prefix, infix, name), std::move(expr));
  };
  const auto total = [&](std::string_view source, std::string_view more) {
    return fmt::format("sum by ({}) ({}{{{}{}}})", level.labels, source, kContainers, more);
  };
  return RuleGroup{
      .name = fmt::format("{}_containers", level.prefix),
      .interval = interval,
      .rules = {
          named("cpu_usage_percent",
                fmt::format("sum by ({}) (rate(container_cpu_usage_seconds_total{{{}}}[5m])) * 100",
                            level.labels, kContainers)),
          named("memory_bytes", total("container_memory_usage_bytes", "")),
          named("memory_working_set_bytes", total("container_memory_working_set_bytes", "")),
          named("network_in_bytes_total",
                total("container_network_receive_bytes_total", R"(,interface!="lo")")),
          named("network_out_bytes_total",
                total("container_network_transmit_bytes_total", R"(,interface!="lo")"))}};
}

// Where requests are counted. Proxy and application may count the same request, so their series
// are kept apart by the label `source`.
struct RequestSource {
  std::string_view source;
  std::string_view total;     // counter of requests
  std::string_view duration;  // histogram
  std::string_view errors;    // rates of what went wrong; no two with the same labels
};

constexpr RequestSource kApplication{
    "application", "http_requests_total", "http_request_duration_seconds",
    R"(rate(http_requests_total{managed_by="click-deploy",code=~"5.."}[5m]))"
    R"( or rate(http_requests_total{managed_by="click-deploy",code="",status=~"5.."}[5m]))"};

// Caddy's requests_total has no code, and what its handlers give up on (502 of a proxy, 404 of a
// file server) is in no histogram but in a counter of its own. The 404s cannot be told apart.
constexpr RequestSource kCaddy{
    "caddy", "caddy_http_requests_total", "caddy_http_request_duration_seconds",
    R"(rate(caddy_http_request_duration_seconds_count{managed_by="click-deploy",code=~"5.."}[5m]))"
    R"( or rate(caddy_http_request_errors_total{managed_by="click-deploy"}[5m]))"};

RuleGroup requests_group(const Level& level, const RequestSource& from,
                         const std::string& interval) {
  const auto named = [&](std::string_view name, std::string expr) {
    Rule rule = recording(fmt::format("{}_{}", level.prefix, name), std::move(expr));
    rule.labels = {{"source", std::string(from.source)}};
    return rule;
  };
  const std::string total =
      fmt::format("sum by ({}) (rate({}{{{}}}[5m]))", level.labels, from.total, kOurs);
  RuleGroup group{.name = fmt::format("{}_requests_{}", level.prefix, from.source),
                  .interval = interval,
                  .rules = {}};
  group.rules.push_back(named("request_rate", total));
  group.rules.push_back(
      named("request_error_ratio", fmt::format("sum by ({}) ({}) / ({} > 0) or {} * 0",
                                               level.labels, from.errors, total, total)));
  for (const std::string_view quantile : {"0.5", "0.9", "0.95", "0.99"}) {
    Rule rule = named("request_duration_seconds",
                      fmt::format("histogram_quantile({}, sum by ({}, le) (rate({}_bucket{{{}}}"
                                  "[5m]))) >= 0",
                                  quantile, level.labels, from.duration, kOurs));
    rule.labels["quantile"] = quantile;
    group.rules.push_back(std::move(rule));
  }
  return group;
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
  std::vector<RuleGroup> groups;
  for (const Level& level : {kService, kInstance}) {
    groups.push_back(node_group(level, interval));
    groups.push_back(containers_group(level, "_container", interval));
    groups.push_back(requests_group(level, kApplication, interval));
    groups.push_back(requests_group(level, kCaddy, interval));
  }
  groups.push_back(containers_group(kContainer, "", interval));
  groups.push_back(agents_group(interval));
  return groups;
}

}  // namespace clickdeploy::prometheus
