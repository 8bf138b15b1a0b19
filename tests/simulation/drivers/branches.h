// Branches: one run, and from each of its places other runs that go another way from there on.
//
// A branch is a fork of the whole simulated world, so the way up to the place costs nothing again.
// It tells what became of it through a pipe, and ends; one that dies is told of, too. The run
// itself goes on as if nothing had happened.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace clickdeploy::simulation {

struct BranchEnd {
  std::uint64_t place = 0;
  std::string way;
  std::string report;  // as given to finish(); "" if it died
  std::string death;   // how; "" if it did not
};

struct BranchOptions {
  // Every stride-th way is taken, counted over all places.
  std::uint64_t stride = 1;
  std::size_t jobs = 1;  // branches at once
  // Only this way, in this process: to repeat one branch, or none at all if the way is "".
  struct Only {
    std::uint64_t place = 0;
    std::string way;
  };
  std::optional<Only> only;
  std::function<void(const BranchEnd&)> ended;
};

class Branches {
 public:
  explicit Branches(BranchOptions options) : options_(std::move(options)) {}
  ~Branches();
  Branches(const Branches&) = delete;
  Branches& operator=(const Branches&) = delete;

  // Begins a branch for each of the ways; in such a branch: the way it goes. nullopt in the run
  // itself, and in a branch from then on.
  std::optional<std::string> take(std::uint64_t place, const std::vector<std::string>& ways);
  bool is_branch() const { return branch_.has_value(); }
  // The way that this branch goes.
  const std::optional<BranchOptions::Only>& branch() const { return branch_; }

  // In a forked branch: ends the process.
  [[noreturn]] void finish(const std::string& report);
  bool is_forked() const { return pipe_ >= 0; }
  // In the run itself: until all branches have ended.
  void wait();

  std::uint64_t begun() const { return begun_; }
  std::uint64_t left_out() const { return left_out_; }  // by the stride

 private:
  struct Child {
    pid_t pid = 0;
    BranchEnd end;
  };

  bool fork_one(std::uint64_t place, const std::string& way);
  void collect();

  BranchOptions options_;
  std::map<int, Child> children_;  // by the end of the pipe that we read
  std::optional<BranchOptions::Only> branch_;
  int pipe_ = -1;
  std::uint64_t counted_ = 0;
  std::uint64_t begun_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace clickdeploy::simulation
