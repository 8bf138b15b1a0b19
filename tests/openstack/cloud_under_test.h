// CloudUnderTest: a whole OpenStack to hold the clients against: ours in this process, or any other
// that the environment names.
//
//   CLICKDEPLOY_TEST_CLOUDS_YAML=clouds.yaml CLICKDEPLOY_TEST_CLOUD=demo test_openstack
//
// The other cloud needs the image, network and flavors that the variables of cloud_under_test.cpp
// name, a flavor "m1.huge" that fits no host, and in the same file an administrator
// (CLICKDEPLOY_TEST_ADMIN_CLOUD, "admin"). The tests remove what they make.

#pragma once

#include "controller/async/clock.h"
#include "controller/async/task.h"
#include "controller/openstack/session.h"

#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace clickdeploy::openstack {

class CloudUnderTest {
 public:
  virtual ~CloudUnderTest() = default;
  virtual http::HttpClient& http() = 0;
  virtual Clock& clock() = 0;
  virtual Credentials credentials() = 0;
  virtual Credentials admin_credentials() = 0;
  virtual std::string image_name() = 0;
  virtual std::string flavor_name() = 0;
  virtual std::string network_name() = 0;
  virtual std::string zone_name() = 0;
  // A network for floating IPs that a router joins to network_name(); "" if there is none.
  virtual std::string external_network_name() = 0;

  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    std::exception_ptr thrown;
    boost::asio::co_spawn(executor(), std::move(task), [&](std::exception_ptr error, T result) {
      thrown = std::move(error);
      value.emplace(std::move(result));
    });
    drive([&] { return value.has_value(); });
    if (thrown) std::rethrow_exception(thrown);
    if (!value) throw std::runtime_error("the task did not end");
    return *std::move(value);
  }

 private:
  virtual Executor executor() = 0;
  virtual void drive(const std::function<bool()>& done) = 0;
};

struct CloudFactory {
  std::string name;
  std::function<std::unique_ptr<CloudUnderTest>()> make;
};

// Ours always; the other one if the environment names it.
std::vector<CloudFactory> clouds_under_test();

}  // namespace clickdeploy::openstack
