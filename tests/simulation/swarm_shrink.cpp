#include "tests/simulation/swarm_shrink.h"

#include <algorithm>
#include <set>
#include <utility>

namespace clickdeploy::simulation {

namespace {

class Shrinker {
 public:
  Shrinker(const SwarmResult& failing, const RunWith& run, std::size_t runs_max)
      : run_(run),
        runs_max_(runs_max),
        left_(failing.decisions),
        invariant_(failing.violations.front().invariant) {}

  Shrunk shrink() {
    std::size_t before = 0;
    do {
      before = left_.size();
      drop_classes();
      drop_ranges();
    } while (left_.size() < before && runs_ < runs_max_);
    return {left_, invariant_, runs_};
  }

 private:
  // Does what is left break the same promise without these? Then they go, and with them all that
  // the shorter run did not come to.
  bool try_without(const std::function<bool(std::size_t)>& leave_out) {
    if (runs_ >= runs_max_) return false;
    DecisionSet kept;
    for (std::size_t i = 0; i < left_.size(); ++i) {
      if (!leave_out(i)) kept.insert(left_[i]);
    }
    if (kept.size() == left_.size()) return false;
    ++runs_;
    SwarmResult result = run_(kept);
    const bool same = std::ranges::count(result.violations, invariant_, &Violation::invariant) > 0;
    if (same) left_ = std::move(result.decisions);
    return same;
  }

  void drop_classes() {
    // Users last: without the faults around it, what they did is easier to read.
    std::set<std::pair<bool, std::string>> classes;
    for (const std::string& each : left_) {
      classes.emplace(class_of(each) == "user", class_of(each));
    }
    for (const auto& [user, name] : classes) {
      try_without([&, gone = name](std::size_t i) { return class_of(left_[i]) == gone; });
    }
  }

  void drop_ranges() {
    for (std::size_t length = (left_.size() + 1) / 2; length > 0; length /= 2) {
      for (std::size_t from = 0; from < left_.size() && runs_ < runs_max_;) {
        const bool gone =
            try_without([&](std::size_t i) { return i >= from && i < from + length; });
        if (!gone) from += length;
      }
    }
  }

  const RunWith& run_;
  const std::size_t runs_max_;
  std::vector<std::string> left_;
  const std::string invariant_;
  std::size_t runs_ = 0;
};

}  // namespace

Shrunk shrink(const SwarmResult& failing, const RunWith& run, std::size_t runs_max) {
  return Shrinker(failing, run, runs_max).shrink();
}

}  // namespace clickdeploy::simulation
