// The module against a real Prometheus and a real node_exporter, on loopback.

#include "controller/async/block_on.h"
#include "controller/async/disk.h"
#include "controller/async/task_group.h"
#include "controller/prometheus/observer.h"
#include "controller/prometheus/publisher.h"
#include "controller/prometheus/rule_files.h"
#include "controller/prometheus/target_files.h"
#include "tests/testing/child_process.h"
#include "tests/testing/free_address.h"
#include "tests/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <set>

namespace clickdeploy::prometheus {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kPatience{60'000};
constexpr const char* kOwner = "c1/shop/main";

constexpr std::string_view kConfiguration = R"(
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: [rules/*.yml]
scrape_configs:
- job_name: click-deploy
  file_sd_configs:
  - files: [targets/*.json]
)";

class RealPrometheus : public ::testing::Test {
 protected:
  RealPrometheus() {
    for (const char* name : {"targets", "rules", "data"}) {
      EXPECT_TRUE(disk_.make_folder(folder_ / name, 0755));
    }
    EXPECT_TRUE(disk_.write_atomic(folder_ / "prometheus.yml", kConfiguration, 0644));
    prometheus_ = std::make_unique<testing::ChildProcess>(
        std::vector<std::string>{"prometheus", "--config.file=" + (folder_ / "prometheus.yml"),
                                 "--storage.tsdb.path=" + (folder_ / "data"),
                                 "--web.listen-address=" + address_, "--web.enable-lifecycle"},
        folder_ / "prometheus.log");
    EXPECT_TRUE(wait_until([this] { return block_on(client_.ready()).has_value(); }));
  }

  // Asks again and again, with a breath in between, until the answer is yes.
  template <class Question>
  bool wait_until(Question question) {
    const SteadyTime end = clock_.steady_now() + kPatience;
    while (!question()) {
      if (clock_.steady_now() > end) return false;
      block_on(clock_.sleep(milliseconds(50)));
    }
    return true;
  }

  RuleFile write_rules(const std::string& name, const std::string& expr) {
    Rule rule;
    rule.alert = "Down";
    rule.expr = expr;
    std::vector<RuleGroup> groups = mapping_rule_groups("1s");
    groups.push_back(RuleGroup{.name = "shop", .interval = "1s", .rules = {rule}});
    RuleFile file = render_rule_file(name, kOwner, groups);
    EXPECT_TRUE(rules_.publish({{name, file.text}}));
    return file;
  }

  std::string loaded_hash(const std::string& name) {
    PrometheusSnapshot snapshot;
    snapshot.groups = block_on(client_.rules()).value_or(std::vector<RuleGroupStatus>());
    return snapshot.loaded_hash(name, kOwner);
  }

  testing::TemporaryFolder folder_;
  PosixDisk disk_;
  SystemClock clock_;
  FilePublisher targets_{disk_, folder_ / "targets", "test"};
  FilePublisher rules_{disk_, folder_ / "rules", "test"};
  std::string address_ = testing::free_address();
  std::unique_ptr<http::HttpClient> http_ = http::make_curl_client({});
  QueryClient client_{*http_, "http://" + address_, seconds(10)};
  std::unique_ptr<testing::ChildProcess> prometheus_;
};

TEST_F(RealPrometheus, ScrapesWhatThePublisherWrites) {
  const std::string exporter_address = testing::free_address();
  const testing::ChildProcess exporter(
      {"prometheus-node-exporter", "--web.listen-address=" + exporter_address,
       "--collector.disable-defaults", "--collector.cpu"},
      folder_ / "exporter.log");
  const Labels labels = {{"managed_by", "click-deploy"},
                         {"project_id", "p"},
                         {"service_id", "s"},
                         {"instance_id", "i-1"},
                         {"agent", "node-exporter"},
                         {"note", "a \"quoted\"\nGröße\\"}};
  const Target target{.address = exporter_address, .labels = labels};
  ASSERT_TRUE(targets_.publish({{"clickdeploy-shop.json", render_target_file({target}).value()}}));

  ActiveTarget seen;
  ASSERT_TRUE(wait_until([&] {
    const auto active = block_on(client_.active_targets());
    if (!active || active->size() != 1 || active->front().health != "up") return false;
    seen = active->front();
    return true;
  }));
  Labels wanted = labels;
  wanted.insert({{"job", "click-deploy"}, {"instance", exporter_address}});
  EXPECT_EQ(seen.labels, wanted);
  EXPECT_TRUE(seen.last_scrape);
  EXPECT_TRUE(seen.discovered_labels.at("__meta_filepath").ends_with("/clickdeploy-shop.json"));

  const auto up = block_on(client_.query(R"(up{service_id="s"})"));
  ASSERT_TRUE(up);
  ASSERT_EQ(up->size(), 1u);
  EXPECT_EQ(up->front().value, "1");

  ASSERT_TRUE(targets_.publish({{"clickdeploy-shop.json", render_target_file({}).value()}}));
  EXPECT_TRUE(wait_until([&] {
    const auto active = block_on(client_.active_targets());
    return active && active->empty();
  }));
}

TEST_F(RealPrometheus, ShowsTheHashOfTheRulesThatItLoaded) {
  const RuleFile first = write_rules("clickdeploy-shop.yml", "up == 0");
  EXPECT_EQ(loaded_hash("clickdeploy-shop.yml"), "");
  ASSERT_TRUE(block_on(client_.reload()));
  EXPECT_EQ(loaded_hash("clickdeploy-shop.yml"), first.spec_hash);
  EXPECT_TRUE(block_on(client_.runtime_info())->reload_config_success);

  write_rules("clickdeploy-shop.yml", "up == (");
  const Result<void> refused = block_on(client_.reload());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::InvalidArgument) << refused.error().message();
  EXPECT_EQ(loaded_hash("clickdeploy-shop.yml"), first.spec_hash);
  EXPECT_FALSE(block_on(client_.runtime_info())->reload_config_success);

  const RuleFile third = write_rules("clickdeploy-shop.yml", "up == 1");
  ASSERT_TRUE(block_on(client_.reload()));
  EXPECT_EQ(loaded_hash("clickdeploy-shop.yml"), third.spec_hash);
  EXPECT_TRUE(wait_until([&] {
    const auto series = block_on(client_.query(std::string(kRulesInfoMetric)));
    return series && series->size() == 1 &&
           series->front().labels.at("spec_hash") == third.spec_hash;
  }));
}

TEST_F(RealPrometheus, CanonicalFormIsTheOneOfTheLoadedRule) {
  write_rules("clickdeploy-shop.yml", "sum(rate(foo{b!='x  y', a=\"b\"}[300s])) by (x) > 1e3");
  ASSERT_TRUE(block_on(client_.reload()));
  const auto groups = block_on(client_.rules());
  ASSERT_TRUE(groups);
  std::set<std::pair<std::string, std::string>> loaded;  // several rules may record one series
  for (const RuleGroupStatus& group : *groups) {
    for (const RuleStatus& rule : group.rules) loaded.emplace(rule.name, rule.query);
  }
  const auto written =
      block_on(client_.canonical("sum(rate(foo{b!='x  y', a=\"b\"}[300s])) by (x) > 1e3"));
  ASSERT_TRUE(written);
  EXPECT_TRUE(loaded.contains({"Down", *written})) << *written;
  for (const RuleGroup& group : mapping_rule_groups("1s")) {
    for (const Rule& rule : group.rules) {
      const auto canonical = block_on(client_.canonical(rule.expr));
      ASSERT_TRUE(canonical) << rule.expr;
      EXPECT_TRUE(loaded.contains({rule.record, *canonical})) << *canonical;
    }
  }
  EXPECT_EQ(block_on(client_.canonical("sum(")).error().code(), ErrorCode::InvalidArgument);
}

Task<void> observe(PrometheusObserver& observer, std::string file_name, std::string hash,
                   Clock& clock, bool& seen) {
  TaskGroup group(co_await boost::asio::this_coro::executor);
  group.start("observer", observer.run());
  const SteadyTime end = clock.steady_now() + kPatience;
  while (!seen && clock.steady_now() < end) {
    const auto snapshot = observer.snapshot();
    seen = snapshot && snapshot->loaded_hash(file_name, kOwner) == hash &&
           snapshot->find_target("i-1", "node-exporter") != nullptr;
    co_await clock.sleep(milliseconds(50));
  }
  group.cancel();
  co_await group.join();
}

TEST_F(RealPrometheus, ObserverSeesTargetsAndRules) {
  const Target target{
      .address = testing::free_address(),
      .labels = {
          {"managed_by", "click-deploy"}, {"instance_id", "i-1"}, {"agent", "node-exporter"}}};
  ASSERT_TRUE(targets_.publish({{"clickdeploy-shop.json", render_target_file({target}).value()}}));
  const RuleFile file = write_rules("clickdeploy-shop.yml", "up == 0");
  ASSERT_TRUE(block_on(client_.reload()));

  PrometheusObserver observer(client_, clock_, {.poll = milliseconds(200)});
  bool seen = false;
  block_on(observe(observer, "clickdeploy-shop.yml", file.spec_hash, clock_, seen));
  EXPECT_TRUE(seen);
  EXPECT_FALSE(observer.last_error());
  EXPECT_FALSE(observer.snapshot()->runtime.version.empty());
}

}  // namespace
}  // namespace clickdeploy::prometheus
