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
    Result<std::vector<Port>> ports = run(network_.list_ports(kTag));
    ASSERT_TRUE(ports) << ports.error().message();
    for (const Port& port : *ports) EXPECT_TRUE(run(network_.delete_port(port.id)));
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

INSTANTIATE_TEST_SUITE_P(Clouds, CloudContract, testing::ValuesIn(clouds_under_test()),
                         [](const testing::TestParamInfo<CloudFactory>& row) {
                           return row.param.name;
                         });

}  // namespace
}  // namespace clickdeploy::openstack
