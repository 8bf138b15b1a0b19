// CallRateCheck (S17): the calls of one log-in never exceed its Cloud's rate and burst, a
// Retry-After is obeyed for its verb, and one log-in at most is in flight.
//
// A process that starts, or a connection that is made anew for other credentials or limits, begins
// with a full burst.

#pragma once

#include "controller/async/clock.h"
#include "controller/http/message.h"
#include "tests/simulation/checks/credential_book.h"
#include "tests/simulation/sim_report.h"

#include <map>
#include <string>

namespace clickdeploy::simulation {

class CallRateCheck {
 public:
  CallRateCheck(const Clock& clock, const CredentialBook& book, Report& report)
      : clock_(clock), book_(book), report_(report) {}

  void sent(const http::Request& request);
  void ended(const http::Request& request, const Result<http::Response>* result);
  void killed();

 private:
  struct Caller {
    double credit = 0;
    SteadyTime counted{};
    std::uint64_t changes = 0;  // of the book, when this connection was made
    std::int64_t log_ins = 0;
    std::map<std::string, SteadyTime> blocked;  // by verb
  };

  std::string caller_of(const http::Request& request) const;
  Caller& caller(const std::string& user);
  void spend(Caller& caller, const std::string& user);

  const Clock& clock_;
  const CredentialBook& book_;
  Report& report_;
  std::map<std::string, Caller> callers_;  // by user
};

}  // namespace clickdeploy::simulation
