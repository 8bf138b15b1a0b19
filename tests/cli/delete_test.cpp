// clickctl delete: it waits, and says for what.

#include "tests/cli/cli_fixture.h"

namespace clickdeploy::cli {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

constexpr const char* kMaps = "/api/v1/namespaces/default/configmaps";

Json config_map(const std::string& name, const Json& metadata = Json::object()) {
  Json object = Json::object({{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", metadata}});
  object.member("metadata").set("name", name);
  object.member("metadata").set("namespace", "default");
  return object;
}

const Json kHeld = Json::object({{"finalizers", Json::array({"clickdeploy.io/cloud"})}});

TEST_F(CliTest, DeleteRemovesByNameFileAndLabel) {
  make(kMaps, config_map("a"));
  make(kMaps, config_map("b"));
  make(kMaps, config_map("c", Json::object({{"labels", Json::object({{"old", "yes"}})}})));
  EXPECT_EQ(good({"delete", "configmap", "a"}), "configmap \"a\" deleted\n");
  EXPECT_EQ(good({"delete", "-f", "-"}, to_json(config_map("b"))), "configmap \"b\" deleted\n");
  EXPECT_EQ(good({"delete", "cm", "-l", "old=yes"}), "configmap \"c\" deleted\n");
  EXPECT_EQ(good({"get", "cm", "-o", "name"}), "");
}

TEST_F(CliTest, DeleteOfWhatIsNotThereFailsUnlessToldOtherwise) {
  const Finished run = clickctl({"delete", "cm/a"});
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(run.err, "error: configmaps \"a\" not found\n");
  good({"delete", "cm/a", "--ignore-not-found"});
}

TEST_F(CliTest, DeleteNeedsNamesOrAll) {
  const Finished run = clickctl({"delete", "cm"});
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, HasSubstr("--all or -l"));
}

TEST_F(CliTest, DeleteGivesUpWaitingAndNamesTheFinalizer) {
  make(kMaps, config_map("held", kHeld));
  const Finished run = clickctl({"delete", "cm", "held", "--timeout=2s"});
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(run.out, "configmap \"held\" deleted\n");
  EXPECT_EQ(run.err,
            "waiting for configmap/held: finalizer clickdeploy.io/cloud waits\n"
            "error: after 2s it is still there: configmap/held: finalizer clickdeploy.io/cloud "
            "waits. The deletion goes on without us\n");
  good({"delete", "cm", "held", "--wait=false"});
}

TEST_F(CliTest, DeleteWaitsUntilTheFinalizerIsGone) {
  make(kMaps, config_map("held", kHeld));
  std::thread controller([this] {
    const SteadyTime until = clock_.steady_now() + 20s;
    while (clock_.steady_now() < until &&
           !send("GET", std::string(kMaps) + "/held")["metadata"].contains("deletionTimestamp")) {
      std::this_thread::yield();
    }
    send("PATCH", std::string(kMaps) + "/held",
         Json::object({{"metadata", Json::object({{"finalizers", nullptr}})}}));
  });
  good({"delete", "cm", "held", "--timeout=30s"});
  controller.join();
  EXPECT_EQ(clickctl({"get", "cm", "held"}).code, 1);
}

}  // namespace
}  // namespace clickdeploy::cli
