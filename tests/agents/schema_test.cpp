// Our user-data before the real cloud-init's schema check, and the checks that it does not make.

#include "controller/async/disk.h"
#include "controller/async/process.h"
#include "controller/base/json.h"
#include "controller/base/yaml.h"
#include "tests/agents/sample_agents.h"
#include "tests/testing/paths.h"
#include "tests/testing/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

namespace clickdeploy::agents {
namespace {

struct Case {
  std::string name;
  UserDataInput input;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const InstallMethod method :
       {InstallMethod::Package, InstallMethod::Container, InstallMethod::Archive}) {
    all.push_back(
        {fmt::format("method {}", static_cast<int>(method)), input_with({node_exporter(method)})});
  }
  Agent pinned = node_exporter(InstallMethod::Package);
  pinned.version = "1.5.0";
  all.push_back({"pinned package", input_with({pinned})});
  Agent caddy;
  caddy.name = "caddy";
  caddy.memory_mib = 128;
  all.push_back({"caddy", input_with({caddy})});
  all.push_back({"prebuilt", input_with({node_exporter(InstallMethod::Prebuilt)})});
  all.push_back({"both", input_with({node_exporter(InstallMethod::Package),
                                     cadvisor(InstallMethod::Container)})});
  all.push_back({"with the user's own",
                 input_with({node_exporter(InstallMethod::Package)},
                            "#cloud-config\nusers: [default]\nruncmd: ['echo a: b', [ls, -l]]\n"
                            "write_files: [{path: /a, permissions: '0600', content: 'yes'}]\n"
                            "ntp: {enabled: true}\n")});
  const std::string arguments[] = {"--x=\"quoted\" 'single'",
                                   "--x=back\\slash\\n",
                                   "--x=key: value",
                                   "- item",
                                   "#comment",
                                   "--x=Größe \u2028",
                                   "{{ jinja }}",
                                   "{a: b}",
                                   "no",
                                   "1:20",
                                   "$(reboot)`id`",
                                   "%n%%$$",
                                   "0644",
                                   "*alias &anchor !tag"};
  for (const InstallMethod method :
       {InstallMethod::Package, InstallMethod::Container, InstallMethod::Archive}) {
    Agent agent = node_exporter(method);
    agent.extra_args.assign(std::begin(arguments), std::end(arguments));
    all.push_back({fmt::format("hostile arguments, method {}", static_cast<int>(method)),
                   input_with({agent})});
  }
  return all;
}

TEST(CloudInitSchema, AcceptsWhatWeRender) {
  const testing::TemporaryFolder folder;
  PosixDisk disk;
  std::vector<std::string> argv = {testing::source_folder() + "/scripts/cloud-init-schema"};
  for (const Case& c : cases()) {
    const Result<std::string> text = render_user_data(c.input);
    ASSERT_TRUE(text) << c.name << ": " << text.error().message();
    argv.push_back(folder / (c.name + ".yaml"));
    ASSERT_TRUE(disk.write_atomic(argv.back(), *text, 0644));
  }
  SystemProcessRunner processes;
  const Result<ProcessResult> result = processes.run(argv, std::chrono::seconds(100));
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->exit_code, 0) << result->out << result->err;
  EXPECT_EQ(result->out.find("deprecat"), std::string::npos) << result->out;
}

TEST(CloudInitSchema, RefusesABadDocument) {
  const testing::TemporaryFolder folder;
  PosixDisk disk;
  ASSERT_TRUE(disk.write_atomic(folder / "bad.yaml", "#cloud-config\nruncmd: x\n", 0644));
  SystemProcessRunner processes;
  const Result<ProcessResult> result =
      processes.run({testing::source_folder() + "/scripts/cloud-init-schema", folder / "bad.yaml"},
                    std::chrono::seconds(100));
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->exit_code, 1) << result->out << result->err;
}

// What the schema lets through: unknown keys, modes that are numbers, commands that a shell parses.
TEST(UserDataForm, KeysModesAndCommandsAreAsTheyMustBe) {
  const std::set<std::string> known = {"packages",    "package_update", "runcmd",
                                       "write_files", "users",          "ntp"};
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    const std::string text = render_user_data(c.input).value();
    const Json value = parse_single_yaml(text).value();
    for (const auto& [key, ignored] : value.as_object()) EXPECT_TRUE(known.contains(key)) << key;
    for (const Json& file : value["write_files"].as_array()) {
      EXPECT_TRUE(file["permissions"].is_string());
      EXPECT_TRUE(file["path"].as_string().starts_with('/'));
    }
    if (c.input.user_cloud_config.empty()) {
      for (const Json& command : value["runcmd"].as_array()) EXPECT_TRUE(command.is_array());
    }
  }
}

// cloud-init reads with PyYAML, a YAML 1.1 reader: it must see what we meant.
TEST(UserDataForm, PythonReadsTheSameValues) {
  const testing::TemporaryFolder folder;
  PosixDisk disk;
  SystemProcessRunner processes;
  std::size_t number = 0;
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    const std::string text = render_user_data(c.input).value();
    const std::string path = folder / fmt::format("{}.yaml", number++);
    ASSERT_TRUE(disk.write_atomic(path, text, 0644));
    const Result<ProcessResult> result = processes.run(
        {"/usr/bin/python3", "-c",
         "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))", path},
        std::chrono::seconds(60));
    ASSERT_TRUE(result);
    ASSERT_EQ(result->exit_code, 0) << result->err;
    EXPECT_EQ(parse_json(result->out).value(), parse_single_yaml(text).value());
  }
}

}  // namespace
}  // namespace clickdeploy::agents
