// Measurements against a limit: the same work done by us and by the least that could do it, taken
// in turns so that a noisy machine slows both alike.

#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace clickdeploy::bench {

// How much is measured. --quick takes sizes that prove only that it works.
struct Sizes {
  std::size_t rounds = 5;
  std::size_t connections = 64;
  std::size_t writes = 6'000;       // a round
  std::size_t slow_writes = 1'000;  // by one client, a round
  std::size_t reads = 40'000;       // a round
  std::size_t listed = 10'000;      // objects in a list
  std::size_t loaded = 10'000;      // objects in memory
  std::size_t services = 20;        // of the fleet that is reconciled
  std::size_t replicas = 50;        // of each of them
  std::size_t reconciles = 4'000;   // a round
  std::size_t targets = 10'000;     // of one Prometheus
  std::size_t rules = 5'000;        // likewise
  std::size_t delivered_policies = 20;
  double reload_pause_seconds = 11;  // longer than the daemon leaves between two
  std::size_t deliveries = 3;        // of a change to a real Prometheus; each waits for a pause
  std::size_t storm = 1'000;         // changes
  double storm_per_second = 100;
  std::vector<std::size_t> fleets{1'000};  // servers of each
  std::size_t fleet_poll_seconds = 10;
  std::size_t fleet_scrape_seconds = 60;
  double steady_seconds = 60;  // that a fleet is watched in which nothing happens
  std::size_t grown = 40;      // servers that are added to it
  std::size_t watchers = 100;
  std::size_t changes = 1'000;  // that each watcher is told of, a round
  double paced_seconds = 2;     // of watches at a steady pace, a round
};
Sizes quick_sizes();

enum class Better { Higher, Lower };

struct Taken {
  double ours = 0;
  double limit = 0;
  double ratio = 0;  // ours / limit
};

struct Row {
  std::string name;
  std::string unit;
  Better better = Better::Higher;
  Taken taken;
  std::string limit_is;
  double aim = 0;   // for `ours`; 0: none
  double etcd = 0;  // what etcd does beside us; 0: nothing to compare
};

// ours, limit, ours, limit, …: medians; of the ratio that of the pairs.
Taken take_turns(std::size_t rounds, const std::function<double()>& ours,
                 const std::function<double()>& limit);

// The same of values that were taken in turns already.
Taken medians_of(const std::vector<double>& ours, const std::vector<double>& limit);

double median(std::vector<double> values);
// The value below which so many of a hundred are.
double percentile(std::vector<double> values, double percent);

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

// What each measurement is given and gives.
class Report {
 public:
  // On stderr, so that the table alone is on stdout.
  void begin(const std::string& what);
  void add(Row row);

  const std::vector<Row>& rows() const { return rows_; }

 private:
  Stopwatch since_;
  std::vector<Row> rows_;
};

std::string table_of(const std::vector<Row>& rows);
std::string json_lines_of(const std::vector<Row>& rows);

// Ends the program with a message: a measurement that cannot be made is worth nothing.
[[noreturn]] void give_up(const std::string& why);

// `folder` is on the disk that is measured.
void bench_writes(const Sizes& sizes, const std::string& folder, Report& report);
void bench_reads(const Sizes& sizes, const std::string& folder, Report& report);
void bench_lists(const Sizes& sizes, const std::string& folder, Report& report);
void bench_memory(const Sizes& sizes, const std::string& folder, Report& report);
void bench_daemon(const Sizes& sizes, const std::string& folder, Report& report);
void bench_reconciles(const Sizes& sizes, const std::string& folder, Report& report);
void bench_monitoring(const Sizes& sizes, const std::string& folder, Report& report);
void bench_delivery(const Sizes& sizes, const std::string& folder, Report& report);
void bench_fleets(const Sizes& sizes, const std::string& folder, Report& report);
void bench_watches(const Sizes& sizes, const std::string& folder, Report& report);

}  // namespace clickdeploy::bench
