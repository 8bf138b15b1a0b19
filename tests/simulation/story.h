// Story: one run told for people: what the users did, what broke, what the controller changed, and
// how the objects took it.

#pragma once

#include "tests/simulation/sim_fleet.h"

#include <map>
#include <string>

namespace clickdeploy::simulation {

class Story {
 public:
  // A story that is not told costs nothing.
  Story(SimWorld& world, bool told) : world_(world), told_(told) {}

  bool is_told() const { return told_; }
  void tell(const std::string& who, const std::string& what) const;

  // Tells what has changed in the store since the last look.
  void look();

 private:
  std::string summary(const Json& object) const;

  SimWorld& world_;
  const bool told_;
  store::Revision revision_ = 0;
  std::map<std::string, std::string> known_;  // by resource, namespace and name
};

}  // namespace clickdeploy::simulation
