#include "controller/reconcilers/service/shared_parts.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdlib>

namespace clickdeploy::reconcilers {

using api::v1alpha1::OwnedResource;
using api::v1alpha1::Service;
using openstack::IngressRule;
using openstack::SecurityGroup;
using openstack::ServerGroup;

namespace {

bool is_same(const IngressRule& a, const IngressRule& b) {
  return a.cidr == b.cidr && a.port == b.port;
}

bool contains(const std::vector<IngressRule>& rules, const IngressRule& rule) {
  return std::ranges::any_of(rules, [&](const IngressRule& each) { return is_same(each, rule); });
}

// As the cloud writes it: with its length, and without host bits.
std::string network_of(const std::string& cidr) {
  const std::size_t slash = cidr.find('/');
  const std::string host = cidr.substr(0, slash);
  const int family = host.contains(':') ? AF_INET6 : AF_INET;
  const int bits_max = family == AF_INET6 ? 128 : 32;
  const int bits = slash == std::string::npos ? bits_max : std::atoi(cidr.c_str() + slash + 1);
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(family, host.c_str(), bytes.data()) != 1) return cidr;
  for (int bit = std::clamp(bits, 0, bits_max); bit < bits_max; ++bit) {
    bytes.at(static_cast<std::size_t>(bit / 8)) &= static_cast<unsigned char>(~(0x80 >> (bit % 8)));
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, bytes.data(), text.data(), text.size());
  return std::string(text.data()) + "/" + std::to_string(bits);
}

// The one to use of those that a create may have made twice: the same each time.
template <class T>
const T* first_by_id(const std::vector<T>& things) {
  const auto first = std::ranges::min_element(things, {}, &T::id);
  return first == things.end() ? nullptr : &*first;
}

std::vector<ServerGroup> with_policy(const SharedWanted& wanted, const SharedFound& found) {
  std::vector<ServerGroup> groups = found.server_groups;
  std::erase_if(groups, [&](const ServerGroup& group) { return group.policy != wanted.policy; });
  return groups;
}

void plan_server_group(const SharedWanted& wanted, const SharedFound& found,
                       std::vector<SharedStep>& steps) {
  const std::vector<ServerGroup> fitting = with_policy(wanted, found);
  const ServerGroup* used = wanted.policy.empty() ? nullptr : first_by_id(fitting);
  if (used == nullptr && !wanted.policy.empty()) steps.push_back(MakeServerGroup{wanted.policy});
  if (wanted.old_instances) return;
  for (const ServerGroup& group : found.server_groups) {
    if (used == nullptr || group.id != used->id) steps.push_back(RemoveServerGroup{group.id});
  }
}

void plan_scrape_group(const SharedWanted& wanted, const SharedFound& found,
                       std::vector<SharedStep>& steps) {
  const SecurityGroup* used = wanted.ingress.empty() ? nullptr : first_by_id(found.security_groups);
  if (used == nullptr && !wanted.ingress.empty()) steps.push_back(MakeScrapeGroup{});
  if (used != nullptr) {
    for (const IngressRule& rule : wanted.ingress) {
      if (!contains(used->rules, rule)) steps.push_back(AddRule{used->id, rule});
    }
    for (const IngressRule& rule : used->rules) {
      if (!contains(wanted.ingress, rule)) steps.push_back(RemoveRule{rule.id});
    }
  }
  for (const SecurityGroup& group : found.security_groups) {
    if (used == nullptr || group.id != used->id) steps.push_back(RemoveScrapeGroup{group.id});
  }
}

}  // namespace

std::string server_group_name(const std::string& cluster_id, const Service& service,
                              const std::string& policy) {
  return "clickdeploy " + service.metadata.key().text() + " " + policy +
         " cluster=" + cluster_id.substr(0, 8) + " service=" + service.metadata.uid;
}

std::string scrape_group_name(const Service& service) {
  return "clickdeploy-scrape-" + service.metadata.namespace_name + "-" + service.metadata.name;
}

std::string scrape_group_description(const std::string& cluster_id, const std::string& uid) {
  return "clickdeploy cluster=" + cluster_id.substr(0, 8) + " service=" + uid +
         " lets Prometheus reach the agents";
}

std::vector<IngressRule> ingress_rules(const std::vector<std::int64_t>& ports,
                                       const std::vector<std::string>& cidrs) {
  std::vector<IngressRule> rules;
  for (const std::int64_t port : ports) {
    for (const std::string& cidr : cidrs) {
      IngressRule rule{.id = "", .cidr = network_of(cidr), .port = port};
      if (!contains(rules, rule)) rules.push_back(std::move(rule));
    }
  }
  std::ranges::sort(rules, {},
                    [](const IngressRule& rule) { return std::make_pair(rule.port, rule.cidr); });
  return rules;
}

std::vector<SharedStep> plan_shared_parts(const SharedWanted& wanted, const SharedFound& found) {
  std::vector<SharedStep> steps;
  plan_server_group(wanted, found, steps);
  plan_scrape_group(wanted, found, steps);
  return steps;
}

std::vector<OwnedResource> record_shared_parts(const SharedWanted& wanted,
                                               const SharedFound& found) {
  std::vector<OwnedResource> resources;
  for (const ServerGroup& group : found.server_groups) {
    resources.push_back({std::string(kServerGroup), group.id, group.name, group.policy});
  }
  const SecurityGroup* used = wanted.ingress.empty() ? nullptr : first_by_id(found.security_groups);
  for (const SecurityGroup& group : found.security_groups) {
    const bool in_use = used != nullptr && group.id == used->id;
    resources.push_back({std::string(kSecurityGroup), group.id, group.name,
                         std::string(in_use ? kInUse : kLeaving)});
  }
  std::ranges::sort(resources, {}, &OwnedResource::id);
  return resources;
}

}  // namespace clickdeploy::reconcilers
