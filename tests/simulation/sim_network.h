// SimNetwork: the way from a simulated process to everything outside it, with faults per message.
//
// A request is carried out by the world, not by the process that sent it: a process that is killed
// meanwhile takes nothing back. Every message takes a little virtual time, drawn from the seed.

#pragma once

#include "controller/async/random.h"
#include "controller/async/task_group.h"
#include "controller/http/http_client.h"
#include "tests/simulation/checks/taps.h"
#include "tests/simulation/sim_process.h"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace clickdeploy::simulation {

struct NetworkFault {
  enum class Kind : std::uint8_t {
    Refuse,        // "connect …": it certainly never left
    Reset,         // before the effect, but the sender cannot know
    TimeOutAfter,  // carried out, and never answered
    Hang,          // not carried out, and never answered
    Status,        // answered with `status` instead of being carried out
    Late,          // carried out after `delay`, and answered then
    LateAnswer,    // carried out at once, and answered after `delay`
    Duplicate,     // carried out and answered, and carried out once more after `delay`: what
                   // changes something before it is answered, or when that took five seconds
    Altered,       // carried out, and the answer goes through `alter`
  };
  Kind kind = Kind::Refuse;
  int status = 503;
  std::string body = "{}";
  http::Headers headers;
  std::chrono::milliseconds delay{0};
  std::function<void(http::Response&)> alter{};
  std::function<bool()> unless{};  // asked when a Late or the second of a Duplicate arrives: lost?
};

// "http://host:port" of a URL, and what follows it.
struct SplitUrl {
  std::string origin;
  std::string target;
};
SplitUrl split_url(const std::string& url);

class SimNetwork {
 public:
  using FaultPlan = std::function<std::optional<NetworkFault>(const http::Request&)>;
  // For origins without a route; nullopt is "connection refused", a Reply of status 0 never comes.
  using Fallback = std::function<std::optional<http::Reply>(const http::Request&)>;

  SimNetwork(SimContext& context, Clock& clock, std::uint64_t seed)
      : clock_(clock), random_(seed), tasks_(context.executor()) {}

  void route(std::string origin, http::Handler handler) {
    routes_[std::move(origin)] = std::move(handler);
  }
  void set_fallback(Fallback fallback) { fallback_ = std::move(fallback); }

  // Asked for every message; null: no faults.
  FaultPlan faults;
  std::uint64_t messages() const { return messages_; }

  struct Exchange {
    http::Request request;
    std::optional<Result<http::Response>> result;
  };
  // Starts the exchange; `done` is called on the world's executor once there is a result, or never.
  void start(std::shared_ptr<Exchange> exchange, std::function<void()> done);

 private:
  Task<void> carry(std::shared_ptr<Exchange> exchange, std::function<void()> done);
  Task<std::optional<Result<http::Response>>> deliver(http::Request request,
                                                      std::optional<NetworkFault> fault);
  Task<void> send_again(http::Request request, NetworkFault fault);
  Task<void> repeat(http::Request request, NetworkFault fault);
  std::chrono::microseconds latency();

  Clock& clock_;
  SeededRandom random_;
  std::map<std::string, http::Handler> routes_;
  Fallback fallback_;
  std::uint64_t messages_ = 0;
  TaskGroup tasks_;
};

// The HttpClient of one process.
class SimHttpClient final : public http::HttpClient {
 public:
  SimHttpClient(SimProcess& process, SimNetwork& network, const Taps& taps)
      : process_(process), network_(network), taps_(taps) {}

  Task<Result<http::Response>> send(http::Request request) override;
  Task<Result<http::StreamingResponse>> stream(http::Request request,
                                               std::chrono::milliseconds idle_max) override;

 private:
  SimProcess& process_;
  SimNetwork& network_;
  const Taps& taps_;
};

}  // namespace clickdeploy::simulation
