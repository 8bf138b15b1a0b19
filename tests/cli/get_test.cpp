// clickctl get, events, api-resources and version: what people see.

#include "controller/base/yaml.h"
#include "tests/cli/cli_fixture.h"
#include "tests/cli/fleet.h"
#include "tests/testing/golden.h"

namespace clickdeploy::cli {
namespace {

using clickdeploy::testing::expect_golden;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;

class Get : public CliTest {
 protected:
  Get() {
    for (const FleetObject& part : make_fleet()) make(part.collection, part.object);
    clock_.turn(5min);
  }
};

TEST_F(Get, PrintsColumnsAsKubectlDoes) {
  expect_golden("cli/get_services.txt", good({"get", "services", "-A"}));
  expect_golden("cli/get_instances_wide.txt",
                good({"get", "inst", "-n", "shop", "-o", "wide", "--show-labels"}));
  expect_golden("cli/get_all.txt", good({"get", "clickdeploy", "-A"}));
}

TEST_F(Get, AgreesWithTheRealKubectl) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"get", "csvc", "-n", "shop"},
           {"get", "csvc", "-A", "--show-labels"},
           {"get", "inst", "-n", "shop", "-o", "wide"},
           {"get", "clickdeploy", "-n", "shop"},
           {"get", "namespaces"},
           {"get", "csvc", "-n", "shop", "-o", "json"},
           {"get", "csvc,inst", "-n", "shop", "-o", "name"},
           {"get", "inst", "-n", "shop", "-o", R"(jsonpath={.items[*].metadata.name}{"\n"})"}}) {
    EXPECT_EQ(good(arguments), kubectl(arguments).out) << ::testing::PrintToString(arguments);
  }
  // Both are YAML; they quote differently.
  const std::vector<std::string> yaml = {"get", "csvc", "web", "-n", "shop", "-o", "yaml"};
  EXPECT_EQ(parse_single_yaml(good(yaml)).value(), parse_single_yaml(kubectl(yaml).out).value());
}

TEST_F(Get, SelectsByLabelsAndFields) {
  EXPECT_EQ(good({"get", "csvc", "-A", "-l", "tier=front", "-o", "name"}),
            "service.clickdeploy.io/web\n");
  EXPECT_EQ(
      good({"get", "inst", "-n", "shop", "--field-selector", "metadata.name=web-b", "-o", "name"}),
      "instance.clickdeploy.io/web-b\n");
}

TEST_F(Get, SaysThatThereIsNothing) {
  const Finished run = clickctl({"get", "services"});
  EXPECT_EQ(run.code, 0);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.err, "No resources found in default namespace.\n");
}

TEST_F(Get, ShowsWhatIsThereAndNamesWhatIsNot) {
  const Finished run = clickctl({"get", "inst", "web-a", "web-z", "-n", "shop", "-o", "name"});
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(run.out, "instance.clickdeploy.io/web-a\n");
  EXPECT_EQ(run.err, "error: instances.clickdeploy.io \"web-z\" not found in namespace \"shop\"\n");
}

TEST_F(Get, WatchPrintsARowForEachChange) {
  std::atomic<bool> over = false;
  std::thread changes([this, &over] {
    for (int replicas = 100; !over; ++replicas) {
      send("PATCH", "/apis/clickdeploy.io/v1alpha1/namespaces/shop/services/web",
           Json::object({{"spec", Json::object({{"replicas", replicas}})}}));
      std::this_thread::sleep_for(50ms);  // so that there are not too many
    }
  });
  const std::string out =
      good({"get", "csvc", "web", "-n", "shop", "-w", "--no-headers", "--request-timeout", "2s"});
  over = true;
  changes.join();
  EXPECT_GE(std::ranges::count(out, '\n'), 3) << out;
}

TEST_F(Get, EventsAreListedTheOldestFirst) {
  const auto event = [this](const std::string& name, const std::string& seen) {
    make("/api/v1/namespaces/shop/events",
         Json::object({{"apiVersion", "v1"},
                       {"kind", "Event"},
                       {"metadata", Json::object({{"name", name}, {"namespace", "shop"}})},
                       {"involvedObject", Json::object({{"apiVersion", "clickdeploy.io/v1alpha1"},
                                                        {"kind", "Service"},
                                                        {"namespace", "shop"},
                                                        {"name", "web"}})},
                       {"type", "Normal"},
                       {"reason", "Created"},
                       {"message", "created Instance " + name},
                       {"source", Json::object({{"component", "service"}})},
                       {"lastTimestamp", seen},
                       {"count", 2}}));
  };
  event("e1", "2026-11-22T12:04:00Z");
  event("e2", "2026-11-22T12:03:00Z");
  expect_golden("cli/events.txt", good({"events", "--for", "service/web", "-n", "shop"}));
  EXPECT_EQ(good({"events", "-n", "shop", "--for", "inst/web-a"}), "");
  expect_golden("cli/describe_service.txt", good({"describe", "service", "web", "-n", "shop"}));
}

TEST_F(Get, ApiResourcesAndVersion) {
  EXPECT_THAT(good({"api-resources"}),
              AllOf(StartsWith("NAME"), HasSubstr("csvc"), HasSubstr("MonitoringPolicy")));
  EXPECT_THAT(good({"version"}),
              AllOf(HasSubstr("Client Version: v"), HasSubstr("Server Version: v")));
}

}  // namespace
}  // namespace clickdeploy::cli
