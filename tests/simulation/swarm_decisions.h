// Decisions: what a seed decides about a run, one by one, each with a name.
//
// A decision is a function of the seed and of its name alone, "class:place:number", so that leaving
// one out changes no other: that is what lets a shrinker take faults out of a failing run. Its
// number counts the chances that its class had at its place: "reset:POST-servers:2" is about the
// second message of that kind, "crash:7" about the seventh moment.

#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::simulation {

// Numbers drawn from a seed.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next();
  // 0 to n - 1; 0 if n is 0.
  std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : next() % n; }
  std::int64_t between(std::int64_t least, std::int64_t most);
  bool chance(double probability);

 private:
  std::uint64_t state_;
};

using DecisionSet = std::set<std::string>;

class Decisions {
 public:
  // `only`: no decision is taken but these; nullopt: all that the seed takes.
  explicit Decisions(std::uint64_t seed, std::optional<DecisionSet> only = std::nullopt);

  // How often a class strikes in this run: 0 (off) with probability one half, else up to `most`.
  double rate(std::string_view name, double most) const;

  // Does it strike this time? The dice are for how. `place` may be "".
  std::optional<Dice> take(std::string_view name, std::string_view place, std::uint64_t number,
                           double probability);
  // Once a run.
  std::optional<Dice> take(std::string_view name, double probability) {
    return take(name, "", 0, probability);
  }
  // Dice for what is not a fault: when, how long.
  Dice dice(std::string_view name, std::uint64_t number) const;

  // Those taken so far, in order, without repetitions.
  const std::vector<std::string>& taken() const { return taken_; }
  const std::string& last_taken() const;

 private:
  std::uint64_t key(std::string_view name, std::string_view place, std::uint64_t number) const;

  const std::uint64_t seed_;
  const std::optional<DecisionSet> only_;
  std::vector<std::string> taken_;
};

// "crash:7" is of class "crash".
std::string class_of(const std::string& decision);
// Between commas; spaces and line ends count as commas, so that a set may be a file.
DecisionSet parse_decisions(std::string_view text);
std::string join_decisions(const std::vector<std::string>& decisions);

}  // namespace clickdeploy::simulation
