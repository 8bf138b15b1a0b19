#include "tests/simulation/sim_context.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace clickdeploy::simulation {

namespace asio = boost::asio;
using boost::system::error_code;

SimContext::~SimContext() {
  down_ = true;
  shutdown();  // services let go of the coroutines they hold
  held_owner_ = 0;
  while (!ready_.empty() || !timed_.empty() || !held_.empty() || !starved_.empty()) {
    auto ready = std::exchange(ready_, {});
    auto held = std::exchange(held_, {});
    auto starved = std::exchange(starved_, {});
    auto timed = std::exchange(timed_, {});
  }
  destroy();
}

Executor SimContext::executor() {
  return SimExecutor(*this);
}

void SimContext::post(std::unique_ptr<Job> job, Owner owner) {
  if (!down_) make_ready({owner, std::move(job)});
}

void SimContext::make_ready(Entry entry) {
  if (entry.owner != 0 && entry.owner == held_owner_) {
    held_.push_back(std::move(entry));
  } else if (entry.owner != 0 && starve_steps_ > 0) {
    starved_.push_back(std::move(entry));
    starved_until_ = steps_ + std::exchange(starve_steps_, 0);
  } else {
    ready_.push_back(std::move(entry));
  }
}

void SimContext::late_timers(std::chrono::nanoseconds most) {
  // Those that are late already still are.
  fair_since_ = std::max(fair_since_, now_ + late_most_);
  late_most_ = most;
}

void SimContext::be_fair() {
  late_timers(std::chrono::nanoseconds(0));
  starve_steps_ = 0;
  starved_until_ = steps_;
  release(held_owner_);
}

SteadyTime SimContext::fair_since() const {
  const bool fair = held_owner_ == 0 && starved_.empty() && late_most_.count() == 0;
  return fair ? fair_since_ : now_;
}

void SimContext::release(Owner owner) {
  if (owner != held_owner_) return;
  held_owner_ = 0;
  fair_since_ = std::max(fair_since_, now_);
  for (Entry& entry : std::exchange(held_, {})) make_ready(std::move(entry));
}

std::uint64_t SimContext::post_after(std::chrono::nanoseconds delay, std::unique_ptr<Job> job,
                                     Owner owner) {
  const std::uint64_t ticket = ++last_ticket_;
  if (down_) return ticket;
  if (owner != 0 && late_most_.count() > 0) {
    delay +=
        std::chrono::nanoseconds(random_.next() % static_cast<std::uint64_t>(late_most_.count()));
  }
  const std::int64_t when = (now_ + std::max(delay, std::chrono::nanoseconds(0))).count();
  timed_.emplace(TimedKey{when, ticket}, Entry{owner, std::move(job)});
  when_.emplace(ticket, when);
  return ticket;
}

std::unique_ptr<SimContext::Job> SimContext::take_timed(std::uint64_t ticket) {
  const auto when = when_.find(ticket);
  if (when == when_.end()) return nullptr;
  const auto at = timed_.find({when->second, ticket});
  when_.erase(when);
  if (at == timed_.end()) return nullptr;
  std::unique_ptr<Job> job = std::move(at->second.job);
  timed_.erase(at);
  return job;
}

void SimContext::drop(Owner owner) {
  std::vector<Entry> dropped;  // destroyed at the end: their destructors may look in here
  if (owner == held_owner_) held_owner_ = 0;
  for (std::vector<Entry>* entries : {&ready_, &held_, &starved_}) {
    for (Entry& entry : *entries) {
      if (entry.owner == owner) dropped.push_back(std::move(entry));
    }
    std::erase_if(*entries, [](const Entry& entry) { return entry.job == nullptr; });
  }
  for (auto at = timed_.begin(); at != timed_.end();) {
    if (at->second.owner != owner) {
      ++at;
      continue;
    }
    when_.erase(at->first.second);
    dropped.push_back(std::move(at->second));
    at = timed_.erase(at);
  }
}

void SimContext::mix(std::uint64_t value) {
  for (int i = 0; i < 8; ++i, value >>= 8) {  // FNV-1a
    hash_ = (hash_ ^ (value & 0xFFU)) * 0x100000001B3ULL;
  }
}

// Makes all jobs of the next time ready, so that the seed orders them. False if there are none up
// to `limit`.
bool SimContext::advance(SteadyTime limit) {
  while (ready_.empty()) {  // a process that is stopped makes nothing ready
    if (timed_.empty() || timed_.begin()->first.first > limit.count()) return false;
    const std::int64_t when = timed_.begin()->first.first;
    now_ = SteadyTime(when);
    while (!timed_.empty() && timed_.begin()->first.first == when) {
      when_.erase(timed_.begin()->first.second);
      Entry entry = std::move(timed_.begin()->second);
      timed_.erase(timed_.begin());
      make_ready(std::move(entry));
    }
  }
  return true;
}

void SimContext::run_one() {
  if (steps_ >= starved_until_) {
    starved_until_ = UINT64_MAX;
    fair_since_ = std::max(fair_since_, now_);
    for (Entry& entry : std::exchange(starved_, {})) ready_.push_back(std::move(entry));
  }
  const std::size_t index = random_.next() % ready_.size();
  std::unique_ptr<Job> job = std::move(ready_[index].job);
  struct Running {
    std::optional<Owner>& now;
    ~Running() { now.reset(); }
  } running{running_};
  running_ = ready_[index].owner;
  ready_[index] = std::move(ready_.back());
  ready_.pop_back();
  ++steps_;
  mix(index);
  mix(static_cast<std::uint64_t>(now_.count()));
  job->run();
}

bool SimContext::step() {
  if (ready_.empty() && !advance(SteadyTime::max())) return false;
  run_one();
  return true;
}

bool SimContext::run_until(const std::function<bool()>& predicate, SteadyTime deadline) {
  while (!predicate()) {
    if (ready_.empty() && !advance(deadline)) {
      now_ = std::max(now_, deadline);
      return false;
    }
    run_one();
  }
  return true;
}

void SimContext::run_for(std::chrono::nanoseconds duration) {
  run_until([] { return false; }, now_ + duration);
}

Task<void> SimClock::sleep(std::chrono::nanoseconds duration) {
  auto start = [](auto handler, SimContext& context, std::chrono::nanoseconds delay,
                  SimContext::Owner owner) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    // Shared, because a timed job can end in two ways: in time or cancelled.
    auto error = std::make_shared<error_code>();
    const std::uint64_t ticket = context.post_after(
        delay, SimContext::make_job([done = std::move(handler), error]() mutable {
          std::move(done)(*error);
        }),
        owner);
    if (!slot.is_connected()) return;
    slot.assign([&context, ticket, error, owner](asio::cancellation_type) {
      std::unique_ptr<SimContext::Job> job = context.take_timed(ticket);
      if (!job) return;
      *error = asio::error::operation_aborted;
      context.post(std::move(job), owner);
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void(error_code)>(
      start, asio::use_awaitable, std::ref(context_), duration, owner_);
}

}  // namespace clickdeploy::simulation
