// Signal: wakes the coroutines that wait for "something changed". Any thread may notify.
//
// A waiter reads the version, looks at the state it cares about, and waits for a version other than
// the one it read: a notification in between is not lost.

#pragma once

#include "controller/async/task.h"

#include <cstdint>
#include <memory>

namespace clickdeploy {

class Signal {
 public:
  Signal();
  ~Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  std::uint64_t version() const;  // any thread
  void notify();                  // any thread; wakes all waiters, each on its own executor

  // Resumes when version() != seen. Unwinds when the task is cancelled.
  Task<void> wait(std::uint64_t seen);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace clickdeploy
