#include "tests/bench/stack.h"

#include "controller/async/block_on.h"
#include "tests/bench/fleet.h"
#include "tests/bench/measure.h"
#include "tests/http/certificate.h"

#include <fmt/format.h>

#include <utility>

namespace clickdeploy::bench {

std::unique_ptr<store::ObjectStore> open_store(const std::string& path, const Executor& writer) {
  store::StoreOptions options;
  options.path = path;
  options.writer = writer;
  auto opened = store::ObjectStore::open(std::move(options), apiserver::ApiServer::read_facts);
  if (!opened) give_up(opened.error().message());
  return *std::move(opened);
}

Stack::Stack(const std::string& path, Scheme scheme)
    : scheme_(scheme), store_(open_store(path, writer_.executor())) {
  api_ = std::make_unique<apiserver::ApiServer>(*store_, api::builtin_scheme(), clock_, random_,
                                                apiserver::ApiServerOptions{});
  Result<void> ready = block_on(api_->bootstrap());
  if (!ready) give_up(ready.error().message());
  background_.start("background", api_->run_background());
  thread_ = std::thread([this] { loop_.run(); });
  http::ServerOptions options;
  if (scheme == Scheme::Tls) {
    http::testing::Certificate certificate = http::testing::make_certificate();
    options.certificate_pem = std::move(certificate.pem);
    options.key_pem = std::move(certificate.key_pem);
  }
  auto started = http::HttpServer::start(std::move(options), [this](http::Request request) {
    return api_->handle(std::move(request));
  });
  if (!started) give_up(started.error().message());
  http_ = *std::move(started);
}

namespace {

Task<void> end_all(TaskGroup& group, EventLoop& loop) {
  group.cancel();
  co_await group.join();
  loop.stop();
}

}  // namespace

Stack::~Stack() {
  http_->stop();
  boost::asio::co_spawn(loop_.executor(), end_all(background_, loop_),
                        [](const std::exception_ptr&) {});
  thread_.join();
  block_on(store_->stop());
}

namespace {

constexpr std::size_t kSmallBytes = 880;

std::string small_name(std::size_t index) {
  return fmt::format("small-{:05d}", index);
}

}  // namespace

std::vector<std::string> small_posts(std::size_t count) {
  std::vector<std::string> requests;
  for (std::size_t i = 0; i < count; ++i) {
    api::v1alpha1::Instance instance = sample_instance(i);
    instance.metadata.name = small_name(i);
    instance.metadata.finalizers.clear();
    instance.metadata.labels.erase("app");
    instance.spec.server.user_data = {};
    instance.spec.server.metadata.clear();
    instance.spec.remediation.steps = {"RestartAgent", "SoftReboot", "HardReboot", "Replace"};
    Json object = api::encode(instance);
    object.erase("status");
    Json& metadata = object.member("metadata");
    metadata.set("annotations", Json::object({{"example.com/note", ""}}));
    const std::size_t bytes = to_json(object).size();
    if (bytes > kSmallBytes) give_up(fmt::format("a small Instance has {} bytes", bytes));
    metadata.member("annotations").set("example.com/note", std::string(kSmallBytes - bytes, 'x'));
    requests.push_back(http_send("POST", kInstances, "application/json", to_json(object)));
  }
  return requests;
}

std::vector<std::string> small_patches(std::size_t count, std::size_t objects, std::size_t first) {
  std::vector<std::string> requests;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string message = fmt::format("bench-{:08d}", first + i);
    const Json condition = Json::object({{"type", "Ready"},
                                         {"status", "True"},
                                         {"reason", "Succeeded"},
                                         {"message", message},
                                         {"observedGeneration", 1},
                                         {"lastTransitionTime", kScrapedAt}});
    const Json status = Json::object({{"observedGeneration", 1},
                                      {"phase", "Running"},
                                      {"conditions", Json::array({condition})}});
    requests.push_back(
        http_send("PATCH", fmt::format("{}/{}/status", kInstances, small_name(i % objects)),
                  "application/merge-patch+json", to_json(Json::object({{"status", status}}))));
  }
  return requests;
}

std::vector<std::string> instance_posts(std::size_t count) {
  std::vector<std::string> requests;
  for (std::size_t i = 0; i < count; ++i) {
    Json object = api::encode(sample_instance(i));
    object.erase("status");
    requests.push_back(http_send("POST", kInstances, "application/json", to_json(object)));
  }
  return requests;
}

std::vector<std::string> status_patches(std::size_t count, std::size_t version) {
  std::vector<std::string> requests;
  for (std::size_t i = 0; i < count; ++i) {
    api::v1alpha1::Instance instance = sample_instance(i);
    instance.status.claim.attempts = static_cast<std::int64_t>(version);
    const Json patch = Json::object({{"status", api::encode(instance)["status"]}});
    requests.push_back(http_send("PATCH",
                                 fmt::format("{}/{}/status", kInstances, instance.metadata.name),
                                 "application/merge-patch+json", to_json(patch)));
  }
  return requests;
}

LoadTimes send_all(const Endpoint& to, std::size_t connections,
                   const std::vector<std::string>& requests) {
  return run_load({to, connections, requests.size(),
                   [&](std::size_t i) -> const std::string& { return requests[i]; }});
}

void fill(Stack& stack, std::size_t count, std::size_t connections) {
  send_all(stack.endpoint(), connections, instance_posts(count));
  send_all(stack.endpoint(), connections, status_patches(count, 1));
}

}  // namespace clickdeploy::bench
