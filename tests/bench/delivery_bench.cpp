// From a change of a policy to the Prometheus that has it: how soon, and with how many files and
// reloads if changes come in a storm. The daemon, localcloud and Prometheus are the real programs.

#include "controller/base/json.h"
#include "controller/base/text.h"
#include "tests/bench/load_client.h"
#include "tests/bench/measure.h"
#include "tests/bench/real_bed.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <sys/inotify.h>
#include <thread>
#include <unistd.h>

namespace clickdeploy::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Counts the files that are put into folders, from its making on.
class FileWatch {
 public:
  explicit FileWatch(const std::vector<std::string>& folders)
      : queue_(::inotify_init1(IN_NONBLOCK)) {
    for (const std::string& folder : folders) {
      if (::inotify_add_watch(queue_, folder.c_str(), IN_MOVED_TO | IN_CLOSE_WRITE) < 0) {
        give_up("cannot watch " + folder);
      }
    }
  }
  ~FileWatch() { ::close(queue_); }
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // Of files that Prometheus reads; call it often, what waits to be read is bounded.
  std::size_t count() {
    alignas(inotify_event) char bytes[64 * 1024];
    for (ssize_t got = 0; (got = ::read(queue_, bytes, sizeof bytes)) > 0;) {
      for (ssize_t at = 0; at < got;) {
        const auto* event = reinterpret_cast<const inotify_event*>(bytes + at);
        if (event->len > 0 && std::string_view(event->name).starts_with("clickdeploy-")) ++count_;
        at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      }
    }
    return count_;
  }

 private:
  int queue_;
  std::size_t count_ = 0;
};

class Bed {
 public:
  Bed(const std::string& folder, std::size_t policies)
      : policies_(policies), real_(options(folder)) {
    for (std::size_t i = 0; i < policies_; ++i) {
      const std::string team = fmt::format("t{}", i);
      const Json labels = Json::object({{"team", team}});
      real_.create_ours(
          "MonitoringPolicy", "monitoringpolicies", fmt::format("p{}", i),
          Json::object({{"serviceSelector", Json::object({{"matchLabels", labels}})},
                        {"backendRef", Json::object({{"name", "main"}})},
                        {"metrics", Json::object({{"mapping", "Disabled"}})},
                        {"agents", Json::array({Json::object({{"name", "node-exporter"}})})}}));
      real_.create_ours("Service", "services", fmt::format("s{}", i), service_spec(1), labels);
    }
  }

  // Changes the policy: a label of its targets, and the expression of its rule.
  std::string change(std::size_t policy, std::size_t round) const {
    const Json labels = Json::object({{"round", std::to_string(round)}});
    const Json rule = Json::object(
        {{"alert", "Round"}, {"expr", fmt::format("vector({}) > {}", round, 1'000'000'000)}});
    const Json group = Json::object({{"name", "bench"}, {"rules", Json::array({rule})}});
    const Json spec = Json::object(
        {{"scrape", Json::object({{"targetLabels", labels}})},
         {"rules", Json::object({{"scopeToServices", false}, {"groups", Json::array({group})}})}});
    return http_send("PATCH", policy_path(policy), "application/merge-patch+json",
                     to_json(Json::object({{"spec", spec}})));
  }

  Endpoint api() const { return real_.api(); }
  std::size_t policies() const { return policies_; }

  // Does Prometheus show it: as the label of every target, in the rule of every policy?
  bool has_targets_of(std::size_t round) const {
    std::size_t found = 0;
    const Json targets = ask_prometheus("targets?state=active");
    for (const Json& target : targets["activeTargets"].as_array()) {
      found += target["labels"]["round"].as_string() == std::to_string(round) ? 1 : 0;
    }
    return found == policies_;
  }
  bool has_rules_of(std::size_t round) const {
    std::size_t found = 0;
    const std::string wanted = fmt::format("vector({}) > ", round);
    const Json rules = ask_prometheus("rules");
    for (const Json& group : rules["groups"].as_array()) {
      for (const Json& rule : group["rules"].as_array()) {
        found += rule["query"].as_string().starts_with(wanted) ? 1 : 0;
      }
    }
    return found == policies_;
  }
  bool has_by_hand(std::size_t round) const {
    return to_json(ask_prometheus("targets?state=active"))
               .contains(fmt::format("\"hand\":\"{}\"", round)) &&
           to_json(ask_prometheus("rules")).contains(fmt::format("hand({})", round));
  }

  std::size_t reloads() const {
    const std::string log = read_text(real_.folder() + "/prometheus.log");
    std::size_t count = 0;
    constexpr std::string_view kLoaded = "Completed loading of configuration file";
    for (std::size_t at = log.find(kLoaded); at != std::string::npos;
         at = log.find(kLoaded, at + 1)) {
      ++count;
    }
    return count;
  }
  void reload() const {
    RealBed::ask(http_send("POST", "/-/reload", "text/plain", ""), real_.prometheus());
  }
  std::vector<std::string> folders() const {
    return {real_.folder() + "/targets", real_.folder() + "/rules"};
  }
  std::string hand() const { return real_.folder() + "/hand"; }

  void wait_for(const std::string& what, const std::function<bool()>& question) const {
    real_.wait_for(what, question);
  }

 private:
  static std::string policy_path(std::size_t policy) {
    return fmt::format("{}monitoringpolicies/p{}", kApi, policy);
  }
  static RealBedOptions options(const std::string& folder) {
    std::filesystem::create_directories(folder + "/hand");
    return {.folder = folder,
            .prometheus_config =
                "global: {scrape_interval: 1h, evaluation_interval: 1h}\n"
                "rule_files: ['rules/clickdeploy-*.yml', 'hand/*.yml']\n"
                "scrape_configs:\n"
                "- job_name: click-deploy\n"
                "  file_sd_configs: [{files: ['targets/clickdeploy-*.json']}]\n"
                "- job_name: hand\n"
                "  file_sd_configs: [{files: ['hand/*.json']}]\n",
            .cloud_flags = {"--build-seconds", "0"},
            .cloud_spec = Json::object({{"pollSeconds", 1}})};
  }
  Json ask_prometheus(const std::string& path) const {
    return real_.get_json(real_.prometheus(), "/api/v1/" + path)["data"];
  }

  const std::size_t policies_;
  const RealBed real_;
};

// Reloads are apart; a change that comes too soon waits.
void pause(const Sizes& sizes) {
  std::this_thread::sleep_for(std::chrono::duration<double>(sizes.reload_pause_seconds));
}

void change_all(const Bed& bed, std::size_t round) {
  std::vector<std::string> requests;
  for (std::size_t i = 0; i < bed.policies(); ++i) requests.push_back(bed.change(i, round));
  run_load({.to = bed.api(),
            .connections = 4,
            .requests = requests.size(),
            .request = [&](std::size_t i) -> const std::string& { return requests[i]; }});
}

// Until the API of Prometheus shows new targets and new rules.
void bench_freshness(const Bed& bed, const Sizes& sizes, Report& report) {
  std::size_t round = 1'000;
  const auto ours = [&] {
    pause(sizes);
    const Stopwatch watch;
    change_all(bed, ++round);
    bed.wait_for("new rules", [&] { return bed.has_rules_of(round); });
    bed.wait_for("new targets", [&] { return bed.has_targets_of(round); });
    return watch.seconds();
  };
  const auto limit = [&] {
    // Where ours is, Prometheus has just looked for files; not here, else.
    pause(sizes);
    const Stopwatch watch;
    ++round;
    write_text(bed.hand() + "/hand.json",
               fmt::format(R"([{{"targets":["127.0.0.1:1"],"labels":{{"hand":"{}"}}}}])", round));
    write_text(bed.hand() + "/hand.yml",
               fmt::format("groups: [{{name: 'hand({})', rules: [{{record: hand, expr: '1'}}]}}]\n",
                           round));
    bed.reload();
    bed.wait_for("what was written by hand", [&] { return bed.has_by_hand(round); });
    return watch.seconds();
  };
  report.add({.name = fmt::format("{} policies changed until Prometheus shows it", bed.policies()),
              .unit = "s",
              .better = Better::Lower,
              .taken = take_turns(sizes.deliveries, ours, limit),
              .limit_is = "one file of targets and one of rules written by hand, and a reload"});
}

void bench_storm(const Bed& bed, const Sizes& sizes, Report& report) {
  pause(sizes);
  FileWatch files(bed.folders());
  const std::size_t reloads_before = bed.reloads();
  std::vector<std::string> requests;
  for (std::size_t i = 0; i < sizes.storm; ++i) {
    requests.push_back(bed.change(i % bed.policies(), 10'000 + i / bed.policies()));
  }
  const std::size_t last = 10'000 + (sizes.storm - 1) / bed.policies();
  const Stopwatch watch;
  run_paced({.to = bed.api(),
             .connections = 8,
             .requests = requests.size(),
             .request = [&](std::size_t i) -> const std::string& { return requests[i]; }},
            sizes.storm_per_second, [&](std::size_t) { files.count(); });
  const double storm_seconds = watch.seconds();
  bed.wait_for("the last rules", [&] { return files.count(), bed.has_rules_of(last); });
  bed.wait_for("the last targets", [&] { return files.count(), bed.has_targets_of(last); });
  const double settled = watch.seconds() - storm_seconds;
  const double least_files = 2.0 * static_cast<double>(bed.policies());
  const double written = static_cast<double>(files.count());
  const double reloads = static_cast<double>(bed.reloads() - reloads_before);
  const std::string storm = fmt::format("{} changes of {} policies in {:.0f} s", sizes.storm,
                                        bed.policies(), storm_seconds);
  report.add({.name = storm + ": files written",
              .unit = "files",
              .better = Better::Lower,
              .taken = {written, least_files, written / least_files},
              .limit_is = "each file once"});
  report.add(
      {.name = "the same: reloads",
       .unit = "reloads",
       .better = Better::Lower,
       .taken = {reloads, 1, reloads},
       .limit_is = fmt::format("one ({:.1f} s after the last change all is shown)", settled)});
}

}  // namespace

void bench_delivery(const Sizes& sizes, const std::string& folder, Report& report) {
  report.begin(
      fmt::format("delivery: {} policies and a real Prometheus", sizes.delivered_policies));
  const Bed bed(folder + "/prometheus", sizes.delivered_policies);
  change_all(bed, 1);
  bed.wait_for("the first rules", [&] { return bed.has_rules_of(1); });
  bed.wait_for("the first targets", [&] { return bed.has_targets_of(1); });
  bench_freshness(bed, sizes, report);
  bench_storm(bed, sizes, report);
}

}  // namespace clickdeploy::bench
