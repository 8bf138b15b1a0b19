// WatchCheck (S9, L5): an independent watcher of one resource.
//
// It keeps a watch open at the API server, cuts it at moments drawn from the seed, goes on from the
// last version that it has, lists again after 410, and compares what it sees with the history:
// each change once and in order, with its bytes, none from before or beyond; a bookmark says no
// more than what was delivered; 410 comes only where the log no longer reaches; and all that was
// committed comes within the bound.

#pragma once

#include "controller/async/random.h"
#include "controller/async/task_group.h"
#include "controller/http/http_client.h"
#include "tests/simulation/checks/history.h"

#include <functional>
#include <optional>
#include <string>

namespace clickdeploy::simulation {

class WatchCheck {
 public:
  static constexpr std::chrono::seconds kBehindMax{30};  // L5

  // `catch_up` brings the history up to date; it may be null.
  WatchCheck(std::string resource, std::string path, const History& history, const Clock& clock,
             Report& report, std::uint64_t seed, std::function<void()> catch_up = nullptr);

  // Watches until the task is destroyed with its process. What was seen before is kept.
  Task<void> run(http::Handler serve, Clock& clock, std::function<store::Revision()> oldest);

  // The process is gone: until the next run() nobody is behind.
  void killed() { serving_ = false; }

  // To be called now and then: is it too far behind?
  // The process has been given its turns since `fair_since`: what came before excuses it.
  void look(SteadyTime fair_since = {});

  // What run() does with the answers.
  void listed(const Json& list);
  void take_line(std::string_view line);
  void refused(store::Revision oldest);

  std::optional<store::Revision> position() const { return position_; }
  std::uint64_t delivered() const { return delivered_; }
  std::uint64_t refusals() const { return refusals_; }  // as too old

 private:
  Task<void> list(const http::Handler& serve);
  Task<void> watch(const http::Handler& serve, std::function<store::Revision()> oldest);
  void take_event(std::string_view type, std::string_view object);
  void take_bookmark(std::string_view object);
  const Version* next_expected() const;
  void tell(const std::string& what) const;

  const std::string resource_;
  const std::string path_;
  const History& history_;
  const Clock& clock_;
  Report& report_;
  SeededRandom random_;
  const std::function<void()> catch_up_;
  std::optional<store::Revision> position_;  // everything up to here was seen
  bool expired_ = false;
  std::uint64_t delivered_ = 0;
  std::uint64_t refusals_ = 0;
  bool serving_ = true;
  SteadyTime served_since_{};
};

}  // namespace clickdeploy::simulation
