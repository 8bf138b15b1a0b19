// LeakedPorts: ports with our mark that nothing will ever use or remove.
//
// A create request whose answer was lost can be carried out late, or twice: after its Instance is
// gone, or when the server has its port already. No Instance looks for such a port, so the Cloud
// does. Only ports that are attached to nothing count.
//
// Threads and lifetime: as the CloudConnection that it belongs to.

#pragma once

#include "api/v1alpha1/instance.h"
#include "controller/async/clock.h"
#include "controller/openstack/observer.h"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

// An Instance's claim is recorded before anything is made for it, so a port can't be younger than
// what is known of its claim; but what is known may be behind for a while.
inline constexpr std::chrono::seconds kLeakGrace{120};

using InstanceList = std::vector<std::shared_ptr<const api::v1alpha1::Instance>>;

// Attached to nothing, and of a claim that no Instance has, or whose server has its own port for
// that network. Pure.
bool is_leaked(const openstack::Port& port, const openstack::CloudSnapshot& snapshot,
               const InstanceList& instances, const std::string& cluster_id);

class LeakedPorts {
 public:
  // Those that have been leaked in every observation for kLeakGrace: they can be deleted.
  // `instances` are those of all Clouds.
  std::vector<openstack::Port> due(const openstack::CloudSnapshot& snapshot,
                                   const InstanceList& instances, const std::string& cluster_id,
                                   SteadyTime now);

  // Could not be deleted: it is due again after another kLeakGrace.
  void postpone(const std::string& port_id, SteadyTime now) { since_[port_id] = now; }

  // Did the last observation show any, due or not?
  bool any() const { return !since_.empty(); }

 private:
  std::map<std::string, SteadyTime> since_;  // by port id
};

}  // namespace clickdeploy::reconcilers
