#include "controller/http/server_worker_internal.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <spdlog/spdlog.h>

#include <utility>

namespace clickdeploy::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

OpenConnections::Added OpenConnections::add(std::string peer) {
  std::lock_guard lock(mutex_);
  const std::uint64_t id = next_id_++;
  peers_.emplace(id, std::move(peer));
  return {.id = id, .count = peers_.size()};
}

void OpenConnections::remove(std::uint64_t id) {
  // The waiter may destroy this as soon as it sees none, so it is woken under the lock.
  std::lock_guard lock(mutex_);
  peers_.erase(id);
  ended_.notify_all();
}

bool OpenConnections::wait_for_none(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return ended_.wait_for(lock, time, [this] { return peers_.empty(); });
}

std::vector<std::string> OpenConnections::peers() {
  std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [id, peer] : peers_) names.push_back(peer);
  return names;
}

struct Worker::Entry {
  std::uint64_t id = 0;
  std::shared_ptr<Session> session;
};

Worker::Worker(const ServerOptions& options, const Handler& handler, OpenConnections& open)
    : options_(options), handler_(handler), open_(open), work_(context_.get_executor()) {}

void Worker::start() {
  std::promise<void> ended;
  ended_ = ended.get_future();
  thread_ = std::thread([this, ended = std::move(ended)]() mutable {
    context_.run();
    ended.set_value();
  });
}

void Worker::join() {
  work_.reset();
  if (thread_.joinable()) thread_.join();
}

bool Worker::join_until(std::chrono::steady_clock::time_point deadline) {
  const bool ended = ended_.wait_until(deadline) == std::future_status::ready;
  if (ended) {
    thread_.join();
  } else {
    thread_.detach();
  }
  return ended;
}

void Worker::serve(tcp::socket socket, std::string peer, std::uint64_t id,
                   const std::shared_ptr<TlsIdentity>& identity, Session::Purpose purpose) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  auto entry = std::make_shared<Entry>();
  entry->id = id;
  entry->session = std::make_shared<Session>(make_connection(std::move(socket), identity),
                                             context_.get_executor(), std::move(peer), purpose,
                                             options_, handler_);
  entries_.insert(entry);
  auto ended = [this, entry](const std::exception_ptr& failure) { end(entry, failure); };
  asio::co_spawn(
      Executor(context_.get_executor()), entry->session->run(),
      asio::bind_cancellation_slot(entry->session->cancellation_slot(), std::move(ended)));
  if (draining_) entry->session->drain();
}

void Worker::drain() {
  draining_ = true;
  for (const auto& entry : std::vector(entries_.begin(), entries_.end())) {
    entry->session->drain();
  }
}

void Worker::abandon() {
  for (const auto& entry : std::vector(entries_.begin(), entries_.end())) {
    entry->session->abandon();
  }
}

void Worker::end(const std::shared_ptr<Entry>& entry, const std::exception_ptr& failure) {
  if (failure && !draining_) spdlog::error("Connection ended by an exception, which is a bug");
  entry->session->release();
  entries_.erase(entry);
  open_.remove(entry->id);
}

}  // namespace clickdeploy::http
