// One SSH connection that runs one command. Blocks, at most until the deadline.

#pragma once

#include "controller/agents/remote_shell.h"

namespace clickdeploy::agents {

// `command` is for the login shell of the user, and reads `input`.
Result<ShellOutcome> run_over_ssh(const SshTarget& target, const std::string& command,
                                  const std::string& input, std::chrono::milliseconds deadline);

}  // namespace clickdeploy::agents
