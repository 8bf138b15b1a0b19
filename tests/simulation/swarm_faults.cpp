#include "tests/simulation/swarm_faults.h"

#include <fmt/format.h>

namespace clickdeploy::simulation {

using namespace std::chrono_literals;
using Kind = NetworkFault::Kind;

std::string FaultRates::text() const {
  return fmt::format(
      "of messages: refuse {:.3f} reset {:.3f} time-out after effect {:.3f} late {:.3f} status "
      "{:.3f} reload {:.3f}; of moments: no host {:.2f} build hangs {:.2f} server deleted {:.2f} "
      "agent fails {:.2f} Prometheus down {:.2f} token dropped {:.2f} wall jump {:.2f} crash "
      "{:.2f}; "
      "list lag {} s",
      refuse, reset, time_out_after, late, status, reload, no_valid_host, build_hangs,
      server_deleted, agent_fails, prometheus_down, token_dropped, wall_jump, crash,
      list_lag.count());
}

FaultRates draw_rates(Dice& dice) {
  FaultRates rates;
  rates.refuse = dice.rate(0.15);
  rates.reset = dice.rate(0.15);
  rates.time_out_after = dice.rate(0.20);
  rates.late = dice.rate(0.15);
  rates.status = dice.rate(0.25);
  rates.reload = dice.rate(0.8);
  rates.no_valid_host = dice.rate(0.2);
  rates.build_hangs = dice.rate(0.1);
  rates.server_deleted = dice.rate(0.1);
  rates.agent_fails = dice.rate(0.2);
  rates.prometheus_down = dice.rate(0.2);
  rates.token_dropped = dice.rate(0.2);
  rates.wall_jump = dice.rate(0.05);
  rates.crash = dice.rate(0.4);
  rates.list_lag = std::chrono::seconds(static_cast<int>(dice.rate(20)));
  return rates;
}

SwarmFaults::SwarmFaults(SimWorld& world, Story& story, std::uint64_t seed)
    : world_(world), story_(story), dice_(seed + 5'000'011), rates_(draw_rates(dice_)) {
  world_.network.faults = [this](const http::Request& request) { return fault_of(request); };
  world_.network.route(kCloudOrigin,
                       [this](http::Request request) { return lagging(std::move(request)); });
}

NetworkFault SwarmFaults::status_fault() {
  NetworkFault fault{.kind = Kind::Status};
  switch (dice_.below(5)) {
    case 0:
      fault.status = 500;
      break;
    case 1:
      fault.status = 502;
      fault.body = "<html><body><h1>502 Bad Gateway</h1></body></html>";
      fault.headers = {{"Content-Type", "text/html"}};
      break;
    case 2:
      fault.status = 503;
      break;
    case 3:
      fault.status = 504;
      fault.body = "<html><body><h1>504 Gateway Time-out</h1></body></html>";
      break;
    default:
      fault.status = 429;
      if (dice_.chance(0.5)) fault.headers = {{"Retry-After", std::to_string(dice_.below(8))}};
  }
  return fault;
}

std::optional<NetworkFault> SwarmFaults::fault_of(const http::Request& request) {
  if (!on_) return std::nullopt;
  std::optional<NetworkFault> fault;
  if (request.url.ends_with("/-/reload") && dice_.chance(rates_.reload)) {
    fault = NetworkFault{.kind = Kind::Status, .status = 500, .body = "failed to reload config"};
  } else if (dice_.chance(rates_.refuse)) {
    fault = NetworkFault{.kind = Kind::Refuse};
  } else if (dice_.chance(rates_.reset)) {
    fault = NetworkFault{.kind = Kind::Reset};
  } else if (dice_.chance(rates_.time_out_after)) {
    fault = NetworkFault{.kind = Kind::TimeOutAfter};
  } else if (dice_.chance(rates_.late)) {
    // What arrives later than the window in which a lost create is looked for cannot be told from
    // what never arrives.
    fault = NetworkFault{.kind = dice_.chance(0.5) ? Kind::Late : Kind::LateAnswer,
                         .delay = std::chrono::milliseconds(dice_.below(50'000))};
  } else if (dice_.chance(rates_.status)) {
    fault = status_fault();
  }
  if (fault && story_.is_told()) {
    constexpr const char* kNames[] = {"refused",      "reset",  "carried out, never answered",
                                      "hangs",        "status", "late",
                                      "answered late"};
    story_.tell("network",
                fmt::format("{} {}: {} {}", request.method, request.url,
                            kNames[static_cast<int>(fault->kind)],
                            fault->kind == Kind::Status ? fault->status : fault->delay.count()));
  }
  return fault;
}

// The cloud, whose list of servers lags behind what was made.
Task<http::Reply> SwarmFaults::lagging(http::Request request) {
  const bool list = request.method == "GET" && request.url.contains("/servers/detail");
  http::Reply reply = co_await world_.checker.handle(std::move(request));
  if (!on_ || !list || rates_.list_lag == 0s || reply.response.status != 200) co_return reply;
  Result<Json> body = parse_json(reply.response.body);
  if (!body) co_return reply;
  Json kept = Json::array();
  for (const Json& server : (*body)["servers"].as_array()) {
    const localcloud::Server* found = world_.cloud.find_server(server["id"].as_string());
    if (found == nullptr || world_.cloud.now() - found->created >= rates_.list_lag) {
      kept.push_back(server);
    }
  }
  body->set("servers", std::move(kept));
  reply.response.body = to_json(*body);
  co_return reply;
}

void SwarmFaults::break_cloud() {
  if (dice_.chance(rates_.no_valid_host)) {
    ++world_.cloud.faults().no_valid_host;
    story_.tell("cloud", "the next build finds no host");
  }
  const bool hang = dice_.chance(rates_.build_hangs);
  if (hang != world_.cloud.faults().build_hangs && (hang || dice_.chance(0.2))) {
    world_.cloud.faults().build_hangs = hang;
    story_.tell("cloud", hang ? "builds hang" : "builds go on");
  }
  if (dice_.chance(rates_.server_deleted)) {
    const std::vector<std::string> ids = our_server_ids(world_);
    if (!ids.empty()) {
      const std::string id = ids[dice_.below(ids.size())];
      localcloud::Server* server = world_.cloud.find_server(id);
      if (server != nullptr && world_.cloud.delete_server(*server)) {
        story_.tell("somebody", "deletes server " + id);
      }
    }
  }
  if (dice_.chance(rates_.token_dropped)) {
    world_.cloud.expire_all_tokens();
    story_.tell("identity", "all tokens expire early");
  }
}

void SwarmFaults::break_agent() {
  const std::vector<std::string> ids = our_server_ids(world_);
  if (ids.empty()) return;
  SimAgent* agent = world_.guests.find_agent_of(ids[dice_.below(ids.size())]);
  const auto state = dice_.chance(0.5) ? AgentState::Killed : AgentState::Hung;
  if (agent == nullptr) return;
  agent->state = state;
  story_.tell("guest", "the agent of " + agent->server_id +
                           (state == AgentState::Killed ? " is killed" : " hangs"));
}

void SwarmFaults::moment() {
  break_cloud();
  if (dice_.chance(rates_.agent_fails)) break_agent();
  if (dice_.chance(world_.prometheus.is_down() ? 0.3 : rates_.prometheus_down)) {
    world_.prometheus.set_down(!world_.prometheus.is_down());
    story_.tell("prometheus", world_.prometheus.is_down() ? "is down" : "is up again");
  }
  if (dice_.chance(rates_.wall_jump)) {
    const auto jump = std::chrono::seconds(static_cast<std::int64_t>(dice_.below(7200)) - 3600);
    world_.shift_wall(jump);
    story_.tell("clock", fmt::format("the wall clock jumps by {} s", jump.count()));
  }
  if (dice_.chance(rates_.crash)) {
    const bool again = world_.crashes() > 0 && dice_.chance(0.5);  // while it still recovers
    const std::uint64_t steps = 1 + dice_.below(again ? 300 : 3000);
    world_.crash_at(world_.context().steps() + steps);
    story_.tell("process", fmt::format("will be killed {} steps from now", steps));
  }
}

void SwarmFaults::calm() {
  on_ = false;
  world_.crash_at(UINT64_MAX);
  world_.cloud.faults().no_valid_host = 0;
  world_.cloud.faults().build_hangs = false;
  if (world_.prometheus.is_down()) world_.prometheus.set_down(false);
  for (const std::string& id : our_server_ids(world_)) {
    SimAgent* agent = world_.guests.find_agent_of(id);
    if (agent != nullptr) agent->state = AgentState::Running;
  }
  story_.tell("calm", "all faults are over");
}

}  // namespace clickdeploy::simulation
