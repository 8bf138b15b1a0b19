// Wire: the services as they answer on the wire, past our clients: for contracts about statuses and
// forms that the clients rely on, and that localcloud must copy.

#pragma once

#include "controller/base/json.h"
#include "tests/openstack/cloud_under_test.h"

#include <functional>
#include <map>
#include <string>

namespace clickdeploy::openstack {

struct Answered {
  int status = 0;  // 0: no answer
  http::Headers headers;
  std::string text;
  Json body;  // null if it is not JSON

  std::string header(std::string_view name) const;
  // {"badRequest": {"message": …}}: the first member's message.
  std::string message() const;
};

class Wire {
 public:
  // Signs in; throws if that fails.
  Wire(CloudUnderTest& cloud, const Credentials& credentials);

  std::string token;
  std::string version = "2.93";  // of compute; "" sends none
  const std::string& project() const { return project_; }
  const std::string& keystone() const { return keystone_; }

  // `service`: a type of the catalog; or "" with a whole URL.
  Answered call(const std::string& service, std::string method, std::string path, Json body = {});
  Answered get(const std::string& service, std::string path) {
    return call(service, "GET", std::move(path));
  }
  // Asks five times a second, for two minutes of the cloud's clock at the most.
  bool eventually(const std::function<bool()>& condition);
  // A log-in with these methods and this scope, as a raw answer.
  Answered log_in(const Json& identity, const Json& scope);

 private:
  CloudUnderTest& cloud_;
  std::string keystone_;
  std::string project_;
  std::map<std::string, std::string> endpoints_;
};

}  // namespace clickdeploy::openstack
