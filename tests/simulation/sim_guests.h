// SimGuests: what runs inside the simulated cloud's servers: a node_exporter where the user data
// asks for its package, reachable at the server's address, and nothing else.

#pragma once

#include "controller/base/json.h"
#include "controller/http/message.h"
#include "controller/localcloud/guest_driver.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::simulation {

enum class AgentState : std::uint8_t {
  Running,
  Killed,  // connections are refused until the server boots again
  Hung,    // connections are accepted and never answered, until the server boots again
};

struct SimAgent {
  std::string server_id;
  std::string instance_uid;  // as the user data had it written to the textfile folder
  AgentState state = AgentState::Running;
  std::string version = "1.5.0";  // that it tells; somebody may change it
  // As its web configuration has it: whether it speaks TLS, and who may ask it ("": anybody).
  bool tls = false;
  std::string username{};
  std::string password_hash{};
};

// What a system that was set up with these "write_files" runs; its exporter's port, "" for none.
SimAgent agent_in(const std::string& server_id, const Json& config);
std::string port_in(const Json& config);

class SimGuests final : public localcloud::GuestDriver {
 public:
  Result<void> start(const localcloud::GuestFacts& facts, localcloud::Boot boot) override;
  void stop(const std::string& id) override;
  void destroy(const std::string& id) override;
  std::string console_output(const std::string&) override { return "login:\n"; }
  std::vector<localcloud::RunningGuest> running() override { return {}; }
  void poll() override {}

  // Does the agent of this server run, and the server too?
  bool is_answering(const std::string& server_id) const;

  // By "address:port"; nullptr if nothing listens there.
  SimAgent* find_agent(const std::string& address);
  SimAgent* find_agent_of(const std::string& server_id);
  const SimAgent* find_agent_of(const std::string& server_id) const;

  std::size_t boots() const { return boots_; }

 private:
  struct Guest {
    std::string address;  // of the agent; "" if there is none
    SimAgent agent;
    bool on = false;
  };
  std::map<std::string, Guest> guests_;  // by server id
  std::size_t boots_ = 0;
};

// What it answers to who asks at "http://…" or "https://…", with this header Authorization.
// Nullopt: the connection fails; a status of 0: no answer ever comes.
std::optional<http::Reply> ask_agent(const SimAgent& agent, std::string_view scheme,
                                     const std::string& authorization);

}  // namespace clickdeploy::simulation
