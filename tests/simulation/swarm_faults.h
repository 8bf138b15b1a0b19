// SwarmFaults: what goes wrong around the process in the hostile phase of a swarm run. The seed
// draws the classes (each is off with probability one half) and their rates.

#pragma once

#include "tests/simulation/story.h"

#include <string>
#include <vector>

namespace clickdeploy::simulation {

// Numbers drawn from a seed.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  // 0 to n - 1; 0 if n is 0.
  std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : random_.next() % n; }
  bool chance(double probability) {
    return static_cast<double>(below(1'000'000)) < probability * 1'000'000.0;
  }
  // Uniform up to `most`, or 0 with probability one half: a class of faults that is off.
  double rate(double most) {
    const bool on = chance(0.5);
    const double drawn = most * static_cast<double>(below(1000)) / 1000.0;
    return on ? drawn : 0.0;
  }

 private:
  SeededRandom random_;
};

struct FaultRates {
  // Of messages.
  double refuse = 0;
  double reset = 0;
  double time_out_after = 0;
  double late = 0;  // carried out or answered late, past the deadline as well
  double status = 0;
  double reload = 0;  // of reloads: 500
  // Of moments.
  double no_valid_host = 0;
  double build_hangs = 0;
  double server_deleted = 0;
  double agent_fails = 0;
  double prometheus_down = 0;
  double token_dropped = 0;
  double wall_jump = 0;
  double crash = 0;
  // Of the whole run; 0 is off.
  std::chrono::seconds list_lag{0};

  std::string text() const;
};

FaultRates draw_rates(Dice& dice);

class SwarmFaults {
 public:
  SwarmFaults(SimWorld& world, Story& story, std::uint64_t seed);

  // Something may go wrong now. Called every few seconds of the hostile phase.
  void moment();
  // All faults are over, and what they left is as somebody who is asked for help would leave it:
  // agents run, Prometheus is up. Jumps of the clock stay.
  void calm();

  const FaultRates& rates() const { return rates_; }

 private:
  std::optional<NetworkFault> fault_of(const http::Request& request);
  NetworkFault status_fault();
  Task<http::Reply> lagging(http::Request request);
  void break_cloud();
  void break_agent();

  SimWorld& world_;
  Story& story_;
  Dice dice_;
  FaultRates rates_;
  bool on_ = true;
};

}  // namespace clickdeploy::simulation
