// MessageFaults: what goes wrong with the messages between the controller and the outside world in
// the hostile phase of a swarm run, and with what the cloud says. The seed draws the classes (each
// is off with probability one half) and their rates.

#pragma once

#include "tests/simulation/story.h"
#include "tests/simulation/swarm_decisions.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>

namespace clickdeploy::simulation {

// "GET-servers-detail", "POST-servers-action": the method and the words of the path, without ids.
std::string kind_of_message(const http::Request& request);

class MessageFaults {
 public:
  MessageFaults(SimWorld& world, Story& story, Decisions& decisions);

  void stop() { on_ = false; }
  // What was delayed has arrived by then.
  SteadyTime all_arrive_at() const { return all_arrive_at_; }
  // From now on all calls of the cloud but log-ins are answered 401, until `until`.
  void refuse_tokens(SteadyTime until) { tokens_refused_until_ = until; }
  // Log-ins until then are answered with a catalogue that lacks a service.
  void lose_catalogue(SteadyTime until) { catalogue_lost_until_ = until; }

 private:
  using Fault = std::optional<NetworkFault>;

  struct Rates {
    double refuse, reset, time_out_after, late, late_answer, duplicate;
    double status, odd_status, html, truncated, redirect;
    double reload_fails, reload_ignored, reload_slow, rules_stale, page_size;
  };
  static Rates draw(const Decisions& decisions);

  Fault fault_of(const http::Request& request);
  Fault drawn(const http::Request& request, const std::string& kind, std::uint64_t number);
  Fault reload_fault(std::uint64_t number);
  Fault transport_fault(const std::string& kind, std::uint64_t number);
  Fault answer_fault(const std::string& kind, std::uint64_t number);
  void tell(const http::Request& request, const NetworkFault& fault) const;

  Task<http::Reply> cloud(http::Request request);
  void page(http::Request& request, std::uint64_t number);
  void spoil_list(http::Response& response) const;
  bool is_too_fresh(const http::Request& request) const;

  SimWorld& world_;
  Story& story_;
  Decisions& decisions_;
  const Rates rates_;
  bool on_ = true;
  std::map<std::string, std::uint64_t> seen_;  // messages, by kind
  std::string old_rules_;
  SteadyTime all_arrive_at_{};
  SteadyTime tokens_refused_until_{};
  SteadyTime catalogue_lost_until_{};
  // Of the whole run; 0 is off.
  std::chrono::seconds list_lag_{0};     // the list lacks younger servers
  std::chrono::seconds get_lag_{0};      // 404 for younger servers
  std::chrono::seconds address_lag_{0};  // no addresses of younger servers
};

}  // namespace clickdeploy::simulation
