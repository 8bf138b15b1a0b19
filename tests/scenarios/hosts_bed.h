// HostsBed: a Bed whose servers are machines that exist already (tests/machine), each with a real
// sshd at an address of its own, and the Cloud "lab" of them.

#pragma once

#include "tests/machine/machine.h"
#include "tests/scenarios/bed.h"

#include <memory>
#include <string>
#include <vector>

namespace clickdeploy::scenarios {

class HostsBed {
 public:
  // So many machines: web-1, web-2, … Those with an even number are in rack b, the others in a.
  explicit HostsBed(int machines);

  // Applies the basics of Bed and the Cloud "lab".
  void apply_basics();
  // The objects of docs/tutorials/machines-without-openstack.md, in the namespace demo, with the
  // addresses, the user and the folders of this bed: those before the Service "db", or that one.
  void apply_tutorial(bool db);
  // Its spec.hosts names these machines only.
  void set_hosts(const std::vector<int>& numbers);

  Json service(const std::string& name, int replicas) const;  // not created yet

  testing::Machine& machine(int number) { return *parts_.at(number_of(number)).machine; }
  void start_sshd(int number);
  void stop_sshd(int number);
  std::string host_key(int number) const;
  // The next script with these words is carried out, and the daemon dies before it hears of it.
  void kill_daemon_after(const std::string& words);

  // Machines with a mark that holds these words.
  int count_marks(const std::string& words = "");

  Bed bed;

 private:
  struct Part {
    std::string name;
    std::unique_ptr<testing::Machine> machine;
    std::unique_ptr<testing::ChildProcess> sshd;
  };
  static std::size_t number_of(int number) { return static_cast<std::size_t>(number - 1); }
  Json hosts(const std::vector<int>& numbers) const;
  void create_key();

  std::vector<Part> parts_;
};

}  // namespace clickdeploy::scenarios
