// `clickdeployd dev`: a whole monitored fleet on this machine, for a newcomer.
//
// Starts localcloud, a real Prometheus and Alertmanager as child processes, and the daemon in this
// one; applies the example manifests; shows progress until everything is Ready. Ctrl-C stops
// exactly what it started.

#pragma once

#include "controller/app/settings.h"

namespace clickdeploy::app {

// The exit code. With --once: proves the chain, prints the evidence, cleans up; 0 if all was
// proven.
int run_dev(const CommandLine& line);

}  // namespace clickdeploy::app
