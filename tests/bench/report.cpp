#include "controller/base/json.h"
#include "tests/bench/measure.h"

#include <fmt/format.h>

#include <algorithm>
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

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

Sizes quick_sizes() {
  return {.rounds = 1,
          .connections = 8,
          .writes = 64,
          .reads = 200,
          .listed = 50,
          .loaded = 50,
          .services = 2,
          .replicas = 2,
          .reconciles = 8,
          .watchers = 3,
          .changes = 10};
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
                         row.name, number_text(row.ours), row.unit, row.ratio)
                 .c_str(),
             stderr);
  rows_.push_back(std::move(row));
}

void Report::add(std::string name, std::string unit, Better better, const Taken& taken,
                 std::string limit_is) {
  add({std::move(name), std::move(unit), better, taken.ours, taken.limit, taken.ratio,
       std::move(limit_is)});
}

std::string table_of(const std::vector<Row>& rows) {
  std::size_t name = 11;
  std::size_t unit = 4;
  for (const Row& row : rows) {
    name = std::max(name, row.name.size());
    unit = std::max(unit, row.unit.size());
  }
  std::string text =
      fmt::format("{:<{}}  {:<{}}  {:>9}  {:>9}  {:>7}  {:<6}  {}\n", "MEASUREMENT", name, "UNIT",
                  unit, "OURS", "LIMIT", "RATIO", "BETTER", "THE LIMIT IS");
  for (const Row& row : rows) {
    text += fmt::format("{:<{}}  {:<{}}  {:>9}  {:>9}  {:>7.2f}  {:<6}  {}\n", row.name, name,
                        row.unit, unit, number_text(row.ours), number_text(row.limit), row.ratio,
                        row.better == Better::Higher ? "higher" : "lower", row.limit_is);
  }
  return text;
}

std::string json_lines_of(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) {
    text += to_json(Json::object({{"name", row.name},
                                  {"unit", row.unit},
                                  {"better", row.better == Better::Higher ? "higher" : "lower"},
                                  {"ours", row.ours},
                                  {"limit", row.limit},
                                  {"ratio", row.ratio},
                                  {"limitIs", row.limit_is}}));
    text += '\n';
  }
  return text;
}

void give_up(const std::string& why) {
  std::fputs(("clickdeploy_bench: " + why + "\n").c_str(), stderr);
  std::exit(1);
}

}  // namespace clickdeploy::bench
