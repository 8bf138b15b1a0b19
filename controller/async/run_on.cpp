#include "controller/async/run_on.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <thread>

namespace clickdeploy {

struct ThreadExecutor::State {
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{
      context.get_executor()};
  std::thread thread{[this] { context.run(); }};
};

ThreadExecutor::ThreadExecutor() : state_(std::make_unique<State>()) {}

ThreadExecutor::~ThreadExecutor() {
  state_->guard.reset();
  state_->thread.join();
}

Executor ThreadExecutor::executor() const {
  return state_->context.get_executor();
}

}  // namespace clickdeploy
