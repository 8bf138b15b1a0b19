#include "tests/apiserver/live_server.h"

#include "controller/async/block_on.h"

#include <gtest/gtest.h>

#include <utility>

namespace clickdeploy::apiserver {

LiveServer::LiveServer(const LiveServerOptions& options)
    : address_(options.address), scheme_(options.certificate_pem.empty() ? "http" : "https") {
  store::StoreOptions stored;
  stored.path = options.folder.empty() ? folder_ / "store.db" : options.folder + "/store.db";
  stored.writer = writer_.executor();
  stored.log_events_max = options.log_events_max;
  auto opened = store::ObjectStore::open(std::move(stored), ApiServer::read_facts);
  if (!opened) throw std::runtime_error(opened.error().message());
  store_ = std::move(*opened);
  server_ =
      std::make_unique<ApiServer>(*store_, options.scheme, clock_, random_, ApiServerOptions{});
  Result<void> ready = block_on(server_->bootstrap());
  EXPECT_TRUE(ready.has_value());
  background_.start("background", server_->run_background());
  thread_ = std::thread([this] { loop_.run(); });
  http::ServerOptions guarded;
  guarded.loopback_hosts_only = true;
  guarded.address = options.address;
  guarded.port = options.port;
  guarded.certificate_pem = options.certificate_pem;
  guarded.key_pem = options.key_pem;
  auto started = http::HttpServer::start(std::move(guarded), [this](http::Request request) {
    if (request.url.find("watch=true") != std::string::npos) ++watches_seen_;
    return server_->handle(std::move(request));
  });
  if (!started) throw std::runtime_error(started.error().message());
  http_ = std::move(*started);
}

namespace {

Task<void> end_all(TaskGroup& group, EventLoop& loop) {
  group.cancel();
  co_await group.join();
  loop.stop();
}

}  // namespace

LiveServer::~LiveServer() {
  http_->stop();
  boost::asio::co_spawn(loop_.executor(), end_all(background_, loop_),
                        [](const std::exception_ptr&) {});
  thread_.join();
  block_on(store_->stop());
}

}  // namespace clickdeploy::apiserver
