// TaskGroup: starts coroutines and waits for them; nothing is thrown over the wall.
//
// Threads: belongs to its executor's thread. Lifetime: join() must have finished, or the executor
// must never run again, before the group is destroyed.

#pragma once

#include "controller/async/task.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace clickdeploy {

class TaskGroup {
 public:
  explicit TaskGroup(Executor executor);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // Runs the task on the group's executor, never inside this call. An exception other than a
  // cancellation that leaves the task is a bug: it is logged with `name`, and the process stops.
  void start(std::string name, Task<void> task);

  // Asks every running task to unwind. Tasks started later are cancelled at once.
  void cancel();

  // Returns when no task is running any more.
  Task<void> join();

  std::size_t running() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace clickdeploy
