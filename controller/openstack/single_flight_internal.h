// SingleFlight: one of many callers does the work, the others wait and learn how it ended.
//
//   std::shared_ptr<Flight> flight = flights.current();
//   if (flight) co_await wait_for(flight);  // someone is at it; then look at flight->error
//   FlightLeader leader(flights);           // or we are
//   leader.fail(error);                     // nothing, if it went well
//
// A leader that is cancelled half way ends its flight without an error; one of those who waited
// then leads the next. Threads: one executor's thread.

#pragma once

#include "controller/async/signal.h"
#include "controller/async/task.h"
#include "controller/base/error.h"

#include <memory>
#include <optional>
#include <utility>

namespace clickdeploy::openstack {

struct Flight {
  bool done = false;
  std::optional<Error> error;
  Signal ended;
};

class SingleFlight {
 public:
  // The flight under way; nullptr if there is none.
  std::shared_ptr<Flight> current() const { return current_; }

 private:
  friend class FlightLeader;
  std::shared_ptr<Flight> current_;
};

// Leads a flight for as long as it lives.
class FlightLeader {
 public:
  explicit FlightLeader(SingleFlight& flights)
      : flights_(flights), flight_(std::make_shared<Flight>()) {
    flights_.current_ = flight_;
  }
  ~FlightLeader() {
    flight_->done = true;
    flights_.current_ = nullptr;
    flight_->ended.notify();
  }
  FlightLeader(const FlightLeader&) = delete;
  FlightLeader& operator=(const FlightLeader&) = delete;

  void fail(Error error) { flight_->error = std::move(error); }

 private:
  SingleFlight& flights_;
  std::shared_ptr<Flight> flight_;
};

inline Task<void> wait_for(std::shared_ptr<Flight> flight) {
  while (!flight->done) {
    const std::uint64_t seen = flight->ended.version();
    co_await flight->ended.wait(seen);
  }
}

}  // namespace clickdeploy::openstack
