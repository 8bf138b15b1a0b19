#include "controller/agents/cloud_init.h"
#include "controller/reconcilers/instance/agent_convert_internal.h"
#include "controller/reconcilers/instance/marks.h"
#include "controller/reconcilers/instance/placement.h"
#include "controller/reconcilers/instance/resolve_internal.h"
#include "controller/reconcilers/instance/scrape_address.h"
#include "controller/reconcilers/service/shared_parts.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::v1alpha1::CloudThing;
using api::v1alpha1::OwnedResource;

namespace {

constexpr std::size_t kNamesShown = 8;

std::string list_names(std::vector<std::string> names) {
  std::ranges::sort(names);
  const bool more = names.size() > kNamesShown;
  if (more) names.resize(kNamesShown);
  return join(names, ", ") + (more ? ", …" : "");
}

bool has_all(const std::map<std::string, std::string>& properties,
             const std::vector<std::string>& tags, const api::v1alpha1::ThingFilter& filter) {
  return std::ranges::all_of(filter.properties,
                             [&](const auto& wanted) {
                               const auto found = properties.find(wanted.first);
                               return found != properties.end() && found->second == wanted.second;
                             }) &&
         std::ranges::all_of(filter.tags, [&](const std::string& tag) {
           return std::ranges::find(tags, tag) != tags.end();
         });
}

template <class T>
bool is_meant(const T& thing, const CloudThing& wanted) {
  if (!wanted.id.empty()) return thing.id == wanted.id;
  if (!wanted.filter) return thing.name == wanted.name;
  if constexpr (requires { thing.tags; }) {
    return has_all(thing.properties, thing.tags, *wanted.filter);
  } else if constexpr (requires { thing.properties; }) {
    return has_all(thing.properties, {}, *wanted.filter);
  } else {
    return false;
  }
}

// The one thing that is meant.
template <class T>
Result<T> choose(const std::vector<T>& things, const CloudThing& wanted, const std::string& field,
                 const std::string& what) {
  std::vector<std::string> matches;
  std::vector<std::string> names;
  const T* chosen = nullptr;
  for (const T& thing : things) {
    names.push_back(thing.name);
    if (!is_meant(thing, wanted)) continue;
    chosen = &thing;
    // Of those that share a name the ids tell which is which; of others, both.
    matches.push_back(wanted.filter ? thing.name + " (" + thing.id + ")" : thing.id);
  }
  if (matches.size() == 1) return *chosen;
  if (matches.empty()) {
    return fail(ErrorCode::InvalidArgument,
                field + ": no " + what + " with " + wanted.text() + " in this cloud" +
                    (names.empty() ? "" : "; there are: " + list_names(names)) +
                    ". Correct the field, or create the " + what);
  }
  return fail(ErrorCode::InvalidArgument, field + ": " + std::to_string(matches.size()) + " " +
                                              what + "s have " + wanted.text() + ": " +
                                              list_names(matches) + ". Give the id of one");
}

const std::string kTemplate = "spec.template.spec";

Task<Result<std::string>> resolve_image(CloudConnection& cloud, CloudThing wanted) {
  if (!wanted.id.empty()) {
    Result<std::optional<openstack::Image>> image = co_await cloud.image.get_image(wanted.id);
    if (!image) co_return std::unexpected(std::move(image).error());
    if (!image->has_value()) {
      co_return fail(ErrorCode::InvalidArgument,
                     kTemplate + ".image: no image with " + wanted.text() +
                         " in this cloud. Correct the field, or upload the image");
    }
    co_return wanted.id;
  }
  Result<std::vector<openstack::Image>> images = co_await cloud.images_named(wanted.name);
  if (!images) co_return std::unexpected(std::move(images).error());
  Result<openstack::Image> image = choose(*images, wanted, kTemplate + ".image", "image");
  if (!image) co_return std::unexpected(std::move(image).error());
  co_return image->id;
}

// All of them, so that a wrong one is told before it is needed.
Task<Result<std::vector<openstack::Flavor>>> resolve_flavors(CloudConnection& cloud,
                                                             std::vector<CloudThing> wanted) {
  Result<std::vector<openstack::Flavor>> there = co_await cloud.flavors();
  if (!there) co_return std::unexpected(std::move(there).error());
  std::vector<openstack::Flavor> chosen;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::string field = kTemplate + ".flavors[" + std::to_string(i) + "]";
    Result<openstack::Flavor> flavor = choose(*there, wanted[i], field, "flavor");
    if (!flavor) co_return std::unexpected(std::move(flavor).error());
    chosen.push_back(*std::move(flavor));
  }
  co_return chosen;
}

Task<Result<std::string>> resolve_network(CloudConnection& cloud, CloudThing wanted,
                                          std::string field) {
  Result<std::vector<openstack::Network>> networks = co_await cloud.networks();
  if (!networks) co_return std::unexpected(std::move(networks).error());
  Result<openstack::Network> network = choose(*networks, wanted, field, "network");
  if (!network) co_return std::unexpected(std::move(network).error());
  co_return network->id;
}

Task<Result<std::string>> resolve_subnet(CloudConnection& cloud, CloudThing wanted,
                                         std::string network_id, std::string field) {
  Result<std::vector<openstack::Subnet>> subnets = co_await cloud.subnets();
  if (!subnets) co_return std::unexpected(std::move(subnets).error());
  std::erase_if(*subnets, [&](const auto& subnet) { return subnet.network_id != network_id; });
  Result<openstack::Subnet> subnet = choose(*subnets, wanted, field, "subnet of that network");
  if (!subnet) co_return std::unexpected(std::move(subnet).error());
  co_return subnet->id;
}

Task<Result<std::vector<std::string>>> resolve_groups(CloudConnection& cloud,
                                                      std::vector<CloudThing> wanted,
                                                      std::string field) {
  Result<std::vector<openstack::SecurityGroup>> groups = co_await cloud.security_groups();
  if (!groups) co_return std::unexpected(std::move(groups).error());
  co_return choose_groups(*groups, wanted, field);
}

Task<Result<ResolvedServer::Attachment>> resolve_attachment(CloudConnection& cloud,
                                                            api::v1alpha1::NetworkAttachment wanted,
                                                            std::string field) {
  ResolvedServer::Attachment attachment{.name = wanted.name, .network_id = ""};
  Result<std::string> network = co_await resolve_network(cloud, wanted.network, field + ".network");
  if (!network) co_return std::unexpected(std::move(network).error());
  attachment.network_id = *std::move(network);
  if (wanted.subnet) {
    Result<std::string> subnet =
        co_await resolve_subnet(cloud, *wanted.subnet, attachment.network_id, field + ".subnet");
    if (!subnet) co_return std::unexpected(std::move(subnet).error());
    attachment.subnet_id = *std::move(subnet);
  }
  if (!wanted.security_groups.empty()) {
    Result<std::vector<std::string>> groups =
        co_await resolve_groups(cloud, wanted.security_groups, field + ".securityGroups");
    if (!groups) co_return std::unexpected(std::move(groups).error());
    attachment.security_group_ids = *std::move(groups);
  }
  co_return attachment;
}

// Not every cloud has block storage.
Task<Result<void>> check_volumes(CloudConnection& cloud, api::v1alpha1::ServerTemplate server) {
  if (!wants_volumes(server)) co_return Result<void>{};
  Result<std::string> endpoint = co_await cloud.session.endpoint("volume");
  if (endpoint || endpoint.error().code() != ErrorCode::NotFound) {
    if (endpoint) co_return Result<void>{};
    co_return std::unexpected(std::move(endpoint).error());
  }
  co_return fail(ErrorCode::InvalidArgument,
                 kTemplate + (server.root_volume ? ".rootVolume" : ".volumes") +
                     ": this cloud has no block storage (Cinder): " + endpoint.error().message() +
                     ". Leave out rootVolume and volumes, or use a Cloud that has it");
}

// The Service's own, by its policy; or one that somebody else made, by its name.
Task<Result<std::string>> resolve_server_group(CloudConnection& cloud,
                                               api::v1alpha1::ServerGroupSpec wanted,
                                               std::vector<OwnedResource> shared) {
  if (!wanted.policy.empty()) {
    for (const OwnedResource& resource : shared) {
      if (resource.kind == kServerGroup && resource.state == wanted.policy) co_return resource.id;
    }
    co_return fail(ErrorCode::Unavailable, "waiting for the Service's server group");
  }
  Result<std::vector<openstack::ServerGroup>> groups = co_await cloud.compute.list_server_groups();
  if (!groups) co_return std::unexpected(std::move(groups).error());
  const CloudThing thing{.id = "", .name = wanted.name};
  Result<openstack::ServerGroup> group =
      choose(*groups, thing, kTemplate + ".serverGroup", "server group");
  if (!group) co_return std::unexpected(std::move(group).error());
  co_return group->id;
}

// The port that agents are scraped at gets the group that lets Prometheus in.
Task<Result<void>> add_scrape_group(CloudConnection& cloud, api::v1alpha1::ServerTemplate server,
                                    std::vector<OwnedResource> shared,
                                    std::vector<ResolvedServer::Attachment>* attachments) {
  const auto ours = std::ranges::find_if(shared, [](const OwnedResource& resource) {
    return resource.kind == kSecurityGroup && resource.state == kInUse;
  });
  if (ours == shared.end()) co_return Result<void>{};
  const auto at =
      std::ranges::find(*attachments, scrape_attachment(server), &ResolvedServer::Attachment::name);
  if (!at->security_group_ids) {
    // Named groups take the place of the project's default, which is then named too.
    CloudThing usual{.id = "", .name = "default"};
    Result<std::vector<std::string>> ids =
        co_await resolve_groups(cloud, {std::move(usual)}, kTemplate + ".networks");
    if (!ids) co_return std::unexpected(std::move(ids).error());
    at->security_group_ids = *std::move(ids);
  }
  at->security_group_ids->push_back(ours->id);
  co_return Result<void>{};
}

}  // namespace

Result<openstack::Flavor> choose_flavor(const std::vector<openstack::Flavor>& flavors,
                                        const CloudThing& wanted) {
  return choose(flavors, wanted, kTemplate + ".flavors[0]", "flavor");
}

Result<std::vector<std::string>> choose_groups(const std::vector<openstack::SecurityGroup>& groups,
                                               const std::vector<CloudThing>& wanted,
                                               const std::string& field) {
  std::vector<std::string> ids;
  for (const CloudThing& each : wanted) {
    Result<openstack::SecurityGroup> group = choose(groups, each, field, "security group");
    if (!group) return std::unexpected(std::move(group).error());
    ids.push_back(group->id);
  }
  return ids;
}

Task<Result<ResolvedServer>> resolve_server(CloudConnection& cloud, const Instance& instance,
                                            std::string user_cloud_config,
                                            std::map<std::string, agents::AgentLock> locks,
                                            std::vector<OwnedResource> shared) {
  const api::v1alpha1::ServerTemplate& server = instance.spec.server;
  ResolvedServer resolved;
  agents::UserDataInput input;
  input.instance_uid = identity_of(instance);
  input.agents = convert_agents(instance.spec.agents);
  input.user_cloud_config = std::move(user_cloud_config);
  input.user_config_is_secret = !server.user_data.secret_ref.empty();
  input.locks = std::move(locks);
  Result<std::string> user_data = agents::render_user_data(input);
  if (!user_data) {
    co_return std::unexpected(std::move(user_data).error().with_context(kTemplate + ".userData"));
  }
  resolved.user_data = *std::move(user_data);

  Result<void> volumes = co_await check_volumes(cloud, server);
  if (!volumes) co_return std::unexpected(std::move(volumes).error());

  Result<std::string> image = co_await resolve_image(cloud, server.image);
  if (!image) co_return std::unexpected(std::move(image).error());
  resolved.image_id = *std::move(image);

  Result<std::vector<openstack::Flavor>> flavors = co_await resolve_flavors(cloud, server.flavors);
  if (!flavors) co_return std::unexpected(std::move(flavors).error());
  Placement placement = choose_placement(instance, *flavors);
  resolved.flavor_id = std::move(placement.flavor_id);
  resolved.flavor = std::move(placement.flavor);
  resolved.availability_zone = std::move(placement.availability_zone);

  for (std::size_t i = 0; i < server.networks.size(); ++i) {
    std::string field = kTemplate + ".networks[" + std::to_string(i) + "]";
    Result<ResolvedServer::Attachment> attachment =
        co_await resolve_attachment(cloud, server.networks[i], std::move(field));
    if (!attachment) co_return std::unexpected(std::move(attachment).error());
    resolved.attachments.push_back(*std::move(attachment));
  }
  Result<void> guarded = co_await add_scrape_group(cloud, server, shared, &resolved.attachments);
  if (!guarded) co_return std::unexpected(std::move(guarded).error());
  if (server.server_group) {
    Result<std::string> group =
        co_await resolve_server_group(cloud, *server.server_group, std::move(shared));
    if (!group) co_return std::unexpected(std::move(group).error());
    resolved.server_group_id = *std::move(group);
  }
  if (server.floating_ip) {
    Result<std::string> network = co_await resolve_network(cloud, server.floating_ip->network,
                                                           kTemplate + ".floatingIP.network");
    if (!network) co_return std::unexpected(std::move(network).error());
    resolved.floating_network_id = *std::move(network);
  }
  co_return resolved;
}

void record_resolved(api::v1alpha1::ResolvedThings& record, const ResolvedServer& resolved,
                     std::string now) {
  record.host = resolved.host;
  record.image_id = resolved.image_id;
  record.flavor_id = resolved.flavor_id;
  record.flavor = resolved.flavor;
  record.availability_zone = resolved.availability_zone;
  record.attachments.clear();
  for (const ResolvedServer::Attachment& attachment : resolved.attachments) {
    record.attachments.push_back(
        {attachment.name, attachment.network_id, attachment.subnet_id,
         attachment.security_group_ids.value_or(std::vector<std::string>())});
  }
  record.at = std::move(now);
}

}  // namespace clickdeploy::reconcilers
