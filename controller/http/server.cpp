#include "controller/http/server.h"

#include "controller/http/server_session_internal.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace clickdeploy::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// Beyond connections_max, so many are told 503; still more are just closed.
constexpr std::size_t kRefusedMax = 256;
constexpr std::chrono::milliseconds kAcceptPause{100};

// How many connections there are, and the wait for their end.
class ConnectionCount {
 public:
  std::size_t add() {
    std::lock_guard lock(mutex_);
    return ++count_;
  }
  void remove() {
    // The waiter may destroy this as soon as it sees zero, so it is woken under the lock.
    std::lock_guard lock(mutex_);
    --count_;
    ended_.notify_all();
  }
  void wait_for_none() {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return count_ == 0; });
  }
  void wait_for_none(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    ended_.wait_for(lock, time, [this] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  std::size_t count_ = 0;
};

// One thread and the connections that live on it. All but the constructor, post() and join() runs
// on that thread.
class Worker {
 public:
  Worker(const ServerOptions& options, const Handler& handler, ConnectionCount& count)
      : options_(options), handler_(handler), count_(count), work_(context_.get_executor()) {}

  void start() {
    thread_ = std::thread([this] { context_.run(); });
  }
  void join() {
    work_.reset();
    if (thread_.joinable()) thread_.join();
  }
  asio::io_context& context() { return context_; }

  void serve(tcp::socket socket, const std::shared_ptr<TlsIdentity>& identity,
             Session::Purpose purpose) {
    error_code error;
    socket.set_option(tcp::no_delay(true), error);
    const tcp::endpoint peer = socket.remote_endpoint(error);
    std::string peer_name = fmt::format("{}:{}", peer.address().to_string(), peer.port());
    auto entry = std::make_shared<Entry>();
    entry->session = std::make_shared<Session>(make_connection(std::move(socket), identity),
                                               context_.get_executor(), std::move(peer_name),
                                               purpose, options_, handler_);
    entries_.insert(entry);
    auto ended = [this, entry](const std::exception_ptr& failure) { end(entry, failure); };
    asio::co_spawn(Executor(context_.get_executor()), entry->session->run(),
                   asio::bind_cancellation_slot(entry->cancel.slot(), std::move(ended)));
    if (draining_) entry->session->drain();
  }

  void drain() {
    draining_ = true;
    for (const auto& entry : std::vector(entries_.begin(), entries_.end())) {
      entry->session->drain();
    }
  }

  void abandon() {
    for (const auto& entry : std::vector(entries_.begin(), entries_.end())) {
      entry->session->abandon();
      entry->cancel.emit(asio::cancellation_type::terminal);
    }
  }

 private:
  struct Entry {
    std::shared_ptr<Session> session;
    asio::cancellation_signal cancel;
  };

  void end(const std::shared_ptr<Entry>& entry, const std::exception_ptr& failure) {
    if (failure && !draining_) spdlog::error("Connection ended by an exception, which is a bug");
    entry->session->release();
    entries_.erase(entry);
    count_.remove();
  }

  const ServerOptions& options_;
  const Handler& handler_;
  ConnectionCount& count_;
  bool draining_ = false;
  asio::io_context context_{1};
  std::set<std::shared_ptr<Entry>> entries_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
};

class BeastServer final : public HttpServer {
 public:
  BeastServer(ServerOptions options, Handler handler, std::shared_ptr<TlsIdentity> identity)
      : options_(std::move(options)), handler_(std::move(handler)), identity_(std::move(identity)) {
    for (std::size_t i = 0; i < std::max<std::size_t>(options_.threads, 1); ++i) {
      workers_.push_back(std::make_unique<Worker>(options_, handler_, count_));
    }
    acceptor_.emplace(workers_.front()->context());
  }
  ~BeastServer() override { stop(); }

  Result<void> listen() {
    error_code error;
    const auto address = asio::ip::make_address(options_.address, error);
    const tcp::endpoint endpoint(address, options_.port);
    if (!error) acceptor_->open(endpoint.protocol(), error);
    if (!error) acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_->bind(endpoint, error);
    if (!error) acceptor_->listen(tcp::acceptor::max_listen_connections, error);
    if (!error) port_ = acceptor_->local_endpoint(error).port();
    if (error) {
      return fail(ErrorCode::Unavailable, fmt::format("listen on {}:{}: {}", options_.address,
                                                      options_.port, error.message()));
    }
    asio::co_spawn(Executor(workers_.front()->context().get_executor()), accept(),
                   [](const std::exception_ptr& failure) {
                     if (failure) spdlog::error("Listener ended by an exception, which is a bug");
                   });
    for (auto& worker : workers_) worker->start();
    return {};
  }

  std::uint16_t port() const override { return port_; }

  void stop() override {
    std::lock_guard lock(stop_mutex_);
    if (stopped_) return;
    stopped_ = true;
    // Sessions may still be on their way from the listener to their worker; its queue keeps the
    // order, so they see the drain after their start or start drained.
    asio::post(workers_.front()->context(), [this] {
      error_code ignored;
      acceptor_->close(ignored);
      stopping_ = true;
      for (auto& worker : workers_) {
        asio::post(worker->context(), [&worker] { worker->drain(); });
      }
    });
    count_.wait_for_none(options_.drain);
    for (auto& worker : workers_) {
      asio::post(worker->context(), [&worker] { worker->abandon(); });
    }
    count_.wait_for_none();
    for (auto& worker : workers_) worker->join();
  }

 private:
  Task<void> accept() {
    std::size_t turn = 0;
    while (!stopping_) {
      Worker& worker = *workers_[turn++ % workers_.size()];
      auto [error, socket] =
          co_await acceptor_->async_accept(worker.context(), asio::as_tuple(asio::use_awaitable));
      if (stopping_) co_return;
      if (error) {
        // Most likely out of file descriptors: others must end first.
        spdlog::warn("Cannot accept a connection: {}", error.message());
        asio::steady_timer pause(workers_.front()->context(), kAcceptPause);
        auto [woken] = co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
        (void)woken;
        continue;
      }
      const std::size_t connections = count_.add();
      if (connections > options_.connections_max + kRefusedMax) {
        count_.remove();
        continue;  // the socket closes here
      }
      const auto purpose = connections > options_.connections_max ? Session::Purpose::Refuse
                                                                  : Session::Purpose::Serve;
      asio::post(worker.context(),
                 [this, &worker, purpose, accepted = std::move(socket)]() mutable {
                   worker.serve(std::move(accepted), identity_, purpose);
                 });
    }
  }

  const ServerOptions options_;
  const Handler handler_;
  const std::shared_ptr<TlsIdentity> identity_;
  ConnectionCount count_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::optional<tcp::acceptor> acceptor_;
  std::uint16_t port_ = 0;
  bool stopping_ = false;  // of the first worker's thread
  std::mutex stop_mutex_;
  bool stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(ServerOptions options, Handler handler) {
  std::shared_ptr<TlsIdentity> identity;
  if (!options.certificate_pem.empty()) {
    Result<std::shared_ptr<TlsIdentity>> loaded =
        load_tls_identity(options.certificate_pem, options.key_pem);
    if (!loaded) return std::unexpected(std::move(loaded).error());
    identity = std::move(*loaded);
  }
  auto server = std::make_unique<BeastServer>(std::move(options), std::move(handler), identity);
  Result<void> listening = server->listen();
  if (!listening) return std::unexpected(std::move(listening).error());
  return server;
}

}  // namespace clickdeploy::http
