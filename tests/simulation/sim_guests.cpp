#include "tests/simulation/sim_guests.h"

#include "controller/base/text.h"
#include "controller/base/yaml.h"

#include <fmt/format.h>

#include <crypt.h>
#include <memory>

namespace clickdeploy::simulation {

namespace {

constexpr std::string_view kPackage = "prometheus-node-exporter";
constexpr std::string_view kUidLabel = "click_deploy_agent_info{instance_uid=\"";
constexpr std::string_view kListen = "--web.listen-address=:";
constexpr std::string_view kWebConfig = "/etc/click-deploy/node-exporter-web.yml";

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

// A hash takes a tenth of a second, and there are few.
bool is_hash_of(const std::string& hash, const std::string& password) {
  static std::map<std::pair<std::string, std::string>, bool> known;
  const auto [at, fresh] = known.try_emplace({hash, password});
  if (fresh) {
    auto scratch = std::make_unique<crypt_data>();
    const char* made = crypt_r(password.c_str(), hash.c_str(), scratch.get());
    at->second = made != nullptr && hash == made;
  }
  return at->second;
}

bool lets_in(const SimAgent& agent, const std::string& authorization) {
  constexpr std::string_view kBasic = "Basic ";
  if (!authorization.starts_with(kBasic)) return false;
  const std::string shown = base64_decode(authorization.substr(kBasic.size())).value_or("");
  return shown.starts_with(agent.username + ":") &&
         is_hash_of(agent.password_hash, shown.substr(agent.username.size() + 1));
}

}  // namespace

Result<void> SimGuests::start(const localcloud::GuestFacts& facts, localcloud::Boot boot) {
  ++boots_;
  Guest& guest = guests_[facts.id];
  guest.on = true;
  guest.agent.state = AgentState::Running;
  if (boot == localcloud::Boot::Again) return {};
  const Json config = parse_single_yaml(facts.user_data).value_or(Json());
  guest.agent = agent_in(facts.id, config);
  const std::string port = port_in(config);
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

SimAgent agent_in(const std::string& server_id, const Json& config) {
  SimAgent agent{.server_id = server_id, .instance_uid = written_after(config, kUidLabel, "\"")};
  for (const Json& file : config["write_files"].as_array()) {
    if (file["path"].as_string() != kWebConfig) continue;
    const Json lock = parse_single_yaml(file["content"].as_string()).value_or(Json());
    agent.tls = lock.contains("tls_server_config");
    for (const auto& [name, hash] : lock["basic_auth_users"].as_object()) {
      agent.username = name;
      agent.password_hash = hash.as_string();
    }
  }
  return agent;
}

std::string port_in(const Json& config) {
  return written_after(config, kListen, " \"'\n");
}

std::optional<http::Reply> ask_agent(const SimAgent& agent, std::string_view scheme,
                                     const std::string& authorization) {
  http::Reply reply;
  if (agent.state == AgentState::Killed) return std::nullopt;
  if (agent.state == AgentState::Hung) {
    reply.response.status = 0;
    return reply;
  }
  const bool over_tls = scheme == "https";
  if (over_tls && !agent.tls) return std::nullopt;  // no handshake
  reply.response.headers = {{"Content-Type", "text/plain; version=0.0.4"}};
  if (agent.tls && !over_tls) {
    reply.response.status = 400;
    reply.response.body = "Client sent an HTTP request to an HTTPS server.\n";
    return reply;
  }
  if (!agent.username.empty() && !lets_in(agent, authorization)) {
    reply.response.status = 401;
    reply.response.body = "Unauthorized\n";
    return reply;
  }
  reply.response.body = fmt::format(
      "# TYPE click_deploy_agent_info gauge\n"
      "click_deploy_agent_info{{instance_uid=\"{}\"}} 1\n"
      "# TYPE node_exporter_build_info gauge\n"
      "node_exporter_build_info{{version=\"{}\"}} 1\n",
      agent.instance_uid, agent.version);
  return reply;
}

}  // namespace clickdeploy::simulation
