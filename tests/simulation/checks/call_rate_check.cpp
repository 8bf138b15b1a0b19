#include "tests/simulation/checks/call_rate_check.h"

#include <algorithm>
#include <cstdlib>

namespace clickdeploy::simulation {

namespace {

// What the limiter leaves over by rounding to nanoseconds.
constexpr double kRounding = 0.001;

// "GET compute": a Retry-After is for that.
std::string verb_of(const http::Request& request) {
  const std::string path = request.url.substr(std::string(kCloudOfSimulation).size() + 1);
  return request.method + " " + path.substr(0, path.find('/'));
}

bool is_of_cloud(const http::Request& request) {
  return request.url.starts_with(kCloudOfSimulation);
}

}  // namespace

std::string CallRateCheck::caller_of(const http::Request& request) const {
  if (is_log_in(request)) return user_of_log_in(request);
  const std::string* token = http::find_header(request.headers, "X-Auth-Token");
  return token == nullptr ? "" : book_.owner_of_token(*token);
}

CallRateCheck::Caller& CallRateCheck::caller(const std::string& user) {
  const auto [at, fresh] = callers_.try_emplace(user);
  Caller& caller = at->second;
  if (!fresh && caller.changes == book_.changes()) return caller;
  // The old connection's last calls come on top of the new one's first.
  double burst = 0;
  for (const auto& [key, cloud] : book_.clouds()) {
    if (cloud.users.contains(user)) burst += static_cast<double>(cloud.burst);
  }
  const double left = caller.credit;
  caller = {.credit = burst + left, .counted = clock_.steady_now(), .changes = book_.changes()};
  return caller;
}

void CallRateCheck::spend(Caller& caller, const std::string& user) {
  double rate = 0;
  double burst = 0;
  for (const auto& [key, cloud] : book_.clouds()) {
    if (!cloud.users.contains(user)) continue;
    rate += cloud.requests_per_second;
    burst += static_cast<double>(cloud.burst);
  }
  const SteadyTime now = clock_.steady_now();
  const double earned = std::chrono::duration<double>(now - caller.counted).count() * rate;
  caller.credit = std::max(caller.credit, std::min(burst, caller.credit + earned));
  caller.counted = now;
  caller.credit -= 1;
  if (caller.credit >= -kRounding) return;
  report_.add("S17", "calls of " + user + " exceed " + std::to_string(rate) +
                         " a second with a burst of " + std::to_string(burst));
}

void CallRateCheck::sent(const http::Request& request) {
  if (!is_of_cloud(request)) return;
  const std::string user = caller_of(request);
  if (user.empty()) {
    return report_.add("S17", request.method + " " + request.url + " is nobody's call");
  }
  Caller& who = caller(user);
  spend(who, user);
  const std::string verb = verb_of(request);
  const auto blocked = who.blocked.find(verb);
  if (blocked != who.blocked.end() && clock_.steady_now() < blocked->second) {
    report_.add("S17", verb + " of " + user + " is sent " +
                           std::to_string((blocked->second - clock_.steady_now()).count()) +
                           " ns before its Retry-After is over");
  }
  if (is_log_in(request) && ++who.log_ins > 1) {
    report_.add("S17", user + " logs in " + std::to_string(who.log_ins) + " times at once");
  }
}

void CallRateCheck::ended(const http::Request& request, const Result<http::Response>* result) {
  if (!is_of_cloud(request)) return;
  const std::string user = caller_of(request);
  const auto found = callers_.find(user);
  if (found == callers_.end()) return;
  Caller& who = found->second;
  if (is_log_in(request)) who.log_ins = std::max<std::int64_t>(0, who.log_ins - 1);
  if (result == nullptr || !result->has_value()) return;
  const http::Response& response = **result;
  if (response.status != 413 && response.status != 429 && response.status != 503) return;
  const std::string* text = http::find_header(response.headers, "Retry-After");
  if (text == nullptr || who.changes != book_.changes()) return;
  SteadyTime& until = who.blocked[verb_of(request)];
  until = std::max(
      until, clock_.steady_now() + std::chrono::seconds(std::strtoll(text->c_str(), nullptr, 10)));
}

void CallRateCheck::killed() {
  callers_.clear();
}

}  // namespace clickdeploy::simulation
