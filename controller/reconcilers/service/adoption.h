// Servers that exist and become a Service's without being made anew: those that carry its mark
// while no Instance accounts for them (the database was lost), and, where the Service says so,
// those of somebody else that match its filter. Pure.

#pragma once

#include "api/v1alpha1/service.h"
#include "controller/openstack/types.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

struct AdoptableServer {
  std::string server_id;
  std::string server_name;
  std::string instance_name;  // that its mark names; "" if it has none
  std::string token;          // "" if somebody else made it
  std::string identity;
  std::string revision;  // "" if it is not known
  std::string created;

  bool operator==(const AdoptableServer&) const = default;
};

// What Instances account for.
struct AccountedFor {
  std::set<std::string> tokens;
  std::set<std::string> servers;  // ids
};

// In the order in which they are taken: our own before others, those of `revision` first, then the
// oldest. A server of another cluster or another Service is never among them.
std::vector<AdoptableServer> adoptable_servers(
    const api::v1alpha1::Service& service, const std::map<std::string, openstack::Server>& servers,
    const std::string& cluster_id, const AccountedFor& accounted, const std::string& revision);

// Names of servers of somebody else that match the filter and are still being made: they will be
// adoptable, or have failed, in a while.
std::vector<std::string> servers_awaited(const api::v1alpha1::Service& service,
                                         const std::map<std::string, openstack::Server>& servers,
                                         const AccountedFor& accounted);

}  // namespace clickdeploy::reconcilers
