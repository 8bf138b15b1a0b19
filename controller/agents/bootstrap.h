// How the first boot went: what the steps of our cloud-config say of themselves.
//
// Each step (step.sh of install.cpp) tells its outcome twice: as a metric, which node_exporter
// shows as soon as it runs, and as a line on the console, for when it never does.

#pragma once

#include <string>
#include <string_view>

namespace clickdeploy::agents {

inline constexpr std::string_view kBootstrapStepMetric = "click_deploy_bootstrap_step";

// The first step that failed, with its exit status and last words, if it had any: `cadvisor: start
// (exit status 125: no such image)`; "" if none is told of.
std::string failed_step_in_metrics(std::string_view exposition);
std::string failed_step_in_console(std::string_view console);

}  // namespace clickdeploy::agents
