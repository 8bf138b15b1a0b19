#include "controller/base/json.h"
#include "tests/bench/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace clickdeploy::bench {
namespace {

// Four digits that matter, and thousands apart.
std::string number_text(double value) {
  if (value < 10) return fmt::format("{:.2f}", value);
  if (value < 100) return fmt::format("{:.1f}", value);
  std::string digits = fmt::format("{:.0f}", value);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, " ");
  return digits;
}

std::string number_or_none(double value) {
  return value > 0 ? number_text(value) : "-";
}

}  // namespace

double median(std::vector<double> values) {
  return percentile(std::move(values), 50);
}

double percentile(std::vector<double> values, double percent) {
  if (values.empty()) give_up("nothing was measured");
  const double last = static_cast<double>(values.size() - 1);
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(std::round(last * percent / 100));
  std::ranges::nth_element(values, at);
  return *at;
}

Sizes quick_sizes() {
  return {.rounds = 1,
          .connections = 8,
          .writes = 64,
          .slow_writes = 16,
          .reads = 200,
          .listed = 50,
          .loaded = 50,
          .services = 2,
          .replicas = 2,
          .reconciles = 8,
          .targets = 100,
          .rules = 100,
          .delivered_policies = 2,
          .reload_pause_seconds = 0,
          .deliveries = 1,
          .storm = 20,
          .storm_per_second = 20,
          .fleets = {4},
          .fleet_poll_seconds = 1,
          .fleet_scrape_seconds = 2,
          .steady_seconds = 2,
          .grown = 2,
          .watchers = 3,
          .changes = 10,
          .paced_seconds = 0.2};
}

Taken medians_of(const std::vector<double>& ours, const std::vector<double>& limit) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < ours.size(); ++i) ratios.push_back(ours[i] / limit[i]);
  return {median(ours), median(limit), median(ratios)};
}

Taken take_turns(std::size_t rounds, const std::function<double()>& ours,
                 const std::function<double()>& limit) {
  std::vector<double> our_values;
  std::vector<double> limit_values;
  for (std::size_t round = 0; round < rounds; ++round) {
    our_values.push_back(ours());
    limit_values.push_back(limit());
  }
  return medians_of(our_values, limit_values);
}

void Report::begin(const std::string& what) {
  std::fputs(fmt::format("[{:5.1f} s] {}\n", since_.seconds(), what).c_str(), stderr);
}

void Report::add(Row row) {
  std::fputs(fmt::format("[{:5.1f} s]   {}: {} {}, {:.2f} of the limit\n", since_.seconds(),
                         row.name, number_text(row.taken.ours), row.unit, row.taken.ratio)
                 .c_str(),
             stderr);
  rows_.push_back(std::move(row));
}

std::string table_of(const std::vector<Row>& rows) {
  constexpr const char* kForm = "{:<{}}  {:<{}}  {:>9}  {:>9}  {:>9}  {:>7}  {:>9}  {:<6}  {}\n";
  std::size_t name = 11;
  std::size_t unit = 4;
  for (const Row& row : rows) {
    name = std::max(name, row.name.size());
    unit = std::max(unit, row.unit.size());
  }
  std::string text = fmt::format(kForm, "MEASUREMENT", name, "UNIT", unit, "OURS", "AIM", "LIMIT",
                                 "RATIO", "ETCD", "BETTER", "THE LIMIT IS");
  for (const Row& row : rows) {
    text += fmt::format(kForm, row.name, name, row.unit, unit, number_text(row.taken.ours),
                        number_or_none(row.aim), number_text(row.taken.limit),
                        fmt::format("{:.2f}", row.taken.ratio), number_or_none(row.etcd),
                        row.better == Better::Higher ? "higher" : "lower", row.limit_is);
  }
  return text;
}

std::string json_lines_of(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) {
    Json line = Json::object({{"name", row.name},
                              {"unit", row.unit},
                              {"better", row.better == Better::Higher ? "higher" : "lower"},
                              {"ours", row.taken.ours},
                              {"limit", row.taken.limit},
                              {"ratio", row.taken.ratio},
                              {"limitIs", row.limit_is}});
    if (row.aim > 0) line.set("aim", row.aim);
    if (row.etcd > 0) line.set("etcd", row.etcd);
    append_json(text, line);
    text += '\n';
  }
  return text;
}

void give_up(const std::string& why) {
  std::fputs(("clickdeploy_bench: " + why + "\n").c_str(), stderr);
  std::exit(1);
}

}  // namespace clickdeploy::bench
