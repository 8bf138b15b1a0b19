// SimDiskQueue: where a process does what blocks on the disk. A slow disk delays each piece of
// work; the process's other work goes on meanwhile.

#pragma once

#include "tests/simulation/sim_disk.h"
#include "tests/simulation/sim_process.h"

#include <memory>
#include <utility>

namespace clickdeploy::simulation {

class SimDiskQueue final : public boost::asio::execution_context {
 public:
  SimDiskQueue(SimProcess& process, const SimDisk& disk) : process_(process), disk_(disk) {}
  ~SimDiskQueue() {
    shutdown();
    destroy();
  }

  Executor executor() { return BasicSimExecutor<SimDiskQueue>(*this); }
  bool runs_now() const { return process_.runs_now() && disk_.faults.delay.count() == 0; }
  void post(std::unique_ptr<SimContext::Job> job) {
    process_.post_after(disk_.faults.delay, std::move(job));
  }

 private:
  SimProcess& process_;
  const SimDisk& disk_;
};

}  // namespace clickdeploy::simulation
