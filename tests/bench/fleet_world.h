// FleetWorld: a synced control plane over a healthy fleet, in one thread and on a clock that stands
// still: a reconcile of anything in it has nothing to do.

#pragma once

#include "controller/apiserver/api_server.h"
#include "controller/async/memory_disk.h"
#include "controller/async/task_group.h"
#include "controller/reconcilers/instance/instance_reconciler.h"
#include "controller/reconcilers/service/service_reconciler.h"
#include "tests/bench/measure.h"
#include "tests/testing/manual_clock.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace clickdeploy::bench {

class FleetWorld {
 public:
  FleetWorld(const std::string& database, std::size_t services, std::size_t replicas);
  ~FleetWorld();
  FleetWorld(const FleetWorld&) = delete;
  FleetWorld& operator=(const FleetWorld&) = delete;

  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    std::exception_ptr thrown;
    boost::asio::co_spawn(context_, std::move(task), [&](std::exception_ptr error, T result) {
      thrown = std::move(error);
      value.emplace(std::move(result));
    });
    context_.restart();
    while (!value && context_.run_one() > 0) {
    }
    if (thrown) std::rethrow_exception(thrown);
    if (!value) give_up("a task of the fleet does not end");
    return *std::move(value);
  }
  // Until nothing is left to do.
  void settle() {
    context_.restart();
    context_.poll();
  }

  runtime::Reconciler& instances() { return instances_; }
  runtime::Reconciler& services() { return services_; }
  const reconcilers::Caches& caches() const { return caches_; }
  WallTime now() const { return clock_.wall_now(); }
  // Rises with every write.
  store::Revision revision() const { return store_->revision(); }

 private:
  void make_objects(std::size_t services, std::size_t replicas);
  void make_servers();
  void connect();
  void reconcile_until_quiet();
  Task<http::Reply> answer(http::Request request);

  testing::ManualClock clock_;
  SeededRandom random_{7};
  MemoryDisk disk_;
  boost::asio::io_context context_{1};
  std::unique_ptr<store::ObjectStore> store_;
  std::unique_ptr<apiserver::ApiServer> api_;
  http::LocalHttpClient http_;
  client::Client client_;
  reconcilers::Caches caches_;
  reconcilers::CloudConnections clouds_;
  reconcilers::BackendConnections backends_;
  runtime::EventRecorder events_;
  reconcilers::Context parts_;
  TaskGroup tasks_;
  std::vector<api::v1alpha1::Instance> fleet_;
  reconcilers::InstanceReconciler instances_;
  reconcilers::ServiceReconciler services_;
};

}  // namespace clickdeploy::bench
