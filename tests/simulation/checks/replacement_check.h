// ReplacementCheck (S3): servers are replaced and repaired only within their budgets.
//
// A rollout holds no more Instances than replicas + maxSurge and takes none that is ready while the
// others that are would be fewer than replicas - maxUnavailable. A repair begins only while no more
// than maxInFlight of its Service run and no more than maxUnhealthy of its Service are unhealthy,
// and of its Cloud no more than the same share, or a fifth where maxUnhealthy is a number.
//
// The controllers decide on copies that lag behind: what became so within kLag is held against
// nobody.

#pragma once

#include "controller/async/clock.h"
#include "controller/base/json.h"
#include "controller/store/object_store.h"
#include "tests/simulation/sim_report.h"

#include <map>
#include <string>

namespace clickdeploy::simulation {

class ReplacementCheck {
 public:
  static constexpr std::chrono::seconds kLag{5};

  ReplacementCheck(const Clock& clock, Report& report) : clock_(clock), report_(report) {}

  void changed(const store::Event& event, const Json& object);
  // The API has answered a DELETE of an Instance. One that asks for a certain uid is a
  // controller's; people may delete what they want.
  void deleted(const store::Key& key, bool by_controller);

 private:
  struct Instance {
    std::string service;  // the Service's uid
    std::string cloud;    // namespace and name
    std::string revision;
    bool deleting = false;
    bool ready = false;
    bool booted = false;
    bool unhealthy = false;
    bool was_up = false;  // its agents have answered
    std::string unhealthy_since;
    std::string step;
    SteadyTime ready_moved{};
    SteadyTime unhealthy_moved{};
    SteadyTime deleted_at{};
  };
  struct Service {
    std::int64_t most = 0;   // of replicas, within the last kLag
    std::int64_t least = 0;  // the same
    std::int64_t replicas = 0;
    SteadyTime moved{};
    std::int64_t surge = 0;
    std::int64_t unavailable = 0;
    std::string unhealthy_max = "100%";
    std::int64_t in_flight_max = 1;
    bool deleting = false;
  };

  void service_changed(const std::string& uid, const Json& object);
  void instance_changed(const std::string& uid, const Json& object, const store::Key& key);
  void judge_create(const Instance& made, const std::string& name) const;
  void judge_deletion(const std::string& uid, const Instance& going, const store::Key& key);
  void judge_repair(const std::string& uid, const Instance& repaired,
                    const std::string& name) const;
  void judge_brake(const std::string& uid, const Instance& repaired, const std::string& name,
                   std::string Instance::* scope, const std::string& most) const;
  static bool repairs(const Instance& instance);
  bool is_fresh(SteadyTime moved) const { return clock_.steady_now() - moved <= kLag; }

  const Clock& clock_;
  Report& report_;
  std::map<std::string, Instance> instances_;  // by uid
  std::map<store::Key, std::string> going_;    // what to tell if it was a controller's doing
  std::map<std::string, Service> services_;    // by uid
};

}  // namespace clickdeploy::simulation
