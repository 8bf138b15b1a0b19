#include "controller/agents/version.h"

#include "controller/base/json.h"
#include "controller/base/yaml.h"
#include "tests/agents/sample_agents.h"

#include <gtest/gtest.h>

#include <vector>

namespace clickdeploy::agents {
namespace {

Agent own(const std::string& name, const std::string& binary = "") {
  Agent agent;
  agent.name = name;
  agent.install.binary = binary;
  agent.port = 9000;
  return agent;
}

TEST(Version, IsComparedByItsParts) {
  struct Case {
    std::string told;
    std::string wanted;
    bool same;
  };
  for (const Case& c : std::vector<Case>{{"1.5.0", "1.5.0", true},
                                         {"1.5.0", "v1.5.0", true},
                                         {"v0.47.0", "0.47.0", true},
                                         {"1.5.0", "1.5", true},
                                         {"1.50.0", "1.5", false},
                                         {"1.5.0", "1.5.0-1+b6", true},
                                         {"2.42.0+ds", "2.42.0", true},
                                         {"1.5.0", "1.5.1", false},
                                         {"1.4.0", "1.5.0", false},
                                         {"", "1.5.0", false}}) {
    EXPECT_EQ(is_version(c.told, c.wanted), c.same) << c.told << " for " << c.wanted;
  }
}

TEST(Version, ThatIsWantedIsOneOrNone) {
  Agent agent = node_exporter(InstallMethod::Package);
  EXPECT_EQ(wanted_version(agent), "");
  agent.version = "1.5.0";
  EXPECT_EQ(wanted_version(agent), "1.5.0");
  agent.version = "latest";
  EXPECT_EQ(wanted_version(agent), "");

  Agent container = node_exporter(InstallMethod::Container);
  EXPECT_EQ(wanted_version(container), "v1.5.0");  // the catalog's tag
  container.install.image = "registry.internal/node-exporter:nightly";
  EXPECT_EQ(wanted_version(container), "");
}

// What the real programs of Debian 12 say, and some others.
TEST(Version, IsReadFromBuildInfo) {
  const Agent node = node_exporter(InstallMethod::Package);
  const std::string real =
      "# TYPE node_exporter_build_info gauge\n"
      "node_exporter_build_info{branch=\"debian/sid\",goarch=\"amd64\",goos=\"linux\","
      "goversion=\"go1.19.8\",revision=\"1.5.0-1+b6\",version=\"1.5.0\"} 1\n";
  EXPECT_EQ(told_version("other_build_info{version=\"9\"} 1\n" + real, node), "1.5.0");
  EXPECT_EQ(told_version("up 1\n", node), "");
  EXPECT_EQ(told_version("cadvisor_version_info{cadvisorVersion=\"v0.47.0\"} 1\n",
                         cadvisor(InstallMethod::Container)),
            "v0.47.0");
  // Caddy has no version of its own there.
  Agent caddy = own("caddy");
  EXPECT_EQ(told_version("go_build_info{checksum=\"\",path=\"\",version=\"\"} 1\n"
                         "go_info{version=\"go1.19.8\"} 1\n",
                         caddy),
            "");
  EXPECT_EQ(told_version("go_build_info{path=\"caddy\",version=\"(devel)\"} 1\n", caddy), "");
}

TEST(Version, OfAnOwnAgentIsFoundByItsName) {
  const std::string both =
      "redis_exporter_build_info{version=\"v1.44.0\"} 1\n"
      "redis_build_info{version=\"7.0\"} 1\n";
  EXPECT_EQ(told_version(both, own("redis-exporter")), "v1.44.0");
  EXPECT_EQ(told_version(both, own("cache", "redis_exporter")), "v1.44.0");
  EXPECT_EQ(told_version(both, own("cache")), "");  // whose is it?
  EXPECT_EQ(told_version("x_build_info{version=\"2.0\"} 1\n", own("cache")), "2.0");
  EXPECT_EQ(told_version("a 1\n# HELP x_build_info nothing\n", own("cache")), "");
}

TEST(Settings, AreToldAsTheyWereWritten) {
  Agent agent = node_exporter(InstallMethod::Package);
  Agent second = cadvisor(InstallMethod::Container);
  Result<std::string> text = render_user_data(input_with({agent, second}));
  ASSERT_TRUE(text) << text.error().message();
  const Json config = parse_single_yaml(*text).value_or(Json());
  std::string shown;
  for (const Json& file : config["write_files"].as_array()) {
    if (file["path"].as_string().ends_with("/click_deploy.prom"))
      shown = file["content"].as_string();
  }
  const std::map<std::string, std::string> told = told_settings(shown);
  EXPECT_EQ(told, (std::map<std::string, std::string>{{"node-exporter", settings_mark(agent)},
                                                      {"cadvisor", settings_mark(second)}}));
}

TEST(Settings, DifferWithWhatIsInstalled) {
  const Agent agent = node_exporter(InstallMethod::Package);
  std::vector<Agent> others(6, agent);
  others[0].version = "1.5.0";
  others[1].port = 9101;
  others[2].extra_args = {"--no-collector.wifi"};
  others[3].memory_mib = 50;
  others[4].path = "/m";
  others[5].install.method = InstallMethod::Prebuilt;
  for (const Agent& other : others) EXPECT_NE(settings_mark(other), settings_mark(agent));
  Agent same = agent;
  same.port = 9100;  // the catalog's
  EXPECT_EQ(settings_mark(same), settings_mark(agent));
  // Words must not run into one another.
  Agent one = agent;
  Agent two = agent;
  one.extra_args = {"--a", "--b"};
  two.extra_args = {"--a\nargument=3:--b"};
  EXPECT_NE(settings_mark(one), settings_mark(two));
}

}  // namespace
}  // namespace clickdeploy::agents
