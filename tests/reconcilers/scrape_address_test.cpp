#include "controller/reconcilers/instance/scrape_address.h"

#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

namespace clickdeploy::reconcilers {
namespace {

class ScrapeAddress : public ::testing::Test {
 protected:
  void add_port(const std::string& id, const std::string& address, const std::string& device) {
    openstack::Port port = sample_cloud_port(id);
    port.fixed_ips = {address};
    port.device_id = device;
    snapshot.ports[id] = port;
    instance.status.resources.push_back({.kind = "Port", .id = id, .name = port.name, .state = ""});
  }
  std::string address() const { return scrape_address(instance, server, &snapshot); }

  ScrapeAddress() {
    instance.status.resources.clear();
    server.addresses = {{"app", "192.0.2.9", "floating", 4}, {"app", "10.0.0.9", "fixed", 4}};
  }

  Instance instance = running_instance();
  openstack::Server server = sample_server("server-1");
  openstack::CloudSnapshot snapshot;
};

TEST_F(ScrapeAddress, IsThatOfThePort) {
  add_port("port-1", "10.0.0.1", "server-1");
  EXPECT_EQ(address(), "10.0.0.1");
}

TEST_F(ScrapeAddress, OfTwoPortsIsThatOfTheOneThatTheServerHas) {
  add_port("port-1", "10.0.0.1", "");
  add_port("port-2", "10.0.0.2", "server-1");
  EXPECT_EQ(address(), "10.0.0.2");
}

TEST_F(ScrapeAddress, OfAPortThatIsNotYetAttachedCountsIfItIsTheOnlyOne) {
  add_port("port-1", "10.0.0.1", "");
  EXPECT_EQ(address(), "10.0.0.1");
  add_port("port-2", "10.0.0.2", "");
  EXPECT_EQ(address(), "10.0.0.9");
}

TEST_F(ScrapeAddress, OfAPortOfAnotherServerNeverCounts) {
  add_port("port-1", "10.0.0.1", "server-2");
  EXPECT_EQ(address(), "10.0.0.9");
}

TEST_F(ScrapeAddress, IsTheFirstThatDoesNotFloatWhileNoPortIsObserved) {
  EXPECT_EQ(address(), "10.0.0.9");
  EXPECT_EQ(scrape_address(instance, server, nullptr), "10.0.0.9");
  server.addresses.clear();
  EXPECT_EQ(address(), "");
}

TEST_F(ScrapeAddress, IsOnTheNetworkMarkedForScraping) {
  add_port("port-1", "10.0.0.1", "server-1");
  api::v1alpha1::NetworkAttachment second = instance.spec.server.networks.front();
  second.name = "ops";
  second.scrape = true;
  instance.spec.server.networks.push_back(second);
  openstack::Port port = sample_cloud_port("port-2");
  port.name = "web-1-ops";
  port.fixed_ips = {"10.9.0.2"};
  port.device_id = "server-1";
  snapshot.ports["port-2"] = port;
  instance.status.resources.push_back(
      {.kind = "Port", .id = "port-2", .name = port.name, .state = ""});
  instance.spec.server.networks.front().scrape = false;
  EXPECT_EQ(address(), "10.9.0.2");
}

}  // namespace
}  // namespace clickdeploy::reconcilers
