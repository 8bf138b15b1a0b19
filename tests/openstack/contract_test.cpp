// What the clients rely on in a cloud, whichever it is.

#include "controller/openstack/clients.h"
#include "tests/openstack/cloud_under_test.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace clickdeploy::openstack {
namespace {

using namespace std::chrono_literals;

constexpr const char* kTag = "clickdeploy-contract";

class CloudContract : public testing::TestWithParam<CloudFactory> {
 protected:
  CloudContract()
      : cloud_(GetParam().make()),
        session_(cloud_->http(), cloud_->clock(), cloud_->credentials(),
                 {.requests_per_second = 100, .burst = 100}) {}

  void TearDown() override {
    Result<std::vector<Server>> servers = run(compute_.list_servers(kTag));
    ASSERT_TRUE(servers) << servers.error().message();
    for (const Server& server : *servers) {
      EXPECT_TRUE(run(compute_.delete_server(server.id)));
      EXPECT_TRUE(wait_until_gone(server.id));
    }
    Result<std::vector<Volume>> volumes = run(volume_.list_volumes("contract", kTag));
    ASSERT_TRUE(volumes) << volumes.error().message();
    for (const Volume& volume : *volumes) {
      EXPECT_TRUE(run(settle_volume(this, volume.id, "available")));
      EXPECT_TRUE(run(volume_.delete_volume(volume.id)));
      EXPECT_TRUE(run(settle_volume(this, volume.id, "")));
    }
    Result<std::vector<Port>> ports = run(network_.list_ports(kTag));
    ASSERT_TRUE(ports) << ports.error().message();
    for (const Port& port : *ports) EXPECT_TRUE(run(network_.delete_port(port.id)));
    Result<std::vector<ServerGroup>> server_groups = run(compute_.list_server_groups());
    ASSERT_TRUE(server_groups) << server_groups.error().message();
    for (const ServerGroup& group : *server_groups) {
      if (group.name != kTag) continue;
      EXPECT_TRUE(run(compute_.delete_server_group(group.id)));
    }
    Result<std::vector<SecurityGroup>> groups = run(network_.list_security_groups());
    ASSERT_TRUE(groups) << groups.error().message();
    for (const SecurityGroup& group : *groups) {
      if (group.description != kTag) continue;
      EXPECT_TRUE(run(network_.delete_security_group(group.id)));
    }
    Result<std::vector<FloatingIP>> ips = run(network_.list_floating_ips(kTag));
    if (!ips) return;  // a cloud without routers
    for (const FloatingIP& ip : *ips) EXPECT_TRUE(run(network_.delete_floating_ip(ip.id)));
  }

  std::string network_id(const std::string& name) {
    Result<std::vector<Network>> networks = run(network_.list_networks());
    if (!networks) return "";
    const auto found = std::ranges::find(*networks, name, &Network::name);
    return found == networks->end() ? "" : found->id;
  }

  template <class T>
  T run(Task<T> task) {
    return cloud_->run(std::move(task));
  }

  static Task<Result<Server>> settle(CloudContract* test, std::string id, std::string status) {
    for (int i = 0; i < 240; ++i) {
      Result<std::optional<Server>> server = co_await test->compute_.get_server(id);
      if (!server) co_return std::unexpected(std::move(server).error());
      if (*server && (*server)->status == status && (*server)->task_state.empty()) {
        co_return std::move(**server);
      }
      co_await test->cloud_->clock().sleep(250ms);
    }
    co_return fail(ErrorCode::DeadlineExceeded, "the server did not become " + status);
  }

  static Task<Result<bool>> gone(CloudContract* test, std::string id) {
    for (int i = 0; i < 240; ++i) {
      Result<std::optional<Server>> server = co_await test->compute_.get_server(id);
      if (!server) co_return std::unexpected(std::move(server).error());
      if (!*server) co_return true;
      co_await test->cloud_->clock().sleep(250ms);
    }
    co_return false;
  }
  bool wait_until_gone(std::string id) { return run(gone(this, std::move(id))).value_or(false); }

  // "": until it is gone.
  static Task<Result<void>> settle_volume(CloudContract* test, std::string id, std::string status) {
    for (int i = 0; i < 240; ++i) {
      Result<std::optional<Volume>> volume = co_await test->volume_.get_volume(id);
      if (!volume) co_return std::unexpected(std::move(volume).error());
      if ((*volume ? (*volume)->status : "") == status) co_return Result<void>{};
      co_await test->cloud_->clock().sleep(250ms);
    }
    co_return fail(ErrorCode::DeadlineExceeded, "the volume did not become " + status);
  }

  Result<std::string> available_volume(const std::string& image_id) {
    VolumeCreate create{.name = "contract",
                        .size_gib = 1,
                        .type = "",
                        .image_id = image_id,
                        .metadata = {{"contract", kTag}, {"clickdeploy_unused", "true"}}};
    Result<Volume> volume = run(volume_.create_volume(std::move(create)));
    if (!volume) return std::unexpected(std::move(volume).error());
    Result<void> settled = run(settle_volume(this, volume->id, "available"));
    if (!settled) return std::unexpected(std::move(settled).error());
    return volume->id;
  }

  Result<ServerCreate> server_on_a_port() {
    ServerCreate create{.name = "contract", .tags = {kTag}};
    Result<std::vector<Image>> images = run(image_.list_images(cloud_->image_name()));
    if (!images || images->empty()) return fail(ErrorCode::NotFound, "no image");
    Result<std::vector<Flavor>> flavors = run(compute_.list_flavors());
    if (!flavors) return std::unexpected(flavors.error());
    Result<std::vector<Network>> networks = run(network_.list_networks());
    if (!networks) return std::unexpected(networks.error());
    auto flavor = std::ranges::find(*flavors, cloud_->flavor_name(), &Flavor::name);
    auto network = std::ranges::find(*networks, cloud_->network_name(), &Network::name);
    if (flavor == flavors->end() || network == networks->end()) {
      return fail(ErrorCode::NotFound, "no flavor or network");
    }
    Result<Port> port = run(
        network_.create_port({.name = "contract", .network_id = network->id, .description = kTag}));
    if (!port) return std::unexpected(port.error());
    create.image_id = images->front().id;
    create.flavor_id = flavor->id;
    create.port_ids = {port->id};
    return create;
  }

  std::unique_ptr<CloudUnderTest> cloud_;
  Session session_;
  ComputeClient compute_{session_};
  NetworkClient network_{session_};
  ImageClient image_{session_};
  VolumeClient volume_{session_};
};

TEST_P(CloudContract, LogInSaysWhoWeAre) {
  Result<Identity> identity = run(session_.identity());
  ASSERT_TRUE(identity) << identity.error().message();
  EXPECT_FALSE(identity->project_id.empty());
  EXPECT_FALSE(identity->user_id.empty());
  EXPECT_GT(identity->token_expires_at, cloud_->clock().wall_now());
}

TEST_P(CloudContract, AWrongPasswordIsUnauthenticated) {
  Credentials credentials = cloud_->credentials();
  credentials.password = SecretString("wrong");
  credentials.application_credential_secret = SecretString("wrong");
  Session session(cloud_->http(), cloud_->clock(), credentials, {});
  Result<Identity> identity = run(session.identity());
  ASSERT_FALSE(identity);
  EXPECT_EQ(identity.error().code(), ErrorCode::Unauthenticated) << identity.error().message();
}

TEST_P(CloudContract, AServerIsBornWithTagsMetadataAndItsPort) {
  Result<ServerCreate> create = server_on_a_port();
  ASSERT_TRUE(create) << create.error().message();
  create->user_data = "#cloud-config\n{}\n";
  create->metadata = {{"clickdeploy", "contract"}};
  Result<std::string> id = run(compute_.create_server(*create));
  ASSERT_TRUE(id) << id.error().message();
  Result<Server> server = run(settle(this, *id, "ACTIVE"));
  ASSERT_TRUE(server) << server.error().message();
  EXPECT_EQ(server->name, "contract");
  EXPECT_EQ(server->tags, create->tags);
  EXPECT_EQ(server->metadata, create->metadata);
  EXPECT_EQ(server->image_id, create->image_id);
  EXPECT_EQ(server->flavor_name, cloud_->flavor_name());
  Result<std::vector<Port>> ports = run(network_.list_ports(kTag));
  ASSERT_TRUE(ports);
  ASSERT_EQ(ports->size(), 1u);
  EXPECT_EQ(ports->front().device_id, *id);
  ASSERT_EQ(ports->front().fixed_ips.size(), 1u);
  ASSERT_EQ(server->addresses.size(), 1u);
  EXPECT_EQ(server->addresses.front().address, ports->front().fixed_ips.front());

  EXPECT_TRUE(run(compute_.reboot_server(*id, RebootType::Hard)));
  EXPECT_TRUE(run(settle(this, *id, "ACTIVE")));
  EXPECT_TRUE(run(compute_.console_output(*id, 10)));
  EXPECT_TRUE(run(compute_.delete_server(*id)));
  EXPECT_TRUE(wait_until_gone(*id));
  EXPECT_TRUE(run(compute_.delete_server(*id)));
  EXPECT_TRUE(run(network_.delete_port(ports->front().id)));
  EXPECT_TRUE(run(network_.delete_port(ports->front().id)));
}

TEST_P(CloudContract, ATagFindsItsServerOnly) {
  Result<ServerCreate> create = server_on_a_port();
  ASSERT_TRUE(create) << create.error().message();
  create->tags.push_back("claim-x");
  Result<std::string> id = run(compute_.create_server(*create));
  ASSERT_TRUE(id) << id.error().message();
  Result<std::vector<Server>> found = run(compute_.list_servers("claim-x"));
  ASSERT_TRUE(found) << found.error().message();
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().id, *id);
  Result<std::vector<Server>> none = run(compute_.list_servers("claim-y"));
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
}

TEST_P(CloudContract, WhatDoesNotExistIsRefusedBeforeAServerIsMade) {
  Result<ServerCreate> good = server_on_a_port();
  ASSERT_TRUE(good) << good.error().message();
  const std::string nothing = "00000000-0000-0000-0000-000000000000";
  std::vector<ServerCreate> bad(3, *good);
  bad[0].image_id = nothing;
  bad[1].flavor_id = "no-such-flavor";
  bad[2].port_ids = {nothing};
  for (const ServerCreate& create : bad) {
    Result<std::string> id = run(compute_.create_server(create));
    ASSERT_FALSE(id);
    EXPECT_TRUE(certainly_not_done(id.error())) << id.error().message();
  }
  Result<std::vector<Server>> servers = run(compute_.list_servers(kTag));
  ASSERT_TRUE(servers);
  EXPECT_TRUE(servers->empty());
}

TEST_P(CloudContract, AbsenceIsNoError) {
  const std::string nothing = "00000000-0000-0000-0000-000000000000";
  Result<std::optional<Server>> server = run(compute_.get_server(nothing));
  ASSERT_TRUE(server) << server.error().message();
  EXPECT_EQ(*server, std::nullopt);
  Result<std::optional<Image>> image = run(image_.get_image(nothing));
  ASSERT_TRUE(image) << image.error().message();
  EXPECT_EQ(*image, std::nullopt);
  Result<std::vector<Image>> images = run(image_.list_images("no such image"));
  ASSERT_TRUE(images);
  EXPECT_TRUE(images->empty());
  EXPECT_TRUE(run(compute_.delete_server(nothing)));
  EXPECT_TRUE(run(network_.delete_port(nothing)));
}

TEST_P(CloudContract, QuotaAndGroupsAreReadable) {
  Result<Quota> quota = run(compute_.quota());
  ASSERT_TRUE(quota) << quota.error().message();
  EXPECT_GE(quota->instances.used, 0);
  Result<std::vector<SecurityGroup>> groups = run(network_.list_security_groups());
  ASSERT_TRUE(groups) << groups.error().message();
  EXPECT_EQ(std::ranges::count(*groups, "default", &SecurityGroup::name), 1);
}

TEST_P(CloudContract, AListAndAReadOfOneServerAgree) {
  Result<ServerCreate> create = server_on_a_port();
  ASSERT_TRUE(create) << create.error().message();
  Result<std::string> id = run(compute_.create_server(*create));
  ASSERT_TRUE(id) << id.error().message();
  ASSERT_TRUE(run(settle(this, *id, "ACTIVE")));
  Result<std::vector<Server>> servers = run(compute_.list_servers());
  ASSERT_TRUE(servers);
  Result<std::optional<Server>> one = run(compute_.get_server(*id));
  ASSERT_TRUE(one);
  auto listed = std::ranges::find(*servers, *id, &Server::id);
  ASSERT_NE(listed, servers->end());
  EXPECT_EQ(*listed, **one);
}

TEST_P(CloudContract, WhatHasChangedSinceAListIsTold) {
  Result<ServerList> before = run(compute_.list_all_servers());
  ASSERT_TRUE(before) << before.error().message();
  ASSERT_TRUE(before->as_of) << "the cloud does not tell what time it is";
  Result<ServerCreate> create = server_on_a_port();
  ASSERT_TRUE(create) << create.error().message();
  Result<std::string> id = run(compute_.create_server(*create));
  ASSERT_TRUE(id) << id.error().message();
  Result<Server> settled = run(settle(this, *id, "ACTIVE"));
  ASSERT_TRUE(settled) << settled.error().message();
  const auto row = [&]() -> std::optional<Server> {
    Result<std::optional<std::vector<Server>>> changed =
        run(compute_.list_changed_servers(*before->as_of - 1s));
    if (!changed || !*changed) return std::nullopt;
    const auto found = std::ranges::find(**changed, *id, &Server::id);
    return found == (*changed)->end() ? std::nullopt : std::optional(*found);
  };
  EXPECT_EQ(row(), *settled);
  ASSERT_TRUE(run(compute_.delete_server(*id)));
  ASSERT_TRUE(wait_until_gone(*id));
  const std::optional<Server> gone = row();
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->status, "DELETED");
  Result<std::optional<std::vector<Server>>> later =
      run(compute_.list_changed_servers(*before->as_of + 24h));
  ASSERT_TRUE(later) << later.error().message();
  ASSERT_TRUE(*later);
  EXPECT_TRUE((*later)->empty());
}

TEST_P(CloudContract, AServerIsPlacedInItsZoneWithAConfigDrive) {
  Result<ServerCreate> create = server_on_a_port();
  ASSERT_TRUE(create) << create.error().message();
  create->availability_zone = cloud_->zone_name();
  create->config_drive = true;
  Result<std::string> id = run(compute_.create_server(*create));
  ASSERT_TRUE(id) << id.error().message();
  Result<Server> server = run(settle(this, *id, "ACTIVE"));
  ASSERT_TRUE(server) << server.error().message();
  EXPECT_EQ(server->availability_zone, cloud_->zone_name());

  create->availability_zone = "no-such-zone";
  create->port_ids.clear();
  Result<std::string> refused = run(compute_.create_server(*create));
  ASSERT_FALSE(refused);
  EXPECT_TRUE(certainly_not_done(refused.error())) << refused.error().message();
  EXPECT_EQ(refused.error().code(), ErrorCode::InvalidArgument) << refused.error().message();
}

TEST_P(CloudContract, APortTakesItsSubnetAndFurtherAddresses) {
  const std::string network = network_id(cloud_->network_name());
  Result<std::vector<Subnet>> subnets = run(network_.list_subnets());
  ASSERT_TRUE(subnets) << subnets.error().message();
  const auto subnet = std::ranges::find(*subnets, network, &Subnet::network_id);
  ASSERT_NE(subnet, subnets->end());
  EXPECT_FALSE(subnet->properties.at("cidr").empty());
  EXPECT_EQ(subnet->properties.at("ip_version"), "4");
  PortCreate create{.name = "contract", .network_id = network, .description = kTag};
  create.subnet_id = subnet->id;
  create.allowed_address_pairs = {{"10.99.0.7", ""}, {"10.99.1.0/24", "fa:16:3e:00:00:01"}};
  Result<Port> port = run(network_.create_port(create));
  ASSERT_TRUE(port) << port.error().message();
  EXPECT_EQ(port->fixed_ips.size(), 1u);

  create.subnet_id = "00000000-0000-0000-0000-000000000000";
  Result<Port> refused = run(network_.create_port(create));
  ASSERT_FALSE(refused);
  EXPECT_TRUE(certainly_not_done(refused.error())) << refused.error().message();
  create.subnet_id.clear();
  create.allowed_address_pairs = {{"nonsense", ""}};
  refused = run(network_.create_port(create));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::InvalidArgument) << refused.error().message();
}

TEST_P(CloudContract, ThingsTellTheirProperties) {
  Result<std::vector<Network>> networks = run(network_.list_networks());
  ASSERT_TRUE(networks);
  const auto network = std::ranges::find(*networks, cloud_->network_name(), &Network::name);
  ASSERT_NE(network, networks->end());
  EXPECT_EQ(network->properties.at("admin_state_up"), "true");
  Result<std::vector<Flavor>> flavors = run(compute_.list_flavors());
  ASSERT_TRUE(flavors);
  const auto flavor = std::ranges::find(*flavors, cloud_->flavor_name(), &Flavor::name);
  ASSERT_NE(flavor, flavors->end());
  EXPECT_EQ(flavor->properties.at("vcpus"), std::to_string(flavor->vcpus));
  Result<std::vector<Image>> images = run(image_.list_images(""));
  ASSERT_TRUE(images);
  EXPECT_NE(std::ranges::find(*images, cloud_->image_name(), &Image::name), images->end());
}

TEST_P(CloudContract, AFloatingIPComesOnlyFromAnExternalNetwork) {
  FloatingIPCreate create{.network_id = network_id(cloud_->network_name()), .description = kTag};
  Result<FloatingIP> refused = run(network_.create_floating_ip(create));
  ASSERT_FALSE(refused);
  EXPECT_TRUE(certainly_not_done(refused.error())) << refused.error().message();
  EXPECT_TRUE(run(network_.delete_floating_ip("00000000-0000-0000-0000-000000000000")));
}

TEST_P(CloudContract, AFloatingIPIsFoundByItsMarkAndMovesBetweenPorts) {
  const std::string external = network_id(cloud_->external_network_name());
  if (external.empty()) {
    // Then there is no way to have one, which the test above shows.
    ASSERT_EQ(cloud_->external_network_name(), "");
    return;
  }
  Result<ServerCreate> first = server_on_a_port();
  Result<ServerCreate> second = server_on_a_port();
  ASSERT_TRUE(first && second);
  const std::string port = first->port_ids.front();
  const std::string other = second->port_ids.front();
  Result<FloatingIP> ip = run(
      network_.create_floating_ip({.network_id = external, .description = kTag, .port_id = port}));
  ASSERT_TRUE(ip) << ip.error().message();
  EXPECT_EQ(ip->port_id, port);
  EXPECT_FALSE(ip->address.empty());
  EXPECT_EQ(run(network_.list_floating_ips("another mark"))->size(), 0u);

  Result<FloatingIP> twice = run(
      network_.create_floating_ip({.network_id = external, .description = kTag, .port_id = port}));
  ASSERT_FALSE(twice) << "a port has one floating IP of a network";
  EXPECT_TRUE(certainly_not_done(twice.error())) << twice.error().message();

  Result<std::string> id = run(compute_.create_server(*first));
  ASSERT_TRUE(id) << id.error().message();
  ASSERT_TRUE(run(settle(this, *id, "ACTIVE")));
  Result<FloatingIP> moved = run(network_.attach_floating_ip(ip->id, other));
  ASSERT_TRUE(moved) << moved.error().message();
  EXPECT_EQ(moved->port_id, other);
  EXPECT_EQ(moved->address, ip->address);
  ASSERT_TRUE(run(network_.delete_port(other)));
  Result<std::vector<FloatingIP>> left = run(network_.list_floating_ips(kTag));
  ASSERT_TRUE(left) << left.error().message();
  ASSERT_EQ(left->size(), 1u);
  EXPECT_EQ(left->front().port_id, "") << "it outlives the port";
  EXPECT_EQ(left->front().id, ip->id);
  EXPECT_TRUE(run(network_.delete_floating_ip(ip->id)));
  EXPECT_TRUE(run(network_.delete_floating_ip(ip->id)));
}

TEST_P(CloudContract, AServerGroupIsFoundByItsNameAndTakesServers) {
  Result<ServerGroup> group = run(compute_.create_server_group(kTag, "soft-anti-affinity"));
  ASSERT_TRUE(group) << group.error().message();
  EXPECT_EQ(group->policy, "soft-anti-affinity");
  Result<std::vector<ServerGroup>> groups = run(compute_.list_server_groups());
  ASSERT_TRUE(groups) << groups.error().message();
  const auto listed = std::ranges::find(*groups, group->id, &ServerGroup::id);
  ASSERT_NE(listed, groups->end());
  EXPECT_EQ(*listed, *group);
  Result<ServerCreate> create = server_on_a_port();
  ASSERT_TRUE(create) << create.error().message();
  create->server_group_id = group->id;
  Result<std::string> id = run(compute_.create_server(*create));
  ASSERT_TRUE(id) << id.error().message();
  EXPECT_TRUE(run(settle(this, *id, "ACTIVE")));
  EXPECT_TRUE(run(compute_.delete_server_group(group->id))) << "with a member in it";
  EXPECT_TRUE(run(compute_.delete_server_group(group->id)));
}

TEST_P(CloudContract, ASecurityGroupOfOursLetsOneNetworkIn) {
  Result<SecurityGroup> group = run(network_.create_security_group("contract-scrape", kTag));
  ASSERT_TRUE(group) << group.error().message();
  EXPECT_EQ(group->description, kTag);
  EXPECT_TRUE(group->rules.empty());
  const IngressRule rule{.id = "", .cidr = "10.9.0.0/24", .port = 9100};
  EXPECT_TRUE(run(network_.create_ingress_rule(group->id, rule)));
  EXPECT_TRUE(run(network_.create_ingress_rule(group->id, rule))) << "it is there already";
  EXPECT_TRUE(
      run(network_.create_ingress_rule(group->id, {.id = "", .cidr = "fd00::/64", .port = 9100})));
  const auto rules = [&] {
    Result<std::vector<SecurityGroup>> groups = run(network_.list_security_groups());
    if (!groups) return std::vector<IngressRule>();
    const auto found = std::ranges::find(*groups, group->id, &SecurityGroup::id);
    return found == groups->end() ? std::vector<IngressRule>() : found->rules;
  };
  std::vector<IngressRule> made = rules();
  ASSERT_EQ(made.size(), 2u);
  std::ranges::sort(made, {}, &IngressRule::cidr);
  EXPECT_EQ(made[0].cidr, rule.cidr);
  EXPECT_EQ(made[0].port, rule.port);
  EXPECT_EQ(made[1].cidr, "fd00::/64");
  EXPECT_TRUE(run(network_.delete_security_group_rule(made[0].id)));
  EXPECT_TRUE(run(network_.delete_security_group_rule(made[0].id)));
  EXPECT_EQ(rules().size(), 1u);

  Result<ServerCreate> create = server_on_a_port();
  ASSERT_TRUE(create) << create.error().message();
  const std::string port = create->port_ids.front();
  EXPECT_TRUE(run(network_.set_port_security_groups(port, {group->id})));
  Result<void> in_use = run(network_.delete_security_group(group->id));
  ASSERT_FALSE(in_use);
  EXPECT_EQ(in_use.error().code(), ErrorCode::Conflict) << in_use.error().message();
  Result<std::vector<Port>> ports = run(network_.list_ports(kTag));
  ASSERT_TRUE(ports);
  ASSERT_EQ(ports->size(), 1u);
  EXPECT_EQ(ports->front().security_group_ids, (std::vector<std::string>{group->id}));
  EXPECT_TRUE(run(network_.delete_port(port)));
  EXPECT_TRUE(run(network_.delete_security_group(group->id)));
  EXPECT_TRUE(run(network_.delete_security_group(group->id)));
}

TEST_P(CloudContract, TheNetworkQuotaCountsPorts) {
  Result<NetworkQuota> before = run(network_.quota());
  ASSERT_TRUE(before) << before.error().message();
  ASSERT_TRUE(server_on_a_port());
  Result<NetworkQuota> after = run(network_.quota());
  ASSERT_TRUE(after) << after.error().message();
  EXPECT_EQ(after->ports.used, before->ports.used + 1);
  EXPECT_EQ(after->ports.limit, before->ports.limit);
}

TEST_P(CloudContract, AVolumeIsFoundByItsMetadataAndGoesInItsOwnTime) {
  ASSERT_TRUE(run(session_.offers("volume")).value_or(false));
  Result<std::string> id = available_volume("");
  ASSERT_TRUE(id) << id.error().message();
  Result<std::vector<Volume>> found = run(volume_.list_volumes("contract", kTag));
  ASSERT_TRUE(found) << found.error().message();
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().id, *id);
  EXPECT_EQ(found->front().size_gib, 1);
  EXPECT_TRUE(found->front().server_ids.empty());
  Result<std::vector<Volume>> none = run(volume_.list_volumes("contract", "another"));
  ASSERT_TRUE(none) << none.error().message();
  EXPECT_TRUE(none->empty());
  EXPECT_TRUE(run(volume_.delete_volume_metadata(*id, "clickdeploy_unused")));
  EXPECT_TRUE(run(volume_.delete_volume_metadata(*id, "clickdeploy_unused")));
  EXPECT_TRUE(run(volume_.replace_volume_metadata(*id, {{"contract", kTag}, {"x", "it's \"y\""}})));
  Result<std::optional<Volume>> volume = run(volume_.get_volume(*id));
  ASSERT_TRUE(volume && *volume);
  EXPECT_EQ((*volume)->metadata.size(), 2u);
  EXPECT_EQ((*volume)->metadata.at("x"), "it's \"y\"");
  Result<VolumeQuota> quota = run(volume_.quota());
  ASSERT_TRUE(quota) << quota.error().message();
  EXPECT_GE(quota->volumes.used, 1);
  EXPECT_GE(quota->gib.used, 1);
  EXPECT_TRUE(run(volume_.delete_volume(*id)));
  EXPECT_TRUE(run(settle_volume(this, *id, "")));
  EXPECT_TRUE(run(volume_.delete_volume(*id)));
}

TEST_P(CloudContract, WrongVolumesAreRefusedBeforeTheyAreMade) {
  VolumeCreate create{.name = "contract",
                      .size_gib = 1,
                      .type = "no-such-type",
                      .image_id = "",
                      .metadata = {{"contract", kTag}}};
  Result<Volume> type = run(volume_.create_volume(create));
  ASSERT_FALSE(type);
  EXPECT_EQ(type.error().code(), ErrorCode::NotFound) << type.error().message();
  create.type.clear();
  create.size_gib = 0;
  Result<Volume> size = run(volume_.create_volume(create));
  ASSERT_FALSE(size);
  EXPECT_EQ(size.error().code(), ErrorCode::InvalidArgument) << size.error().message();
  create.size_gib = 1;
  create.image_id = "00000000-0000-4000-8000-00000000dead";
  Result<Volume> image = run(volume_.create_volume(create));
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code(), ErrorCode::InvalidArgument) << image.error().message();
}

TEST_P(CloudContract, AServerBootsFromAVolumeAndGivesItBack) {
  Result<ServerCreate> create = server_on_a_port();
  ASSERT_TRUE(create) << create.error().message();
  Result<std::string> root = available_volume(create->image_id);
  Result<std::string> data = available_volume("");
  ASSERT_TRUE(root && data);
  create->root_volume_id = *root;
  create->volume_ids = {*data};
  Result<std::string> id = run(compute_.create_server(*create));
  ASSERT_TRUE(id) << id.error().message();
  Result<Server> server = run(settle(this, *id, "ACTIVE"));
  ASSERT_TRUE(server) << server.error().message();
  EXPECT_EQ(server->image_id, "");
  for (const std::string& volume : {*root, *data}) {
    Result<std::optional<Volume>> used = run(volume_.get_volume(volume));
    ASSERT_TRUE(used && *used);
    EXPECT_EQ((*used)->status, "in-use");
    EXPECT_EQ((*used)->server_ids, std::vector<std::string>{*id});
    Result<void> refused = run(volume_.delete_volume(volume));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::Conflict) << refused.error().message();
  }
  Result<void> twice = run(compute_.attach_volume(*id, *data));
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code(), ErrorCode::Conflict) << twice.error().message();
  ASSERT_TRUE(run(compute_.delete_server(*id)));
  ASSERT_TRUE(wait_until_gone(*id));
  for (const std::string& volume : {*root, *data}) {
    EXPECT_TRUE(run(settle_volume(this, volume, "available"))) << volume;
  }
}

TEST_P(CloudContract, AVolumeIsAttachedToARunningServer) {
  Result<ServerCreate> create = server_on_a_port();
  ASSERT_TRUE(create) << create.error().message();
  Result<std::string> first = available_volume("");
  Result<std::string> second = available_volume("");
  ASSERT_TRUE(first && second);
  create->volume_ids = {*first};  // beside an image
  Result<std::string> id = run(compute_.create_server(*create));
  ASSERT_TRUE(id) << id.error().message();
  Result<Server> server = run(settle(this, *id, "ACTIVE"));
  ASSERT_TRUE(server) << server.error().message();
  EXPECT_EQ(server->image_id, create->image_id);
  Result<void> attached = run(compute_.attach_volume(*id, *second));
  ASSERT_TRUE(attached) << attached.error().message();
  EXPECT_TRUE(run(settle_volume(this, *second, "in-use")));
  // One that is taken makes no server.
  Result<ServerCreate> other = server_on_a_port();
  ASSERT_TRUE(other) << other.error().message();
  other->volume_ids = {*first};
  Result<std::string> refused = run(compute_.create_server(*other));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::InvalidArgument) << refused.error().message();
}

INSTANTIATE_TEST_SUITE_P(Clouds, CloudContract, testing::ValuesIn(clouds_under_test()),
                         [](const testing::TestParamInfo<CloudFactory>& row) {
                           return row.param.name;
                         });

}  // namespace
}  // namespace clickdeploy::openstack
