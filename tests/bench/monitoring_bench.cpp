// What a Prometheus is given for a large fleet: planned, rendered, validated and published; and
// what one change costs.

#include "controller/async/block_on.h"
#include "controller/async/disk.h"
#include "controller/async/process.h"
#include "controller/prometheus/publisher.h"
#include "controller/prometheus/rule_files.h"
#include "controller/reconcilers/metrics_backend/monitoring_plan.h"
#include "tests/bench/fleet.h"
#include "tests/bench/measure.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>

namespace clickdeploy::bench {

using api::v1alpha1::Instance;
using api::v1alpha1::MonitoringPolicy;
using api::v1alpha1::Service;
using prometheus::Files;
using reconcilers::BackendPlan;
using reconcilers::MonitoringInput;

namespace {

const api::ObjectKey kBackend{"default", "main"};
constexpr std::size_t kReplicas = 50;
constexpr std::size_t kRules = 50;  // of each policy

template <class T>
std::shared_ptr<const T> shared(T value) {
  return std::make_shared<const T>(std::move(value));
}

MonitoringPolicy policy_of_team(std::size_t team) {
  MonitoringPolicy policy = sample_policy();
  policy.metadata.name = fmt::format("team-{:03d}", team);
  policy.spec.service_selector = *api::LabelSelector::parse(fmt::format("team=t{}", team));
  policy.spec.metrics_mapping = "Disabled";
  api::v1alpha1::RuleGroupSpec group{.name = "node", .interval = "30s", .rules = {}};
  for (std::size_t i = 0; i < kRules; ++i) {
    group.rules.push_back(
        {.alert = fmt::format("Rule{}", i),
         .record = "",
         .expr = fmt::format("sum by (instance_id) (rate(node_cpu_seconds_total{{mode!=\"idle\"}}"
                             "[5m])) / count by (instance_id) (node_cpu_seconds_total{{mode="
                             "\"idle\"}}) > 0.{}",
                             50 + i),
         .for_duration = "5m",
         .labels = {{"severity", "ticket"}},
         .annotations = {{"summary", "{{ $labels.instance_name }} is busy"}}});
  }
  policy.spec.rule_groups = {std::move(group)};
  return policy;
}

// Services of 50 Instances, two for each team and policy.
MonitoringInput large_fleet(std::size_t targets, std::size_t rules) {
  MonitoringInput input;
  input.cluster_id = "0123456789abcdef";
  input.backends = {shared(sample_backend())};
  input.namespace_labels["default"] = {};
  const std::size_t teams = std::max<std::size_t>(rules / kRules, 1);
  for (std::size_t team = 0; team < teams; ++team) {
    input.policies.push_back(shared(policy_of_team(team)));
  }
  const std::size_t services = std::max<std::size_t>(targets / kReplicas, 1);
  for (std::size_t i = 0; i < services; ++i) {
    Service service = sample_service(i, kReplicas);
    service.metadata.uid = fmt::format("5e6f0006-4b6d-4c9e-8a2f-{:012d}", i);
    service.metadata.labels = {{"team", fmt::format("t{}", i % teams)}};
    for (std::size_t k = 0; k < kReplicas; ++k) {
      const std::size_t at = i * kReplicas + k;
      Instance instance = sample_instance(at);
      instance.metadata.uid = fmt::format("5e6f0005-4b6d-4c9e-8a2f-{:012d}", at);
      instance.status.address =
          fmt::format("10.{}.{}.{}", at / 62'500, at / 250 % 250, at % 250 + 1);
      instance.metadata.owner_references = {{.api_version = "clickdeploy.io/v1alpha1",
                                             .kind = "Service",
                                             .name = service.metadata.name,
                                             .uid = service.metadata.uid}};
      input.instances.push_back(shared(std::move(instance)));
    }
    input.services.push_back(shared(std::move(service)));
  }
  return input;
}

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double millis_of(const std::function<void()>& work) {
  const Stopwatch watch;
  work();
  return watch.seconds() * 1e3;
}

std::size_t bytes_of(const Files& files) {
  std::size_t bytes = 0;
  for (const auto& [name, text] : files) bytes += text.size();
  return bytes;
}

// As often as it takes to be measured: one copy of some megabytes is over at once.
double copy_millis(const Files& files) {
  constexpr int kTimes = 20;
  std::string copy(bytes_of(files), '\0');
  const double millis = millis_of([&] {
    for (int i = 0; i < kTimes; ++i) {
      char* to = copy.data();
      for (const auto& [name, text] : files) {
        std::memcpy(to, text.data(), text.size());
        to += text.size();
      }
      asm volatile("" : : "r"(copy.data()) : "memory");
    }
  });
  return millis / kTimes;
}

std::string new_folder(const std::string& parent, const std::string& name) {
  const std::string folder = parent + "/" + name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

void write_plainly(const std::string& folder, const Files& files) {
  for (const auto& [name, text] : files) {
    std::FILE* file = std::fopen((folder + "/" + name).c_str(), "w");
    if (file == nullptr || std::fwrite(text.data(), 1, text.size(), file) != text.size() ||
        std::fclose(file) != 0) {
      give_up("cannot write in " + folder);
    }
  }
}

void read_plainly(const std::string& folder, const Files& files) {
  std::string bytes;
  for (const auto& [name, text] : files) {
    bytes.resize(text.size());
    std::FILE* file = std::fopen((folder + "/" + name).c_str(), "r");
    if (file == nullptr || std::fread(bytes.data(), 1, bytes.size(), file) != bytes.size() ||
        bytes != text || std::fclose(file) != 0) {
      give_up("cannot read in " + folder);
    }
  }
}

prometheus::PublishResult publish(Disk& disk, const std::string& folder, const Files& files) {
  const Result<prometheus::PublishResult> done =
      prometheus::FilePublisher(disk, folder, "bench").publish(files);
  if (!done) give_up(done.error().message());
  return *done;
}

BackendPlan plan_of(const MonitoringInput& input, std::size_t targets) {
  BackendPlan plan = reconcilers::plan_backend(kBackend, input);
  if (plan.targets.size() != targets) give_up("not every Instance became a target");
  return plan;
}

void bench_plan(const MonitoringInput& input, const Sizes& sizes, Report& report) {
  const std::size_t targets = input.instances.size();
  const Files files = plan_of(input, targets).target_files;
  const Taken taken = take_turns(
      sizes.rounds, [&] { return millis_of([&] { plan_of(input, targets); }); },
      [&] { return copy_millis(files); });
  report.add({.name = fmt::format("targets planned and rendered, {}", targets),
              .unit = "ms",
              .better = Better::Lower,
              .taken = taken,
              .limit_is = fmt::format("copying the files' {} bytes in memory", bytes_of(files))});
}

void bench_publish(const MonitoringInput& input, const Sizes& sizes, const std::string& folder,
                   Report& report) {
  PosixDisk disk;
  const std::size_t targets = input.instances.size();
  const Files files = plan_of(input, targets).target_files;
  const std::string own = folder + "/targets";
  const Taken first = take_turns(
      sizes.rounds,
      [&] {
        new_folder(folder, "targets");
        return millis_of([&] { publish(disk, own, files); });
      },
      [&] {
        const std::string plain = new_folder(folder, "plain");
        return millis_of([&] { write_plainly(plain, files); });
      });
  report.add({.name = fmt::format("target files published at first, {} files", files.size()),
              .unit = "ms",
              .better = Better::Lower,
              .taken = first,
              .limit_is = "fwrite of the same files, which survive no power loss"});
  const Taken again = take_turns(
      sizes.rounds,
      [&] {
        return millis_of([&] {
          if (publish(disk, own, files).changed()) give_up("files were written for nothing");
        });
      },
      [&] { return millis_of([&] { read_plainly(folder + "/plain", files); }); });
  report.add({.name = "the same when nothing has changed",
              .unit = "ms",
              .better = Better::Lower,
              .taken = again,
              .limit_is = "fread of the same files, and a comparison"});
}

// One Instance has another address: everything is planned anew, and one file written.
void bench_one_change(const MonitoringInput& input, const Sizes& sizes, const std::string& folder,
                      Report& report) {
  PosixDisk disk;
  const std::size_t targets = input.instances.size();
  const std::string own = folder + "/targets";
  const Files before = plan_of(input, targets).target_files;
  publish(disk, own, before);
  const auto& [name, text] = *before.begin();
  std::vector<double> cpu;
  std::size_t round = 0;
  const auto ours = [&] {
    MonitoringInput changed = input;
    Instance instance = *input.instances.front();
    instance.status.address = fmt::format("10.250.0.{}", ++round);
    changed.instances.front() = shared(std::move(instance));
    const double began = cpu_seconds();
    const double millis = millis_of([&] {
      const auto result = publish(disk, own, plan_of(changed, targets).target_files);
      if (result.written.size() != 1 || !result.removed.empty()) {
        give_up(fmt::format("one change wrote {} files", result.written.size()));
      }
    });
    cpu.push_back((cpu_seconds() - began) * 1e3);
    return millis;
  };
  const Taken taken = take_turns(sizes.rounds, ours, [&] {
    return millis_of([&] { write_plainly(folder + "/plain", {{name, text}}); });
  });
  report.add({.name = fmt::format("one Instance of {} changed: planned and published", targets),
              .unit = "ms",
              .better = Better::Lower,
              .taken = taken,
              .limit_is = fmt::format("fwrite of the one file that changes (CPU: {:.1f} ms)",
                                      median(cpu))});
}

void bench_rules(const MonitoringInput& input, const Sizes& sizes, const std::string& folder,
                 Report& report) {
  std::vector<prometheus::RuleGroup> groups;
  std::vector<prometheus::Rule> rules;
  std::size_t round = 0;
  // Another label each time: what was made of a spec is kept.
  const auto ours = [&] {
    MonitoringInput changed = input;
    ++round;
    for (auto& policy : changed.policies) {
      MonitoringPolicy other = *policy;
      other.spec.alert_labels = {{"round", std::to_string(round)}};
      policy = shared(std::move(other));
    }
    BackendPlan plan;
    const double millis = millis_of([&] { plan = plan_of(changed, input.instances.size()); });
    groups.clear();
    rules.clear();
    for (const auto& made : plan.policy_rules) {
      for (const prometheus::RuleGroup& group : made->groups) {
        groups.push_back(group);
        rules.insert(rules.end(), group.rules.begin(), group.rules.end());
      }
    }
    return millis;
  };
  ours();
  const std::string text = prometheus::render_rule_file("all.yml", "bench", groups).text;
  const Taken planned =
      take_turns(sizes.rounds, ours, [&] { return copy_millis({{"all.yml", text}}); });
  report.add({.name = fmt::format("every policy changed, {} rules: bound, linted and rendered",
                                  rules.size()),
              .unit = "ms",
              .better = Better::Lower,
              .taken = planned,
              .limit_is = fmt::format("copying the files' {} bytes in memory", text.size())});

  PosixDisk disk;
  SystemRandom random;
  SystemProcessRunner processes;
  const std::string scratch = new_folder(folder, "promtool");
  prometheus::PromtoolRuleChecker checker(processes, disk, random, scratch);
  write_plainly(scratch, {{"all.yml", text}});
  const Taken checked = take_turns(
      sizes.rounds,
      [&] {
        return millis_of([&] {
          const auto faults = checker.check_rules(rules);
          if (!faults) give_up(faults.error().message());
          for (const std::string& fault : *faults) {
            if (!fault.empty()) give_up(fault);
          }
        });
      },
      [&] {
        return millis_of([&] {
          const auto done = processes.run({"promtool", "check", "rules", scratch + "/all.yml"},
                                          std::chrono::seconds(120));
          if (!done || done->exit_code != 0) give_up("promtool refuses the rules");
        });
      });
  report.add({.name = fmt::format("{} rules validated, each for itself", rules.size()),
              .unit = "ms",
              .better = Better::Lower,
              .taken = checked,
              .limit_is = "promtool check rules, once, on the same rules in one file"});
}

}  // namespace

void bench_monitoring(const Sizes& sizes, const std::string& folder, Report& report) {
  report.begin(fmt::format("monitoring of {} targets, {} rules", sizes.targets, sizes.rules));
  const MonitoringInput input = large_fleet(sizes.targets, sizes.rules);
  const std::string own = new_folder(folder, "monitoring");
  bench_plan(input, sizes, report);
  bench_publish(input, sizes, own, report);
  bench_one_change(input, sizes, own, report);
  bench_rules(input, sizes, own, report);
}

}  // namespace clickdeploy::bench
