// RemoteShell: one command on a server, or one script on a machine, over SSH. It is a seam: the
// simulation has its own.
//
// Only commands that restart an agent are carried out (is_allowed_command); whoever calls with
// another gets InvalidArgument and no connection is made. Scripts are those of machine.h.
//
// Errors: Unavailable or DeadlineExceeded if the server cannot be reached or does not end in time;
// Unauthenticated if it refuses the key; PermissionDenied if its host key is not the known one:
// then nothing was said to it; InvalidArgument for a key that cannot be read.

#pragma once

#include "controller/async/task.h"
#include "controller/base/error.h"
#include "controller/base/secret.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace clickdeploy::agents {

struct SshTarget {
  std::string host;  // an address
  std::uint16_t port = 22;
  std::string user;
  SecretString private_key;  // PEM
  std::string host_key;      // "ssh-ed25519 AAAA…"; "": whatever it shows is taken, and told
};

struct ShellOutcome {
  int exit_status = 0;
  std::string words;     // the last of what it said, cleaned and cut
  std::string output;    // of a script: all that it said, at most 64 KiB
  std::string host_key;  // that it showed
};

// What a machine is asked to do. Its text is made by machine.h alone, and may hold secrets.
class MachineScript {
 public:
  const std::string& text() const { return text_; }

 private:
  friend MachineScript make_machine_script(std::string body);
  explicit MachineScript(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

class RemoteShell {
 public:
  virtual ~RemoteShell() = default;
  virtual Task<Result<ShellOutcome>> run(SshTarget target, std::vector<std::string> argv,
                                         std::chrono::milliseconds deadline) = 0;
  // By sh, as root.
  virtual Task<Result<ShellOutcome>> run_script(SshTarget target, MachineScript script,
                                                std::chrono::milliseconds deadline) = 0;
};

// systemctl restart UNIT, or docker restart --time N NAME, of words that no shell looks at twice.
bool is_allowed_command(const std::vector<std::string>& argv);

// With libssh2, on threads of its own. Anybody but root goes through sudo.
std::unique_ptr<RemoteShell> make_ssh_shell();

}  // namespace clickdeploy::agents
