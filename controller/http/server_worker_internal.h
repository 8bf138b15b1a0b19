// Worker: one thread of a server and the connections that live on it.

#pragma once

#include "controller/http/server_session_internal.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace clickdeploy::http {

// The connections of all workers, and the wait for their end. Safe from any thread.
class OpenConnections {
 public:
  struct Added {
    std::uint64_t id = 0;
    std::size_t count = 0;  // with this one
  };
  Added add(std::string peer);
  void remove(std::uint64_t id);

  // True as soon as there are none; false if `time` is over before.
  bool wait_for_none(std::chrono::milliseconds time);

  std::vector<std::string> peers();

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  std::uint64_t next_id_ = 0;
  std::map<std::uint64_t, std::string> peers_;
};

class Worker {
 public:
  // What it refers to outlives the worker.
  Worker(const ServerOptions& options, const Handler& handler, OpenConnections& open);

  // From any thread.
  void start();
  void join();  // after the end of all connections
  // After context().stop(), with connections left: their coroutines never go on. False if a handler
  // has not given the thread back by then; the thread is left to itself and uses this for ever.
  bool join_until(std::chrono::steady_clock::time_point deadline);
  boost::asio::io_context& context() { return context_; }

  // On the worker's thread.
  void serve(boost::asio::ip::tcp::socket socket, std::string peer, std::uint64_t id,
             const std::shared_ptr<TlsIdentity>& identity, Session::Purpose purpose);
  void drain();
  void abandon();

 private:
  struct Entry;
  void end(const std::shared_ptr<Entry>& entry, const std::exception_ptr& failure);

  const ServerOptions& options_;
  const Handler& handler_;
  OpenConnections& open_;
  bool draining_ = false;
  boost::asio::io_context context_{1};
  std::set<std::shared_ptr<Entry>> entries_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
  std::future<void> ended_;  // of the thread's work
};

}  // namespace clickdeploy::http
