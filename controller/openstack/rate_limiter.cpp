#include "controller/base/planted.h"
#include "controller/openstack/rate_limiter_internal.h"

#include <algorithm>
#include <utility>

namespace clickdeploy::openstack {
namespace {

using std::chrono::nanoseconds;

constexpr double kSlowest = 0.001;
constexpr double kFastest = 1e6;
constexpr std::size_t kBurstMax = 1'000'000;

// A waiter looks again at least this often: those ahead of it may have given up.
constexpr std::chrono::seconds kLookAgain{1};

}  // namespace

class RateLimiter::Place {
 public:
  Place(Line& line, Waiter waiter) : line_(line) {
    line_.push_back(std::move(waiter));
    position_ = std::prev(line_.end());
  }
  ~Place() { line_.erase(position_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  Line::const_iterator position() const { return position_; }

 private:
  Line& line_;
  Line::iterator position_;
};

RateLimiter::RateLimiter(Clock& clock, double requests_per_second, std::size_t burst)
    : clock_(clock), refilled_(clock.steady_now()) {
  set_rate(requests_per_second, burst);
  credit_ = credit_max_;
}

void RateLimiter::set_rate(double requests_per_second, std::size_t burst) {
  refill(clock_.steady_now());
  const std::int64_t before = token_ns_;
  token_ns_ = static_cast<std::int64_t>(1e9 / std::clamp(requests_per_second, kSlowest, kFastest));
  credit_max_ = token_ns_ * static_cast<std::int64_t>(std::clamp<std::size_t>(burst, 1, kBurstMax));
  // As many requests as before.
  const double requests = static_cast<double>(credit_) / static_cast<double>(before);
  credit_ = static_cast<std::int64_t>(
      std::min(requests * static_cast<double>(token_ns_), static_cast<double>(credit_max_)));
}

Task<Result<void>> RateLimiter::acquire(Priority priority, std::string verb, nanoseconds wait_max) {
  if (line_.size() >= kWaitersMax) {
    co_return fail(ErrorCode::ResourceExhausted, "rate limit: too many requests wait already");
  }
  if (planted(Bug::RateLimiterOff)) co_return Result<void>();
  const SteadyTime start = clock_.steady_now();
  const SteadyTime deadline = start + wait_max;
  Place place(line_, {.priority = priority, .verb = verb, .since = start});
  while (true) {
    const SteadyTime now = clock_.steady_now();
    refill(now);
    const SteadyTime free_at = blocked_until(verb);
    if (free_at > deadline) {
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(free_at - now).count();
      co_return fail(
          ErrorCode::ResourceExhausted,
          "rate limit: the cloud asks to wait " + std::to_string(seconds) + " s more with " + verb);
    }
    nanoseconds pause{};
    if (free_at > now) {
      pause = free_at - now;
    } else {
      // The tokens of those ahead are theirs, even if they have not woken yet.
      const std::int64_t needed = (ahead_of(place.position(), now) + 1) * token_ns_;
      if (credit_ >= needed) {
        credit_ -= token_ns_;
        co_return Result<void>();
      }
      pause = nanoseconds(needed - credit_);
    }
    if (now >= deadline) {
      co_return fail(ErrorCode::ResourceExhausted, "rate limit: waited too long for a turn");
    }
    pause = std::min<nanoseconds>({pause, deadline - now, kLookAgain});
    co_await clock_.sleep(pause);
  }
}

void RateLimiter::block(const std::string& verb, SteadyTime until) {
  SteadyTime& current = blocked_[verb];
  current = std::max(current, until);
}

void RateLimiter::refill(SteadyTime now) {
  // More than a full bucket is of no use, and the difference may be large after a pause.
  const std::int64_t missing = credit_max_ - credit_;
  credit_ += std::clamp<std::int64_t>((now - refilled_).count(), 0, missing);
  refilled_ = std::max(refilled_, now);
}

SteadyTime RateLimiter::blocked_until(const std::string& verb) const {
  auto found = blocked_.find(verb);
  return found == blocked_.end() ? SteadyTime::min() : found->second;
}

std::int64_t RateLimiter::ahead_of(Line::const_iterator waiter, SteadyTime now) const {
  const auto rank = [&](const Waiter& w) {
    return now - w.since >= kPromoteAfter ? -1 : static_cast<int>(w.priority);
  };
  const int mine = rank(*waiter);
  std::int64_t count = 0;
  bool before_me = true;
  for (auto it = line_.begin(); it != line_.end(); ++it) {
    if (it == waiter) {
      before_me = false;
    } else if (blocked_until(it->verb) <= now) {
      const int other = rank(*it);
      if (other < mine || (other == mine && before_me)) ++count;
    }
  }
  return count;
}

}  // namespace clickdeploy::openstack
