// RateLimiter: a token bucket with three classes of waiters.
//
// Order: Urgent before Normal before Background; within a class first come, first served. Who has
// waited kPromoteAfter goes ahead of all, so that a flood of repairs does not blind the observer.
// A verb that the cloud has asked to leave alone does not hold up others.
//
// Threads: one executor's thread. Lifetime: outlives every acquire().

#pragma once

#include "controller/async/clock.h"
#include "controller/async/task.h"
#include "controller/openstack/session.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <string>

namespace clickdeploy::openstack {

class RateLimiter {
 public:
  static constexpr std::size_t kWaitersMax = 1000;
  static constexpr std::chrono::seconds kPromoteAfter{20};

  RateLimiter(Clock& clock, double requests_per_second, std::size_t burst);
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  // What was earned so far is kept, up to the new burst.
  void set_rate(double requests_per_second, std::size_t burst);

  // Returns when the caller may send. ResourceExhausted if that would take longer than `wait_max`
  // or too many wait already. A cancelled wait takes nothing.
  Task<Result<void>> acquire(Priority priority, std::string verb,
                             std::chrono::nanoseconds wait_max);

  // No request of this verb until `until` (a later one stays).
  void block(const std::string& verb, SteadyTime until);

 private:
  struct Waiter {
    Priority priority;
    std::string verb;
    SteadyTime since;
  };
  class Place;  // in the line, for as long as it lives
  using Line = std::list<Waiter>;

  void refill(SteadyTime now);
  SteadyTime blocked_until(const std::string& verb) const;
  std::int64_t ahead_of(Line::const_iterator waiter, SteadyTime now) const;

  Clock& clock_;
  std::int64_t token_ns_ = 1;    // the time that one request costs
  std::int64_t credit_max_ = 1;  // in ns
  std::int64_t credit_ = 0;
  SteadyTime refilled_;
  Line line_;  // in order of arrival
  std::map<std::string, SteadyTime> blocked_;
};

}  // namespace clickdeploy::openstack
