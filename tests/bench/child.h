// in_child: runs a function in a process of its own, whose heap nobody has used before.

#pragma once

#include <functional>
#include <vector>

namespace clickdeploy::bench {

// Gives up if the child fails. Call it while this process has one thread only.
std::vector<double> in_child(const std::function<std::vector<double>()>& function);

// VmRSS of this process, in bytes.
double resident_bytes();

}  // namespace clickdeploy::bench
