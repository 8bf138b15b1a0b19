#include "controller/http/server.h"

#include "controller/http/server_worker_internal.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
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

// The peer's address; of a connection that is gone already "0.0.0.0:0".
template <class Socket>
std::string peer_name(const Socket& socket) {
  error_code ignored;
  const tcp::endpoint peer = socket.remote_endpoint(ignored);
  return fmt::format("{}:{}", peer.address().to_string(), peer.port());
}

// Everything that connections may touch.
class Engine {
 public:
  Engine(ServerOptions options, Handler handler, std::shared_ptr<TlsIdentity> identity)
      : options_(std::move(options)), handler_(std::move(handler)), identity_(std::move(identity)) {
    for (std::size_t i = 0; i < std::max<std::size_t>(options_.threads, 1); ++i) {
      workers_.push_back(std::make_unique<Worker>(options_, handler_, open_));
    }
    acceptor_.emplace(workers_.front()->context());
  }

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

  std::uint16_t port() const { return port_; }

  // True if all is closed and joined; false if connections were abandoned: then this must be kept.
  bool stop() {
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
    if (!open_.wait_for_none(options_.drain)) {
      for (auto& worker : workers_) {
        asio::post(worker->context(), [&worker] { worker->abandon(); });
      }
      if (!open_.wait_for_none(options_.cancel_max)) {
        abandon();
        return false;
      }
    }
    for (auto& worker : workers_) worker->join();
    return true;
  }

 private:
  void abandon() {
    spdlog::error("Stopped with requests that do not end, which is a bug; abandoned: {}",
                  fmt::join(open_.peers(), ", "));
    for (auto& worker : workers_) worker->context().stop();
    const auto deadline = std::chrono::steady_clock::now() + options_.cancel_max;
    bool all_ended = true;
    for (auto& worker : workers_) all_ended = worker->join_until(deadline) && all_ended;
    if (!all_ended) {
      spdlog::error("A handler does not give its thread back, which is a bug");
      return;
    }
    error_code ignored;
    acceptor_->close(ignored);
  }

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
      std::string peer = peer_name(socket);
      const OpenConnections::Added added = open_.add(peer);
      if (added.count > options_.connections_max + kRefusedMax) {
        open_.remove(added.id);
        continue;  // the socket closes here
      }
      const auto purpose = added.count > options_.connections_max ? Session::Purpose::Refuse
                                                                  : Session::Purpose::Serve;
      asio::post(worker.context(), [this, &worker, purpose, id = added.id, peer = std::move(peer),
                                    accepted = std::move(socket)]() mutable {
        worker.serve(std::move(accepted), std::move(peer), id, identity_, purpose);
      });
    }
  }

  const ServerOptions options_;
  const Handler handler_;
  const std::shared_ptr<TlsIdentity> identity_;
  OpenConnections open_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::optional<tcp::acceptor> acceptor_;
  std::uint16_t port_ = 0;
  bool stopping_ = false;  // of the first worker's thread
};

// A coroutine of an abandoned connection waits for something of another thread, which may still
// come and is then posted to the worker's context; an abandoned thread uses all of the engine. So
// engines with such remains live until the program's end, their memory and open sockets with them.
void keep_for_ever(std::unique_ptr<Engine> engine) {
  static std::mutex mutex;
  static auto* const kept = new std::vector<std::unique_ptr<Engine>>();
  std::lock_guard lock(mutex);
  kept->push_back(std::move(engine));
}

class BeastServer final : public HttpServer {
 public:
  explicit BeastServer(std::unique_ptr<Engine> engine)
      : port_(engine->port()), engine_(std::move(engine)) {}
  ~BeastServer() override { stop(); }

  std::uint16_t port() const override { return port_; }

  void stop() override {
    std::lock_guard lock(mutex_);
    if (engine_ == nullptr) return;
    const bool clean = engine_->stop();
    if (!clean) keep_for_ever(std::move(engine_));
    engine_.reset();
  }

 private:
  const std::uint16_t port_;
  std::mutex mutex_;
  std::unique_ptr<Engine> engine_;  // nullptr: stopped
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
  auto engine = std::make_unique<Engine>(std::move(options), std::move(handler), identity);
  Result<void> listening = engine->listen();
  if (!listening) return std::unexpected(std::move(listening).error());
  return std::make_unique<BeastServer>(std::move(engine));
}

}  // namespace clickdeploy::http
