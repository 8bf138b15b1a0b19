#include "tests/openstack/cloud_under_test.h"

#include "controller/async/random.h"
#include "controller/localcloud/handler.h"
#include "tests/openstack/virtual_world.h"

#include <boost/asio/io_context.hpp>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace clickdeploy::openstack {
namespace {

constexpr const char* kOrigin = "http://127.0.0.1:8774";

class LocalCloud final : public CloudUnderTest {
 public:
  LocalCloud() {
    http_.route(kOrigin, localcloud::make_handler(cloud_, world_, world_.executor(), kOrigin));
  }
  http::HttpClient& http() override { return http_; }
  Clock& clock() override { return world_; }
  Credentials credentials() override { return account("controller", "demo"); }
  Credentials admin_credentials() override { return account("admin", "admin"); }
  std::string image_name() override { return "debian-12"; }
  std::string flavor_name() override { return "m1.tiny"; }
  std::string network_name() override { return "private"; }
  std::string zone_name() override { return "nova"; }
  std::string external_network_name() override { return "public"; }

 private:
  static Credentials account(std::string user, std::string project) {
    Credentials credentials;
    credentials.auth_url = std::string(kOrigin) + "/identity/v3";
    credentials.username = std::move(user);
    credentials.password = SecretString("openstack");
    credentials.project_name = std::move(project);
    return credentials;
  }
  Executor executor() override { return world_.executor(); }
  void drive(const std::function<bool()>& done) override { world_.run_until(done); }

  VirtualWorld world_;
  SeededRandom random_{7};
  localcloud::NoGuests guests_;
  localcloud::Cloud cloud_{{.external_cidr = "203.0.113.0/24"}, world_, random_, guests_};
  http::LocalHttpClient http_;
};

std::string from_environment(const char* name, const char* fallback = "") {
  const char* value = std::getenv(name);
  return value ? value : fallback;
}

class OtherCloud final : public CloudUnderTest {
 public:
  http::HttpClient& http() override { return *http_; }
  Clock& clock() override { return clock_; }
  Credentials credentials() override {
    return account(from_environment("CLICKDEPLOY_TEST_CLOUD", "demo"));
  }
  Credentials admin_credentials() override {
    return account(from_environment("CLICKDEPLOY_TEST_ADMIN_CLOUD", "admin"));
  }
  std::string image_name() override { return from_environment("CLICKDEPLOY_TEST_IMAGE", "dummy"); }
  std::string flavor_name() override {
    return from_environment("CLICKDEPLOY_TEST_FLAVOR", "m1.tiny");
  }
  std::string network_name() override {
    return from_environment("CLICKDEPLOY_TEST_NETWORK", "private");
  }
  std::string zone_name() override { return from_environment("CLICKDEPLOY_TEST_ZONE", "nova"); }
  std::string external_network_name() override {
    return from_environment("CLICKDEPLOY_TEST_EXTERNAL_NETWORK");
  }

 private:
  static Credentials account(const std::string& name) {
    std::ifstream file(from_environment("CLICKDEPLOY_TEST_CLOUDS_YAML"));
    std::stringstream text;
    text << file.rdbuf();
    Result<Credentials> parsed = parse_clouds_yaml(text.str(), name);
    if (!parsed) throw std::runtime_error(parsed.error().message());
    return *parsed;
  }
  Executor executor() override { return context_.get_executor(); }
  void drive(const std::function<bool()>& done) override {
    const auto guard = boost::asio::make_work_guard(context_);
    context_.restart();
    while (!done()) context_.run_one();
  }

  boost::asio::io_context context_{1};
  SystemClock clock_;
  std::unique_ptr<http::HttpClient> http_ = http::make_curl_client({});
};

}  // namespace

std::vector<CloudFactory> clouds_under_test() {
  std::vector<CloudFactory> factories = {
      {"LocalCloud", [] { return std::make_unique<LocalCloud>(); }}};
  if (!from_environment("CLICKDEPLOY_TEST_CLOUDS_YAML").empty()) {
    factories.push_back({"OtherCloud", [] { return std::make_unique<OtherCloud>(); }});
  }
  return factories;
}

}  // namespace clickdeploy::openstack
