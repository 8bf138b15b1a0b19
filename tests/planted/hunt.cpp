#include "tests/planted/hunt.h"

#include "tests/planted/lone_run.h"

#include <memory>
#include <poll.h>

namespace clickdeploy::planted_bugs {

namespace {

// All runs of all drivers, one after the other.
class Places {
 public:
  explicit Places(std::span<const Driver> drivers) : drivers_(drivers) { skip_empty(); }

  bool over() const { return driver_ == drivers_.size(); }
  const Driver& driver() const { return drivers_[driver_]; }
  std::uint64_t number() const { return driver().first + run_; }
  Run run() const { return {driver().name, number()}; }
  void next() {
    ++run_;
    skip_empty();
  }

 private:
  void skip_empty() {
    while (!over() && run_ >= driver().runs) {
      ++driver_;
      run_ = 0;
    }
  }

  std::span<const Driver> drivers_;
  std::size_t driver_ = 0;
  std::uint64_t run_ = 0;
};

// The hunt for one bug: one process after the other.
class Search {
 public:
  Search(Bug bug, std::size_t place, std::span<const Driver> drivers, Control& control,
         const HuntLimits& limits)
      : place_(place), places_(drivers), control_(control), limits_(limits) {
    finding_.bug = bug;
    began_ = clock_.steady_now();
    start();
  }

  std::size_t place() const { return place_; }
  bool over() const { return run_ == nullptr; }
  int pipe() const { return run_->pipe(); }
  const Finding& finding() const { return finding_; }

  void look() {
    const std::optional<Outcome> outcome = run_->look();
    const SteadyTime now = clock_.steady_now();
    finding_.seconds = std::chrono::duration<double>(now - began_).count();
    if (!outcome && now - began_ < limits_.bug) return;
    run_.reset();
    if (outcome) {
      take(*outcome);
    } else {
      finding_.in_time = false;
    }
  }

 private:
  enum class State : std::uint8_t { Looks, Controls, Repeats };

  void start() {
    if (places_.over()) return;
    const Bug bug = state_ == State::Controls ? Bug::None : finding_.bug;
    run_ = std::make_unique<LoneRun>(bug, places_.driver(), places_.number(), limits_);
  }

  void take(const Outcome& outcome) {
    if (state_ == State::Looks) return looked(outcome);
    if (state_ == State::Controls) {
      control_[places_.run()] = outcome;
      return controlled(outcome);
    }
    const bool again = outcome.known && !outcome.what.empty();
    if (!again) ++finding_.once;
    if (!again) return go_on();
    finding_.found = true;
    finding_.driver = places_.driver().name;
    finding_.number = places_.number();
    finding_.what = seen_;
  }

  void looked(const Outcome& outcome) {
    if (!outcome.known) ++finding_.unknown;
    if (!outcome.known || outcome.what.empty()) return go_on();
    seen_ = outcome.what;
    const auto known = control_.find(places_.run());
    if (known != control_.end()) return controlled(known->second);
    state_ = State::Controls;
    start();
  }

  void controlled(const Outcome& outcome) {
    const bool clean = outcome.known && outcome.what.empty();
    if (!clean) ++finding_.unclean;
    if (!clean) return go_on();
    state_ = State::Repeats;
    start();
  }

  void go_on() {
    state_ = State::Looks;
    places_.next();
    start();
  }

  const std::size_t place_;
  Places places_;
  Control& control_;
  const HuntLimits limits_;
  const SystemClock clock_;
  SteadyTime began_{};
  State state_ = State::Looks;
  std::string seen_;
  std::unique_ptr<LoneRun> run_;
  Finding finding_;
};

void wait_for(std::vector<pollfd> polled) {
  constexpr int kMilliseconds = 500;
  ::poll(polled.data(), polled.size(), kMilliseconds);
}

}  // namespace

Control control(std::span<const Driver> drivers, HuntLimits limits) {
  Control done;
  std::map<Run, std::unique_ptr<LoneRun>> running;
  Places places(drivers);
  while (!places.over() || !running.empty()) {
    for (; !places.over() && running.size() < limits.jobs; places.next()) {
      running[places.run()] =
          std::make_unique<LoneRun>(Bug::None, places.driver(), places.number(), limits);
    }
    std::vector<pollfd> polled;
    for (const auto& [run, lone] : running) polled.push_back({lone->pipe(), POLLIN, 0});
    wait_for(std::move(polled));
    for (auto& [run, lone] : running) {
      std::optional<Outcome> outcome = lone->look();
      if (!outcome) continue;
      done[run] = *std::move(outcome);
      lone.reset();
    }
    std::erase_if(running, [](const auto& entry) { return entry.second == nullptr; });
  }
  return done;
}

std::vector<Finding> hunt(std::span<const Bug> bugs, std::span<const Driver> drivers,
                          Control& control, HuntLimits limits,
                          const std::function<void(const Finding&)>& told) {
  std::vector<Finding> findings(bugs.size());
  std::vector<std::unique_ptr<Search>> searches;
  std::size_t next = 0;
  while (next < bugs.size() || !searches.empty()) {
    for (; next < bugs.size() && searches.size() < limits.jobs; ++next) {
      searches.push_back(std::make_unique<Search>(bugs[next], next, drivers, control, limits));
    }
    std::vector<pollfd> polled;
    for (const auto& search : searches) polled.push_back({search->pipe(), POLLIN, 0});
    wait_for(std::move(polled));
    for (const auto& search : searches) {
      search->look();
      if (!search->over()) continue;
      findings[search->place()] = search->finding();
      told(search->finding());
    }
    std::erase_if(searches, [](const auto& search) { return search->over(); });
  }
  return findings;
}

}  // namespace clickdeploy::planted_bugs
