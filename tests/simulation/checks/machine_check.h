// MachineCheck (S1, S4, S5 of machines that exist already): what their marks say, against what the
// Instances say.
//
// No two machines carry one claim, no two Instances hold one taking of a machine, and no machine
// carries the mark of an Instance that is gone.

#pragma once

#include "tests/simulation/sim_report.h"

#include <set>
#include <string>

namespace clickdeploy::simulation {

class SimWorld;

class MachineCheck {
 public:
  // Both outlive it.
  MachineCheck(const SimWorld& world, Report& report) : world_(world), report_(report) {}

  // `uids`: identities of all Instances that there are.
  void look(const std::set<std::string>& uids) const;

 private:
  const SimWorld& world_;
  Report& report_;
};

}  // namespace clickdeploy::simulation
