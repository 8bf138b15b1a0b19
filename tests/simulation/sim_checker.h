// CloudChecker: stands before the cloud, remembers every call that changes something, and reports
// one that breaks a promise: two live servers of one Instance or claim (S1), a change of what is
// not ours, or something new without our mark (S2).

#pragma once

#include "controller/async/clock.h"
#include "controller/http/http_client.h"
#include "controller/localcloud/cloud.h"
#include "tests/simulation/sim_report.h"

#include <functional>
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
               std::string cluster_id, Report& report)
      : cloud_(cloud),
        clock_(clock),
        inner_(std::move(cloud_handler)),
        cluster_id_(std::move(cluster_id)),
        report_(report) {}

  Task<http::Reply> handle(http::Request request);

  // Asked before each change, and told each one with its outcome; may be null.
  std::function<void(const http::Request&)> before_mutation;
  std::function<void(const Mutation&)> after_mutation;

  const std::vector<Mutation>& mutations() const { return mutations_; }
  std::size_t count(const std::string& method, const std::string& path_prefix) const;

  // Live servers and ports with our mark.
  std::vector<const localcloud::Server*> our_servers() const;
  std::vector<const localcloud::Port*> our_ports() const;
  std::vector<const localcloud::FloatingIp*> our_floating_ips() const;
  std::vector<const localcloud::Volume*> our_volumes() const;
  // Of a server; "" if it has none of that name.
  static std::string metadata_of(const localcloud::Server& server, const std::string& name);
  static std::string metadata_of(const localcloud::Volume& volume, const std::string& name);
  // The volume that a request is about; nullptr if it is about none.
  const localcloud::Volume* volume_of(const http::Request& request) const;

 private:
  void check_ownership(const http::Request& request) const;
  void check_uniqueness() const;

  localcloud::Cloud& cloud_;
  Clock& clock_;
  const http::Handler inner_;
  const std::string cluster_id_;
  Report& report_;
  std::vector<Mutation> mutations_;
};

}  // namespace clickdeploy::simulation
