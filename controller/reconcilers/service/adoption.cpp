#include "controller/reconcilers/service/adoption.h"

#include "controller/reconcilers/instance/marks.h"

#include <algorithm>
#include <tuple>

namespace clickdeploy::reconcilers {

using api::v1alpha1::AdoptFilter;
using api::v1alpha1::Service;
using openstack::Server;

namespace {

bool matches(const Server& server, const AdoptFilter& filter) {
  if (filter.empty() || !server.name.starts_with(filter.name_prefix)) return false;
  const bool metadata = std::ranges::all_of(filter.metadata, [&](const auto& wanted) {
    return mark_of(server, wanted.first) == wanted.second && server.metadata.contains(wanted.first);
  });
  return metadata && std::ranges::all_of(filter.tags, [&](const std::string& tag) {
           return std::ranges::find(server.tags, tag) != server.tags.end();
         });
}

// Nobody's server, which the Service is to take over.
bool is_asked_for(const Service& service, const Server& server) {
  return service.spec.management_policy == "Adopt" && !is_marked(server) &&
         matches(server, service.spec.adopt_filter);
}

// One that is being made or has failed is nothing to take over.
bool serves(const Server& server) {
  return server.status != "BUILD" && server.status != "ERROR";
}

}  // namespace

std::vector<AdoptableServer> adoptable_servers(const Service& service,
                                               const std::map<std::string, Server>& servers,
                                               const std::string& cluster_id,
                                               const AccountedFor& accounted,
                                               const std::string& revision) {
  std::vector<AdoptableServer> found;
  const std::string prefix = service.metadata.namespace_name + "/";
  for (const auto& [id, server] : servers) {
    if (is_leaving(server) || accounted.servers.contains(id)) continue;
    AdoptableServer one{.server_id = id,
                        .server_name = server.name,
                        .instance_name = "",
                        .token = mark_of(server, kClaimMetadata),
                        .identity = mark_of(server, kUidMetadata),
                        .revision = mark_of(server, kRevisionMetadata),
                        .created = server.created};
    const bool ours = mark_of(server, kClusterMetadata) == cluster_id &&
                      mark_of(server, kServiceMetadata) == service.metadata.key().text() &&
                      !one.token.empty() && !accounted.tokens.contains(one.token);
    if (ours) {
      const std::string name = mark_of(server, kInstanceMetadata);
      if (name.starts_with(prefix)) one.instance_name = name.substr(prefix.size());
      found.push_back(std::move(one));
    } else if (is_asked_for(service, server) && serves(server)) {
      one.token = one.identity = one.revision = "";
      found.push_back(std::move(one));
    }
  }
  auto rank = [&](const AdoptableServer& one) {
    return std::make_tuple(one.token.empty(), one.revision != revision, one.created, one.server_id);
  };
  std::ranges::sort(found, {}, rank);
  return found;
}

std::vector<std::string> servers_awaited(const Service& service,
                                         const std::map<std::string, Server>& servers,
                                         const AccountedFor& accounted) {
  std::vector<std::string> names;
  for (const auto& [id, server] : servers) {
    const bool builds = server.status == "BUILD" && !is_leaving(server);
    if (builds && !accounted.servers.contains(id) && is_asked_for(service, server)) {
      names.push_back(server.name);
    }
  }
  return names;
}

}  // namespace clickdeploy::reconcilers
