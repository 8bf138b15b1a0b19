// Report: where a simulated run says that a promise was broken.
//
// A promise has an id (invariants.h); what is no promise but a run that cannot go on has the id
// "run". The same promise is told once a run, in the words of its first breach. Without `sink` a
// breach fails the running test.

#pragma once

#include "controller/async/clock.h"

#include <functional>
#include <string>
#include <vector>

namespace clickdeploy::simulation {

struct Violation {
  SteadyTime at{};
  std::string invariant;
  std::string what;
};

class Report {
 public:
  explicit Report(const Clock& clock) : clock_(clock) {}

  void add(const std::string& invariant, const std::string& what);
  bool empty() const { return violations_.empty(); }
  const std::vector<Violation>& violations() const { return violations_; }

  std::function<void(const Violation&)> sink;

 private:
  const Clock& clock_;
  std::vector<Violation> violations_;
};

}  // namespace clickdeploy::simulation
