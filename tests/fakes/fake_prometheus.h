// FakePrometheus: what a Prometheus 2.42 does with target and rule files, as it was measured, on
// any clock and disk.
//
// Target files (JSON only) are looked at every five seconds: a malformed one keeps its last good
// targets, "[]" and a deleted one drop them. Each target is scraped at its own interval and offset.
// Rules are read at the start and by POST /-/reload alone; one bad file refuses them all, with 500
// and the old ones kept, and a reload drops the targets of a file that is malformed then. A reload
// that finds no group of targets for a job, not even an empty one, changes nothing there, until
// there is one. Where it asks for its targets instead, the last list stays until there is an
// answer, and the same is true of a list without groups.
//
// Threads: one executor's. Lifetime: the references outlive it; run() has ended, or will never run
// again, before destruction.

#pragma once

#include "controller/async/clock.h"
#include "controller/async/disk.h"
#include "controller/async/task.h"
#include "controller/base/json.h"
#include "controller/http/message.h"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace clickdeploy::fakes {

struct ScrapeAnswer {
  bool up = false;
  std::string error;  // Prometheus's words, if it is not up
};

// What its configuration says of one scrape job.
struct FakeScrapeJob {
  std::string name = "clickdeploy";
  std::string file_suffix = ".json";  // of the files of targets that it reads
  std::string scheme = "http";
  std::string authorization{};  // header that it shows to its targets; "": none
};

struct FakePrometheusOptions {
  std::string targets_folder;
  std::string rules_folder;
  std::chrono::seconds scrape_interval{15};  // where the target does not say
};

class FakePrometheus {
 public:
  using Scraper =
      std::function<ScrapeAnswer(const std::string& url, const std::string& authorization)>;
  // The list of a job, where it asks for it; nullopt for every answer but a list.
  using ListSource = std::function<std::optional<std::string>(const std::string& job)>;

  FakePrometheus(Disk& disk, Clock& clock, Scraper scraper, FakePrometheusOptions options);

  // Looks and scrapes until cancelled.
  Task<void> run();

  http::Reply handle(const http::Request& request);

  // Another configuration than one job that reads files. With `ask` it asks for its targets.
  void configure(std::vector<FakeScrapeJob> jobs, ListSource ask);

  // While it is down nothing is scraped or read; the world refuses its connections. Coming up it
  // starts as a new process does.
  void set_down(bool down);
  // How often it looks at its files of targets, from the next look on.
  void look_every(std::chrono::seconds interval) { look_every_ = interval; }
  bool is_down() const { return down_; }

  std::size_t targets() const { return targets_.size(); }
  std::size_t targets_of_services() const;  // by their label service_id
  std::size_t reloads() const { return reloads_; }
  // Names of the loaded rules, with those of the same name repeated.
  std::vector<std::string> rule_names() const;
  // The expression of a loaded rule; "" if there is none.
  std::string rule_expression(const std::string& name) const;

 private:
  using Labels = std::map<std::string, std::string>;
  struct Scraped {
    std::string health = "unknown";
    std::string error;
    WallTime at{};
    bool ever = false;
  };
  struct Target {
    std::string source;
    std::size_t job = 0;
    Labels discovered;
    Labels labels;
    std::string url;
    std::string authorization;
    std::chrono::milliseconds interval{0};
    SteadyTime due{};
    Scraped scraped;
  };
  struct RuleFile {
    std::string path;
    std::string text;
    Json document;
  };
  using Groups = std::vector<std::pair<std::string, Labels>>;  // address, labels
  struct Source {                                              // a file, or what was asked for
    std::size_t job = 0;
    Groups groups{};
  };
  using Sources = std::map<std::string, Source>;

  Result<Groups> read_targets(const std::string& text) const;
  void look_at_targets(bool reload);
  Sources read_files(bool drop_malformed) const;
  Sources ask_for_lists() const;
  void publish_targets();
  Target make_target(const std::string& source, std::size_t job, const std::string& address,
                     Labels labels) const;
  void scrape_due();
  SteadyTime next_due() const;
  bool load_rules();

  Json targets_json() const;
  Json rules_json() const;
  Json query_json(const std::string& expression) const;

  Disk& disk_;
  Clock& clock_;
  const Scraper scraper_;
  const FakePrometheusOptions options_;
  std::vector<FakeScrapeJob> jobs_{FakeScrapeJob{}};
  ListSource ask_;
  bool down_ = false;
  std::chrono::seconds look_every_{5};
  SteadyTime look_due_{};
  Sources sources_;                        // last good content
  std::map<std::string, Target> targets_;  // by all their labels
  std::set<std::size_t> without_news_;     // jobs without a group since the last reload
  std::vector<RuleFile> rules_;
  SteadyTime rules_loaded_{};
  bool reload_success_ = true;
  WallTime configured_{};
  std::size_t reloads_ = 0;
};

}  // namespace clickdeploy::fakes
