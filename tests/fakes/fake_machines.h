// FakeMachines: a RemoteShell to machines that exist only here. It does what the scripts of
// agents/machine.h do, told apart by what they say, and can fail before or after the effect.
//
// Threads: one executor's. Lifetime: outlives every call.

#pragma once

#include "controller/agents/machine.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace clickdeploy::fakes {

struct FakeMachine {
  std::string mark;       // the text of its file; "" if there is none
  std::string installed;  // settings
  std::string doing;
  bool reachable = true;
  std::string host_key = "ssh-ed25519 AAAA";
  std::vector<std::string> commands{};         // of RemoteShell::run
  std::map<std::string, std::string> files{};  // that were installed, by path
};

class FakeMachines final : public agents::RemoteShell {
 public:
  std::map<std::string, FakeMachine> machines;  // by address

  // Called for each script before and after its effect: look, take, install, remove, release, log.
  // An error takes the place of the answer.
  using Fault = std::function<Result<void>(const std::string& address, const std::string& what)>;
  Fault before;
  Fault after;
  // Called after each effect, also with "run"; and with each script before it is carried out.
  std::function<void(const std::string& address, const std::string& what)> done;
  std::function<void(const std::string& address, const std::string& text)> sent;
  std::size_t looks = 0;
  std::size_t changes = 0;  // scripts and commands that do more than look

  Task<Result<agents::ShellOutcome>> run(agents::SshTarget target, std::vector<std::string> argv,
                                         std::chrono::milliseconds deadline) override;
  Task<Result<agents::ShellOutcome>> run_script(agents::SshTarget target,
                                                agents::MachineScript script,
                                                std::chrono::milliseconds deadline) override;

 private:
  Result<FakeMachine*> reach(const agents::SshTarget& target);
};

}  // namespace clickdeploy::fakes
