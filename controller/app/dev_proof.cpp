#include "controller/app/dev_cloud_internal.h"
#include "controller/app/dev_manifests_internal.h"
#include "controller/app/dev_proof_internal.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <set>
#include <utility>

namespace clickdeploy::app {

using prometheus::ActiveTarget;
using prometheus::RuleGroupStatus;
using prometheus::RuleStatus;
using prometheus::Sample;
using std::chrono::seconds;

namespace {

constexpr std::chrono::milliseconds kLookEvery{250};
constexpr seconds kReadyWithin{180};
constexpr seconds kAnswerWithin{60};
constexpr seconds kRepairedWithin{150};
constexpr seconds kDeletedWithin{90};
constexpr std::chrono::milliseconds kQueryDeadline{10'000};
constexpr const char* kCpuSeries = "click_deploy_service_cpu_usage_percent";
constexpr const char* kScrapePool = "click-deploy";
constexpr std::string_view kOurFiles = "clickdeploy-";

// For loops over what could not be read: nothing, and the error is looked at elsewhere.
template <class T>
T or_empty(const Result<T>& result) {
  return result ? *result : T{};
}

bool has_type(const std::vector<RuleStatus>& rules, std::string_view type) {
  return std::ranges::find(rules, type, &RuleStatus::type) != rules.end();
}

std::string label(const prometheus::Labels& labels, const std::string& name) {
  auto found = labels.find(name);
  return found == labels.end() ? "<none>" : found->second;
}

// Of a rule group: does it come from a file that we wrote?
bool is_ours(const RuleGroupStatus& group) {
  const std::size_t slash = group.file.rfind('/');
  const std::string_view file = group.file;
  return file.substr(slash == std::string::npos ? 0 : slash + 1).starts_with(kOurFiles);
}

std::vector<RuleStatus> our_rules(const std::vector<RuleGroupStatus>& groups) {
  std::vector<RuleStatus> rules;
  for (const RuleGroupStatus& group : groups) {
    if (is_ours(group)) rules.insert(rules.end(), group.rules.begin(), group.rules.end());
  }
  return rules;
}

std::string rules_table(const std::vector<RuleStatus>& rules) {
  std::vector<std::vector<std::string>> rows = {{"RULE", "TYPE", "HEALTH"}};
  for (const RuleStatus& rule : rules) {
    rows.push_back({rule.name, rule.type,
                    rule.health + (rule.last_error.empty() ? "" : ": ") + rule.last_error});
  }
  return format_table(rows, "  ");
}

std::string up_table(const std::vector<Sample>& samples) {
  std::vector<std::vector<std::string>> rows = {
      {"INSTANCE", "UP", "SERVICE_ID", "PROJECT_ID", "INSTANCE_ID"}};
  for (const Sample& sample : samples) {
    rows.push_back({label(sample.labels, "instance_name"), sample.value,
                    label(sample.labels, "service_id"), label(sample.labels, "project_id"),
                    label(sample.labels, "instance_id")});
  }
  return format_table(rows, "  ");
}

}  // namespace

Proof::Proof(ProofTools tools)
    : tools_(tools), prometheus_(tools.http, tools.places.prometheus_url(), kQueryDeadline) {}

Task<bool> Proof::run() {
  bool proven = co_await tools_.follower.until_ready(kReadyWithin);
  if (!proven) {
    co_return not_proven(
        fmt::format("the Service is not monitored after {} s", kReadyWithin.count()), "");
  }
  for (const Json& service : tools_.follower.fleet().services) {
    if (service["metadata"]["name"].as_string() != kDevService) continue;
    service_uid_ = service["metadata"]["uid"].as_string();
    replicas_ = service["spec"]["replicas"].as_int();
    tools_.screen.plain("");
    tools_.screen.step(fmt::format(
        "Service {} says {}. The proof, from Prometheus and the cloud themselves:", kDevService,
        service_summary(service)));
  }
  proven = co_await show_targets();
  if (!proven) co_return false;
  proven = co_await show_rules();
  if (!proven) co_return false;
  proven = co_await show_cpu();
  if (!proven) co_return false;
  proven = co_await show_repair();
  if (!proven) co_return false;
  proven = co_await show_deletion();
  if (!proven) co_return false;
  tools_.screen.plain("");
  tools_.screen.step(
      fmt::format("Proven: {0}/{0} monitored, {1} rules loaded, a killed exporter repaired in "
                  "{2:.1f} s, nothing left after the deletion",
                  replicas_, rules_loaded_, repaired_after_));
  co_return true;
}

// The labels must be those of the servers that the cloud knows.
Task<bool> Proof::show_targets() {
  const SteadyTime end = tools_.clock.steady_now() + kAnswerWithin;
  for (;;) {
    Result<LocalCloudState> cloud =
        co_await read_local_cloud(tools_.http, tools_.places.cloud_url());
    Result<std::vector<Sample>> up = co_await samples("up");
    std::set<std::string> ids;
    std::size_t good = 0;
    for (const Sample& sample : or_empty(up)) {
      const std::string id = label(sample.labels, "instance_id");
      const bool known =
          cloud && std::ranges::find(cloud->servers, id, &LocalServer::id) != cloud->servers.end();
      if (sample.value == "1" && known && sample.labels.contains("project_id")) ++good;
      ids.insert(id);
    }
    const auto wanted = static_cast<std::size_t>(replicas_);
    if (up && good == wanted && up->size() == wanted && ids.size() == wanted) {
      tools_.screen.wait_for("");
      tools_.screen.step("Prometheus reports the targets, with the ids that the cloud gave:");
      tools_.screen.plain(up_table(*up));
      co_return true;
    }
    const std::string evidence = up ? up_table(*up) : up.error().message();
    if (tools_.clock.steady_now() >= end) {
      co_return not_proven(
          fmt::format("Prometheus does not report {} targets that are up", replicas_), evidence);
    }
    tools_.screen.wait_for("Prometheus to report every target as up");
    co_await pause();
  }
}

Task<bool> Proof::show_rules() {
  const SteadyTime end = tools_.clock.steady_now() + kAnswerWithin;
  for (;;) {
    Result<std::vector<RuleGroupStatus>> groups = co_await prometheus_.rules();
    const std::vector<RuleStatus> rules = our_rules(or_empty(groups));
    const bool all_ok = !rules.empty() && std::ranges::all_of(rules, [](const RuleStatus& rule) {
      return rule.health == "ok";
    });
    if (all_ok && has_type(rules, "alerting") && has_type(rules, "recording")) {
      rules_loaded_ = rules.size();
      tools_.screen.wait_for("");
      tools_.screen.step("Prometheus reports the rules:");
      tools_.screen.plain(rules_table(rules));
      co_return true;
    }
    if (tools_.clock.steady_now() >= end) {
      co_return not_proven("Prometheus has not evaluated every rule with success",
                           groups ? rules_table(rules) : groups.error().message());
    }
    tools_.screen.wait_for("Prometheus to evaluate every rule once");
    co_await pause();
  }
}

Task<bool> Proof::show_cpu() {
  const SteadyTime end = tools_.clock.steady_now() + kAnswerWithin;
  for (;;) {
    Result<std::vector<Sample>> cpu = co_await samples(kCpuSeries);
    if (cpu && !cpu->empty() && cpu->front().value != "NaN") {
      tools_.screen.wait_for("");
      tools_.screen.step("Prometheus answers for the Service:");
      tools_.screen.plain(fmt::format("  {}{{service_id=\"{}\"}} {}", kCpuSeries, service_uid_,
                                      cpu->front().value));
      co_return true;
    }
    if (tools_.clock.steady_now() >= end) {
      co_return not_proven(std::string(kCpuSeries) + " has no value for the Service",
                           cpu ? "" : cpu.error().message());
    }
    tools_.screen.wait_for(std::string(kCpuSeries) +
                           ": a rate needs two scrapes and an evaluation");
    co_await pause();
  }
}

// What is known of one repair; times are seconds since the kill, negative while not seen.
struct Proof::Repair {
  LocalServer victim;
  std::int64_t killed_pid = 0;
  SteadyTime killed_at{};
  double down = -1;       // Prometheus reports up = 0
  double begun = -1;      // the Instance is under repair
  double started = -1;    // another exporter runs
  double recovered = -1;  // Prometheus reports up = 1

  std::string times() const {
    auto at = [](double when) {
      return when < 0 ? std::string("never") : fmt::format("after {:.1f} s", when);
    };
    return fmt::format("up = 0 {}, repair begun {}, exporter started {}, up = 1 {}", at(down),
                       at(begun), at(started), at(recovered));
  }
};

Task<bool> Proof::show_repair() {
  Result<LocalCloudState> cloud = co_await read_local_cloud(tools_.http, tools_.places.cloud_url());
  Repair repair;
  for (const LocalServer& server : or_empty(cloud).servers) {
    if (!server.pids.empty()) repair.victim = server;
  }
  if (repair.victim.pids.empty()) {
    co_return not_proven("the cloud names no running exporter",
                         cloud ? "" : cloud.error().message());
  }
  repair.killed_pid = repair.victim.pids.front();
  repair.killed_at = tools_.clock.steady_now();
  if (::kill(static_cast<pid_t>(repair.killed_pid), SIGKILL) != 0) {
    co_return not_proven(
        fmt::format("the exporter with pid {} cannot be killed", repair.killed_pid), "");
  }
  tools_.screen.plain("");
  tools_.screen.step(fmt::format("Killed the exporter of {} (pid {}, SIGKILL). Now watch:",
                                 repair.victim.name, repair.killed_pid));
  for (;;) {
    co_await look_at_repair(repair);
    const double now =
        std::chrono::duration<double>(tools_.clock.steady_now() - repair.killed_at).count();
    if (repair.recovered >= 0 && repair.begun >= 0 && is_fleet_ready(tools_.follower.fleet())) {
      repaired_after_ = now;
      tools_.screen.wait_for("");
      tools_.screen.step(fmt::format("Repaired: {}, {}/{} monitored after {:.1f} s", repair.times(),
                                     replicas_, replicas_, now));
      co_return true;
    }
    if (now >= static_cast<double>(kRepairedWithin.count())) {
      co_return not_proven(fmt::format("the exporter of {} is not repaired {:.0f} s after the kill",
                                       repair.victim.name, now),
                           "  " + repair.times());
    }
    const std::string problem = first_problem(tools_.follower.fleet());
    tools_.screen.wait_for(problem.empty() ? "the failure to be seen" : problem);
    co_await pause();
  }
}

Task<void> Proof::look_at_repair(Repair& repair) {
  Result<std::vector<Sample>> up = co_await samples("up");
  Result<LocalCloudState> cloud = co_await read_local_cloud(tools_.http, tools_.places.cloud_url());
  co_await tools_.follower.look();
  const double now =
      std::chrono::duration<double>(tools_.clock.steady_now() - repair.killed_at).count();
  auto seen = [&](double& when, std::string_view what) {
    if (when >= 0) return;
    when = now;
    tools_.screen.step(fmt::format("  {:4.1f} s after the kill: {}", now, what));
  };
  std::string value;
  for (const Sample& sample : or_empty(up)) {
    if (label(sample.labels, "instance_name") == repair.victim.name) value = sample.value;
  }
  if (value == "0") seen(repair.down, "Prometheus reports up = 0");
  for (const Json& instance : tools_.follower.fleet().instances) {
    const std::string& step = instance["status"]["remediation"]["step"].as_string();
    if (instance["metadata"]["name"].as_string() != repair.victim.name || step.empty()) continue;
    seen(repair.begun, "the repair begins with " + step);
  }
  for (const LocalServer& server : or_empty(cloud).servers) {
    if (server.name != repair.victim.name || server.pids.empty()) continue;
    if (server.pids.front() == repair.killed_pid) continue;
    seen(repair.started, fmt::format("the exporter runs again, pid {}", server.pids.front()));
  }
  if (repair.down >= 0 && value == "1") seen(repair.recovered, "Prometheus reports up = 1");
}

Task<bool> Proof::show_deletion() {
  const api::ObjectKey key{kDevNamespace, kDevService};
  Result<void> asked = co_await tools_.client.remove(dev_path("Service"), key, service_uid_);
  if (!asked) co_return not_proven("the Service cannot be deleted", asked.error().message());
  tools_.screen.plain("");
  tools_.screen.step(fmt::format("Asked the API to delete Service {}", kDevService));
  const SteadyTime end = tools_.clock.steady_now() + kDeletedWithin;
  for (;;) {
    co_await tools_.follower.look();
    const std::vector<std::string> left = co_await leftovers();
    if (left.empty()) {
      tools_.screen.wait_for("");
      tools_.screen.step(
          "Nothing is left: 0 servers and 0 ports in the cloud, 0 targets and 0 rules in "
          "Prometheus, no Service and no Instance in the API");
      co_return true;
    }
    if (tools_.clock.steady_now() >= end) {
      co_return not_proven(
          fmt::format("something is left {} s after the deletion", kDeletedWithin.count()),
          "  " + join(left, "\n  "));
    }
    tools_.screen.wait_for(left.front() + " to go");
    co_await pause();
  }
}

// What of the Service is still somewhere, in words.
Task<std::vector<std::string>> Proof::leftovers() {
  std::vector<std::string> left;
  Result<LocalCloudState> cloud = co_await read_local_cloud(tools_.http, tools_.places.cloud_url());
  Result<std::vector<ActiveTarget>> targets = co_await prometheus_.active_targets();
  Result<std::vector<RuleGroupStatus>> groups = co_await prometheus_.rules();
  const FleetView& fleet = tools_.follower.fleet();
  if (!cloud) {
    left.push_back("the cloud does not answer: " + cloud.error().message());
  } else {
    for (const LocalServer& server : cloud->servers) left.push_back("server " + server.name);
    if (cloud->ports > 0) left.push_back(fmt::format("{} ports in the cloud", cloud->ports));
  }
  if (!targets) left.push_back("Prometheus does not answer: " + targets.error().message());
  for (const ActiveTarget& target : or_empty(targets)) {
    if (target.scrape_pool == kScrapePool) left.push_back("target " + target.scrape_url);
  }
  if (!groups) left.push_back("Prometheus does not answer: " + groups.error().message());
  for (const RuleStatus& rule : our_rules(or_empty(groups))) left.push_back("rule " + rule.name);
  for (const Json& instance : fleet.instances) {
    left.push_back("Instance " + instance["metadata"]["name"].as_string());
  }
  for (const Json& service : fleet.services) {
    left.push_back("Service " + service["metadata"]["name"].as_string());
  }
  co_return left;
}

Task<Result<std::vector<Sample>>> Proof::samples(std::string series) {
  Result<std::vector<Sample>> all = co_await prometheus_.query(std::move(series));
  if (!all) co_return all;
  std::erase_if(*all, [this](const Sample& sample) {
    return label(sample.labels, "service_id") != service_uid_;
  });
  std::ranges::sort(*all, {},
                    [](const Sample& sample) { return label(sample.labels, "instance_name"); });
  co_return all;
}

bool Proof::not_proven(const std::string& what, const std::string& evidence) {
  tools_.screen.wait_for("");
  tools_.screen.plain("");
  tools_.screen.step("NOT PROVEN: " + what);
  if (!evidence.empty()) tools_.screen.plain(evidence);
  const std::vector<std::string> open = open_conditions(tools_.follower.fleet());
  if (!open.empty()) {
    tools_.screen.plain("Conditions that are not True:");
    for (const std::string& line : open) tools_.screen.plain("  " + line);
  }
  return false;
}

Task<void> Proof::pause() {
  co_await tools_.clock.sleep(kLookEvery);
}

}  // namespace clickdeploy::app
