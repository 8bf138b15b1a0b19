// Leaks: ports, volumes and floating IPs with our mark that nothing will ever use or remove.
//
// A create request whose answer was lost can be carried out late, or twice: after its Instance is
// gone, or when the server has its part already. No Instance looks for such a part, so the Cloud
// does. Only parts that are attached to nothing count.
//
// Threads and lifetime: as the CloudConnection that it belongs to.

#pragma once

#include "api/v1alpha1/instance.h"
#include "controller/async/clock.h"
#include "controller/openstack/observer.h"
#include "controller/reconcilers/instance/parts.h"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

// An Instance's claim is recorded before anything is made for it, so a part can't be younger than
// what is known of its claim; but what is known may be behind for a while.
inline constexpr std::chrono::seconds kLeakGrace{120};

using InstanceList = std::vector<std::shared_ptr<const api::v1alpha1::Instance>>;

// Attached to nothing, and of a claim that no Instance has, or whose server has its own port for
// that network. Pure.
bool is_leaked(const openstack::Port& port, const openstack::CloudSnapshot& snapshot,
               const InstanceList& instances, const std::string& cluster_id);

// Attached to nothing, and of an Instance that is gone, or that has recorded another one. Pure.
bool is_leaked(const openstack::FloatingIP& ip, const openstack::CloudSnapshot& snapshot,
               const InstanceList& instances, const std::string& cluster_id);

// Never attached to anything, as its mark says, and of an Instance that is gone, or whose server
// was made without it. One that may hold data is never a leak. Pure.
bool is_leaked(const openstack::Volume& volume, const openstack::CloudSnapshot& snapshot,
               const InstanceList& instances, const std::string& cluster_id);

class Leaks {
 public:
  // Those that have been leaked in every observation for kLeakGrace: they can be deleted.
  // `instances` are those of all Clouds.
  std::vector<Part> due(const openstack::CloudSnapshot& snapshot, const InstanceList& instances,
                        const std::string& cluster_id, SteadyTime now);

  // Could not be deleted: it is due again after another kLeakGrace.
  void postpone(const std::string& part_id, SteadyTime now) { since_[part_id] = now; }

  // Did the last observation show any, due or not?
  bool any() const { return !since_.empty(); }

 private:
  std::map<std::string, SteadyTime> since_;  // by the part's id
};

}  // namespace clickdeploy::reconcilers
