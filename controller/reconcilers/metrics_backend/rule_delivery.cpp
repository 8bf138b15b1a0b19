#include "controller/reconcilers/metrics_backend/rule_delivery.h"

#include "controller/async/run_on.h"
#include "controller/base/backoff.h"
#include "controller/base/planted.h"
#include "controller/base/text.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using prometheus::Files;
using prometheus::PublishResult;

namespace {

// Each reload makes Prometheus forget its Alertmanagers for up to five seconds.
constexpr std::chrono::seconds kReloadPause{10};

// What its owner has broken takes its owner's time.
constexpr Backoff kBrokenBackoff{.first = std::chrono::milliseconds(20'000),
                                 .longest = std::chrono::milliseconds(300'000),
                                 .factor = 2.0,
                                 .jitter = 0.0};

// A refused text is tried again after one verification, then two, and so on to this: the cause may
// have been elsewhere.
constexpr int kRetryRefused = 5;

}  // namespace

RuleDelivery::RuleDelivery(PublishingContext& publishing, const Clock& clock, Reload reload,
                           RuleOrder order, RuleMemory& memory)
    : publishing_(publishing),
      clock_(clock),
      reload_(std::move(reload)),
      order_(std::move(order)),
      memory_(memory) {}

Task<Result<void>> RuleDelivery::run() {
  Result<Files> current = co_await read_files();
  if (!current) co_return std::unexpected(std::move(current).error());
  learn(*current);
  Result<Files> chosen = co_await choose(*current);
  if (!chosen) co_return std::unexpected(std::move(chosen).error());
  const bool changes = *chosen != *current;
  if (!order_.reload) {
    Result<void> written = co_await write(*chosen);
    co_return written;
  }
  if (!changes && !memory_.pending && !is_stale(*chosen)) {
    memory_.broken.clear();
    memory_.failures = 0;
    co_return Result<void>{};
  }
  report_.broken = memory_.broken;
  if (order_.snapshot == nullptr) co_return Result<void>{};
  if (clock_.steady_now() < next_reload(changes)) {
    report_.reload_pending = true;
    co_return Result<void>{};
  }
  // A configuration that is known to be broken is asked with the files that were good.
  const bool writes = changes && memory_.broken.empty();
  Files on_disk = writes ? *chosen : *current;
  if (writes) {
    Result<void> written = co_await write(on_disk);
    if (!written) co_return written;
  }
  Result<void> reloaded = co_await ask_reload();
  if (reloaded) {
    note_good(on_disk);
    report_.reload_pending = changes && !writes;
    co_return Result<void>{};
  }
  if (reloaded.error().code() != ErrorCode::InvalidArgument) {
    co_return std::unexpected(std::move(reloaded).error().with_context("reload"));
  }
  Result<void> judged = co_await judge(std::move(on_disk), reloaded.error());
  co_return judged;
}

Task<Result<Files>> RuleDelivery::read_files() {
  Disk* disk = &publishing_.disk;
  auto work = [disk, folder = order_.folder, owner = order_.folder_owner]() -> Result<Files> {
    const prometheus::FilePublisher publisher(*disk, folder, owner);
    Result<void> claimed = publisher.claim();
    if (!claimed) return std::unexpected(std::move(claimed).error());
    return publisher.current();
  };
  Result<Files> files = co_await run_on(publishing_.blocking, std::move(work));
  if (!files) {
    co_return std::unexpected(
        std::move(files).error().with_context("rules directory " + order_.folder));
  }
  co_return files;
}

Task<Result<void>> RuleDelivery::write(Files files) {
  Disk* disk = &publishing_.disk;
  auto work = [disk, folder = order_.folder, owner = order_.folder_owner,
               files = std::move(files)] {
    return prometheus::FilePublisher(*disk, folder, owner).publish(files);
  };
  // From here on the disk may hold what Prometheus has not read, whatever comes of the writing.
  memory_.pending = memory_.pending || order_.reload;
  memory_.written_at = clock_.steady_now();
  Result<PublishResult> published = co_await run_on(publishing_.blocking, std::move(work));
  if (!published) {
    co_return std::unexpected(
        std::move(published).error().with_context("rules directory " + order_.folder));
  }
  report_.changed = report_.changed || published->changed();
  co_return Result<void>{};
}

// For each file the text that Prometheus can load: the new one, or the last that was good.
Task<Result<Files>> RuleDelivery::choose(Files current) {
  std::map<std::string, prometheus::RuleFile> candidates;
  for (const WantedRules& wanted : order_.wanted) {
    const Files& known = memory_.proven.contains(wanted.file_name) ? memory_.proven : current;
    auto last = known.find(wanted.file_name);
    std::string last_good = last == known.end() ? "" : last->second;
    Result<prometheus::RuleFile> best = co_await best_version(wanted, std::move(last_good));
    if (!best) co_return std::unexpected(std::move(best).error().with_context("check rules"));
    candidates[wanted.file_name] = *std::move(best);
  }
  forget_old_refusals(candidates);
  Files chosen;
  bool retried = false;
  for (const auto& [name, file] : candidates) {
    const std::string why = refusal_of(name, retried);
    if (why.empty()) {
      if (!file.text.empty()) chosen[name] = file.text;
      continue;
    }
    reject(name, why);
    if (planted(Bug::LastGoodLost)) continue;
    auto there = current.find(name);
    auto proven = memory_.proven.find(name);
    if (there != current.end() && there->second != file.text) {
      chosen[name] = there->second;
    } else if (proven != memory_.proven.end()) {
      chosen[name] = proven->second;
    }
  }
  co_return chosen;
}

// The file with every rule that is good, and the last good versions of those that are not. Without
// a text if nothing is left.
Task<Result<prometheus::RuleFile>> RuleDelivery::best_version(WantedRules wanted,
                                                              std::string last_good) {
  if (wanted.rules == nullptr || planted(Bug::RuleNotChecked)) co_return wanted.file;
  Result<std::vector<std::string>> faults = co_await publishing_.verdicts.check(wanted.rules);
  if (!faults) co_return std::unexpected(std::move(faults).error());
  std::vector<prometheus::RuleGroup> before;
  const bool good = std::ranges::all_of(*faults, &std::string::empty);
  if (!good && !last_good.empty() && !planted(Bug::LastGoodLost)) {
    // A text that cannot be read holds no version that is known to be good.
    before = prometheus::read_rule_groups(last_good).value_or(std::vector<prometheus::RuleGroup>{});
  }
  RuleChoice choice = choose_rules(wanted.rules->groups, *faults, before);
  for (std::size_t i = 0; i < choice.fates.size() && !report_.rejected.contains(wanted.file_name);
       ++i) {
    if (choice.fates[i].why.empty()) continue;
    const RuleEntry& entry = wanted.rules->entries[i];
    report_.rejected[wanted.file_name] =
        entry.ref + " (" + entry.name + "): " + choice.fates[i].why;
  }
  prometheus::RuleFile file = wanted.file;
  if (!good) {
    file = choice.groups.empty()
               ? prometheus::RuleFile{}
               : prometheus::render_rule_file(wanted.file_name, order_.rules_owner, choice.groups);
  }
  report_.outcomes[wanted.file_name] = {.wanted_hash = wanted.file.spec_hash,
                                        .chosen_hash = file.spec_hash,
                                        .refusal = "",
                                        .fates = std::move(choice.fates)};
  co_return file;
}

void RuleDelivery::reject(const std::string& file_name, const std::string& why) {
  report_.rejected[file_name] = why;
  auto outcome = report_.outcomes.find(file_name);
  if (outcome != report_.outcomes.end()) outcome->second.refusal = why;
}

void RuleDelivery::forget_old_refusals(
    const std::map<std::string, prometheus::RuleFile>& candidates) {
  std::erase_if(memory_.refused, [&candidates](const auto& entry) {
    auto candidate = candidates.find(entry.first);
    return candidate == candidates.end() || candidate->second.spec_hash != entry.second.hash;
  });
}

// Why it is not to be written now; "" if it may be. Refused files are tried one at a time, so that
// the next refusal blames exactly one.
std::string RuleDelivery::refusal_of(const std::string& file_name, bool& retried) const {
  auto refused = memory_.refused.find(file_name);
  if (refused == memory_.refused.end()) return "";
  if (!retried && clock_.steady_now() >= refused->second.retry_at) {
    retried = true;
    return "";
  }
  return refused->second.words;
}

// What Prometheus shows it has loaded, whoever asked it to.
void RuleDelivery::learn(const Files& current) {
  if (memory_.url != order_.url) {
    memory_ = RuleMemory{};
    memory_.url = order_.url;
    memory_.found = current;
  }
  if (order_.snapshot == nullptr) return;
  const prometheus::PrometheusSnapshot& snapshot = *order_.snapshot;
  for (const auto& [name, text] : current) {
    const std::string shown = snapshot.loaded_hash(name, order_.rules_owner);
    if (shown.empty() || shown != prometheus::hash_in(text)) continue;
    // Loaded, though the answer to its reload was lost: else it would be the next to be tried for
    // ever, and no other that was refused with it.
    auto refused = memory_.refused.find(name);
    if (refused != memory_.refused.end() && refused->second.hash == shown) {
      memory_.refused.erase(refused);
    }
    auto known = memory_.proven.find(name);
    if (known != memory_.proven.end() && prometheus::hash_in(known->second) == shown) continue;
    memory_.proven[name] = text;
  }
  const bool is_newer = !memory_.reloaded || snapshot.started_at > memory_.last_reload;
  if (is_newer && snapshot.runtime.reload_config_success) {
    memory_.broken.clear();
    memory_.failures = 0;
  }
  if (is_newer && snapshot.started_at > memory_.written_at &&
      !rules_differ(current, order_.rules_owner, snapshot)) {
    memory_.pending = false;
  }
}

bool RuleDelivery::is_stale(const Files& chosen) const {
  if (order_.snapshot == nullptr) return false;
  if (memory_.reloaded && order_.snapshot->started_at <= memory_.last_reload) return false;
  return rules_differ(chosen, order_.rules_owner, *order_.snapshot);
}

SteadyTime RuleDelivery::next_reload(bool changes) const {
  if (!memory_.reloaded) return SteadyTime::min();  // at once, whatever the clock does meanwhile
  if (!memory_.broken.empty()) {
    return memory_.last_reload + kBrokenBackoff.after(memory_.failures, 0);
  }
  // Rules that Prometheus does not show although nothing changed are asked for less often.
  return memory_.last_reload + (changes || memory_.pending ? kReloadPause : order_.verify);
}

Task<Result<void>> RuleDelivery::ask_reload() {
  memory_.reloaded = true;
  memory_.last_reload = clock_.steady_now();
  Result<void> reloaded = co_await reload_();
  memory_.last_reload = clock_.steady_now();
  report_.reloads.push_back(reloaded);
  co_return reloaded;
}

// Whose fault is it? Asks again without the texts that are not known to be good.
Task<Result<void>> RuleDelivery::judge(Files on_disk, Error refusal) {
  std::string words = refusal.message();
  if (on_disk != memory_.proven) {
    Files proven = memory_.proven;
    Result<void> undone = co_await write(std::move(proven));
    if (!undone)
      co_return std::unexpected(std::move(undone).error().with_context("put rules back"));
    Result<void> again = co_await ask_reload();
    if (again) {
      blame(on_disk, words);
      note_good(memory_.proven);
      co_return Result<void>{};
    }
    if (again.error().code() != ErrorCode::InvalidArgument) {
      co_return std::unexpected(std::move(again).error().with_context("reload"));
    }
    words = again.error().message();
    // What was there at the start may be good, and nothing speaks against it now.
    Files back = memory_.proven;
    back.insert(memory_.found.begin(), memory_.found.end());
    Result<void> restored = co_await write(std::move(back));
    if (!restored) {
      co_return std::unexpected(std::move(restored).error().with_context("put rules back"));
    }
  }
  memory_.broken = words;
  ++memory_.failures;
  report_.broken = words;
  co_return Result<void>{};
}

void RuleDelivery::note_good(const Files& on_disk) {
  memory_.proven = on_disk;
  memory_.found.clear();
  memory_.pending = false;
  memory_.broken.clear();
  memory_.failures = 0;
  report_.broken.clear();
  std::erase_if(memory_.refused, [&on_disk](const auto& entry) {
    auto file = on_disk.find(entry.first);
    return file != on_disk.end() && prometheus::hash_in(file->second) == entry.second.hash;
  });
}

void RuleDelivery::blame(const Files& on_disk, const std::string& words) {
  std::vector<std::string> suspects;
  for (const auto& [name, text] : on_disk) {
    auto good = memory_.proven.find(name);
    if (good == memory_.proven.end() || good->second != text) suspects.push_back(name);
  }
  const bool alone = suspects.size() == 1;
  const SteadyTime now = clock_.steady_now();
  for (const std::string& name : suspects) {
    RuleMemory::Refusal& refusal = memory_.refused[name];  // of this very text, if it is there
    refusal.hash = prometheus::hash_in(on_disk.at(name));
    refusal.words = alone ? "Prometheus refused it at reload: " + words
                          : "Prometheus refused " + std::to_string(suspects.size()) +
                                " files at one reload, which are tried one by one: " + words;
    if (alone) refusal.times = std::min(refusal.times + 1, kRetryRefused);
    refusal.retry_at = alone ? now + refusal.times * order_.verify : now;
    if (planted(Bug::RefusedForEver)) refusal.retry_at = SteadyTime::max();
    reject(name, refusal.words);
  }
}

bool rules_differ(const Files& files, const std::string& owner,
                  const prometheus::PrometheusSnapshot& snapshot) {
  if (planted(Bug::RulesNotCompared)) return false;
  for (const auto& [name, text] : files) {
    if (snapshot.loaded_hash(name, owner) != prometheus::hash_in(text)) return true;
  }
  // Files that went, but whose rules are still there.
  return std::ranges::any_of(snapshot.files_of(owner), [&files](const auto& loaded) {
    return !files.contains(loaded.second);
  });
}

}  // namespace clickdeploy::reconcilers
