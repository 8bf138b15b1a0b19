#include "controller/agents/cloud_init.h"

#include "controller/base/json.h"
#include "controller/base/text.h"
#include "controller/base/yaml.h"
#include "tests/agents/sample_agents.h"
#include "tests/testing/golden.h"

#include <gtest/gtest.h>

namespace clickdeploy::agents {
namespace {

Json read(const Result<std::string>& text) {
  EXPECT_TRUE(text) << text.error().message();
  if (!text) return {};
  EXPECT_TRUE(text->starts_with("#cloud-config\n"));
  Result<Json> value = parse_single_yaml(*text);
  EXPECT_TRUE(value) << value.error().message();
  return value.value_or(Json());
}

TEST(UserData, NodeExporterFromThePackage) {
  Agent agent = node_exporter(InstallMethod::Package);
  agent.extra_args = {"--no-collector.wifi"};
  testing::expect_golden("agents/package.yaml", render_user_data(input_with({agent})).value());
}

TEST(UserData, BothAgentsInContainers) {
  Agent first = node_exporter(InstallMethod::Container);
  first.version = "1.6.1";
  first.port = 9200;
  Agent second = cadvisor(InstallMethod::Container);
  second.install.image = "registry.example.org:5000/cadvisor:v0.49.1";
  testing::expect_golden("agents/container.yaml",
                         render_user_data(input_with({first, second})).value());
}

TEST(UserData, BothAgentsFromArchives) {
  testing::expect_golden("agents/archive.yaml",
                         render_user_data(input_with({node_exporter(InstallMethod::Archive),
                                                      cadvisor(InstallMethod::Archive)}))
                             .value());
}

TEST(UserData, AgentsOfTheUsersOwnAndCaddy) {
  Agent redis;
  redis.name = "redis";
  redis.port = 9121;
  redis.install = {.method = InstallMethod::Container, .image = "docker.io/oliver006/redis:v1.5"};
  redis.extra_args = {"--redis.addr=localhost"};
  redis.memory_mib = 32;
  redis.cpus = "0.25";
  Agent caddy;
  caddy.name = "caddy";
  caddy.memory_mib = 200;
  caddy.cpus = "1.5";
  testing::expect_golden("agents/own_and_caddy.yaml",
                         render_user_data(input_with({redis, caddy})).value());
}

TEST(UserData, PrebuiltAgentsAreToldWhoTheyAreAndStarted) {
  const Json value = read(render_user_data(input_with({node_exporter(InstallMethod::Prebuilt)})));
  EXPECT_FALSE(value.contains("packages"));
  EXPECT_EQ(value["write_files"][0]["path"].as_string(),
            "/var/lib/prometheus/node-exporter/click_deploy.prom");
  EXPECT_EQ(value["runcmd"][0].as_array().back(), Json("prometheus-node-exporter"));
  EXPECT_EQ(read(render_user_data(input_with({node_exporter(InstallMethod::None)}))),
            Json::object());
}

TEST(UserData, AUsersOwnCaddyfileStays) {
  Agent caddy;
  caddy.name = "caddy";
  const Json value = read(render_user_data(input_with(
      {caddy}, "#cloud-config\nwrite_files: [{path: /etc/caddy/Caddyfile, content: mine}]\n")));
  int caddyfiles = 0;
  for (const Json& file : value["write_files"].as_array()) {
    if (file["path"].as_string() != "/etc/caddy/Caddyfile") continue;
    ++caddyfiles;
    EXPECT_EQ(file["content"].as_string(), "mine");
  }
  EXPECT_EQ(caddyfiles, 1);
}

TEST(RestartCommand, IsWhatRunsTheAgent) {
  Agent agent = node_exporter(InstallMethod::Package);
  const auto words = [&] { return join(restart_command(agent), " "); };
  EXPECT_EQ(words(), "systemctl restart prometheus-node-exporter");
  agent.install.method = InstallMethod::Prebuilt;
  EXPECT_EQ(words(), "systemctl restart prometheus-node-exporter");
  agent.install.unit = "my-exporter.service";
  EXPECT_EQ(words(), "systemctl restart my-exporter.service");
  agent.install.method = InstallMethod::Archive;
  EXPECT_EQ(words(), "systemctl restart click-deploy-node-exporter.service");
  agent.install.method = InstallMethod::Container;
  EXPECT_EQ(words(), "docker restart --time 5 click-deploy-node-exporter");
  agent.install = {.method = InstallMethod::None};
  EXPECT_EQ(words(), "");
}

TEST(UserData, UsersOwnComesFirstAndStaysWhole) {
  constexpr const char* kUser =
      "#cloud-config\n"
      "hostname: web-1\n"
      "package_upgrade: no\n"
      "packages: [nginx, [curl, 7.88.1-10]]\n"
      "write_files:\n"
      "- path: /etc/motd\n"
      "  permissions: '0600'\n"
      "  content: |\n"
      "    Größe: 5\n"
      "      indented # not a comment\n"
      "runcmd:\n"
      "- systemctl enable nginx\n"
      "- [sh, -c, 'echo \"$HOME\" > /root/done']\n";
  testing::expect_golden(
      "agents/merged.yaml",
      render_user_data(input_with({node_exporter(InstallMethod::Package)}, kUser)).value());
}

TEST(UserData, WithoutAgentsTheUsersOwnIsAllThereIs) {
  const Json value =
      read(render_user_data(input_with({}, "#cloud-config\nhostname: a\nruncmd: []\n")));
  EXPECT_EQ(value, Json::object({{"hostname", "a"}, {"runcmd", Json::array()}}));
  EXPECT_EQ(*render_user_data(input_with({})), "#cloud-config\n{}\n");
  EXPECT_EQ(*render_user_data(input_with({}, "#cloud-config\n")), "#cloud-config\n{}\n");
}

TEST(UserData, EmptyListsOfTheUserAreTakenAsLists) {
  const Json value = read(render_user_data(input_with({node_exporter(InstallMethod::Package)},
                                                      "#cloud-config\nruncmd:\npackages: []\n")));
  EXPECT_EQ(value["packages"], Json::array({"prometheus-node-exporter"}));
  EXPECT_EQ(value["runcmd"].size(), 2u);
}

TEST(UserData, UsersWordOnPackageListsStands) {
  const Json value = read(render_user_data(input_with({node_exporter(InstallMethod::Package)},
                                                      "#cloud-config\npackage_update: false\n")));
  EXPECT_EQ(value["package_update"], Json(false));
}

TEST(UserData, DockerIsInstalledUnlessTheUserDoes) {
  const Agent agent = node_exporter(InstallMethod::Container);
  EXPECT_EQ(read(render_user_data(input_with({agent})))["packages"], Json::array({"docker.io"}));
  const char* const own[] = {"docker-ce", "docker.io", "[docker-ce, '24']"};
  for (const std::string package : own) {
    const Json value =
        read(render_user_data(input_with({agent}, "#cloud-config\npackages: [" + package + "]\n")));
    EXPECT_EQ(value["packages"].size(), 1u) << package;
    EXPECT_FALSE(value.contains("package_update"));
  }
}

TEST(UserData, PackageOfAVersionTakesAnyRevision) {
  Agent agent = node_exporter(InstallMethod::Package);
  agent.version = "1.5.0";
  EXPECT_EQ(read(render_user_data(input_with({agent})))["packages"],
            Json::array({Json::array({"prometheus-node-exporter", "1.5.0*"})}));
}

TEST(UserData, PackageThatTheUserHasAlreadyIsNotAskedForAgain) {
  const Json value = read(render_user_data(input_with(
      {node_exporter(InstallMethod::Archive)}, "#cloud-config\npackages: [[curl, 7.88.1-10]]\n")));
  EXPECT_EQ(value["packages"], Json::array({Json::array({"curl", "7.88.1-10"})}));
}

TEST(UserData, HostileArgumentsOfAContainerStayOneWord) {
  const std::string nasty = "--collector.x=a b\"c'd$(reboot)`id`;&|>\\d #x: {y} %n ${HOME}";
  Agent agent = node_exporter(InstallMethod::Container);
  agent.extra_args = {nasty};
  const Json value = read(render_user_data(input_with({agent})));
  const JsonArray& argv = value["runcmd"][0].as_array();
  EXPECT_EQ(argv.back(), Json(nasty));
}

struct Refused {
  UserDataInput input;
  std::string complaint;
};

Agent changed(Agent agent, void (*change)(Agent&)) {
  change(agent);
  return agent;
}

TEST(UserData, RefusesWhatItCannotMerge) {
  const std::vector<Agent> agents = {node_exporter(InstallMethod::Package)};
  const Refused table[] = {
      {input_with(agents, "#!/bin/sh\necho hi\n"), "begins with \"#!/bin/sh\""},
      {input_with(agents, "Content-Type: multipart/mixed\n"), "begins with"},
      {input_with(agents, "hostname: a\n"), "begins with"},
      {input_with(agents, "#cloud-config-archive\n- x\n"), "begins with"},
      {input_with(agents, "#Cloud-Config\nhostname: a\n"), "begins with"},
      {input_with(agents, "## template: jinja\n#cloud-config\nhostname: {{ x }}\n"), "template"},
      {input_with(agents, "#cloud-config\n- a\n"), "is not a mapping"},
      {input_with(agents, "#cloud-config\nruncmd: echo hi\n"), "runcmd is not a list"},
      {input_with(agents, "#cloud-config\npackages: {a: b}\n"), "packages is not a list"},
      {input_with(agents, "#cloud-config\nwrite_files: 5\n"), "write_files is not a list"},
      {input_with(agents, "#cloud-config\nruncmd: []\nruncmd: []\n"), "duplicate key"},
      {input_with(agents, "#cloud-config\na: &x [1]\nb: *x\n"), "anchors"},
      {input_with(agents, "#cloud-config\na: 1\n---\nb: 2\n"), "more than one"},
      {input_with(agents, "#cloud-config\na: [\n"), "user data"},
      {UserDataInput{.instance_uid = "x\"} 1\n", .agents = agents}, "uid"},
      {UserDataInput{.instance_uid = "", .agents = agents}, "uid"},
  };
  for (const Refused& row : table) {
    const Result<std::string> text = render_user_data(row.input);
    ASSERT_FALSE(text) << row.input.user_cloud_config;
    EXPECT_EQ(text.error().code(), ErrorCode::InvalidArgument);
    EXPECT_NE(text.error().message().find(row.complaint), std::string::npos)
        << text.error().message();
  }
}

TEST(UserData, RefusesAgentsThatCouldNotRun) {
  const Agent package = node_exporter(InstallMethod::Package);
  const Agent container = node_exporter(InstallMethod::Container);
  const Agent archive = node_exporter(InstallMethod::Archive);
  const Refused table[] = {
      {input_with({changed(package, [](Agent& a) { a.name = "nope"; })}), "port: required"},
      {input_with({changed(package, [](Agent& a) { a.name = "a b"; })}), "name"},
      {input_with({changed(container, [](Agent& a) { a.name = "own", a.port = 1; })}),
       "install.image: required"},
      {input_with({changed(archive, [](Agent& a) { a.name = "caddy"; })}), "Package or Container"},
      {input_with({changed(package,
                           [](Agent& a) {
                             a.install.method = InstallMethod::Prebuilt;
                             a.extra_args = {"--x"};
                           })}),
       "extraArgs: not possible"},
      {input_with({cadvisor(InstallMethod::Package)}), "there is no package of cadvisor"},
      {input_with({package, container}), "node-exporter is there twice"},
      {input_with({changed(package, [](Agent& a) { a.version = "1 2"; })}), "version"},
      {input_with({changed(package, [](Agent& a) { a.version = "-o"; })}), "version"},
      {input_with({changed(package, [](Agent& a) { a.extra_args = {"a\nb"}; })}), "extraArgs"},
      {input_with({changed(package, [](Agent& a) { a.extra_args = {""}; })}), "extraArgs"},
      {input_with({changed(package, [](Agent& a) { a.extra_args = {"\xff"}; })}), "extraArgs"},
      {input_with({changed(container, [](Agent& a) { a.install.image = "--privileged"; })}),
       "install.image"},
      {input_with({changed(container, [](Agent& a) { a.install.image = "a b"; })}),
       "install.image"},
      {input_with({changed(archive, [](Agent& a) { a.install.url = "file:///etc/shadow"; })}),
       "install.url"},
      {input_with({changed(archive, [](Agent& a) { a.install.url = "http://a/b c"; })}),
       "install.url"},
      {input_with({changed(archive, [](Agent& a) { a.install.sha256 = "abc"; })}),
       "install.sha256"},
  };
  for (const Refused& row : table) {
    const Result<std::string> text = render_user_data(row.input);
    ASSERT_FALSE(text) << row.complaint;
    EXPECT_EQ(text.error().code(), ErrorCode::InvalidArgument);
    EXPECT_NE(text.error().message().find(row.complaint), std::string::npos)
        << text.error().message();
  }
}

TEST(UserData, TooLargeNamesBothNumbers) {
  const std::string user = "#cloud-config\nnote: " + std::string(49'000, 'x') + "\n";
  const Result<std::string> text =
      render_user_data(input_with({node_exporter(InstallMethod::Package)}, user));
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code(), ErrorCode::InvalidArgument);
  EXPECT_NE(text.error().message().find("65535"), std::string::npos) << text.error().message();
  EXPECT_NE(text.error().message().find(" has 6"), std::string::npos) << text.error().message();
}

TEST(UserData, LargestThatFitsIsTaken) {
  const std::string lead = "#cloud-config\nnote: ";
  // 65532 characters of base64 are 49149 bytes.
  const std::string fits = lead + std::string(49'149 - lead.size() - 1, 'x') + "\n";
  EXPECT_TRUE(render_user_data(input_with({}, fits)));
  EXPECT_FALSE(render_user_data(input_with({}, lead + "x" + fits.substr(lead.size()))));
}

}  // namespace
}  // namespace clickdeploy::agents
