// A process guest from outside: its exporter, and an sshd of its own.

#pragma once

#include "tests/scenarios/bed.h"
#include "tests/testing/child_process.h"

#include <memory>
#include <string>
#include <vector>

namespace clickdeploy::scenarios {

// A node_exporter that runs: with what it was started, and where.
struct Exporter {
  int pid = 0;  // 0: none listens there
  std::vector<std::string> argv;
  std::string folder;
};

// The exporter whose command line names this listen address (without the port).
Exporter find_exporter(const std::string& address);

// Another program, with the same arguments in the same folder.
std::unique_ptr<testing::ChildProcess> start_in_place_of(const Exporter& exporter,
                                                         const std::string& program,
                                                         const std::string& log);

// A real sshd at the server's address, on port 2222, and the leave of the policy "base" to use it.
class GuestSsh {
 public:
  // Whatever is asked for, `script` is run by sh instead.
  GuestSsh(Bed& bed, const std::string& address, const std::string& script);

  std::string asked() const;     // the commands that were asked for, one a line
  std::string host_key() const;  // "ssh-ed25519 AAAA… comment"

  // "sudo -n " before a command unless the tests run as root.
  static std::string sudo();

 private:
  std::string path(const std::string& name) const;

  Bed& bed_;
  std::unique_ptr<testing::ChildProcess> sshd_;
};

}  // namespace clickdeploy::scenarios
