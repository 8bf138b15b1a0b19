// SLOs on the bench: ratios, budgets and burn rates as the real promtool evaluates them.

#include "controller/prometheus/slo.h"

#include "controller/prometheus/promql.h"
#include "tests/prometheus/rule_bench.h"
#include "tests/testing/golden.h"

#include <gtest/gtest.h>

namespace clickdeploy::prometheus {
namespace {

Slo sample() {
  Slo slo;
  slo.name = "availability";
  slo.objective = "99.9";
  slo.window = "30d";
  slo.errors = R"(http_requests_total{code=~"5..",service_id="s"})";
  slo.total = R"(http_requests_total{service_id="s"})";
  slo.page_severity = "page";
  slo.ticket_severity = "ticket";
  return slo;
}

RuleBench bench_of(const Slo& slo, const std::string& interval = "1m") {
  Result<std::vector<Rule>> rules = slo_rules(slo, "shop/base");
  EXPECT_TRUE(rules) << rules.error().message();
  return RuleBench({{.name = "slo", .interval = "", .rules = *rules}}, interval);
}

std::string requests(const std::string& code) {
  return R"(http_requests_total{project_id="p",service_id="s",service="web",namespace="shop",code=")" +
         code + R"("})";
}

const Labels kFires = {{"project_id", "p"},     {"service_id", "s"},
                       {"service", "web"},      {"namespace", "shop"},
                       {"slo", "availability"}, {"click_deploy_policy", "shop/base"}};

Labels fires(const std::string& severity) {
  Labels labels = kFires;
  labels["severity"] = severity;
  return labels;
}

TEST(Slo, RulesAreAsReviewed) {
  Slo slo = sample();
  slo.minimum_requests = 10;
  testing::expect_golden(
      "prometheus/slo.yml",
      render_rule_file("clickdeploy-shop_base.yml", "c1/shop/main",
                       {{.name = "slo", .interval = "30s", .rules = *slo_rules(slo, "shop/base")}})
          .text);
}

TEST(Slo, RatioIsWeightedByTraffic) {
  RuleBench bench = bench_of(sample());
  // Ten minutes of much good traffic, then little and all bad.
  bench.given(requests("200"), "0+990x10 9900x60");
  bench.given(requests("500"), "0+0x10 0+10x60");
  bench.expect("9m", R"(round(sum(click_deploy_slo_requests_per_second) * 60))", {{"{}", 990}});
  bench.expect("30m", R"(sum(click_deploy_slo_error_ratio{window="5m"}))", {{"{}", 1}});
  bench.expect("30m", R"(count(click_deploy_slo_error_ratio{window="30m"} < 0.1))", {{"{}", 1}});
  bench.expect("30m", R"(count(click_deploy_slo_error_ratio{window="30m"} > 0.01))", {{"{}", 1}});
  bench.run();
}

TEST(Slo, FastBurnPagesAndEnds) {
  RuleBench bench = bench_of(sample());
  // Two percent of errors for an hour and a half burn 20 times the budget; then none.
  bench.given(requests("200"), "0+98x90 8820+100x120");
  bench.given(requests("500"), "0+2x90 180+0x120");
  bench.expect_alerts("30m", "SLOBudgetBurnsFast", {fires("page")});
  bench.expect_alerts("89m", "SLOBudgetBurnsFast", {fires("page")});
  bench.expect_alerts("130m", "SLOBudgetBurnsFast", {});
  bench.run();
}

TEST(Slo, ASlowBurnIsATicket) {
  RuleBench bench = bench_of(sample(), "5m");
  // 0.4 percent of errors: four times the budget, above 3 over a day, below 6.
  bench.given(requests("200"), "0+996x400");
  bench.given(requests("500"), "0+4x400");
  bench.expect_alerts("24h", "SLOBudgetBurnsFast", {});
  bench.expect_alerts("24h", "SLOBudgetBurnsSlowly", {fires("ticket")});
  bench.expect("24h", "round(sum(click_deploy_slo_error_budget_remaining_ratio))", {{"{}", -3}});
  bench.run();
}

TEST(Slo, WithinTheObjectiveNothingFires) {
  RuleBench bench = bench_of(sample(), "5m");
  bench.given(requests("200"), "0+9995x400");
  bench.given(requests("500"), "0+5x400");
  bench.expect_alerts("24h", "SLOBudgetBurnsFast", {});
  bench.expect_alerts("24h", "SLOBudgetBurnsSlowly", {});
  bench.expect("24h", "round(sum(click_deploy_slo_error_budget_remaining_ratio) * 10)",
               {{"{}", 5}});
  bench.run();
}

TEST(Slo, WithoutTrafficThereIsNoNumberThatIsNone) {
  for (const bool good : {false, true}) {
    Slo slo = sample();
    slo.no_traffic_is_good = good;
    RuleBench bench = bench_of(slo);
    bench.given(requests("200"), "100x120");
    bench.expect("90m", "count(click_deploy_slo_error_ratio != click_deploy_slo_error_ratio)", {});
    bench.expect("90m", "count(click_deploy_slo_error_ratio == 0)",
                 good ? std::vector<ExpectedSample>{{"{}", 8}} : std::vector<ExpectedSample>{});
    bench.expect("90m", "count(click_deploy_slo_error_ratio)",
                 good ? std::vector<ExpectedSample>{{"{}", 8}} : std::vector<ExpectedSample>{});
    bench.expect("90m", "sum(click_deploy_slo_error_budget_remaining_ratio)",
                 good ? std::vector<ExpectedSample>{{"{}", 1}} : std::vector<ExpectedSample>{});
    bench.expect_alerts("90m", "SLOBudgetBurnsFast", {});
    bench.run();
  }
}

TEST(Slo, ThreeErrorsAfterAQuietNightNeedNotPage) {
  for (const std::int64_t minimum : {0, 10}) {
    Slo slo = sample();
    slo.minimum_requests = minimum;
    RuleBench bench = bench_of(slo);
    bench.given(requests("200"), "100x520");
    bench.given(requests("500"), "0x480 1 2 3x40");
    bench.expect_alerts("484m", "SLOBudgetBurnsFast",
                        minimum == 0 ? std::vector<Labels>{fires("page")} : std::vector<Labels>{});
    bench.run();
  }
}

TEST(Slo, WithoutOneErrorSeriesTheRatioIsZero) {
  RuleBench bench = bench_of(sample());
  bench.given(requests("200"), "0+100x60");
  bench.expect("40m", R"(sum(click_deploy_slo_error_ratio{window="5m"}))", {{"{}", 0}});
  bench.run();
}

TEST(Slo, ShortWindowsHaveFewerBurnRates) {
  Slo slo = sample();
  slo.window = "2h";
  const std::vector<Rule> rules = *slo_rules(slo, "shop/base");
  std::string names;
  for (const Rule& rule : rules) names += rule.alert;
  EXPECT_EQ(names, "SLOBudgetBurnsFast");
  EXPECT_NE(rules.back().expr.find("> 0.04 * 0.001"), std::string::npos) << rules.back().expr;
}

TEST(Slo, WhatIsNoObjectiveIsRefused) {
  for (const char* objective : {"100", "101", "-1", "", "x", "99.9%", "nan"}) {
    Slo slo = sample();
    slo.objective = objective;
    EXPECT_FALSE(slo_rules(slo, "shop/base")) << objective;
  }
  for (const char* window : {"1h", "30", "", "x"}) {
    Slo slo = sample();
    slo.window = window;
    EXPECT_FALSE(slo_rules(slo, "shop/base")) << window;
  }
  for (const char* objective : {"99", "99.5", "99.999", "0", "95.25"}) {
    Slo slo = sample();
    slo.objective = objective;
    EXPECT_TRUE(slo_rules(slo, "shop/base")) << objective;
  }
}

TEST(Slo, SelectorsAreSelectors) {
  EXPECT_EQ(*check_slo_selector(R"(a{b='c'})"), R"(a{b="c"})");
  for (const char* text :
       {"rate(a[5m])", "a[5m]", "a offset 5m", "a @ 1", "a or b", "1", "a{", ""}) {
    EXPECT_FALSE(check_slo_selector(text)) << text;
  }
}

}  // namespace
}  // namespace clickdeploy::prometheus
