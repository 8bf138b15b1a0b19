// VirtualWorld: one thread and a clock that jumps to the next wake-up when nothing else is to do.

#pragma once

#include "controller/async/clock.h"
#include "controller/async/task.h"
#include "controller/async/task_group.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace clickdeploy::openstack {

class VirtualWorld final : public Clock {
 public:
  VirtualWorld() = default;
  ~VirtualWorld() override;
  VirtualWorld(const VirtualWorld&) = delete;
  VirtualWorld& operator=(const VirtualWorld&) = delete;

  SteadyTime steady_now() const override { return now_; }
  WallTime wall_now() const override { return kStart + now_ + wall_shift_; }
  Task<void> sleep(std::chrono::nanoseconds duration) override;

  Executor executor() { return context_.get_executor(); }
  void shift_wall_clock(std::chrono::nanoseconds by) { wall_shift_ += by; }

  // Runs what is ready and what falls due within `duration`; ends that much later.
  void run_for(std::chrono::nanoseconds duration);

  // Runs until `done`; false if nothing is left to do, or after a virtual day.
  bool run_until(const std::function<bool()>& done);

  // Runs one task to its end and gives its value.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    std::exception_ptr thrown;
    boost::asio::co_spawn(context_, std::move(task), [&](std::exception_ptr error, T result) {
      thrown = std::move(error);
      value.emplace(std::move(result));
    });
    const bool ended = run_until([&] { return value.has_value(); });
    if (thrown) std::rethrow_exception(thrown);
    if (!ended) throw std::runtime_error("the task did not end");
    return *std::move(value);
  }

 private:
  static constexpr WallTime kStart{std::chrono::sys_days(std::chrono::year(2026) / 11 / 22)};
  using WakeUp = std::move_only_function<void(boost::system::error_code)>;
  using Key = std::pair<SteadyTime, std::uint64_t>;

  bool advance_to_next(SteadyTime latest);

  boost::asio::io_context context_{1};
  SteadyTime now_{std::chrono::seconds(1000)};
  std::chrono::nanoseconds wall_shift_{};
  std::uint64_t sequence_ = 0;
  std::map<Key, WakeUp> sleepers_;
};

}  // namespace clickdeploy::openstack
