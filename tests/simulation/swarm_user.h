// SwarmUser: somebody who applies, edits, misuses and deletes as the seed says, and who knows in
// the end what was asked for.

#pragma once

#include "tests/simulation/swarm_faults.h"

#include <string>

namespace clickdeploy::simulation {

struct Wish {
  bool exists = true;
  int replicas = 3;
  std::string image = "debian-12";
  std::string metadata = "shop";  // an edit that replaces servers as an image does
  std::string label = "web";      // of the Instances
  std::string rule = "click_deploy_service_cpu_usage_percent > 90";
  bool paused = false;
  bool selected = true;  // by the policy
};

class SwarmUser {
 public:
  SwarmUser(SimWorld& world, Story& story, std::uint64_t seed);

  // Applies platform and Service.
  void begin();
  // Does something, or nothing. A Service that is to be recreated is, once the old one is gone.
  void act();
  // Takes back what can't work and freezes the wish.
  void settle();
  // Makes the Service as wished if the old one is gone by now; called in the calm phase as well.
  void pursue();

  const Wish& wish() const { return wish_; }

 private:
  Json service() const;
  void apply_service(const std::string& what);
  void apply_policy(const std::string& rule, const std::string& what);
  void apply_yaml(const std::string& yaml);
  // An answer that only says that the object is going or gone is none to complain about.
  void expect(const Result<void>& done, const std::string& what);

  SimWorld& world_;
  Story& story_;
  Dice dice_;
  double eagerness_;
  Wish wish_;
};

}  // namespace clickdeploy::simulation
