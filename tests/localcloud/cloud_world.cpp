#include "tests/localcloud/cloud_world.h"

#include "controller/localcloud/handler.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace clickdeploy::localcloud {

Result<void> RecordingGuests::start(const GuestFacts& facts, Boot boot) {
  events.push_back("start " + facts.name + (boot == Boot::First ? " First" : " Again"));
  started.push_back(facts);
  if (!refuse_with.empty()) return fail(ErrorCode::Unavailable, refuse_with);
  return {};
}

std::string Answered::header(std::string_view name) const {
  const std::string* value = http::find_header(headers, name);
  return value == nullptr ? "" : *value;
}

struct CloudWorld::Loop {
  boost::asio::io_context context{1};
};

CloudWorld::CloudWorld(CloudOptions options, std::uint64_t seed)
    : random(seed),
      cloud(std::move(options), clock, random, guests),
      loop_(std::make_unique<Loop>()),
      handler_(make_handler(cloud, clock, loop_->context.get_executor(), "http://cloud.test")) {
  token = log_in("controller", "demo");
}

CloudWorld::~CloudWorld() = default;

Answered CloudWorld::call(std::string method, std::string url, Json body, http::Headers extra) {
  http::Request request;
  request.method = std::move(method);
  request.url = std::move(url);
  if (!body.is_null()) request.body = to_json(body);
  if (!token.empty()) request.headers.push_back({"X-Auth-Token", token});
  if (!version.empty()) request.headers.push_back({"OpenStack-API-Version", "compute " + version});
  request.headers.insert(request.headers.end(), extra.begin(), extra.end());
  std::optional<http::Reply> reply;
  boost::asio::co_spawn(loop_->context, handler_(std::move(request)),
                        [&reply](const std::exception_ptr& thrown, http::Reply made) {
                          EXPECT_EQ(thrown, nullptr);
                          reply = std::move(made);
                        });
  loop_->context.restart();
  loop_->context.run();
  Answered answered;
  EXPECT_TRUE(reply.has_value());
  if (!reply) return answered;
  answered.broken = reply->stream != nullptr;
  answered.status = reply->response.status;
  answered.headers = reply->response.headers;
  answered.text = reply->response.body;
  answered.body = parse_json(answered.text).value_or(Json());
  return answered;
}

std::string CloudWorld::log_in(const std::string& user, const std::string& project) {
  const Json domain = Json::object({{"id", "default"}});
  const Json identity = Json::object(
      {{"methods", Json::array({"password"})},
       {"password", Json::object({{"user", Json::object({{"name", user},
                                                         {"domain", domain},
                                                         {"password", "openstack"}})}})}});
  const Json scope =
      Json::object({{"project", Json::object({{"name", project}, {"domain", domain}})}});
  const Json auth = Json::object({{"identity", identity}, {"scope", scope}});
  const Answered answered =
      call("POST", "/identity/v3/auth/tokens", Json::object({{"auth", auth}}));
  EXPECT_EQ(answered.status, 201) << answered.text;
  return answered.header("X-Subject-Token");
}

void CloudWorld::pass(std::chrono::milliseconds time) {
  const std::chrono::milliseconds step{50};
  for (std::chrono::milliseconds passed{0}; passed < time; passed += step) {
    clock.advance(step);
    cloud.advance();
  }
}

std::string CloudWorld::image() const {
  for (const auto& [id, image] : cloud.state().images) {
    if (image.name == "debian-12") return id;
  }
  return "";
}

std::string CloudWorld::network(std::string_view name) const {
  for (const auto& [id, network] : cloud.state().networks) {
    if (network.name == name) return id;
  }
  return "";
}

Json CloudWorld::server_body(std::string name) const {
  const Json networks = Json::array({Json::object({{"uuid", network()}})});
  return Json::object({{"server", Json::object({{"name", std::move(name)},
                                                {"imageRef", image()},
                                                {"flavorRef", "1"},
                                                {"networks", networks}})}});
}

std::string CloudWorld::create(std::string name) {
  const Answered made = call("POST", "/compute/v2.1/servers", server_body(std::move(name)));
  EXPECT_EQ(made.status, 202) << made.text;
  return made.body["server"]["id"].as_string();
}

std::string CloudWorld::create_active(std::string name) {
  std::string id = create(std::move(name));
  pass(std::chrono::seconds(3));
  EXPECT_EQ(server(id)["status"].as_string(), "ACTIVE");
  return id;
}

Json CloudWorld::server(const std::string& id) {
  return get("/compute/v2.1/servers/" + id).body["server"];
}

}  // namespace clickdeploy::localcloud
