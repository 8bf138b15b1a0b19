// The fleet of dev as the API tells it, and what a person is told about it.

#pragma once

#include "controller/app/dev_screen_internal.h"
#include "controller/async/clock.h"
#include "controller/async/task.h"
#include "controller/base/error.h"
#include "controller/base/json.h"
#include "controller/client/client.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace clickdeploy::app {

// The objects of the namespace at one moment, by name.
struct FleetView {
  std::vector<Json> clouds;
  std::vector<Json> backends;
  std::vector<Json> policies;
  std::vector<Json> services;
  std::vector<Json> instances;
};

Task<Result<FleetView>> read_fleet(client::Client& client);

// A line for each notable change of Instances and Services: "Instance web-6f9c-k2x9: Booting →
// Running".
std::vector<std::string> changes_between(const FleetView& before, const FleetView& now);

// Every object is Ready, and every server of every Service is monitored.
bool is_fleet_ready(const FleetView& fleet);

// The first thing that is not as it should be, in the order in which things depend on each other;
// "" if all is well.
std::string first_problem(const FleetView& fleet);

// Every condition that is not True: "Service web: Ready is False: 2 of 3 ready, 2 monitored".
std::vector<std::string> open_conditions(const FleetView& fleet);

// "READY 2/3 MONITORED 1/3"
std::string service_summary(const Json& service);

// Follows the fleet and shows what changes. That a Cloud, MetricsBackend or MonitoringPolicy is
// Ready, or no longer, is told once it has been so for a moment: at a start it goes to and fro.
class FleetFollower {
 public:
  FleetFollower(client::Client& client, Clock& clock, Screen& screen)
      : client_(client), clock_(clock), screen_(screen) {}

  // One look. An error of the API is shown as what is being waited for.
  Task<void> look();
  // Looks until the fleet has been ready for a moment; false when `deadline` has passed before.
  Task<bool> until_ready(std::chrono::seconds deadline);
  Task<void> forever();

  const FleetView& fleet() const { return fleet_; }

 private:
  struct Readiness {
    bool told = false;  // what was told last
    bool now = false;
    SteadyTime since{};
  };
  void tell_readiness(bool at_once);

  client::Client& client_;
  Clock& clock_;
  Screen& screen_;
  FleetView fleet_;
  std::map<std::string, Readiness> readiness_;  // by "Cloud local"
};

// The tables that `kubectl get` prints.
Task<Result<std::string>> read_table(client::Client& client, std::string kind);

}  // namespace clickdeploy::app
