// Orphans: what carries our mark in a cloud while no Instance accounts for it. They are shown to
// people and deleted at their word only: a server of a lost database looks the same.
//
// Threads and lifetime: as the Cloud's reconciler.

#pragma once

#include "api/v1alpha1/cloud.h"
#include "controller/reconcilers/cloud/leaks.h"

#include <map>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

// Ids to delete, separated by commas, as a person has confirmed them.
inline constexpr std::string_view kDeleteOrphansAnnotation = "clickdeploy.io/delete-orphans";

// In order of kind and id, without `since`. Pure.
std::vector<api::v1alpha1::Orphan> find_orphans(const openstack::CloudSnapshot& snapshot,
                                                const InstanceList& instances,
                                                const std::string& cluster_id);

class Orphans {
 public:
  // Those that have been orphans in every observation for kLeakGrace.
  std::vector<api::v1alpha1::Orphan> lasting(std::vector<api::v1alpha1::Orphan> found,
                                             SteadyTime now, WallTime wall_now);

 private:
  struct Seen {
    SteadyTime at{};
    std::string since;
  };
  std::map<std::string, Seen> seen_;  // by id
};

}  // namespace clickdeploy::reconcilers
