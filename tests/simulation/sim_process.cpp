#include "tests/simulation/sim_process.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace clickdeploy::simulation {

namespace asio = boost::asio;
using boost::system::error_code;

SimProcess::~SimProcess() {
  kill();
  destroy();
}

Executor SimProcess::executor() {
  return BasicSimExecutor<SimProcess>(*this);
}

void SimProcess::kill() {
  down_ = true;
  shutdown();  // services let go of the coroutines they hold
  context_.drop(owner_);
}

void SimProcess::post(std::unique_ptr<SimContext::Job> job) {
  if (!down_) context_.post(std::move(job), owner_);
}

void SimProcess::post_after(std::chrono::nanoseconds delay, std::unique_ptr<SimContext::Job> job) {
  if (delay.count() == 0) return post(std::move(job));
  if (!down_) context_.post_after(delay, std::move(job), owner_);
}

Task<void> SimProcess::park(std::shared_ptr<std::uint64_t> ticket, std::chrono::nanoseconds limit) {
  auto start = [](auto handler, SimProcess& process, std::shared_ptr<std::uint64_t> place,
                  std::chrono::nanoseconds delay) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    auto error = std::make_shared<error_code>();
    *place = process.context_.post_after(
        delay, SimContext::make_job([done = std::move(handler), error]() mutable {
          std::move(done)(*error);
        }),
        process.owner_);
    if (!slot.is_connected()) return;
    slot.assign([&process, error, id = *place](asio::cancellation_type) {
      std::unique_ptr<SimContext::Job> job = process.context_.take_timed(id);
      if (!job) return;
      *error = asio::error::operation_aborted;
      process.post(std::move(job));
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void(error_code)>(
      start, asio::use_awaitable, std::ref(*this), std::move(ticket), limit);
}

void SimProcess::wake(std::uint64_t ticket) {
  std::unique_ptr<SimContext::Job> job = context_.take_timed(ticket);
  if (job) post(std::move(job));
}

}  // namespace clickdeploy::simulation
