// EventLoop: the one thread that runs the controller's coroutines.
//
// Threads: stop() and executor() from any thread; everything else on the thread that calls run().

#pragma once

#include "controller/async/task.h"

#include <functional>
#include <initializer_list>
#include <memory>

namespace clickdeploy {

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  Executor executor() const;

  // Runs what is posted until stop(), also while there is nothing to do.
  void run();

  // run() returns after the step it is in. A stop() before run() makes it return at once.
  void stop();

  // Calls `handler` on the loop each time the process gets one of the signals (SIGTERM, …), in
  // place of what the system would do. Once per loop.
  void on_signal(std::initializer_list<int> signals, std::function<void(int)> handler);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace clickdeploy
