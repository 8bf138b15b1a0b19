// Shared parts: what a Service has once in its cloud, for all its servers.
//
//   ServerGroup    of its own policy; the servers are made in it
//   SecurityGroup  lets the hosts that Prometheus scrapes from reach the agents' ports, and nobody
//                  else; the Instances put it on the port that they are scraped at
//
// Both carry the cluster and the Service's uid, the first in its name (it has no other place), the
// second in its description. They are looked up by that before they are made, recorded in
// status.resources, and removed when nothing needs them: by id, and only with the mark.
//
// The plan is pure. What it says is done is true of what was observed just now.

#pragma once

#include "api/v1alpha1/service.h"
#include "controller/openstack/types.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace clickdeploy::reconcilers {

inline constexpr std::string_view kServerGroup = "ServerGroup";
inline constexpr std::string_view kSecurityGroup = "SecurityGroup";
// States of a recorded security group: to be put on ports, or to be taken off them.
inline constexpr std::string_view kInUse = "InUse";
inline constexpr std::string_view kLeaving = "Leaving";

std::string server_group_name(const std::string& cluster_id, const api::v1alpha1::Service& service,
                              const std::string& policy);
std::string scrape_group_name(const api::v1alpha1::Service& service);
std::string scrape_group_description(const std::string& cluster_id, const std::string& uid);

// What there should be. Nothing while the Service is deleted.
struct SharedWanted {
  std::string policy;                           // of the server group; "": none
  std::vector<openstack::IngressRule> ingress;  // without ids; empty: no security group
  bool old_instances = false;                   // some may still use a server group of old
  bool may_exist = false;  // nothing is wanted, but something may have been made

  bool empty() const { return policy.empty() && ingress.empty(); }
  bool operator==(const SharedWanted&) const = default;
};

// Each agent's port from each network, every pair once and in order.
std::vector<openstack::IngressRule> ingress_rules(const std::vector<std::int64_t>& ports,
                                                  const std::vector<std::string>& cidrs);

// Those with our mark, as the cloud lists them.
struct SharedFound {
  std::vector<openstack::ServerGroup> server_groups;
  std::vector<openstack::SecurityGroup> security_groups;
};

struct MakeServerGroup {
  std::string policy;
  bool operator==(const MakeServerGroup&) const = default;
};
struct RemoveServerGroup {
  std::string id;
  bool operator==(const RemoveServerGroup&) const = default;
};
struct MakeScrapeGroup {
  bool operator==(const MakeScrapeGroup&) const = default;
};
struct AddRule {
  std::string group;
  openstack::IngressRule rule;
  bool operator==(const AddRule&) const = default;
};
struct RemoveRule {
  std::string id;
  bool operator==(const RemoveRule&) const = default;
};
// Refused by the cloud while a port has it.
struct RemoveScrapeGroup {
  std::string id;
  bool operator==(const RemoveScrapeGroup&) const = default;
};

using SharedStep = std::variant<MakeServerGroup, RemoveServerGroup, MakeScrapeGroup, AddRule,
                                RemoveRule, RemoveScrapeGroup>;

// In order; an empty plan means that all is as it should be.
std::vector<SharedStep> plan_shared_parts(const SharedWanted& wanted, const SharedFound& found);

// What status.resources should say of what was found.
std::vector<api::v1alpha1::OwnedResource> record_shared_parts(const SharedWanted& wanted,
                                                              const SharedFound& found);

}  // namespace clickdeploy::reconcilers
