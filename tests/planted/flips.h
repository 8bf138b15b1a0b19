// run_flip: one bit of the database file flips while the process is down. It must refuse to start,
// or read all that was acknowledged as it was (S10).

#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace clickdeploy::planted_bugs {

std::optional<std::string> run_flip(std::uint64_t seed);

}  // namespace clickdeploy::planted_bugs
