#include "controller/async/event_loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

namespace clickdeploy {

struct EventLoop::State {
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{
      context.get_executor()};
  boost::asio::signal_set signals{context};
  std::function<void(int)> handler;

  void wait_for_signal() {
    signals.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      handler(number);
      wait_for_signal();
    });
  }
};

EventLoop::EventLoop() : state_(std::make_unique<State>()) {}
EventLoop::~EventLoop() = default;

Executor EventLoop::executor() const {
  return state_->context.get_executor();
}

void EventLoop::run() {
  state_->context.run();
}

void EventLoop::stop() {
  state_->context.stop();
}

void EventLoop::on_signal(std::initializer_list<int> signals, std::function<void(int)> handler) {
  state_->handler = std::move(handler);
  for (const int number : signals) state_->signals.add(number);
  state_->wait_for_signal();
}

}  // namespace clickdeploy
