#include "tests/simulation/swarm_faults.h"

#include "tests/simulation/swarm_user.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::simulation {

using namespace std::chrono_literals;

const std::vector<SwarmFaults::Class>& SwarmFaults::classes() {
  static const std::vector<Class> kClasses = {
      {"no-valid-host", 0.2, &SwarmFaults::find_no_host},
      {"build-hangs", 0.1, &SwarmFaults::hang_builds},
      {"delete-hangs", 0.1, &SwarmFaults::hang_deletes},
      {"quota", 0.1, &SwarmFaults::fill_quota},
      {"server-deleted", 0.1, &SwarmFaults::delete_server},
      {"server-stopped", 0.05, &SwarmFaults::stop_server},
      {"server-renamed", 0.05, &SwarmFaults::rename_server},
      {"server-edited", 0.05, &SwarmFaults::edit_server},
      {"server-remarked", 0.05, &SwarmFaults::edit_marks},
      {"port-edited", 0.05, &SwarmFaults::edit_port},
      {"volumes-fail", 0.05, &SwarmFaults::fail_volumes},
      {"volume-detached", 0.05, &SwarmFaults::detach_volume},
      {"foreign-server", 0.05, &SwarmFaults::make_foreign_server},
      {"foreign-port", 0.05, &SwarmFaults::make_foreign_port},
      {"agent-fails", 0.2, &SwarmFaults::break_agent},
      {"agent-changed", 0.03, &SwarmFaults::change_agent},
      {"prometheus-down", 0.15, &SwarmFaults::stop_prometheus},
      {"target-file-spoilt", 0.1, &SwarmFaults::spoil_target_file},
      {"tokens-expire", 0.2, &SwarmFaults::expire_tokens},
      {"tokens-refused", 0.1, &SwarmFaults::refuse_tokens},
      {"catalogue-lost", 0.1, &SwarmFaults::lose_catalogue},
      {"wall-jump", 0.05, &SwarmFaults::shift_clock},
      {"wall-jump-far", 0.02, &SwarmFaults::shift_clock_far},
      {"crash", 0.4, &SwarmFaults::crash},
      {"power-loss", 0.1, &SwarmFaults::lose_power},
      {"disk-full", 0.05, &SwarmFaults::fill_disk},
      {"disk-fails", 0.1, &SwarmFaults::fail_disk},
      {"disk-slow", 0.05, &SwarmFaults::slow_disk},
      {"database-locked", 0.05, &SwarmFaults::lock_database},
      {"pause", 0.05, &SwarmFaults::pause},
      {"starve", 0.3, &SwarmFaults::starve},
      {"timers-late", 0.1, &SwarmFaults::delay_timers},
      {"machine-away", 0.05, &SwarmFaults::lose_machine},
      {"machine-agent-fails", 0.1, &SwarmFaults::break_agent_on_machine},
      {"machine-agent-changed", 0.02, &SwarmFaults::change_agent_on_machine},
      {"machine-wiped", 0.02, &SwarmFaults::wipe_machine},
  };
  return kClasses;
}

SwarmFaults::SwarmFaults(SimWorld& world, Story& story, Decisions& decisions)
    : world_(world), story_(story), decisions_(decisions), messages_(world, story, decisions) {
  for (const Class& each : classes()) rates_.push_back(decisions_.rate(each.name, each.most));
  world_.shell_faults = {.lost_before = decisions_.rate("shell-lost-before", 0.15),
                         .lost_after = decisions_.rate("shell-lost-after", 0.25)};
}

void SwarmFaults::tell(const std::string& who, const std::string& what) const {
  story_.tell(who, what, decisions_.last_taken());
}

void SwarmFaults::moment(std::uint64_t number) {
  end_lasting(world_.context().now());
  for (std::size_t i = 0; i < classes().size(); ++i) {
    const Class& each = classes()[i];
    std::optional<Dice> dice = decisions_.take(each.name, "", number, rates_[i]);
    if (dice) (this->*each.strike)(*dice);
  }
}

void SwarmFaults::lasting(Dice& dice, std::uint64_t most, std::function<void()> end) {
  lasting_.push_back({world_.context().now() + 1s * (1 + dice.below(most)), std::move(end)});
}

void SwarmFaults::end_lasting(SteadyTime now) {
  const std::vector<Lasting> all = std::exchange(lasting_, {});
  for (const Lasting& each : all) {
    if (each.until <= now) {
      each.end();
    } else {
      lasting_.push_back(each);
    }
  }
}

void SwarmFaults::calm() {
  messages_.stop();
  end_lasting(SteadyTime::max());
  world_.crash_at(UINT64_MAX);
  world_.context().be_fair();
  world_.storage.faults = {};
  world_.shell_faults = {};
  world_.cloud.faults().no_valid_host = 0;
  story_.tell("calm", "all faults are over; what they broke stays broken");
}

void SwarmFaults::help() {
  for (const localcloud::Server* found : world_.checker.our_servers()) {
    localcloud::Server* server = world_.cloud.find_server(found->id);
    if (server != nullptr && server->vm_state == localcloud::VmState::Stopped &&
        server->task == localcloud::TaskState::None && world_.cloud.start_server(*server)) {
      story_.tell("somebody", "starts server " + server->id + " again");
    }
  }
}

std::string SwarmFaults::harm_to_others() const {
  for (const std::string& id : foreign_servers_) {
    if (world_.cloud.find_server(id) == nullptr)
      return "server " + id + " of somebody else is gone";
  }
  for (const std::string& id : foreign_ports_) {
    if (!world_.cloud.state().ports.contains(id)) {
      return "port " + id + " of somebody else is gone";
    }
  }
  const auto foreign = world_.machines.machines.find(kForeignMachine);
  if (foreign != world_.machines.machines.end() &&
      (foreign->second.mark != kForeignMark || !foreign->second.installed.empty())) {
    return "the machine of another Click Deploy is not as it was";
  }
  return "";
}

void SwarmFaults::break_agent(Dice& dice) {
  const localcloud::Server* server = any_server(dice);
  SimAgent* agent = server == nullptr ? nullptr : world_.guests.find_agent_of(server->id);
  if (agent == nullptr) return;
  agent->state = dice.chance(0.5) ? AgentState::Killed : AgentState::Hung;
  tell("guest", "the agent of " + agent->server_id +
                    (agent->state == AgentState::Killed ? " is killed" : " hangs"));
}

// Somebody installs another version on the server: only another server has the right one again.
void SwarmFaults::change_agent(Dice& dice) {
  const localcloud::Server* server = any_server(dice);
  SimAgent* agent = server == nullptr ? nullptr : world_.guests.find_agent_of(server->id);
  // One that nobody has seen before counts as the version that the server was made with, and that
  // is only told of.
  const bool known = std::ranges::any_of(world_.objects(kInstances), [&](const Json& instance) {
    return server != nullptr && instance["status"]["server"]["id"].as_string() == server->id &&
           !instance["status"]["agents"][0]["installedVersion"].as_string().empty();
  });
  if (agent == nullptr || !known) return;
  agent->version = "1.4.0";
  tell("guest", "the agent of " + agent->server_id + " is another version now");
}

void SwarmFaults::stop_prometheus(Dice& dice) {
  if (world_.prometheus.is_down()) return;
  world_.prometheus.set_down(true);
  tell("prometheus", "is down");
  lasting(dice, 60, [this] {
    world_.prometheus.set_down(false);
    story_.tell("prometheus", "is up again");
  });
}

void SwarmFaults::spoil_target_file(Dice& dice) {
  std::vector<std::string> paths;
  const Result<std::vector<FileInfo>> files = world_.disk.list(kTargetsFolder);
  if (!files) return;
  // Not the stamp that says whose the folder is: without it the controller rightly stops.
  for (const FileInfo& file : *files) {
    if (file.name.ends_with(".json") || file.name.ends_with(".yml"))
      paths.push_back(kTargetsFolder + ("/" + file.name));
  }
  if (paths.empty()) return;
  const std::string path = paths[dice.below(paths.size())];
  constexpr const char* kContents[] = {"", "[]", "[{\"targets\": [\"10.9.9.9:9100\"]}]",
                                       "- targets: [x]", "[{\"targets\":"};
  const std::size_t which = dice.below(std::size(kContents) + 1);
  const bool done = which == std::size(kContents)
                        ? world_.disk.remove(path).has_value()
                        : world_.disk.write_atomic(path, kContents[which]).has_value();
  if (!done) return;
  tell("somebody", which == std::size(kContents)
                       ? "removes " + path
                       : fmt::format("writes '{}' into {}", kContents[which], path));
}

void SwarmFaults::expire_tokens(Dice& /*dice*/) {
  world_.cloud.expire_all_tokens();
  tell("identity", "all tokens expire early");
}

void SwarmFaults::refuse_tokens(Dice& dice) {
  const auto length = 1s * (1 + dice.below(20));
  messages_.refuse_tokens(world_.context().now() + length);
  tell("identity", fmt::format("every token is refused for {} s", length.count()));
}

void SwarmFaults::lose_catalogue(Dice& dice) {
  const auto length = 1s * (1 + dice.below(60));
  messages_.lose_catalogue(world_.context().now() + length);
  world_.cloud.expire_all_tokens();
  tell("identity", fmt::format("the catalogue lacks the network service for {} s", length.count()));
}

void SwarmFaults::shift_clock(Dice& dice) {
  const auto jump = std::chrono::seconds(dice.between(-3600, 3600));
  world_.shift_wall(jump);
  tell("clock", fmt::format("the wall clock jumps by {} s", jump.count()));
}

void SwarmFaults::shift_clock_far(Dice& dice) {
  const std::chrono::hours years(10 * 365 * 24);
  const auto jump = dice.chance(0.5) ? years : -years;
  world_.shift_wall(jump);
  tell("clock", fmt::format("the wall clock jumps by {} hours", jump.count()));
}

void SwarmFaults::crash(Dice& dice) {
  const bool again = world_.crashes() > 0 && dice.chance(0.5);  // while it still recovers
  const std::uint64_t steps = 1 + dice.below(again ? 300 : 3000);
  world_.crash_at(world_.context().steps() + steps);
  tell("process", fmt::format("will be killed {} steps from now", steps));
}

void SwarmFaults::lose_power(Dice& dice) {
  const std::uint64_t operations = 1 + dice.below(200);
  world_.storage.faults.cut_power_at = world_.storage.changes() + operations;
  tell("machine", fmt::format("will lose power {} operations of the disk from now", operations));
}

void SwarmFaults::disk_trouble(Dice& dice, const std::string& what, std::function<void()> end) {
  const auto length = 1s * (1 + dice.below(15));
  tell("disk", fmt::format("{} for {} s", what, length.count()));
  world_.context().post_after(length, SimContext::make_job(std::move(end)));
}

void SwarmFaults::fill_disk(Dice& dice) {
  world_.storage.faults.capacity_bytes = world_.storage.used_bytes() + dice.below(20'000);
  disk_trouble(dice, "is full", [this] { world_.storage.faults.capacity_bytes.reset(); });
}

void SwarmFaults::fail_disk(Dice& dice) {
  DiskFaults& faults = world_.storage.faults;
  faults.write_fails = 0.01 * static_cast<double>(dice.below(10));
  faults.sync_fails = 0.01 * static_cast<double>(dice.below(30));
  faults.read_fails = 0.001 * static_cast<double>(dice.below(20));
  faults.short_write = 0.1 * static_cast<double>(dice.below(10));
  disk_trouble(dice, "fails now and then", [&faults] {
    faults.write_fails = faults.sync_fails = faults.read_fails = faults.short_write = 0;
  });
}

void SwarmFaults::slow_disk(Dice& dice) {
  world_.storage.faults.delay = std::chrono::milliseconds(dice.between(1000, 5000));
  disk_trouble(dice, "is slow", [this] { world_.storage.faults.delay = 0ns; });
}

void SwarmFaults::lock_database(Dice& dice) {
  world_.storage.faults.database_locked = true;
  disk_trouble(dice, "has a backup tool on it that locks the database",
               [this] { world_.storage.faults.database_locked = false; });
  // Who has it open keeps it; it is the next start that has to wait.
  world_.crash_at(world_.context().steps() + 1 + dice.below(100));
}

void SwarmFaults::pause(Dice& dice) {
  // Seconds as a rule; ten minutes now and then.
  const auto length =
      std::chrono::seconds(dice.chance(0.9) ? dice.between(1, 60) : dice.between(60, 600));
  world_.pause(length);
  tell("process", fmt::format("is stopped for {} s", length.count()));
}

void SwarmFaults::starve(Dice& /*dice*/) {
  world_.context().starve_next(1000);
  tell("process", "one of its tasks is not run for 1000 steps");
}

void SwarmFaults::delay_timers(Dice& dice) {
  const auto most = std::chrono::milliseconds(dice.below(30'000));
  world_.context().late_timers(most);
  tell("process",
       fmt::format("timers are up to {:.1f} s late", std::chrono::duration<double>(most).count()));
  lasting(dice, 60, [this] { world_.context().late_timers(0ms); });
}

}  // namespace clickdeploy::simulation
