// A machine that exists already, as it is asked over SSH: whose it is, how far its agents are
// installed, and the scripts that change that. Pure: texts only.
//
// Whose a machine is stands in a file of root's on the machine itself, its mark. It comes to be in
// one step, and only where there was none: of two controllers that want a machine one gets it. What
// is installed is noted before it is done, so that all of it, and nothing else, is taken away
// again: files that were there before come back, packages that were there before stay.
//
// Each script may be repeated, also after it was cut off anywhere. Those that take long go on by
// themselves; the next look tells how far they are.

#pragma once

#include "controller/agents/cloud_init.h"
#include "controller/agents/remote_shell.h"

#include <map>
#include <string>
#include <string_view>

namespace clickdeploy::agents {

using MachineMark = std::map<std::string, std::string>;  // as a server's metadata

struct MachineView {
  MachineMark mark;         // empty: it is nobody's
  std::string installed;    // machine_settings() of the last installation that came to its end
  std::string doing;        // install | remove | ""
  std::string failed;       // why the last removal has left something
  std::string failed_step;  // of the last installation, as failed_step_in_console() tells it

  bool operator==(const MachineView&) const = default;
};

MachineScript look_script();
// Of what look_script() printed.
Result<MachineView> read_look(std::string_view output);

// Exit status 0: it has this mark, now or already. kTakenByAnother: it has another one.
inline constexpr int kTakenByAnother = 3;
// InvalidArgument if the mark cannot be told as lines.
Result<MachineScript> take_script(const MachineMark& mark);

// The others need the mark, and end with kTakenByAnother where it is another.

// Installs the agents of the input, and takes away those of earlier inputs.
Result<MachineScript> install_script(const MachineMark& mark, const UserDataInput& input);
// The mark goes; before that, unless they are kept, all that was installed.
Result<MachineScript> release_script(const MachineMark& mark, bool keep_agents);

// Prints the end of what the last installation said.
MachineScript log_script();

// Eight hexadecimal digits of what is installed; another value: install again.
std::string machine_settings(const std::string& instance_uid, const std::vector<Agent>& agents);

}  // namespace clickdeploy::agents
