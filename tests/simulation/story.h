// Story: one run told for people: what the users did, what broke, what the controller changed, and
// how the objects took it. A line is when, who, what, and, where a decision of the seed was behind
// it, its name (swarm_decisions.h).

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
  void tell(const std::string& who, const std::string& what,
            const std::string& decision = "") const;

  // Tells what has changed in the store since the last look.
  void look();
  // Tells a change in the cloud that the controller asked for.
  void tell_mutation(const Mutation& mutation) const;

 private:
  using Facts = std::map<std::string, std::string>;

  static Facts facts_of(const Json& object);
  void look_at_object(const std::string& name, const Json& object, bool fresh);
  void look_at_events();

  SimWorld& world_;
  const bool told_;
  store::Revision revision_ = 0;
  std::map<std::string, Facts> known_;         // by kind and name
  std::map<std::string, std::string> events_;  // by name
};

}  // namespace clickdeploy::simulation
