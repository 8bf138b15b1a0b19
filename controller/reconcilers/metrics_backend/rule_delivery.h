// RuleDelivery: one pass that brings the rule files of one Prometheus onto its disk and into it.
//
// Files are written only when the reload follows at once: never during the pause between two
// reloads, and never while Prometheus cannot be observed. If it refuses them, the texts that it is
// known to load go back and it is asked once more. If it takes those, the texts that differed are
// refused, for a while; if not, its own configuration is broken, and no file of ours is blamed. A
// successful reload proves that files can be loaded, not that they are: see rules_differ. Of rules
// that promtool refuses the last good versions are in the files: see rule_choice.h.
//
// Threads: the event loop's; disk and promtool run on the blocking executor.

#pragma once

#include "controller/async/clock.h"
#include "controller/async/disk.h"
#include "controller/prometheus/observer.h"
#include "controller/prometheus/publisher.h"
#include "controller/reconcilers/metrics_backend/rule_verdicts.h"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

// Where the files are and how they are checked.
struct PublishingContext {
  Disk& disk;
  Executor blocking;
  RuleVerdicts& verdicts;
};

struct WantedRules {
  std::string file_name;
  prometheus::RuleFile file;
  // What the file is made of, to be judged rule by rule; nullptr for what we wrote ourselves.
  std::shared_ptr<const PolicyRules> rules;
};

struct RuleOrder {
  std::string url;  // of the Prometheus; what is remembered speaks of that one alone
  std::string folder;
  std::string folder_owner;  // for the stamp
  std::string rules_owner;   // the label `owner` of the files' info rules
  bool reload = true;        // false: somebody else reloads, and files are written at any time
  std::chrono::seconds verify{60};
  std::vector<WantedRules> wanted;
  std::shared_ptr<const prometheus::PrometheusSnapshot> snapshot;  // nullptr: it is not observed
};

// What is remembered between passes; all of it can be lost.
struct RuleMemory {
  struct Refusal {
    std::string hash;
    std::string words;
    int times = 0;  // that it was refused alone, in a row
    SteadyTime retry_at{};
  };
  std::string url;
  prometheus::Files proven;  // texts that Prometheus is known to load
  prometheus::Files found;   // on the disk at the start; empty once a reload has gone well
  std::map<std::string, Refusal> refused;  // by file name
  std::string broken;          // what Prometheus says of its own configuration; "" if that is fine
  std::uint32_t failures = 0;  // reloads in a row that its own configuration broke
  bool reloaded = false;
  SteadyTime last_reload{};
  bool pending = false;  // files were written since the last good reload
  SteadyTime written_at{};
};

struct RuleReport {
  bool changed = false;         // files were written or removed
  bool reload_pending = false;  // a pause is not over
  std::map<std::string, std::string>
      rejected;  // file name → why it, or a rule in it, is not loaded
  std::map<std::string, RulesOutcome> outcomes;  // by file name, of policies alone
  std::string broken;                            // as in RuleMemory
  std::vector<Result<void>> reloads;             // in order
};

class RuleDelivery {
 public:
  using Reload = std::function<Task<Result<void>>()>;  // as QueryClient::reload

  // All that is referred to lives until run() has ended.
  RuleDelivery(PublishingContext& publishing, const Clock& clock, Reload reload, RuleOrder order,
               RuleMemory& memory);

  // Errors: NotFound without the folder, AlreadyExists if it is another owner's, Unavailable and
  // others of the disk, of promtool and of the reload. The report holds what came of it until then.
  Task<Result<void>> run();

  const RuleReport& report() const { return report_; }

 private:
  Task<Result<prometheus::Files>> read_files();
  Task<Result<prometheus::Files>> choose(prometheus::Files current);
  Task<Result<prometheus::RuleFile>> best_version(WantedRules wanted, std::string last_good);
  Task<Result<void>> write(prometheus::Files files);
  Task<Result<void>> ask_reload();
  Task<Result<void>> judge(prometheus::Files on_disk, Error refusal);
  void learn(const prometheus::Files& current);
  void forget_old_refusals(const std::map<std::string, prometheus::RuleFile>& candidates);
  std::string refusal_of(const std::string& file_name, bool& retried) const;
  void reject(const std::string& file_name, const std::string& why);
  bool is_stale(const prometheus::Files& chosen) const;
  SteadyTime next_reload(bool changed) const;
  void note_good(const prometheus::Files& on_disk);
  void blame(const prometheus::Files& on_disk, const std::string& words);

  PublishingContext& publishing_;
  const Clock& clock_;
  Reload reload_;
  RuleOrder order_;
  RuleMemory& memory_;
  RuleReport report_;
};

// Does Prometheus show other rules of this owner than those files hold?
bool rules_differ(const prometheus::Files& files, const std::string& owner,
                  const prometheus::PrometheusSnapshot& snapshot);

}  // namespace clickdeploy::reconcilers
