#include "controller/runtime/work_queue.h"

#include "controller/base/planted.h"

namespace clickdeploy::runtime {

WorkQueue::WorkQueue(Clock& clock, Random& random, Backoff backoff)
    : clock_(clock), random_(random), backoff_(backoff) {}

void WorkQueue::make_ready(const ObjectKey& key) {
  if (!waiting_.insert(key).second) return;
  const bool at_work = working_.contains(key) && !planted(Bug::KeyRunsTwice);
  if (at_work) return;  // done() queues it
  push_ready(key);
}

void WorkQueue::push_ready(const ObjectKey& key) {
  ready_.push_back({key, clock_.steady_now()});
  changed_.notify();
}

void WorkQueue::drop_delay(const ObjectKey& key) {
  auto found = due_of_.find(key);
  if (found == due_of_.end()) return;
  delays_.erase({found->second, key});
  due_of_.erase(found);
}

void WorkQueue::add(const ObjectKey& key) {
  drop_delay(key);
  make_ready(key);
}

void WorkQueue::add_after(const ObjectKey& key, std::chrono::nanoseconds delay) {
  if (delay <= std::chrono::nanoseconds::zero()) return add(key);
  const SteadyTime due = clock_.steady_now() + delay;
  auto found = due_of_.find(key);
  if (found != due_of_.end() && found->second <= due) return;
  drop_delay(key);
  due_of_.emplace(key, due);
  delays_.emplace(due, key);
  schedule_wake();
}

std::chrono::milliseconds WorkQueue::add_rate_limited(const ObjectKey& key) {
  const std::uint32_t attempt = ++failures_[key];
  const std::chrono::milliseconds wait = backoff_.after(attempt, random_.next());
  add_after(key, wait);
  return wait;
}

void WorkQueue::forget(const ObjectKey& key) {
  failures_.erase(key);
}

std::uint32_t WorkQueue::failures(const ObjectKey& key) const {
  auto found = failures_.find(key);
  return found == failures_.end() ? 0 : found->second;
}

Task<ObjectKey> WorkQueue::take() {
  while (ready_.empty()) {
    const std::uint64_t seen = changed_.version();
    co_await changed_.wait(seen);
  }
  ObjectKey key = std::move(ready_.front().key);
  ready_.pop_front();
  waiting_.erase(key);
  working_.insert(key);
  co_return key;
}

void WorkQueue::done(const ObjectKey& key) {
  working_.erase(key);
  const bool again = waiting_.contains(key) && !planted(Bug::KeyDroppedAtWork);
  if (again) push_ready(key);
}

void WorkQueue::start(TaskGroup& tasks) {
  tasks_ = &tasks;
  schedule_wake();
}

// A sleeper cannot be woken early, so a delay that is sooner than the earliest sleeper gets one of
// its own. The later ones sleep on, and are counted on when their time is next.
void WorkQueue::schedule_wake() {
  if (tasks_ == nullptr || delays_.empty()) return;
  const SteadyTime due = delays_.begin()->first;
  if (!wakes_.empty() && *wakes_.begin() <= due) return;
  wakes_.insert(due);
  tasks_->start("delayed keys", wake_at(due));
}

Task<void> WorkQueue::wake_at(SteadyTime due) {
  co_await clock_.sleep(due - clock_.steady_now());
  wakes_.erase(due);
  while (!delays_.empty() && delays_.begin()->first <= clock_.steady_now()) {
    const ObjectKey key = delays_.begin()->second;
    drop_delay(key);
    make_ready(key);
  }
  schedule_wake();
}

}  // namespace clickdeploy::runtime
