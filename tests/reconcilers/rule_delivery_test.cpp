#include "controller/reconcilers/metrics_backend/rule_delivery.h"

#include "controller/async/memory_disk.h"
#include "tests/client/scripted_api.h"

#include <gtest/gtest.h>

#include <optional>

namespace clickdeploy::reconcilers {
namespace {

using namespace std::chrono_literals;

using prometheus::Files;

constexpr const char* kOwner = "01234567/shop/main";
constexpr const char* kFolder = "/rules";

// Accepts what does not hold "promtool".
class WordChecker final : public prometheus::RuleChecker {
 public:
  Result<std::vector<std::string>> complaints(const std::string& text) override {
    if (text.find("promtool") == std::string::npos) return std::vector<std::string>{};
    return std::vector<std::string>{"promtool says no"};
  }
  Result<void> test(const std::vector<prometheus::RuleGroup>&, const Json& tests) override {
    if (to_json(tests).find("promtool") == std::string::npos) return {};
    return fail(ErrorCode::InvalidArgument, "promtool says no");
  }
};

// A Prometheus that reads files by reload alone, all or none.
struct PrometheusInMemory {
  Disk& disk;
  bool answers = true;
  bool own_broken = false;  // prometheus.yml
  bool silent = false;      // it reads its files, and the answer is lost
  std::string poison;       // a text that holds it is refused
  bool success = true;
  Files loaded{};
  std::size_t reloads = 0;

  Result<void> reload() {
    if (!answers) return fail(ErrorCode::Unavailable, "connect: refused");
    ++reloads;
    const Files files = prometheus::FilePublisher(disk, kFolder, "stamp").current().value();
    success = !own_broken;
    for (const auto& [name, text] : files) {
      if (!poison.empty() && text.find(poison) != std::string::npos) success = false;
    }
    if (!success) return fail(ErrorCode::InvalidArgument, own_broken ? "bad yml" : "bad rule");
    loaded = files;
    if (silent) return fail(ErrorCode::Unavailable, "no answer in time");
    return {};
  }

  prometheus::PrometheusSnapshot look(SteadyTime now) const {
    prometheus::PrometheusSnapshot snapshot;
    snapshot.started_at = now;
    snapshot.runtime.reload_config_success = success;
    for (const auto& [name, text] : loaded) {
      prometheus::RuleStatus info;
      info.name = prometheus::kRulesInfoMetric;
      info.labels = {{"file", name}, {"owner", kOwner}, {"spec_hash", prometheus::hash_in(text)}};
      snapshot.groups.push_back({"click_deploy_info", "/rules/" + name, 30, {info}});
    }
    return snapshot;
  }
};

Task<Result<void>> answer(PrometheusInMemory& prometheus) {
  Result<void> reloaded = prometheus.reload();
  co_return reloaded;
}

// Time that goes on between any two looks at it, as real time does.
class RestlessClock final : public Clock {
 public:
  explicit RestlessClock(Clock& clock) : clock_(clock) {}
  SteadyTime steady_now() const override {
    return clock_.steady_now() + std::chrono::nanoseconds(++looks_);
  }
  WallTime wall_now() const override { return clock_.wall_now(); }
  Task<void> sleep(std::chrono::nanoseconds duration) override { return clock_.sleep(duration); }

 private:
  Clock& clock_;
  mutable std::int64_t looks_ = 0;
};

class Delivery : public ::testing::Test {
 protected:
  Delivery() { EXPECT_TRUE(disk_.make_folder(kFolder)); }

  void want(const std::string& name, const std::string& expr) {
    want_rules(name, {{.alert = "Down", .expr = expr}});
  }

  void want_rules(const std::string& name, std::vector<prometheus::Rule> rules,
                  const Json& tests = Json::array()) {
    auto wanted = std::make_shared<PolicyRules>();
    wanted->file_name = "clickdeploy-" + name + ".yml";
    for (std::size_t i = 0; i < rules.size(); ++i) {
      wanted->entries.push_back(
          {"group/" + std::to_string(i), rules[i].alert + rules[i].record, "group"});
    }
    wanted->groups = {{.name = "group", .interval = "", .rules = std::move(rules)}};
    wanted->file = prometheus::render_rule_file(wanted->file_name, kOwner, wanted->groups);
    wanted->tests = tests;
    wanted->digest = wanted->file.spec_hash + to_json(tests);
    wanted_[wanted->file_name] = wanted;
  }

  // The expressions of a file that Prometheus has loaded, in order.
  std::vector<std::string> loaded_rules(const std::string& name) const {
    std::vector<std::string> all;
    auto file = prometheus_.loaded.find("clickdeploy-" + name + ".yml");
    if (file == prometheus_.loaded.end()) return all;
    for (const auto& group : prometheus::read_rule_groups(file->second).value()) {
      for (const auto& rule : group.rules) all.push_back(rule.expr);
    }
    return all;
  }

  const RulesOutcome& outcome(const std::string& name) {
    return report_.outcomes["clickdeploy-" + name + ".yml"];
  }

  void pass() {
    if (observed_) snapshot_ = prometheus_.look(world_.clock.steady_now());
    RuleOrder order;
    order.url = "http://prometheus:9090";
    order.folder = kFolder;
    order.folder_owner = "stamp";
    order.rules_owner = kOwner;
    order.reload = reload_;
    for (const auto& [name, rules] : wanted_) order.wanted.push_back({name, rules->file, rules});
    if (snapshot_) {
      order.snapshot = std::make_shared<const prometheus::PrometheusSnapshot>(*snapshot_);
    }
    RuleDelivery delivery(
        publishing_, clock_, [this] { return answer(prometheus_); }, std::move(order), memory_);
    last_ = world_.run(delivery.run());
    report_ = delivery.report();
  }

  // A pass now, and one every two seconds.
  void passes_for(std::chrono::seconds duration) {
    for (auto spent = 0s; spent <= duration; spent += 2s) {
      if (spent > 0s) world_.context.run_for(2s);
      pass();
    }
  }

  // "a: up == 1, b: up == 2"
  static std::string exprs(const Files& files) {
    std::string all;
    for (const auto& [name, text] : files) {
      const std::size_t at = text.find("expr: ") + 6;
      if (!all.empty()) all += ", ";
      all += name.substr(12, name.size() - 16) + ": " + text.substr(at, text.find('\n', at) - at);
    }
    return all;
  }
  std::string on_disk() {
    return exprs(prometheus::FilePublisher(disk_, kFolder, "stamp").current().value());
  }
  std::string loaded() const { return exprs(prometheus_.loaded); }
  std::string rejected() const {
    std::string names;
    for (const auto& [name, why] : report_.rejected) names += name.substr(12, 1);
    return names;
  }

  client::SimWorld world_;
  RestlessClock clock_{world_.clock};
  MemoryDisk disk_;
  WordChecker checker_;
  RuleVerdicts verdicts_{checker_, world_.context.executor()};
  PublishingContext publishing_{disk_, world_.context.executor(), verdicts_};
  PrometheusInMemory prometheus_{disk_};
  RuleMemory memory_;
  RuleReport report_;
  Result<void> last_;
  std::map<std::string, std::shared_ptr<const PolicyRules>> wanted_;
  bool reload_ = true;
  bool observed_ = true;
  std::optional<prometheus::PrometheusSnapshot> snapshot_;
};

TEST_F(Delivery, WritesAndReloadsOnceAndThenRests) {
  want("a", "up == 1");
  pass();
  EXPECT_TRUE(last_);
  EXPECT_TRUE(report_.changed);
  EXPECT_EQ(loaded(), "a: up == 1");
  passes_for(300s);
  EXPECT_EQ(prometheus_.reloads, 1u);
  EXPECT_FALSE(report_.reload_pending);
}

TEST_F(Delivery, AnEditDuringThePauseIsWrittenWhenTheReloadFollowsAtOnce) {
  want("a", "up == 1");
  pass();
  world_.context.run_for(3s);
  want("a", "up == 2");
  pass();
  EXPECT_TRUE(report_.reload_pending);
  EXPECT_EQ(on_disk(), "a: up == 1");
  passes_for(8s);
  EXPECT_EQ(on_disk(), "a: up == 2");
  EXPECT_EQ(loaded(), "a: up == 2");
  EXPECT_EQ(prometheus_.reloads, 2u);
}

TEST_F(Delivery, ARefusedEditGivesTheFileBackThatWasLoaded) {
  want("a", "up == 1");
  want("b", "up == 1");
  pass();
  world_.context.run_for(3s);
  prometheus_.poison = "up == 2";
  want("a", "up == 2");
  passes_for(20s);
  EXPECT_TRUE(last_);
  EXPECT_EQ(rejected(), "a");
  EXPECT_NE(report_.rejected["clickdeploy-a.yml"].find("bad rule"), std::string::npos);
  EXPECT_EQ(on_disk(), "a: up == 1, b: up == 1");
  EXPECT_EQ(loaded(), on_disk());
  EXPECT_TRUE(prometheus_.success);
  EXPECT_EQ(prometheus_.reloads, 3u);
  want("a", "up == 3");
  passes_for(20s);
  EXPECT_EQ(rejected(), "");
  EXPECT_EQ(loaded(), "a: up == 3, b: up == 1");
}

// The file came onto the disk, and the reload did not come to Prometheus.
TEST_F(Delivery, AFileOnTheDiskIsNotYetAGoodOne) {
  want("a", "up == 1");
  pass();
  world_.context.run_for(20s);
  pass();
  observed_ = false;  // the snapshot is not old yet
  prometheus_.answers = false;
  prometheus_.poison = "up == 2";
  want("a", "up == 2");
  pass();
  EXPECT_EQ(last_.error().code(), ErrorCode::Unavailable);
  EXPECT_EQ(on_disk(), "a: up == 2");
  world_.context.run_for(20s);
  prometheus_.answers = observed_ = true;
  pass();
  EXPECT_TRUE(last_);
  EXPECT_EQ(rejected(), "a");
  EXPECT_EQ(on_disk(), "a: up == 1");
  EXPECT_EQ(loaded(), "a: up == 1");
}

TEST_F(Delivery, NobodyIsBlamedForABrokenConfiguration) {
  want("a", "up == 1");
  pass();
  world_.context.run_for(20s);
  prometheus_.own_broken = true;
  want("a", "up == 2");
  pass();
  EXPECT_TRUE(last_);
  EXPECT_EQ(report_.broken, "bad yml");
  EXPECT_EQ(rejected(), "");
  EXPECT_EQ(on_disk(), "a: up == 1");
  EXPECT_EQ(prometheus_.reloads, 3u);
  passes_for(1'200s);
  EXPECT_EQ(report_.broken, "bad yml");
  EXPECT_LE(prometheus_.reloads, 10u);
  EXPECT_GE(prometheus_.reloads, 7u);
  prometheus_.own_broken = false;
  passes_for(320s);
  EXPECT_EQ(report_.broken, "");
  EXPECT_EQ(loaded(), "a: up == 2");
}

TEST_F(Delivery, AConfigurationThatItsOwnerRepairedIsNotWaitedFor) {
  want("a", "up == 1");
  pass();
  world_.context.run_for(20s);
  prometheus_.own_broken = true;
  want("a", "up == 2");
  passes_for(600s);
  prometheus_.own_broken = false;
  ASSERT_TRUE(prometheus_.reload());  // by its owner
  passes_for(14s);
  EXPECT_EQ(loaded(), "a: up == 2");
}

TEST_F(Delivery, OfSeveralNewFilesTheBadOneIsFound) {
  want("a", "up == 1");
  want("b", "up == 1");
  want("c", "up == 1");
  pass();
  prometheus_.poison = "up == 66";
  want("a", "up == 2");
  want("b", "up == 66");
  want("c", "up == 2");
  passes_for(60s);
  EXPECT_EQ(loaded(), "a: up == 2, b: up == 1, c: up == 2");
  EXPECT_EQ(rejected(), "b");
}

TEST_F(Delivery, AFileThatWasLoadedWithoutAnAnswerDoesNotHoldUpTheNext) {
  want("a", "up == 1");
  want("b", "up == 1");
  pass();
  prometheus_.poison = "up == 2";
  want("a", "up == 2");
  want("b", "up == 2");
  passes_for(12s);
  EXPECT_NE(rejected(), "");
  prometheus_.poison = "";
  prometheus_.silent = true;
  passes_for(12s);
  prometheus_.silent = false;
  passes_for(60s);
  EXPECT_EQ(loaded(), "a: up == 2, b: up == 2");
  EXPECT_EQ(rejected(), "");
}

TEST_F(Delivery, ARefusedFileIsTriedAgainAfterAWhile) {
  want("a", "up == 1");
  prometheus_.poison = "up == 1";
  pass();
  EXPECT_EQ(rejected(), "a");
  EXPECT_EQ(on_disk(), "");
  EXPECT_EQ(prometheus_.reloads, 2u);
  passes_for(58s);
  EXPECT_EQ(prometheus_.reloads, 2u);
  passes_for(118s);
  EXPECT_EQ(rejected(), "a");
  EXPECT_EQ(prometheus_.reloads, 4u);
  passes_for(3'000s);
  EXPECT_LE(prometheus_.reloads, 4u + 2u * 12u);
  EXPECT_EQ(rejected(), "a");
  prometheus_.poison = "";
  passes_for(320s);
  EXPECT_EQ(rejected(), "");
  EXPECT_EQ(loaded(), "a: up == 1");
}

TEST_F(Delivery, AfterARestartPrometheusSaysWhichFilesAreGood) {
  want("a", "up == 1");
  want("b", "up == 1");
  pass();
  // Written, and then the process ended.
  prometheus_.poison = "up == 2";
  want("a", "up == 2");
  Files files = prometheus_.loaded;
  files["clickdeploy-a.yml"] = wanted_["clickdeploy-a.yml"]->file.text;
  ASSERT_TRUE(prometheus::FilePublisher(disk_, kFolder, "stamp").publish(files));
  memory_ = RuleMemory{};
  pass();
  EXPECT_EQ(rejected(), "a");
  EXPECT_EQ(on_disk(), "b: up == 1");
  EXPECT_TRUE(prometheus_.success);
}

TEST_F(Delivery, ABrokenConfigurationDoesNotCostTheFilesThatWereFound) {
  want("a", "up == 1");
  pass();
  memory_ = RuleMemory{};
  prometheus_.loaded.clear();  // it does not say which files it knows
  prometheus_.own_broken = true;
  want("a", "up == 2");
  pass();
  EXPECT_EQ(report_.broken, "bad yml");
  EXPECT_EQ(on_disk(), "a: up == 1");
  prometheus_.own_broken = false;
  passes_for(60s);
  EXPECT_EQ(loaded(), "a: up == 2");
}

TEST_F(Delivery, AnUnobservedPrometheusKeepsItsFiles) {
  observed_ = false;
  want("a", "up == 1");
  pass();
  EXPECT_TRUE(last_);
  EXPECT_EQ(on_disk(), "");
  EXPECT_TRUE(disk_.read(std::string(kFolder) + "/.clickdeploy-owner"));
  EXPECT_EQ(prometheus_.reloads, 0u);
  observed_ = true;
  pass();
  EXPECT_EQ(loaded(), "a: up == 1");
}

TEST_F(Delivery, WhereSomebodyElseReloadsFilesAreWrittenAtOnce) {
  reload_ = observed_ = false;
  want("a", "up == 1");
  pass();
  want("a", "up == 2");
  pass();
  EXPECT_EQ(on_disk(), "a: up == 2");
  want("a", "promtool");
  pass();
  EXPECT_EQ(on_disk(), "a: up == 2");
  EXPECT_EQ(rejected(), "a");
  EXPECT_EQ(prometheus_.reloads, 0u);
}

TEST_F(Delivery, OneBadRuleAmongManyTakesNoneDown) {
  std::vector<prometheus::Rule> rules;
  std::vector<std::string> exprs;
  for (int i = 0; i < 200; ++i) {
    exprs.push_back("up == " + std::to_string(i));
    rules.push_back({.alert = "Alert" + std::to_string(i), .expr = exprs.back()});
  }
  want_rules("a", rules);
  pass();
  EXPECT_EQ(loaded_rules("a"), exprs);
  for (int i = 0; i < 200; ++i) rules[static_cast<std::size_t>(i)].expr += " + 0";
  rules[77].expr = "promtool refuses this";
  want_rules("a", rules);
  passes_for(12s);
  for (int i = 0; i < 200; ++i) {
    if (i != 77) exprs[static_cast<std::size_t>(i)] += " + 0";
  }
  EXPECT_EQ(loaded_rules("a"), exprs);  // the 78th is as it was
  EXPECT_EQ(outcome("a").fates[77].version, RuleVersion::LastGood);
  EXPECT_EQ(outcome("a").fates[76].version, RuleVersion::Wanted);
  EXPECT_EQ(report_.rejected["clickdeploy-a.yml"], "group/77 (Alert77): promtool says no");

  // Our memory is lost, and Prometheus's: the disk holds it all.
  memory_ = RuleMemory{};
  prometheus_.loaded.clear();
  passes_for(20s);
  EXPECT_EQ(loaded_rules("a"), exprs);
  EXPECT_EQ(outcome("a").fates[77].version, RuleVersion::LastGood);

  rules[77].expr = "up == 1077";
  want_rules("a", rules);
  passes_for(20s);
  exprs[77] = "up == 1077";
  EXPECT_EQ(loaded_rules("a"), exprs);
  EXPECT_TRUE(report_.rejected.empty());
  EXPECT_EQ(outcome("a").chosen_hash, outcome("a").wanted_hash);
}

TEST_F(Delivery, ABadRuleThatNeverWasGoodIsLeftOut) {
  want_rules("a", {{.alert = "A", .expr = "up == 1"}, {.alert = "B", .expr = "promtool"}});
  pass();
  EXPECT_EQ(loaded_rules("a"), std::vector<std::string>{"up == 1"});
  EXPECT_EQ(outcome("a").fates[1].version, RuleVersion::None);
}

TEST_F(Delivery, AFailingUnitTestPublishesNothingThatChanged) {
  want("a", "up == 1");
  pass();
  want_rules("a", {{.alert = "Down", .expr = "up == 2"}}, Json::array({"promtool"}));
  passes_for(12s);
  EXPECT_EQ(loaded(), "a: up == 1");
  EXPECT_NE(report_.rejected["clickdeploy-a.yml"].find("unit test"), std::string::npos);
  want_rules("a", {{.alert = "Down", .expr = "up == 2"}}, Json::array({"fine"}));
  passes_for(12s);
  EXPECT_EQ(loaded(), "a: up == 2");
}

TEST_F(Delivery, ALostHashIsReloadedRarely) {
  want("a", "up == 1");
  pass();
  prometheus_.loaded.clear();
  passes_for(58s);
  EXPECT_EQ(prometheus_.reloads, 1u);
  passes_for(4s);
  EXPECT_EQ(prometheus_.reloads, 2u);
  EXPECT_EQ(loaded(), "a: up == 1");
}

}  // namespace
}  // namespace clickdeploy::reconcilers
