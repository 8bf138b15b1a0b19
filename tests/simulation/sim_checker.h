// CloudChecker: stands before the cloud, remembers every call that changes something, and fails the
// test when one breaks a promise: two live servers of one Instance or claim, or a change of what is
// not ours.

#pragma once

#include "controller/async/clock.h"
#include "controller/http/http_client.h"
#include "controller/localcloud/cloud.h"

#include <string>
#include <vector>

namespace clickdeploy::simulation {

struct Mutation {
  SteadyTime at{};
  std::string method;
  std::string path;
  std::string body;
  int status = 0;
};

class CloudChecker {
 public:
  CloudChecker(localcloud::Cloud& cloud, Clock& clock, http::Handler cloud_handler,
               std::string cluster_id)
      : cloud_(cloud),
        clock_(clock),
        inner_(std::move(cloud_handler)),
        cluster_id_(std::move(cluster_id)) {}

  Task<http::Reply> handle(http::Request request);

  const std::vector<Mutation>& mutations() const { return mutations_; }
  std::size_t count(const std::string& method, const std::string& path_prefix) const;

  // Live servers and ports with our mark.
  std::vector<const localcloud::Server*> our_servers() const;
  std::vector<const localcloud::Port*> our_ports() const;

 private:
  void check_ownership(const http::Request& request) const;
  void check_uniqueness() const;

  localcloud::Cloud& cloud_;
  Clock& clock_;
  const http::Handler inner_;
  const std::string cluster_id_;
  std::vector<Mutation> mutations_;
};

}  // namespace clickdeploy::simulation
