#include "tests/apiserver/server_fixture.h"

#include "controller/base/text.h"

#include <utility>

namespace clickdeploy::apiserver {

std::string Answered::header(std::string_view name) const {
  const std::string* value = http::find_header(headers, name);
  return value == nullptr ? std::string() : *value;
}

std::vector<std::string> Answered::warnings() const {
  std::vector<std::string> texts;
  for (const http::Header& header : headers) {
    if (header.name == "Warning") texts.push_back(header.value);
  }
  return texts;
}

ServerTest::ServerTest(std::uint64_t seed) : context_(seed) {
  open();
}

namespace {

Task<bool> stop_store(store::ObjectStore& store) {
  co_await store.stop();
  co_return true;
}

}  // namespace

ServerTest::~ServerTest() {
  close();
}

void ServerTest::close() {
  if (background_) {
    background_->cancel();
    pass(std::chrono::seconds(1));
    background_.reset();
  }
  if (store_) run(stop_store(*store_));
  server_.reset();
  store_.reset();
}

void ServerTest::open(ApiServerOptions options, std::size_t log_events_max) {
  close();
  store::StoreOptions store_options;
  store_options.path = folder_ / "store.db";
  store_options.writer = context_.executor();
  store_options.log_events_max = log_events_max;
  auto opened = store::ObjectStore::open(std::move(store_options), ApiServer::read_facts);
  ASSERT_TRUE(opened) << opened.error().message();
  store_ = std::move(*opened);
  server_ = std::make_unique<ApiServer>(*store_, api::builtin_scheme(), clock_, random_, options);
  Result<void> ready = run(server_->bootstrap());
  ASSERT_TRUE(ready) << ready.error().message();
}

void ServerTest::start_background() {
  background_ = std::make_unique<TaskGroup>(context_.executor());
  background_->start("background", server_->run_background());
}

namespace {

// The writer of the store and everything else share one thread, so whoever sends waits for it.
Task<Answered> send_whole(ApiServer& server, http::Request request) {
  http::Reply reply = co_await server.handle(std::move(request));
  Answered answered;
  answered.status = reply.response.status;
  answered.headers = std::move(reply.response.headers);
  answered.text = reply.shared ? *reply.shared : reply.response.body;
  Result<Json> body = parse_json(answered.text);
  if (body) answered.body = std::move(*body);
  co_return answered;
}

}  // namespace

Answered ServerTest::send(http::Request request) {
  return run(send_whole(*server_, std::move(request)));
}

Answered ServerTest::get(const std::string& url, http::Headers headers) {
  http::Request request;
  request.url = url;
  request.headers = std::move(headers);
  return send(std::move(request));
}

Answered ServerTest::post(const std::string& url, const Json& body) {
  http::Request request;
  request.method = "POST";
  request.url = url;
  request.headers = {{"Content-Type", "application/json"}};
  request.body = to_json(body);
  return send(std::move(request));
}

Answered ServerTest::put(const std::string& url, const Json& body) {
  http::Request request;
  request.method = "PUT";
  request.url = url;
  request.headers = {{"Content-Type", "application/json"}};
  request.body = to_json(body);
  return send(std::move(request));
}

Answered ServerTest::patch(const std::string& url, const std::string& type,
                           const std::string& body) {
  http::Request request;
  request.method = "PATCH";
  request.url = url;
  request.headers = {{"Content-Type", "application/" + type}};
  request.body = body;
  return send(std::move(request));
}

Answered ServerTest::merge(const std::string& url, const Json& patch_body) {
  return patch(url, "merge-patch+json", to_json(patch_body));
}

Answered ServerTest::remove(const std::string& url, const Json& options) {
  http::Request request;
  request.method = "DELETE";
  request.url = url;
  if (!options.is_null()) {
    request.headers = {{"Content-Type", "application/json"}};
    request.body = to_json(options);
  }
  return send(std::move(request));
}

OpenWatch ServerTest::watch(const std::string& url, http::Headers headers) {
  http::Request request;
  request.url = url;
  request.headers = std::move(headers);
  http::Reply reply = run(server_->handle(std::move(request)));
  auto runner = [this](http::BodyStream& stream) -> std::optional<std::string> {
    Result<std::optional<std::string>> piece = run(stream.next());
    EXPECT_TRUE(piece.has_value());
    return piece ? *piece : std::nullopt;
  };
  return OpenWatch(std::move(reply), std::move(runner));
}

Json ServerTest::service(const std::string& name, std::int64_t replicas) {
  Json network = Json::object({{"name", "app"}, {"network", Json::object({{"name", "net"}})}});
  Json machine = Json::object({{"image", Json::object({{"name", "ubuntu"}})},
                               {"flavors", Json::array({Json::object({{"name", "small"}})})},
                               {"networks", Json::array({std::move(network)})}});
  Json spec = Json::object({{"cloudRef", Json::object({{"name", "prod"}})},
                            {"replicas", replicas},
                            {"template", Json::object({{"spec", std::move(machine)}})}});
  return Json::object({{"apiVersion", "clickdeploy.io/v1alpha1"},
                       {"kind", "Service"},
                       {"metadata", Json::object({{"name", name}})},
                       {"spec", std::move(spec)}});
}

Json ServerTest::config_map(const std::string& name, const std::string& value) {
  return Json::object({{"apiVersion", "v1"},
                       {"kind", "ConfigMap"},
                       {"metadata", Json::object({{"name", name}})},
                       {"data", Json::object({{"key", value}})}});
}

Json ServerTest::make_service(const std::string& name, const Json& metadata) {
  Json object = service(name);
  apply_merge_patch(object.member("metadata"), metadata.is_null() ? Json::object() : metadata);
  Answered answered = post(std::string(kServices), object);
  EXPECT_EQ(answered.status, 201) << answered.text;
  return answered.body;
}

OpenWatch::OpenWatch(http::Reply reply, Runner runner)
    : reply_(std::move(reply)), runner_(std::move(runner)) {}

Json OpenWatch::next() {
  if (read_ == lines_.size()) {
    lines_.clear();
    read_ = 0;
    if (!reply_.stream) return {};
    std::optional<std::string> piece = runner_(*reply_.stream);
    if (!piece) return {};
    for (std::string& line : split(*piece, '\n')) {
      if (!line.empty()) lines_.push_back(std::move(line));
    }
  }
  Result<Json> event = parse_json(lines_[read_++]);
  EXPECT_TRUE(event.has_value());
  return event ? *event : Json();
}

std::vector<std::string> OpenWatch::next_texts(std::size_t count) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    const Json event = next();
    const Json& metadata = event["object"]["metadata"];
    texts.push_back(event["type"].as_string() + " " + metadata["name"].as_string() + " " +
                    metadata["resourceVersion"].as_string());
  }
  return texts;
}

}  // namespace clickdeploy::apiserver
