#include "controller/agents/cloud_init.h"
#include "controller/reconcilers/instance/agent_convert_internal.h"
#include "controller/reconcilers/instance/resolve_internal.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::v1alpha1::CloudThing;

namespace {

constexpr std::size_t kNamesShown = 8;

std::string list_names(std::vector<std::string> names) {
  std::ranges::sort(names);
  const bool more = names.size() > kNamesShown;
  if (more) names.resize(kNamesShown);
  return join(names, ", ") + (more ? ", …" : "");
}

// The id of the one thing that is meant.
template <class T>
Result<std::string> choose(const std::vector<T>& things, const CloudThing& wanted,
                           const std::string& field, const std::string& what) {
  std::vector<std::string> matches;
  std::vector<std::string> names;
  for (const T& thing : things) {
    names.push_back(thing.name);
    if (wanted.id.empty() ? thing.name == wanted.name : thing.id == wanted.id) {
      matches.push_back(thing.id);
    }
  }
  if (matches.size() == 1) return matches.front();
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

Task<Result<std::string>> resolve_image(CloudConnection& cloud, CloudThing wanted) {
  if (!wanted.id.empty()) {
    Result<std::optional<openstack::Image>> image = co_await cloud.image.get_image(wanted.id);
    if (!image) co_return std::unexpected(std::move(image).error());
    if (!image->has_value()) {
      co_return fail(ErrorCode::InvalidArgument,
                     "spec.template.spec.image: no image with " + wanted.text() +
                         " in this cloud. Correct the field, or upload the image");
    }
    co_return wanted.id;
  }
  Result<std::vector<openstack::Image>> images = co_await cloud.images_named(wanted.name);
  if (!images) co_return std::unexpected(std::move(images).error());
  co_return choose(*images, wanted, "spec.template.spec.image", "image");
}

}  // namespace

Task<Result<ResolvedServer>> resolve_server(CloudConnection& cloud, const Instance& instance,
                                            std::string user_cloud_config) {
  const api::v1alpha1::ServerTemplate& server = instance.spec.server;
  ResolvedServer resolved;
  agents::UserDataInput input;
  input.instance_uid = instance.metadata.uid;
  input.agents = convert_agents(instance.spec.agents);
  input.user_cloud_config = std::move(user_cloud_config);
  input.user_config_is_secret = !server.user_data.secret_ref.empty();
  Result<std::string> user_data = agents::render_user_data(input);
  if (!user_data) {
    co_return std::unexpected(
        std::move(user_data).error().with_context("spec.template.spec.userData"));
  }
  resolved.user_data = *std::move(user_data);

  Result<std::string> image = co_await resolve_image(cloud, server.image);
  if (!image) co_return std::unexpected(std::move(image).error());
  resolved.image_id = *std::move(image);

  Result<std::vector<openstack::Flavor>> flavors = co_await cloud.flavors();
  if (!flavors) co_return std::unexpected(std::move(flavors).error());
  Result<std::string> flavor =
      choose(*flavors, server.flavors.front(), "spec.template.spec.flavors[0]", "flavor");
  if (!flavor) co_return std::unexpected(std::move(flavor).error());
  resolved.flavor_id = *std::move(flavor);

  Result<std::vector<openstack::Network>> networks = co_await cloud.networks();
  if (!networks) co_return std::unexpected(std::move(networks).error());
  for (std::size_t i = 0; i < server.networks.size(); ++i) {
    const auto& wanted = server.networks[i];
    const std::string field = "spec.template.spec.networks[" + std::to_string(i) + "]";
    Result<std::string> network = choose(*networks, wanted.network, field + ".network", "network");
    if (!network) co_return std::unexpected(std::move(network).error());
    ResolvedServer::Attachment attachment{wanted.name, *network, std::nullopt};
    if (!wanted.security_groups.empty()) {
      Result<std::vector<openstack::SecurityGroup>> groups = co_await cloud.security_groups();
      if (!groups) co_return std::unexpected(std::move(groups).error());
      attachment.security_group_ids.emplace();
      for (const CloudThing& group : wanted.security_groups) {
        Result<std::string> id =
            choose(*groups, group, field + ".securityGroups", "security group");
        if (!id) co_return std::unexpected(std::move(id).error());
        attachment.security_group_ids->push_back(*id);
      }
    }
    resolved.attachments.push_back(std::move(attachment));
  }
  co_return resolved;
}

}  // namespace clickdeploy::reconcilers
