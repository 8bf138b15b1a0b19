#include "controller/async/signal.h"

#include "controller/async/post_home.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace clickdeploy {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// Where a Signal's state and the service below take waiters from.
class WaiterOwner {
 public:
  virtual ~WaiterOwner() = default;
  virtual void drop(std::uint64_t id) = 0;
};

// Knows who waits on one execution context. A waiter owns the frame of its coroutine, and the frame
// may own the Signal: without this, a context that ends before its coroutines would leak them.
class WaitService final : public asio::execution_context::service {
 public:
  using key_type = WaitService;
  static inline asio::execution_context::id id;

  explicit WaitService(asio::execution_context& context)
      : asio::execution_context::service(context) {}

  void add(const std::shared_ptr<WaiterOwner>& owner, std::uint64_t waiter) {
    const std::lock_guard lock(mutex_);
    waits_[{owner.get(), waiter}] = owner;
  }

  void remove(const WaiterOwner* owner, std::uint64_t waiter) {
    const std::lock_guard lock(mutex_);
    waits_.erase({owner, waiter});
  }

  void shutdown() override {
    while (true) {
      std::map<Key, std::weak_ptr<WaiterOwner>> waits;
      {
        const std::lock_guard lock(mutex_);
        waits.swap(waits_);
      }
      if (waits.empty()) return;
      for (const auto& [key, weak] : waits) {
        if (const std::shared_ptr<WaiterOwner> owner = weak.lock()) owner->drop(key.second);
      }
    }
  }

 private:
  using Key = std::pair<const WaiterOwner*, std::uint64_t>;
  std::mutex mutex_;
  std::map<Key, std::weak_ptr<WaiterOwner>> waits_;
};

// One suspended coroutine. resume() is called at most once, from any thread.
class Waiter {
 public:
  virtual ~Waiter() = default;
  virtual void resume(error_code error) = 0;  // on the coroutine's own executor
  WaitService* service = nullptr;
};

template <class Handler>
class WaiterOf final : public Waiter {
 public:
  WaiterOf(Handler handler, Executor home) : handler_(std::move(handler)), home_(std::move(home)) {}

  void resume(error_code error) override {
    post_home(home_,
              [handler = std::move(handler_), error]() mutable { std::move(handler)(error); });
  }

 private:
  Handler handler_;
  Executor home_;
};

}  // namespace

struct Signal::State final : WaiterOwner {
  std::mutex mutex;
  std::uint64_t version = 1;
  std::uint64_t last_id = 0;
  std::map<std::uint64_t, std::unique_ptr<Waiter>> waiters;  // in order of arrival

  std::unique_ptr<Waiter> take(std::uint64_t id) {
    std::unique_ptr<Waiter> waiter;
    {
      const std::lock_guard lock(mutex);
      const auto at = waiters.find(id);
      if (at == waiters.end()) return nullptr;
      waiter = std::move(at->second);
      waiters.erase(at);
    }
    waiter->service->remove(this, id);
    return waiter;
  }

  void drop(std::uint64_t id) override { take(id).reset(); }

  ~State() override {
    for (const auto& [id, waiter] : waiters) waiter->service->remove(this, id);
  }
};

namespace {

// Stores the handler, or resumes it if the version has moved on meanwhile.
template <class StatePointer, class Handler>
void start_wait(const StatePointer& state, Handler handler, const Executor& home,
                std::uint64_t seen) {
  auto slot = asio::get_associated_cancellation_slot(handler);
  auto& service = asio::use_service<WaitService>(asio::query(home, asio::execution::context));
  std::unique_ptr<Waiter> waiter = std::make_unique<WaiterOf<Handler>>(std::move(handler), home);
  waiter->service = &service;
  {
    const std::lock_guard lock(state->mutex);
    if (state->version == seen) {
      const std::uint64_t id = ++state->last_id;
      service.add(state, id);
      if (slot.is_connected()) {
        slot.assign([weak = std::weak_ptr(state), id](asio::cancellation_type) {
          const auto locked = weak.lock();
          if (!locked) return;
          const std::unique_ptr<Waiter> cancelled = locked->take(id);
          if (cancelled) cancelled->resume(asio::error::operation_aborted);
        });
      }
      state->waiters.emplace(id, std::move(waiter));
    }
  }
  if (waiter) waiter->resume({});
}

}  // namespace

Signal::Signal() : state_(std::make_shared<State>()) {}
Signal::~Signal() = default;

std::uint64_t Signal::version() const {
  const std::lock_guard lock(state_->mutex);
  return state_->version;
}

void Signal::notify() {
  std::map<std::uint64_t, std::unique_ptr<Waiter>> woken;
  {
    const std::lock_guard lock(state_->mutex);
    ++state_->version;
    woken.swap(state_->waiters);
  }
  for (const auto& [id, waiter] : woken) {
    waiter->service->remove(state_.get(), id);
    waiter->resume({});
  }
}

Task<void> Signal::wait(std::uint64_t seen) {
  const std::shared_ptr<State> state = state_;
  Executor home = co_await asio::this_coro::executor;
  auto start = [](auto handler, const std::shared_ptr<State>& owner, const Executor& executor,
                  std::uint64_t version) {
    start_wait(owner, std::move(handler), executor, version);
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void(error_code)>(
      start, asio::use_awaitable, state, home, seen);
}

}  // namespace clickdeploy
