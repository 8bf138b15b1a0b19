#include "controller/app/settings.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace clickdeploy::app {
namespace {

struct Given {
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
  std::map<std::string, std::string> files;

  Result<CommandLine> read() const {
    const Environment lookup = [this](const std::string& name) -> std::optional<std::string> {
      auto found = environment.find(name);
      if (found == environment.end()) return std::nullopt;
      return found->second;
    };
    const FileReader reader = [this](const std::string& path) -> Result<std::string> {
      auto found = files.find(path);
      if (found == files.end()) return fail(ErrorCode::NotFound, "no such file");
      return found->second;
    };
    return read_settings(arguments, lookup, reader);
  }
};

std::string data_of(const Given& given) {
  const Result<CommandLine> line = given.read();
  return line ? line->settings.data : line.error().message();
}

TEST(Settings, DefaultsAreGood) {
  const Result<CommandLine> line = Given{}.read();
  ASSERT_TRUE(line) << line.error().message();
  EXPECT_EQ(line->settings.listen, "127.0.0.1:7180");
  EXPECT_TRUE(line->settings.enable_metrics_collection);
  EXPECT_FALSE(line->help);
}

TEST(Settings, AFlagIsAboveTheFileAndTheFileAboveTheEnvironment) {
  Given given;
  given.environment = {{"CLICKDEPLOY_DATA", "from-environment"}};
  EXPECT_EQ(data_of(given), "from-environment");
  given.files = {{"settings.yaml", "data: from-file\n"}};
  EXPECT_EQ(data_of(given), "from-environment");  // nobody named the file
  given.environment["CLICKDEPLOY_CONFIG"] = "settings.yaml";
  EXPECT_EQ(data_of(given), "from-file");
  given.arguments = {"--data", "from-flag"};
  EXPECT_EQ(data_of(given), "from-flag");
  given.arguments = {"--data=from-flag=x"};
  EXPECT_EQ(data_of(given), "from-flag=x");
  given.files["other.yaml"] = "data: from-other\n";
  given.arguments = {"--config", "other.yaml"};
  EXPECT_EQ(data_of(given), "from-other");
}

TEST(Settings, EverySettingIsReadFromAllThreeSources) {
  const std::map<std::string, std::string> values = {
      {"--listen", "127.0.0.1:1"},
      {"--cluster-id", "0b0e7a52-3f43-4a43-9d5c-2f1d6f0c9a11"},
      {"--log-level", "debug"},
      {"--log-format", "json"},
      {"--enable-metrics-collection", "false"},
      {"--metrics-collection-interval", "9"}};
  std::set<std::string> names;
  for (const SettingInfo& info : setting_infos()) {
    SCOPED_TRACE(info.flag);
    EXPECT_FALSE(info.help.empty());
    for (const std::string& name : {info.flag, info.file_key, info.environment}) {
      EXPECT_TRUE(names.insert(name).second) << name;
    }
    auto special = values.find(info.flag);
    const std::string value = special == values.end() ? "/given" : special->second;
    Given flag;
    flag.arguments = {info.flag, value};
    Given environment;
    environment.environment = {{info.environment, value}};
    Given file;
    file.arguments = {"--config=f"};
    file.files = {{"f", info.file_key + ": " + value + "\n"}};
    for (Given* given : {&flag, &environment, &file}) {
      if (info.flag.starts_with("--tls")) {  // the other of the pair
        given->arguments.insert(
            given->arguments.begin(),
            {info.flag == "--tls-key" ? "--tls-certificate" : "--tls-key", "/other"});
      }
      const Result<CommandLine> line = given->read();
      ASSERT_TRUE(line) << line.error().message();
    }
    EXPECT_NE(Given{.arguments = {"--help"}}.read()->help_text.find(info.flag), std::string::npos);
  }
}

TEST(Settings, AnEmptyVariableIsNone) {
  Given given;
  given.environment = {
      {"METRICS_COLLECTION_INTERVAL", ""}, {"CLICKDEPLOY_DATA", ""}, {"CLICKDEPLOY_CONFIG", ""}};
  EXPECT_EQ(data_of(given), "clickdeploy-data");
}

TEST(Settings, WhatIsWrongIsNamed) {
  struct Row {
    std::string name;
    Given given;
    std::string says;
  };
  const auto file = [](const std::string& text) {
    return Given{.arguments = {"--config", "f.yaml"}, .files = {{"f.yaml", text}}};
  };
  const auto flags = [](std::vector<std::string> arguments) {
    return Given{.arguments = std::move(arguments)};
  };
  for (const Row& row : {
           Row{"UnknownFlag", flags({"--datum", "x"}), "--datum"},
           Row{"Word", flags({"serve"}), "serve"},
           Row{"NoValue", flags({"--data"}), "--data needs a value"},
           Row{"UnknownKey", file("datum: x\n"), "f.yaml: unknown setting \"datum\""},
           Row{"NoFile", flags({"--config", "absent"}), "absent"},
           Row{"NotYaml", file("a: [\n"), "f.yaml"},
           Row{"NotAMapping", file("- data\n"), "f.yaml: not a mapping"},
           Row{"NoValueInTheFile", file("data:\n"), "data is not a single value"},
           Row{"ListInTheFile", file("data: [a]\n"), "data is not a single value"},
           Row{"NotABool", flags({"--enable-metrics-collection", "maybe"}), "maybe"},
           Row{"NotABoolInTheFile", file("enableMetricsCollection: 7\n"),
               "enableMetricsCollection"},
           Row{"TooShort", flags({"--metrics-collection-interval", "0"}), "1 to 3600"},
           Row{"TooLong", flags({"--metrics-collection-interval", "3601"}), "1 to 3600"},
           Row{"NotANumber", flags({"--metrics-collection-interval", "5x"}), "1 to 3600"},
           Row{"FromTheEnvironment", Given{.environment = {{"METRICS_COLLECTION_INTERVAL", "x"}}},
               "METRICS_COLLECTION_INTERVAL"},
           Row{"LogFormat", flags({"--log-format", "xml"}), "--log-format"},
           Row{"LogLevel", flags({"--log-level", "loud"}), "--log-level"},
           Row{"HalfOfTls", flags({"--tls-key", "/key"}), "go together"},
           Row{"RelativeFolder", flags({"--prometheus-targets-dir", "targets"}), "absolute"},
           Row{"OpenToAll", flags({"--listen", "0.0.0.0:80"}), "loopback"},
       }) {
    SCOPED_TRACE(row.name);
    const Result<CommandLine> line = row.given.read();
    ASSERT_FALSE(line);
    EXPECT_EQ(line.error().code() == ErrorCode::InvalidArgument, row.name != "NoFile");
    EXPECT_NE(line.error().message().find(row.says), std::string::npos) << line.error().message();
  }
}

TEST(Settings, IntervalsMayHaveTheirUnit) {
  Given given;
  given.environment = {{"METRICS_COLLECTION_INTERVAL", "30s"}, {"ENABLE_METRICS_COLLECTION", "No"}};
  const Result<CommandLine> line = given.read();
  ASSERT_TRUE(line);
  EXPECT_EQ(line->settings.metrics_collection_interval, 30);
  EXPECT_FALSE(line->settings.enable_metrics_collection);
}

TEST(Settings, HelpAndVersionNeedNothingElse) {
  const Given help{.arguments = {"--help", "--nonsense"}};
  EXPECT_TRUE(help.read()->help);
  EXPECT_TRUE(Given{.arguments = {"--version"}}.read()->version);
  EXPECT_EQ(Given{.arguments = {"--once"}}.read()->extra_flags,
            (std::vector<std::string>{"--once"}));
}

TEST(ParseListen, TakesLoopbackAddressesAlone) {
  struct Row {
    std::string text;
    std::string host;  // "" is refused
    int port;
  };
  for (const Row& row : {
           Row{"127.0.0.1:7180", "127.0.0.1", 7180},
           Row{"127.255.0.9:0", "127.255.0.9", 0},
           Row{"localhost:65535", "127.0.0.1", 65535},
           Row{"[::1]:80", "::1", 80},
           Row{"0.0.0.0:80", "", 0},
           Row{"[::]:80", "", 0},
           Row{"[::ffff:127.0.0.1]:80", "", 0},
           Row{"10.0.0.1:80", "", 0},
           Row{":80", "", 0},
           Row{"127.0.0.1", "", 0},
           Row{"127.0.0.1:", "", 0},
           Row{"127.0.0.1:65536", "", 0},
           Row{"127.0.0.1:-1", "", 0},
           Row{"127.0.0.1:http", "", 0},
           Row{"[::1]", "", 0},
           Row{"127.0.0.1.example.org:80", "", 0},
           Row{"127.example.org:80", "", 0},
           Row{"127.0.0.256:80", "", 0},
           Row{"127.0.1:80", "", 0},
           Row{"example.org:80", "", 0},
       }) {
    SCOPED_TRACE(row.text);
    const Result<ListenAddress> address = parse_listen(row.text);
    ASSERT_EQ(address.has_value(), !row.host.empty());
    if (!address) continue;
    EXPECT_EQ(address->host, row.host);
    EXPECT_EQ(address->port, row.port);
  }
}

}  // namespace
}  // namespace clickdeploy::app
