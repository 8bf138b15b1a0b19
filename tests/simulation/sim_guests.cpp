#include "tests/simulation/sim_guests.h"

#include "controller/base/yaml.h"

#include <fmt/format.h>

namespace clickdeploy::simulation {

namespace {

constexpr std::string_view kPackage = "prometheus-node-exporter";
constexpr std::string_view kUidLabel = "click_deploy_agent_info{instance_uid=\"";
constexpr std::string_view kListen = "--web.listen-address=:";

bool asks_for_exporter(const Json& config) {
  for (const Json& package : config["packages"].as_array()) {
    if (package.as_string() == kPackage || package[0].as_string() == kPackage) return true;
  }
  return false;
}

// What follows `lead` in one of the files to write, up to one of `ends`; "" if it is in none.
std::string written_after(const Json& config, std::string_view lead, std::string_view ends) {
  for (const Json& file : config["write_files"].as_array()) {
    const std::string& content = file["content"].as_string();
    const std::size_t at = content.find(lead);
    if (at == std::string::npos) continue;
    const std::size_t from = at + lead.size();
    return content.substr(from, content.find_first_of(ends, from) - from);
  }
  return "";
}

}  // namespace

Result<void> SimGuests::start(const localcloud::GuestFacts& facts, localcloud::Boot boot) {
  ++boots_;
  Guest& guest = guests_[facts.id];
  guest.on = true;
  guest.agent.state = AgentState::Running;
  if (boot == localcloud::Boot::Again) return {};
  const Json config = parse_single_yaml(facts.user_data).value_or(Json());
  guest.agent.server_id = facts.id;
  guest.agent.instance_uid = written_after(config, kUidLabel, "\"");
  const std::string port = written_after(config, kListen, " \"'\n");
  guest.address = asks_for_exporter(config) && !port.empty() ? facts.address + ":" + port : "";
  return {};
}

void SimGuests::stop(const std::string& id) {
  const auto guest = guests_.find(id);
  if (guest != guests_.end()) guest->second.on = false;
}

void SimGuests::destroy(const std::string& id) {
  guests_.erase(id);
}

SimAgent* SimGuests::find_agent(const std::string& address) {
  for (auto& [id, guest] : guests_) {
    if (guest.on && guest.address == address) return &guest.agent;
  }
  return nullptr;
}

SimAgent* SimGuests::find_agent_of(const std::string& server_id) {
  const auto guest = guests_.find(server_id);
  if (guest == guests_.end() || guest->second.address.empty()) return nullptr;
  return &guest->second.agent;
}

const SimAgent* SimGuests::find_agent_of(const std::string& server_id) const {
  const auto guest = guests_.find(server_id);
  if (guest == guests_.end() || guest->second.address.empty()) return nullptr;
  return &guest->second.agent;
}

bool SimGuests::is_answering(const std::string& server_id) const {
  const auto guest = guests_.find(server_id);
  return guest != guests_.end() && guest->second.on &&
         guest->second.agent.state == AgentState::Running;
}

http::Reply agent_metrics(const SimAgent& agent) {
  http::Reply reply;
  reply.response.headers = {{"Content-Type", "text/plain; version=0.0.4"}};
  reply.response.body = fmt::format(
      "# TYPE click_deploy_agent_info gauge\n"
      "click_deploy_agent_info{{instance_uid=\"{}\"}} 1\n"
      "# TYPE node_exporter_build_info gauge\n"
      "node_exporter_build_info{{version=\"{}\"}} 1\n",
      agent.instance_uid, agent.version);
  return reply;
}

}  // namespace clickdeploy::simulation
