// Runs in which the disk fails, and what was acknowledged must be there all the same (S10, S12).

#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace clickdeploy::planted_bugs {

// One bit of the database file flips while the process is down. It must refuse to start, or read
// all that was acknowledged as it was.
std::optional<std::string> run_flip(std::uint64_t seed);

// Power is lost again and again, or writes fail and the process is killed. What was acknowledged is
// there afterwards, and each published file is whole at every moment.
std::optional<std::string> run_disk(std::uint64_t seed);

}  // namespace clickdeploy::planted_bugs
