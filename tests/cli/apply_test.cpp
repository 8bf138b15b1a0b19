// clickctl apply and create: from files to objects, alone and in turn with the real kubectl.

#include "tests/cli/cli_fixture.h"

namespace clickdeploy::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kServices = "/apis/clickdeploy.io/v1alpha1/namespaces/default/services";

constexpr const char* kService = R"(apiVersion: clickdeploy.io/v1alpha1
kind: Service
metadata:
  name: web
  labels: {tier: front}
  annotations: {note: 'a < b && c > d'}
spec:
  cloudRef: {name: prod}
  replicas: 2
  template:
    spec:
      image: {name: ubuntu}
      flavors: [{name: small}]
      networks: [{name: app, network: {name: net}, scrape: true}]
)";

constexpr const char* kConfigMap = R"(apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: blue}
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, from.size(), to);
}

class Apply : public CliTest {
 protected:
  Json service() { return send("GET", std::string(kServices) + "/web"); }
};

TEST_F(Apply, CreatesThenConfiguresThenLeavesAlone) {
  const std::string file = write("web.yaml", kService);
  EXPECT_EQ(good({"apply", "-f", file}), "service.clickdeploy.io/web created\n");
  EXPECT_EQ(good({"apply", "-f", file}), "service.clickdeploy.io/web unchanged\n");
  write("web.yaml", replaced(kService, "replicas: 2", "replicas: 3"));
  EXPECT_EQ(good({"apply", "-f", file}), "service.clickdeploy.io/web configured\n");
  EXPECT_EQ(service()["spec"]["replicas"].as_int(), 3);
}

TEST_F(Apply, WhatLeavesTheFileLeavesTheObject) {
  const std::string file = write("web.yaml", kService);
  good({"apply", "-f", file});
  write("web.yaml", replaced(kService, "  labels: {tier: front}\n", ""));
  good({"apply", "-f", file});
  EXPECT_TRUE(service()["metadata"]["labels"].empty());
}

TEST_F(Apply, WhatOthersSetStays) {
  const std::string file = write("web.yaml", kService);
  good({"apply", "-f", file});
  send("PATCH", std::string(kServices) + "/web",
       Json::object({{"metadata", Json::object({{"labels", Json::object({{"by", "hand"}})}})}}));
  write("web.yaml", replaced(kService, "replicas: 2", "replicas: 3"));
  good({"apply", "-f", file});
  EXPECT_EQ(service()["metadata"]["labels"]["by"].as_string(), "hand");
}

TEST_F(Apply, KubectlSeesNoChangeAfterUs) {
  const std::string file = write("web.yaml", kService);
  good({"apply", "-f", file});
  EXPECT_EQ(kubectl({"apply", "-f", file}).out, "service.clickdeploy.io/web unchanged\n");
  write("web.yaml", replaced(kService, "  replicas: 2\n", ""));
  good({"apply", "-f", file});
  EXPECT_EQ(kubectl({"apply", "-f", file}).out, "service.clickdeploy.io/web unchanged\n");
}

TEST_F(Apply, WeSeeNoChangeAfterKubectl) {
  const std::string file = write("web.yaml", kService);
  EXPECT_EQ(kubectl({"apply", "-f", file}).out, "service.clickdeploy.io/web created\n");
  EXPECT_EQ(good({"apply", "-f", file}), "service.clickdeploy.io/web unchanged\n");
  write("web.yaml", replaced(kService, "  labels: {tier: front}\n", ""));
  EXPECT_EQ(kubectl({"apply", "-f", file}).out, "service.clickdeploy.io/web configured\n");
  EXPECT_EQ(good({"apply", "-f", file}), "service.clickdeploy.io/web unchanged\n");
}

TEST_F(Apply, AnUnknownFieldIsToldWithFileAndLineAndTheRestIsApplied) {
  const std::string file =
      write("all.yaml", std::string(kConfigMap) + "---\n" +
                            replaced(kService, "  replicas: 2\n", "  replica: 2\n") + "---\n" +
                            replaced(kConfigMap, "settings", "more"));
  const Finished run = clickctl({"apply", "-f", file});
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(run.out, "configmap/settings created\nconfigmap/more created\n");
  EXPECT_EQ(run.err, "error: " + file + ":14: spec.replica: unknown field\n");
}

TEST_F(Apply, AnUnknownFieldInAChangeIsToldTheSameWay) {
  const std::string file = write("web.yaml", kService);
  good({"apply", "-f", file});
  write("web.yaml", replaced(kService, "  replicas: 2\n", "  replica: 2\n"));
  const Finished run = clickctl({"apply", "-f", file});
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(run.err, "error: " + file + ":9: spec.replica: unknown field\n");
}

TEST_F(Apply, AWrongValueIsToldWithFileAndLine) {
  const std::string file = write("web.yaml", replaced(kService, "replicas: 2", "replicas: -2"));
  const Finished run = clickctl({"apply", "-f", file});
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.err, StartsWith("error: " + file + ":9: spec.replicas: Invalid value: -2"));
}

TEST_F(Apply, TextThatIsNoYamlIsToldWithFileAndLine) {
  const std::string bad = write("bad.yaml", "apiVersion: v1\nkind: [\n");
  const std::string fine = write("settings.yaml", kConfigMap);
  const Finished run = clickctl({"apply", "-f", bad, "-f", fine});
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(run.out, "configmap/settings created\n");
  EXPECT_THAT(run.err, StartsWith("error: " + bad + ":3:1: invalid YAML: "));
}

TEST_F(Apply, AnObjectWithoutKindOrNameIsToldWithItsPlace) {
  const Finished kind =
      clickctl({"apply", "-f", "-"}, "apiVersion: v1\nkind: Secrets\nmetadata: {}\n");
  EXPECT_EQ(kind.code, 1);
  EXPECT_THAT(kind.err, StartsWith("error: standard input:2: kind: there is no Secrets in v1"));
  const Finished name =
      clickctl({"apply", "-f", "-"}, "apiVersion: v1\nkind: Secret\nmetadata: {}\n");
  EXPECT_EQ(name.err, "error: standard input:3: metadata.name: must be set\n");
}

TEST_F(Apply, ReadsFoldersAndStandardInput) {
  write("all/a.yaml", replaced(kConfigMap, "settings", "a"));
  write("all/below/b.json",
        "{\n\t\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"b\"}}");
  write("all/notes.txt", "not for us");
  EXPECT_EQ(good({"apply", "-f", path("all")}), "configmap/a created\n");
  EXPECT_EQ(good({"apply", "-R", "-f", path("all")}),
            "configmap/a unchanged\nconfigmap/b created\n");
  EXPECT_EQ(good({"apply", "-f", "-"}, replaced(kConfigMap, "settings", "c")),
            "configmap/c created\n");
}

TEST_F(Apply, DryRunsChangeNothing) {
  const std::string file = write("web.yaml", kService);
  EXPECT_EQ(good({"apply", "--dry-run=server", "-f", file}),
            "service.clickdeploy.io/web created (server dry run)\n");
  EXPECT_EQ(good({"apply", "--dry-run=client", "-f", file}),
            "service.clickdeploy.io/web created (dry run)\n");
  EXPECT_EQ(clickctl({"get", "service/web"}).code, 1);
}

TEST_F(Apply, CreateRefusesWhatIsThere) {
  const std::string file = write("web.yaml", kService);
  EXPECT_EQ(good({"create", "-f", file}), "service.clickdeploy.io/web created\n");
  const Finished run = clickctl({"create", "-f", file});
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(run.err, "error: " + file + ":4: services.clickdeploy.io \"web\" already exists\n");
}

TEST_F(Apply, ANamespaceOtherThanTheGivenOneIsRefused) {
  const std::string file =
      write("web.yaml", replaced(kService, "  name: web\n", "  name: web\n  namespace: shop\n"));
  const Finished run = clickctl({"apply", "-f", file, "-n", "other"});
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.err, HasSubstr(":5: metadata.namespace: is shop, but -n says other"));
}

}  // namespace
}  // namespace clickdeploy::cli
