#include "tests/bench/stack.h"

#include "controller/async/block_on.h"
#include "tests/bench/fleet.h"
#include "tests/bench/load_client.h"
#include "tests/bench/measure.h"

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

Stack::Stack(const std::string& path) : store_(open_store(path, writer_.executor())) {
  api_ = std::make_unique<apiserver::ApiServer>(*store_, api::builtin_scheme(), clock_, random_,
                                                apiserver::ApiServerOptions{});
  Result<void> ready = block_on(api_->bootstrap());
  if (!ready) give_up(ready.error().message());
  background_.start("background", api_->run_background());
  thread_ = std::thread([this] { loop_.run(); });
  auto started = http::HttpServer::start(
      {}, [this](http::Request request) { return api_->handle(std::move(request)); });
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

void fill(Stack& stack, std::size_t count, std::size_t connections) {
  const std::vector<std::string> posts = instance_posts(count);
  const std::vector<std::string> patches = status_patches(count, 1);
  for (const std::vector<std::string>* requests : {&posts, &patches}) {
    run_load({stack.port(), connections, count,
              [requests](std::size_t i) -> const std::string& { return (*requests)[i]; }});
  }
}

}  // namespace clickdeploy::bench
