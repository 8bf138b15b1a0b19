// The drivers of the simulation, as hunts use them.

#pragma once

#include "tests/planted/hunt.h"

namespace clickdeploy::planted_bugs {

// The first seeds of the swarm, then the drivers that go through scenarios, then the other seeds.
std::vector<Driver> all_drivers(std::uint64_t first_seed, std::uint64_t seeds);

}  // namespace clickdeploy::planted_bugs
