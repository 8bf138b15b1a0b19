#include "tests/simulation/checks/machine_check.h"

#include "tests/simulation/sim_fleet.h"

namespace clickdeploy::simulation {

void MachineCheck::look(const std::set<std::string>& uids) const {
  std::set<std::string> claims;
  for (const auto& [address, machine] : world_.on_machines.all()) {
    if (!is_our_mark(machine.mark)) continue;
    const std::string claim = mark_value(machine.mark, "clickdeploy_claim");
    if (!claims.insert(claim).second) {
      report_.add("S1", "two machines carry the claim " + claim);
    }
    const std::string uid = mark_value(machine.mark, "clickdeploy_uid");
    if (uids.contains(uid) || world_.forsaken.contains(uid)) continue;
    report_.add("S4", "the mark of machine " + address + " has outlived its Instance " +
                          mark_value(machine.mark, "clickdeploy_instance"));
  }
  std::set<std::string> takings;
  for (const Json& instance : world_.objects(kInstances)) {
    const std::string& id = instance["status"]["server"]["id"].as_string();
    if (machine_name_of(id).empty() || takings.insert(id).second) continue;
    report_.add("S5", "two Instances hold " + id);
  }
}

}  // namespace clickdeploy::simulation
