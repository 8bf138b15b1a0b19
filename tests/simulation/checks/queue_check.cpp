#include "tests/simulation/checks/queue_check.h"

#include <algorithm>

namespace clickdeploy::simulation {

using namespace std::chrono_literals;

namespace {

// Each request of a reconcile has a deadline, and so has each wait between two; none is in a loop.
constexpr auto kLongestReconcile = 10min;

}  // namespace

void QueueCheck::begins(const std::string& controller, const api::ObjectKey& key) {
  if (running_.emplace(Work{controller, key}, clock_.steady_now()).second) return;
  report_.add("S19", controller + " " + key.text() + " is reconciled twice at once");
}

void QueueCheck::ended(const std::string& controller, const api::ObjectKey& key) {
  const auto work = running_.find({controller, key});
  if (work == running_.end()) {
    return report_.add("S19", controller + " " + key.text() + " ends and never began");
  }
  std::chrono::nanoseconds& longest = longest_[controller];
  longest = std::max(longest, clock_.steady_now() - work->second);
  told_.erase(work->first);
  running_.erase(work);
}

void QueueCheck::killed() {
  running_.clear();
  told_.clear();
}

void QueueCheck::look(const std::vector<app::QueueCounts>& queues,
                      const std::function<std::size_t(const std::string& kind)>& objects,
                      SteadyTime fair_since) {
  const SteadyTime now = clock_.steady_now();
  std::map<std::string, std::size_t> working;
  for (const auto& [work, since] : running_) {
    ++working[work.first];
    std::chrono::nanoseconds& longest = longest_[work.first];
    longest = std::max(longest, now - since);
    if (now - std::max(since, fair_since) > kLongestReconcile && told_.insert(work).second) {
      report_.add("L6", work.first + " " + work.second.text() + " is reconciled for " +
                            std::to_string((now - since) / 1s) + " s and does not end");
    }
  }
  for (const app::QueueCounts& queue : queues) {
    const std::size_t most = objects(queue.kind);
    // A key may wait for its time and be ready at once, but each at most once.
    if (std::max(queue.ready, queue.delayed) > most) {
      report_.add("S19", "the queue of " + queue.kind + " holds " + std::to_string(queue.ready) +
                             " ready and " + std::to_string(queue.delayed) + " delayed keys of " +
                             std::to_string(most) + " objects");
    }
    if (queue.working > queue.workers || working[queue.kind] > queue.workers) {
      report_.add("S19", queue.kind + " has " + std::to_string(queue.working) + " reconciles and " +
                             std::to_string(queue.workers) + " workers");
    }
    const auto workers = static_cast<std::int64_t>(std::max<std::size_t>(queue.workers, 1));
    const auto length = static_cast<std::int64_t>(queue.ready + queue.working);
    const std::chrono::nanoseconds bound =
        2 * longest_[queue.kind] * ((length + workers - 1) / workers) + 1s;
    const std::chrono::nanoseconds wait = std::min(queue.oldest_wait, now - fair_since);
    if (wait > bound) {
      report_.add("L6", "a key of " + queue.kind + " has waited for " + std::to_string(wait / 1ms) +
                            " ms; " + std::to_string(bound / 1ms) + " ms are explained");
    }
  }
}

}  // namespace clickdeploy::simulation
