// SwarmFaults: what goes wrong around the controller in the hostile phase of a swarm run, from
// moment to moment: in the cloud, with Prometheus, in the servers, with the clock, and with the
// controller's process itself. The seed draws the classes (each is off with probability one half)
// and their rates.

#pragma once

#include "tests/simulation/swarm_messages.h"

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace clickdeploy::simulation {

class SwarmFaults {
 public:
  SwarmFaults(SimWorld& world, Story& story, Decisions& decisions);

  // Something may go wrong now. Called every few seconds of the hostile phase.
  void moment(std::uint64_t number);
  // All faults are over. What they broke stays broken: dead agents, deleted servers, a clock that
  // jumped, files that somebody overwrote.
  void calm();
  // What the controller asks a person for: servers that somebody stopped are started.
  void help();
  // Of what was delayed nothing is under way any more.
  bool all_arrived() const { return world_.context().now() > messages_.all_arrive_at(); }

  // What others have in the cloud, and the controller must leave alone: "" or what happened to it.
  std::string harm_to_others() const;
  bool has_deleted_servers() const { return servers_deleted_ > 0; }

 private:
  using Strike = void (SwarmFaults::*)(Dice&);
  struct Class {
    const char* name;
    double most;  // of moments
    Strike strike;
  };
  static const std::vector<Class>& classes();

  void find_no_host(Dice& dice);
  void hang_builds(Dice& dice);
  void hang_deletes(Dice& dice);
  void fill_quota(Dice& dice);
  void delete_server(Dice& dice);
  void stop_server(Dice& dice);
  void rename_server(Dice& dice);
  void edit_server(Dice& dice);
  void edit_marks(Dice& dice);
  void edit_port(Dice& dice);
  void fail_volumes(Dice& dice);
  void detach_volume(Dice& dice);
  void make_foreign_server(Dice& dice);
  void make_foreign_port(Dice& dice);
  void break_agent(Dice& dice);
  void change_agent(Dice& dice);
  void stop_prometheus(Dice& dice);
  void spoil_target_file(Dice& dice);
  void lose_machine(Dice& dice);
  void break_agent_on_machine(Dice& dice);
  void change_agent_on_machine(Dice& dice);
  void wipe_machine(Dice& dice);
  void expire_tokens(Dice& dice);
  void refuse_tokens(Dice& dice);
  void lose_catalogue(Dice& dice);
  void shift_clock(Dice& dice);
  void shift_clock_far(Dice& dice);
  void crash(Dice& dice);
  void pause(Dice& dice);
  void lose_power(Dice& dice);
  void fill_disk(Dice& dice);
  void fail_disk(Dice& dice);
  void slow_disk(Dice& dice);
  void lock_database(Dice& dice);
  void starve(Dice& dice);
  void delay_timers(Dice& dice);

  void tell(const std::string& who, const std::string& what) const;
  // Ends by itself after up to `most` seconds, and at the latest when all faults do.
  void lasting(Dice& dice, std::uint64_t most, std::function<void()> end);
  void end_lasting(SteadyTime now);
  // The same, also while a user waits for an answer: shorter than users are patient.
  void disk_trouble(Dice& dice, const std::string& what, std::function<void()> end);
  localcloud::Server* any_server(Dice& dice) const;
  std::string any_machine(Dice& dice) const;  // that is ours; "" if none is
  localcloud::Outcome<localcloud::Token> person() const;

  struct Lasting {
    SteadyTime until;
    std::function<void()> end;
  };

  SimWorld& world_;
  Story& story_;
  Decisions& decisions_;
  MessageFaults messages_;
  std::vector<double> rates_;  // as classes()
  std::vector<Lasting> lasting_;
  std::set<std::string> stuck_;  // servers whose deletion hangs
  bool deletes_hang_ = false;
  std::uint64_t servers_deleted_ = 0;
  std::set<std::string> foreign_servers_;
  std::set<std::string> foreign_ports_;
};

}  // namespace clickdeploy::simulation
