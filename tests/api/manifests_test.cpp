// Every sample and every example in the documentation is valid, and complete after defaulting.

#include "tests/api/admission.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace clickdeploy::api {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_in(const fs::path& folder, std::string_view extension) {
  std::vector<fs::path> files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().extension() == extension) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

void expect_valid(std::string_view yaml) {
  const Result<std::vector<YamlDocument>> documents = parse_yaml(yaml);
  ASSERT_TRUE(documents) << documents.error().message();
  for (const YamlDocument& document : *documents) {
    const Result<Admitted> admitted = admit(document.value);
    ASSERT_TRUE(admitted) << admitted.error().message();
    EXPECT_TRUE(admitted->unknown_fields.empty()) << admitted->unknown_fields.front();
    EXPECT_TRUE(admitted->errors.empty()) << join_errors(admitted->errors);
  }
}

TEST(Samples, AreValidAndShowEveryKindThatPeopleWrite) {
  std::set<std::string> kinds;
  const std::vector<fs::path> files = files_in(source_dir() / "manifests/samples", ".yaml");
  for (const fs::path& file : files) {
    SCOPED_TRACE(file.filename().string());
    const std::string text = read_text(file);
    expect_valid(text);
    const Result<std::vector<YamlDocument>> documents = parse_yaml(text);
    ASSERT_TRUE(documents);
    for (const YamlDocument& document : *documents) {
      kinds.insert(document.value["kind"].as_string());
    }
  }
  const std::set<std::string> want = {"Namespace",      "Secret",  "Cloud",
                                      "MetricsBackend", "Service", "MonitoringPolicy"};
  EXPECT_EQ(kinds, want);
}

// The fenced blocks of a Markdown text that begin with ```yaml.
std::vector<std::string> yaml_blocks(const std::string& markdown) {
  std::vector<std::string> blocks;
  std::istringstream lines(markdown);
  std::string line;
  bool inside = false;
  while (std::getline(lines, line)) {
    if (!inside && line.starts_with("```yaml")) {
      inside = true;
      blocks.emplace_back();
    } else if (line.starts_with("```")) {
      inside = false;
    } else if (inside) {
      blocks.back() += line + "\n";
    }
  }
  return blocks;
}

TEST(Documentation, ExamplesAreValid) {
  for (const fs::path& file : files_in(source_dir() / "docs", ".md")) {
    SCOPED_TRACE(file.filename().string());
    for (const std::string& block : yaml_blocks(read_text(file))) {
      if (block.find("apiVersion: clickdeploy.io/") == std::string::npos) continue;
      SCOPED_TRACE(block);
      expect_valid(block);
    }
  }
}

TEST(Samples, DefaultsAreFilledIn) {
  const Result<Json> service = parse_single_yaml(R"(
apiVersion: clickdeploy.io/v1alpha1
kind: Service
metadata: {name: web}
spec:
  cloudRef: {name: c}
  template: {spec: {image: {name: i}, flavors: [{name: f}], networks: [{name: a, network: {name: n}}]}}
)");
  ASSERT_TRUE(service);
  const Result<Admitted> admitted = admit(*service);
  ASSERT_TRUE(admitted);
  EXPECT_TRUE(admitted->errors.empty()) << join_errors(admitted->errors);
  const Json& spec = admitted->object["spec"];
  EXPECT_EQ(spec["replicas"].as_int(), 1);
  EXPECT_EQ(spec["rollout"]["maxSurge"].as_int(), 1);
  EXPECT_EQ(spec["remediation"]["maxUnhealthy"].as_string(), "20%");
  EXPECT_EQ(spec["remediation"]["steps"].size(), 5U);
  // Nothing inside a list's items: a merge patch replaces lists whole, and kubectl apply would
  // find a difference each time.
  EXPECT_FALSE(spec["template"]["spec"]["networks"][0].contains("scrape"));
}

TEST(Samples, SecretTextIsStoredAsBase64Data) {
  const Result<Admitted> admitted =
      admit(Json::object({{"apiVersion", "v1"},
                          {"kind", "Secret"},
                          {"metadata", Json::object({{"name", "s"}})},
                          {"stringData", Json::object({{"a", "text"}})},
                          {"data", Json::object({{"b", "Yg=="}})}}));
  ASSERT_TRUE(admitted);
  EXPECT_TRUE(admitted->errors.empty()) << join_errors(admitted->errors);
  EXPECT_EQ(admitted->object["data"], Json::object({{"a", "dGV4dA=="}, {"b", "Yg=="}}));
  EXPECT_EQ(admitted->object["type"].as_string(), "Opaque");
  EXPECT_FALSE(admitted->object.contains("stringData"));
}

}  // namespace
}  // namespace clickdeploy::api
