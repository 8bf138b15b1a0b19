#include "controller/prometheus/slo.h"

#include "controller/base/text.h"
#include "controller/prometheus/promql.h"
#include "controller/prometheus/promql_scope.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <set>

namespace clickdeploy::prometheus {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr std::string_view kLabels = "project_id, service_id, service, namespace";

// The windows and factors of the chapter "Alerting on SLOs" of Google's SRE workbook, multiwindow
// and multi-burn-rate: an alert fires when that share of the budget of the whole window is used up
// within the longer window, and is still being used in the shorter. For 30 days the factors come
// to the book's 14.4, 6, 3 and 1.
struct BurnRate {
  std::string_view longer_text;
  milliseconds longer;
  std::string_view shorter_text;
  double budget_share;
  bool pages;
};
constexpr std::array<BurnRate, 4> kBurnRates = {{{"1h", hours(1), "5m", 0.02, true},
                                                 {"6h", hours(6), "30m", 0.05, true},
                                                 {"1d", hours(24), "2h", 0.10, false},
                                                 {"3d", hours(72), "6h", 0.10, false}}};

// "99.9" → 0.001, in whole millionths of a percent so that no rounding shows.
Result<double> budget_of(const std::string& objective) {
  constexpr double kParts = 1e6;
  double percent = 0;
  const auto [end, code] =
      std::from_chars(objective.data(), objective.data() + objective.size(), percent);
  const bool whole = code == std::errc() && end == objective.data() + objective.size();
  if (!whole || !(percent >= 0 && percent < 100)) {
    return fail(ErrorCode::InvalidArgument,
                "objective: must be a percentage below 100, not \"" + objective + "\"");
  }
  return (100 * kParts - std::round(percent * kParts)) / (100 * kParts);
}

class Rules {
 public:
  Rules(const Slo& slo, const std::string& policy, double budget, milliseconds window)
      : slo_(slo), budget_(budget), window_(window) {
    labels_ = {{"slo", slo.name}, {std::string(kPolicyLabel), policy}};
    matchers_ =
        fmt::format("slo={},{}={}", promql::quote(slo.name), kPolicyLabel, promql::quote(policy));
  }

  std::vector<Rule> make() {
    const std::string total = fmt::format("sum by ({}) (rate({}[5m]))", kLabels, slo_.total);
    record("click_deploy_slo_requests_per_second", total);
    // Without one error there may be no series of errors at all.
    record("click_deploy_slo_errors_per_second",
           fmt::format("sum by ({}) (rate({}[5m])) or {} * 0", kLabels, slo_.errors, total));
    for (const std::string& window : windows()) record_ratio(window);
    record("click_deploy_slo_objective_ratio", fmt::format("vector({})", 1 - budget_));
    record("click_deploy_slo_error_budget_remaining_ratio",
           fmt::format("1 - {} / {}", ratio(slo_.window), budget_));
    alert("SLOBudgetBurnsFast", true, slo_.page_severity);
    alert("SLOBudgetBurnsSlowly", false, slo_.ticket_severity);
    return std::move(rules_);
  }

 private:
  bool fits(const BurnRate& rate) const { return rate.longer < window_; }

  std::set<std::string> windows() const {
    std::set<std::string> windows = {slo_.window};
    for (const BurnRate& rate : kBurnRates) {
      if (!fits(rate)) continue;
      windows.emplace(rate.longer_text);
      windows.emplace(rate.shorter_text);
    }
    return windows;
  }

  void record(std::string_view name, std::string expr) {
    Rule rule;
    rule.record = name;
    rule.expr = std::move(expr);
    rule.labels = labels_;
    rules_.push_back(std::move(rule));
  }

  std::string series(std::string_view name) const {
    return fmt::format("{}{{{}}}", name, matchers_);
  }

  // Weighted by traffic: the errors of a window by its requests, not a mean of ratios.
  void record_ratio(const std::string& window) {
    const auto sum = [&](std::string_view name) {
      if (window == "5m") return series(name);
      return fmt::format("sum_over_time({}[{}])", series(name), window);
    };
    const std::string requests = sum("click_deploy_slo_requests_per_second");
    std::string expr =
        fmt::format("{} / ({} > 0)", sum("click_deploy_slo_errors_per_second"), requests);
    if (slo_.no_traffic_is_good) expr += fmt::format(" or {} * 0", requests);
    record(kSloRatioMetric, std::move(expr));
    rules_.back().labels["window"] = window;
  }

  // Without its window, so that ratios of several can be compared.
  std::string ratio(std::string_view window) const {
    return fmt::format("max without (window) ({}{{{},window=\"{}\"}})", kSloRatioMetric, matchers_,
                       window);
  }

  std::string burns(const BurnRate& rate) const {
    const double factor =
        std::round(rate.budget_share * 1e6 * static_cast<double>(window_.count()) /
                   static_cast<double>(rate.longer.count())) /
        1e6;
    std::string expr = fmt::format("{0} > {2} * {3} and {1} > {2} * {3}", ratio(rate.longer_text),
                                   ratio(rate.shorter_text), factor, budget_);
    if (slo_.minimum_requests > 0) {
      expr += fmt::format(" and avg_over_time({}[{}]) * {} >= {}",
                          series("click_deploy_slo_requests_per_second"), rate.longer_text,
                          rate.longer.count() / 1000, slo_.minimum_requests);
    }
    return expr;
  }

  void alert(std::string_view name, bool pages, const std::string& severity) {
    if (severity.empty()) return;
    std::string expr;
    for (const BurnRate& rate : kBurnRates) {
      if (rate.pages != pages || !fits(rate)) continue;
      expr += (expr.empty() ? "" : " or ") + burns(rate);
    }
    if (expr.empty()) return;
    Rule rule;
    rule.alert = name;
    rule.expr = std::move(expr);
    rule.labels = {{"severity", severity}, {"slo", slo_.name}};
    rule.annotations = {
        {"summary", fmt::format("Service {{{{ $labels.namespace }}}}/{{{{ $labels.service }}}} "
                                "burns its error budget of {} {}",
                                slo_.name, pages ? "fast" : "slowly, but too fast to last")},
        {"description",
         fmt::format("{{{{ $value | humanizePercentage }}}} of its requests fail; the objective is "
                     "{} percent good ones in {}.",
                     slo_.objective, slo_.window)}};
    rules_.push_back(std::move(rule));
  }

  const Slo& slo_;
  double budget_;
  milliseconds window_;
  Labels labels_;
  std::string matchers_;
  std::vector<Rule> rules_;
};

}  // namespace

Result<std::vector<Rule>> slo_rules(const Slo& slo, const std::string& policy) {
  Result<double> budget = budget_of(slo.objective);
  if (!budget) return std::unexpected(std::move(budget).error());
  const std::optional<milliseconds> window = parse_prometheus_duration(slo.window);
  if (!window || *window <= hours(1)) {
    return fail(ErrorCode::InvalidArgument,
                "window: must be a duration of more than an hour, not \"" + slo.window + "\"");
  }
  return Rules(slo, policy, *budget, *window).make();
}

Result<std::string> check_slo_selector(const std::string& text) {
  Result<promql::Expression> tree = promql::parse_promql(text);
  if (!tree) return std::unexpected(std::move(tree).error());
  const bool plain = tree->kind == promql::Expression::Kind::Selector && tree->range_ms == 0 &&
                     tree->offset_ms == 0 && tree->at == promql::AtKind::None;
  if (!plain) {
    return fail(ErrorCode::InvalidArgument,
                "must be a vector selector such as http_requests_total{code=~\"5..\"}, without "
                "functions, ranges and offsets");
  }
  return promql::to_string(*tree);
}

}  // namespace clickdeploy::prometheus
