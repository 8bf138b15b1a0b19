#include "controller/prometheus/back_test.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::prometheus {

namespace {

using promql::Expression;
using Kind = Expression::Kind;
using std::chrono::seconds;

constexpr std::int64_t kPoints = 2'016;  // of a week every five minutes
constexpr seconds kStepMin{15};
constexpr seconds kLookback{300};  // how long Prometheus takes a sample for the present one
constexpr std::size_t kSelectorsMax = 4;

seconds step_of(seconds window, seconds interval) {
  const seconds even((window.count() + kPoints - 1) / kPoints);
  return std::max({even, interval, kStepMin});
}

seconds duration_of(const std::string& text) {
  const auto duration = parse_prometheus_duration(text);
  return duration ? std::chrono::ceil<seconds>(*duration) : seconds(0);
}

void collect_selectors(const Expression& tree, std::vector<std::string>& found) {
  if (tree.kind == Kind::Call && tree.text.starts_with("absent")) return;
  if (tree.kind == Kind::Binary && tree.text == "or") return;
  if (tree.kind == Kind::Selector) {
    Expression plain = tree;
    plain.range_ms = plain.offset_ms = plain.at_ms = 0;
    plain.at = promql::AtKind::None;
    std::string text = promql::to_string(plain);
    if (std::ranges::find(found, text) == found.end()) found.push_back(std::move(text));
    return;
  }
  const bool keeps_left = tree.kind == Kind::Binary && tree.text == "unless";
  for (std::size_t i = 0; i < tree.operands.size(); ++i) {
    if (i == 0 || !keeps_left) collect_selectors(tree.operands[i], found);
  }
}

// Does any series of it have a sample in the range?
std::string presence_query(const std::string& selector, seconds step) {
  if (step <= kLookback) return fmt::format("count({})", selector);
  return fmt::format("count(present_over_time({}[{}s]))", selector, step.count());
}

}  // namespace

std::vector<std::string> needed_selectors(const Expression& expression) {
  std::vector<std::string> found;
  collect_selectors(expression, found);
  return found;
}

BackTest count_firings(const std::vector<Presence>& series, seconds step, seconds wait) {
  BackTest test;
  for (const Presence& one : series) {
    for (std::size_t begin = 0; begin < one.times.size();) {
      std::size_t end = begin;
      while (end + 1 < one.times.size() && one.times[end + 1] - one.times[end] <= step.count()) {
        ++end;
      }
      const seconds held(one.times[end] - one.times[begin]);
      if (held >= wait) {
        ++test.fired;
        test.firing += held - wait + step;
      }
      begin = end + 1;
    }
  }
  return test;
}

std::string rough_duration(seconds duration) {
  struct Unit {
    std::int64_t size;
    char name;
  };
  constexpr Unit kUnits[] = {{86'400, 'd'}, {3'600, 'h'}, {60, 'm'}, {1, 's'}};
  std::int64_t left = duration.count();
  std::string text;
  int units = 0;
  for (const Unit& unit : kUnits) {
    const std::int64_t count = left / unit.size;
    left -= count * unit.size;
    if (count == 0 && units == 0) continue;
    if (count > 0) text += fmt::format("{}{}{}", text.empty() ? "" : " ", count, unit.name);
    if (++units == 2) break;
  }
  return text.empty() ? "0s" : text;
}

Task<Result<BackTest>> back_test(QueryClient client, Rule rule, seconds window, seconds interval,
                                 WallTime now) {
  Result<Expression> tree = promql::parse_promql(rule.expr);
  if (!tree) co_return std::unexpected(std::move(tree).error());
  const seconds step = step_of(window, interval);
  RangeQuery query;
  query.expression = rule.expr;
  query.step = step;
  query.end = std::chrono::floor<seconds>(now);
  query.start = query.end - window;
  Result<std::vector<Presence>> series = co_await client.query_range(query);
  if (!series) co_return std::unexpected(std::move(series).error());
  BackTest test = count_firings(*series, step, duration_of(rule.for_duration));
  if (!series->empty()) co_return test;

  std::vector<std::string> selectors = needed_selectors(*tree);
  if (selectors.size() > kSelectorsMax) selectors.resize(kSelectorsMax);
  for (const std::string& selector : selectors) {
    RangeQuery ask = query;
    ask.expression = presence_query(selector, step);
    Result<std::vector<Presence>> there = co_await client.query_range(std::move(ask));
    if (!there) co_return std::unexpected(std::move(there).error());
    if (!there->empty()) continue;
    test.nothing = selector;
    break;
  }
  co_return test;
}

}  // namespace clickdeploy::prometheus
