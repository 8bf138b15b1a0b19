#include "controller/localcloud/container_guests.h"

#include "tests/localcloud/real_world.h"
#include "tests/testing/temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clickdeploy::localcloud {
namespace {

using ::testing::HasSubstr;

TEST(ContainerGuests, MissingRootFileSystemIsAClearError) {
  testing::TemporaryFolder folder;
  SystemProcessRunner runner;
  const Result<std::unique_ptr<GuestDriver>> made =
      make_container_guests({folder / "guests", folder / "absent", "127.0.0.1"}, runner);
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().message(),
              ::testing::AnyOf(HasSubstr("no root file system with systemd"),
                               HasSubstr("container guests need root")));
}

#ifdef CLICKDEPLOY_GUEST_ROOTFS

constexpr const char* kUserData =
    "#cloud-config\n"
    "packages: [prometheus-node-exporter]\n"
    "runcmd:\n"
    "- echo runcmd was here > /dev/console\n";

TEST(ContainerGuests, RealCloudInitCarriesOutTheUserData) {
  testing::TemporaryFolder folder;
  SystemProcessRunner runner;
  const std::string block = own_block();
  Result<std::unique_ptr<GuestDriver>> made = make_container_guests(
      {folder / "guests", CLICKDEPLOY_GUEST_ROOTFS, block.substr(0, block.find('/'))}, runner);
  ASSERT_TRUE(made.has_value()) << made.error().message();
  GuestDriver& guests = **made;
  Client client;
  const auto answers = [&client] {
    return client.get("http://" + own_address() + ":9100/metrics").status == 200;
  };
  const GuestFacts facts{"0b0e6a0c-3f4e-4a53-9c53-6a8f0c1f7a11", "web", own_address(), kUserData};
  ASSERT_TRUE(guests.start(facts, Boot::First).has_value());
  EXPECT_TRUE(eventually(answers, std::chrono::seconds(60))) << guests.console_output(facts.id);
  EXPECT_TRUE(eventually(
      [&] { return guests.console_output(facts.id).find("runcmd was here") != std::string::npos; },
      std::chrono::seconds(30)));
  guests.stop(facts.id);
  EXPECT_TRUE(eventually([&] { return !answers(); }));
  ASSERT_TRUE(guests.start(facts, Boot::Again).has_value());
  EXPECT_TRUE(eventually(answers, std::chrono::seconds(60))) << guests.console_output(facts.id);
  guests.destroy(facts.id);
  EXPECT_TRUE(guests.running().empty());
  EXPECT_EQ(guests.console_output(facts.id), "");
}

#endif

}  // namespace
}  // namespace clickdeploy::localcloud
