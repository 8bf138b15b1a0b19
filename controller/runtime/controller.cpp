#include "controller/runtime/controller.h"

#include "controller/base/planted.h"

#include <spdlog/spdlog.h>

namespace clickdeploy::runtime {

Controller::Controller(ControllerOptions options, Reconciler& reconciler, Clock& clock,
                       Random& random)
    : options_(std::move(options)),
      reconciler_(reconciler),
      clock_(clock),
      queue_(clock, random, options_.backoff) {}

void Controller::start(TaskGroup& tasks) {
  queue_.start(tasks);
  for (std::size_t i = 0; i < options_.workers; ++i) tasks.start(options_.name, work());
}

Task<void> Controller::work() {
  while (true) {
    ObjectKey key = co_await queue_.take();
    const SteadyTime began = clock_.steady_now();
    if (options_.observer != nullptr) options_.observer->begins(options_.name, key);
    Result<ReconcileResult> result = co_await reconciler_.reconcile(key);
    if (options_.observer != nullptr) options_.observer->ended(options_.name, key);
    finish(key, result, began);
  }
}

void Controller::finish(const ObjectKey& key, const Result<ReconcileResult>& result,
                        SteadyTime began) {
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady_now() - began);
  ++counts_.reconciles;
  if (!result) {
    ++counts_.errors;
    const Error& error = result.error();
    std::chrono::milliseconds wait = options_.terminal_retry;
    if (planted(Bug::RequeueForgotten)) {
      queue_.forget(key);
    } else if (error.is_retryable()) {
      wait = queue_.add_rate_limited(key);
    } else {
      queue_.add_after(key, wait);
    }
    // A conflict is ordinary: somebody else wrote first, and we look again.
    const auto level =
        error.code() == ErrorCode::Conflict ? spdlog::level::debug : spdlog::level::warn;
    spdlog::log(level,
                "Reconcile failed kind={} key={} code={} error=\"{}\" took_ms={} retry_ms={}",
                options_.name, key.text(), to_string(error.code()), error.message(), took.count(),
                wait.count());
  } else {
    queue_.forget(key);
    const int unit = planted(Bug::DelayInSeconds) ? 1000 : 1;
    if (result->requeue_after) queue_.add_after(key, unit * *result->requeue_after);
    spdlog::debug("Reconciled kind={} key={} took_ms={} requeue_ms={}", options_.name, key.text(),
                  took.count(), result->requeue_after ? result->requeue_after->count() : -1);
  }
  queue_.done(key);
}

}  // namespace clickdeploy::runtime
