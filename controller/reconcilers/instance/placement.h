// Placement: in which availability zone, and with which flavor, a server is tried. Pure.
//
// The zone that the Service gave to the Instance comes first, with each flavor in turn, then the
// other zones. What failed with "no valid host" is recorded and not tried again before all others
// have failed too; then a new round begins.

#pragma once

#include "api/v1alpha1/instance.h"
#include "controller/openstack/types.h"

#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

struct Placement {
  std::string flavor_id;
  std::string flavor;  // its name
  std::string availability_zone;

  bool operator==(const Placement&) const = default;
};

// Was this said of a server because no host can hold it?
bool is_no_valid_host(const std::string& fault);

// How many placements a template allows.
std::size_t count_placements(const api::v1alpha1::ServerTemplate& server);

// The first that has not failed; the first of all if every one has. `flavors` are those of the
// template, resolved.
Placement choose_placement(const api::v1alpha1::Instance& instance,
                           const std::vector<openstack::Flavor>& flavors);

// Is there one that this round has not tried, once the present one has failed?
bool has_untried_placement(const api::v1alpha1::Instance& instance);

// Records that the present placement, in status.resolved, has failed.
void note_failed_placement(api::v1alpha1::Instance& instance, const std::string& reason,
                           const std::string& now);

}  // namespace clickdeploy::reconcilers
