#include "tests/simulation/sim_guests.h"

#include "controller/localcloud/user_data_internal.h"

#include <fmt/format.h>

namespace clickdeploy::simulation {

namespace {

constexpr std::string_view kUidLabel = "click_deploy_agent_info{instance_uid=\"";
constexpr std::string_view kListen = "--web.listen-address=:";

std::string uid_in(const localcloud::GuestPlan& plan) {
  for (const localcloud::GuestFile& file : plan.files) {
    const std::size_t at = file.content.find(kUidLabel);
    if (at == std::string::npos) continue;
    const std::size_t from = at + kUidLabel.size();
    return file.content.substr(from, file.content.find('"', from) - from);
  }
  return "";
}

std::string port_in(const localcloud::GuestPlan& plan) {
  for (const std::string& argument : plan.exporter->arguments) {
    if (argument.starts_with(kListen)) return argument.substr(kListen.size());
  }
  return "9100";
}

}  // namespace

Result<void> SimGuests::start(const localcloud::GuestFacts& facts, localcloud::Boot boot) {
  ++boots_;
  Guest& guest = guests_[facts.id];
  guest.on = true;
  guest.agent.state = AgentState::Running;
  if (boot == localcloud::Boot::Again) return {};
  const localcloud::GuestPlan plan = localcloud::plan_guest(facts.user_data);
  guest.agent.server_id = facts.id;
  guest.agent.instance_uid = uid_in(plan);
  guest.address = plan.exporter ? facts.address + ":" + port_in(plan) : "";
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

http::Reply agent_metrics(const SimAgent& agent) {
  http::Reply reply;
  reply.response.headers = {{"Content-Type", "text/plain; version=0.0.4"}};
  reply.response.body = fmt::format(
      "# TYPE click_deploy_agent_info gauge\n"
      "click_deploy_agent_info{{instance_uid=\"{}\"}} 1\n"
      "# TYPE node_exporter_build_info gauge\n"
      "node_exporter_build_info{{version=\"1.5.0\"}} 1\n",
      agent.instance_uid);
  return reply;
}

}  // namespace clickdeploy::simulation
