// Neutron's JSON forms and its changing calls.

#pragma once

#include "controller/localcloud/face_internal.h"

#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::localcloud {

// All items of a collection that the caller may see, by id.
std::vector<Json> network_collection(const Cloud& cloud, const Call& call,
                                     std::string_view collection);

// True if lists of that collection can be filtered by that attribute.
bool is_network_filter(std::string_view collection, std::string_view key);

Json port_view(const Cloud& cloud, const Port& port);
Json floating_ip_view(const Cloud& cloud, const FloatingIp& ip);
Json security_group_view(const SecurityGroup& group);
Json security_group_rule_view(const SecurityGroup& group, const SecurityGroupRule& rule);
Json network_quota(const Cloud& cloud, const std::string& project_id, bool detailed);
Json network_extensions();

// POST, PUT and DELETE of /floatingips.
Reaction floating_ip_change(Cloud& cloud, const Call& call);

// POST, PUT and DELETE of the collections.
Reaction network_change(Cloud& cloud, const Call& call);

}  // namespace clickdeploy::localcloud
