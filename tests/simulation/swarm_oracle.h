// SwarmOracle: is the world as it was asked for last, and if not, is that because a brake holds
// that rightly holds?

#pragma once

#include "tests/simulation/swarm_user.h"

#include <string>

namespace clickdeploy::simulation {

class SwarmOracle {
 public:
  SwarmOracle(const SimWorld& world, const Wish& wish) : world_(world), wish_(wish) {}

  // "" if everything is as asked for: the cloud has these servers and ports and no others,
  // Prometheus scrapes them and has the rules, and the objects say so. Else what is not.
  std::string unrest() const;

  // Does a brake hold, and rightly? So it is if
  // - an Instance says that its repair is Blocked by the brake, it is broken, and more Instances
  //   of its Service, or of its Cloud, are broken than maxUnhealthy allows;
  // - or an Instance says that it has Failed after maxRetries repairs, and it is broken;
  // - or a Cloud says that servers are missing at once, and they are;
  // and no Instance that is broken is left by anything else.
  // "" if no brake holds; else which.
  std::string brake() const;

 private:
  struct Fleet;

  std::string unrest_of(const ServiceWish& service) const;
  std::string unrest_of_whole() const;
  std::string unrest_of_volumes() const;
  std::string unrest_of_machines() const;
  std::string drift_of_servers() const;
  std::string brake_of_clouds() const;
  std::string brake_of(const Json& instance) const;
  bool is_broken(const Json& instance) const;
  bool has_no_use(const Json& instance) const;  // it is not deleted, and its server gives nothing
  bool is_over_the_brake(const Json& instance) const;
  bool is_repair_failed(const Json& like) const;
  std::size_t kept_servers() const;
  std::size_t kept_ports() const;

  const SimWorld& world_;
  const Wish& wish_;
};

}  // namespace clickdeploy::simulation
