// The real kubectl against the real server: what its users see.

#include "controller/async/process.h"
#include "tests/apiserver/kubectl_fixture.h"
#include "tests/testing/child_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

namespace clickdeploy::apiserver {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::chrono_literals;

// Waits for the end; the process stays known to the system until its owner reaps it.
int exit_status(const clickdeploy::testing::ChildProcess& child) {
  siginfo_t info{};
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT), 0);
  return info.si_status;
}

TEST_P(Kubectl, AppliesCreatesChangesAndLeavesUnchanged) {
  const std::string file = write("web.yaml", kServiceFile);
  EXPECT_EQ(good({"apply", "-f", file}), "service.clickdeploy.io/web created\n");
  EXPECT_EQ(good({"apply", "-f", file}), "service.clickdeploy.io/web unchanged\n");
  write("web.yaml", replaced(kServiceFile, "replicas: 2", "replicas: 3"));
  EXPECT_EQ(good({"apply", "-f", file}), "service.clickdeploy.io/web configured\n");
  EXPECT_EQ(good({"get", "csvc", "web", "-o", "jsonpath={.spec.replicas}"}), "3");
  EXPECT_EQ(good({"get", "csvc", "web", "-o", "jsonpath={.metadata.generation}"}), "2");
  // What the file no longer names goes back to its default.
  write("web.yaml", replaced(kServiceFile, "  replicas: 2\n", ""));
  good({"apply", "-f", file});
  EXPECT_EQ(good({"get", "csvc", "web", "-o", "jsonpath={.spec.replicas}"}), "1");
}

TEST_P(Kubectl, ShowsWhatIsWrongWithAManifest) {
  ProcessResult wrong = kubectl(
      {"apply", "-f", write("bad.yaml", replaced(kServiceFile, "replicas: 2", "replicas: 2000"))});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.err, HasSubstr("The Service \"web\" is invalid: spec.replicas: Invalid value: "
                                   "2000"));
  if (is_old()) return;  // it validates by itself, from a document that we leave empty
  ProcessResult unknown = kubectl(
      {"apply", "-f", write("bad.yaml", replaced(kServiceFile, "replicas: 2", "replicsa: 2"))});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("strict decoding error: unknown field \"spec.replicsa\""));
}

TEST_P(Kubectl, GetsInEveryForm) {
  apply_service();
  const std::string table = good({"get", "services.clickdeploy.io"});
  EXPECT_THAT(table, StartsWith("NAME   DESIRED   READY   MONITORED   UPTODATE   STATUS   POLICY   "
                                "CLOUD   AGE\nweb    2 "));
  EXPECT_THAT(good({"get", "csvc", "-A"}), StartsWith("NAMESPACE"));
  EXPECT_THAT(good({"get", "csvc", "-o", "wide", "--show-labels"}), HasSubstr("tier=front"));
  EXPECT_EQ(good({"get", "csvc", "-o", "name"}), "service.clickdeploy.io/web\n");
  EXPECT_THAT(good({"get", "csvc", "web", "-o", "yaml"}),
              AllOf(HasSubstr("kind: Service\n"), HasSubstr("  replicas: 2\n")));
  EXPECT_THAT(good({"get", "csvc", "-o", "json"}), HasSubstr("\"kind\": \"List\""));
  EXPECT_THAT(good({"get", "csvc", "-l", "tier=front", "-o", "name"}), HasSubstr("web"));
  EXPECT_EQ(good({"get", "csvc", "-l", "tier=back", "-o", "name"}), "");
  EXPECT_THAT(good({"get", "csvc", "--sort-by=.metadata.name"}), HasSubstr("web"));
  EXPECT_THAT(good({"get", "csvc", "--chunk-size=1"}), HasSubstr("web"));
  ProcessResult missing = kubectl({"get", "csvc", "nope"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_EQ(missing.err,
            "Error from server (NotFound): services.clickdeploy.io \"nope\" not found\n");
}

TEST_P(Kubectl, WritesSmallChanges) {
  apply_service();
  EXPECT_EQ(good({"label", "csvc", "web", "a=b"}), "service.clickdeploy.io/web labeled\n");
  EXPECT_EQ(good({"annotate", "csvc", "web", "note=x"}), "service.clickdeploy.io/web annotated\n");
  good({"label", "csvc", "web", "a-"});
  EXPECT_EQ(good({"get", "csvc", "web", "-o", "jsonpath={.metadata.labels}"}),
            "{\"tier\":\"front\"}");
  EXPECT_THAT(good({"patch", "csvc", "web", "--type=merge", "-p", R"({"spec":{"replicas":4}})"}),
              StartsWith("service.clickdeploy.io/web patched"));
  EXPECT_THAT(good({"patch", "csvc", "web", "--type=json", "-p",
                    R"([{"op":"replace","path":"/spec/replicas","value":5}])"}),
              StartsWith("service.clickdeploy.io/web patched"));
  good({"scale", "csvc", "web", "--replicas=6"});
  good({"scale", "csvc", "web", "--replicas=7", "--current-replicas=6"});
  EXPECT_EQ(good({"get", "csvc", "web", "-o", "jsonpath={.spec.replicas}"}), "7");
  ProcessResult strategic = kubectl({"patch", "csvc", "web", "-p", "{}"});
  EXPECT_EQ(strategic.exit_code, 1);
  EXPECT_THAT(strategic.err, HasSubstr(is_old() ? "(UnsupportedMediaType)"
                                                : "application/strategic-merge-patch+json is not "
                                                  "supported"));
}

TEST_P(Kubectl, DeletesAndWaits) {
  apply_service();
  EXPECT_EQ(good({"delete", "csvc", "web"}), "service.clickdeploy.io \"web\" deleted\n");
  EXPECT_EQ(kubectl({"get", "csvc", "web"}).exit_code, 1);

  apply_service();
  EXPECT_THAT(good({"delete", "csvc", "web", "--cascade=foreground"}), HasSubstr("deleted"));
  EXPECT_EQ(kubectl({"get", "csvc", "web"}).exit_code, 1);

  apply_service();
  good({"patch", "csvc", "web", "--type=merge", "-p",
        R"({"metadata":{"finalizers":["clickdeploy.io/test"]}})"});
  good({"delete", "csvc", "web", "--wait=false"});
  const int watches = server_.watches_seen();
  clickdeploy::testing::ChildProcess waiting(
      command({"wait", "--for=delete", "csvc/web", "--timeout=60s"}), path("wait.log"));
  await_watch(watches);
  good({"patch", "csvc", "web", "--type=merge", "-p", R"({"metadata":{"finalizers":null}})"});
  EXPECT_EQ(exit_status(waiting), 0);
}

TEST_P(Kubectl, WaitsForAConditionOfTheCurrentGeneration) {
  apply_service();
  const std::string status =
      R"({"status":{"observedGeneration":1,"conditions":[{"type":"Ready","status":"True",)"
      R"("reason":"Succeeded","message":"","lastTransitionTime":"2026-11-22T00:00:00Z"}]}})";
  const int watches = server_.watches_seen();
  clickdeploy::testing::ChildProcess waiting(
      command({"wait", "--for=condition=Ready", "csvc/web", "--timeout=60s"}), path("wait.log"));
  await_watch(watches);
  SystemProcessRunner runner;
  Result<ProcessResult> patched = runner.run(
      {"curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-X", "PATCH", "-H",
       "Content-Type: application/merge-patch+json", "-d", status,
       server_.url() + "/apis/clickdeploy.io/v1alpha1/namespaces/default/services/web/status"},
      30s);
  ASSERT_TRUE(patched.has_value());
  EXPECT_EQ(patched->out, "200");
  EXPECT_EQ(exit_status(waiting), 0);
}

TEST_P(Kubectl, WatchesAsATable) {
  apply_service();
  const int watches = server_.watches_seen();
  clickdeploy::testing::ChildProcess watching(command({"get", "csvc", "-w"}), path("watch.log"));
  auto seen = [this] {
    std::ifstream file(path("watch.log"));
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  await_watch(watches);
  good({"scale", "csvc", "web", "--replicas=19"});
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (seen().find("web    19") == std::string::npos &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_THAT(seen(), AllOf(StartsWith("NAME"), HasSubstr("web    19")));
}

TEST_P(Kubectl, DescribesWithEvents) {
  apply_service();
  const std::string uid = good({"get", "csvc", "web", "-o", "jsonpath={.metadata.uid}"});
  good({"create", "--validate=false", "-f",
        write("event.yaml",
              "apiVersion: v1\nkind: Event\nmetadata: {name: web.1}\n"
              "involvedObject: {apiVersion: clickdeploy.io/v1alpha1, kind: Service, "
              "namespace: default, name: web, uid: " +
                  uid +
                  "}\nreason: Scaled\nmessage: to 2\ntype: Normal\ncount: 1\n"
                  "firstTimestamp: '2026-11-22T00:00:00Z'\n"
                  "lastTimestamp: '2026-11-22T00:00:00Z'\n")});
  const std::string text = good({"describe", "csvc", "web"});
  EXPECT_THAT(text, AllOf(HasSubstr("Name:         web"), HasSubstr("Scaled"), HasSubstr("to 2")));
  EXPECT_THAT(good({"get", "events"}), AllOf(HasSubstr("LAST SEEN"), HasSubstr("Scaled")));
}

TEST_P(Kubectl, ListsResourcesAndExplains) {
  const std::string resources = good({"api-resources"});
  EXPECT_THAT(resources, AllOf(HasSubstr("clickdeploy.io/v1alpha1"), HasSubstr("csvc"),
                               HasSubstr("configmaps")));
  EXPECT_THAT(good({"get", "clickdeploy"}), Not(HasSubstr("error")));
  EXPECT_THAT(good({"version", "-o", "json"}), HasSubstr("serverVersion"));
  if (is_old()) return;  // explains from /openapi/v2 alone
  EXPECT_THAT(good({"explain", "csvc.spec.replicas"}), HasSubstr("replicas"));
  EXPECT_THAT(good({"explain", "csvc"}), HasSubstr("GROUP:      clickdeploy.io"));
}

TEST_P(Kubectl, Diffs) {
  if (is_old()) return;  // looks in /openapi/v2 for dry runs
  apply_service();
  const std::string file = write("web.yaml", replaced(kServiceFile, "replicas: 2", "replicas: 9"));
  ProcessResult diff = kubectl({"diff", "-f", file});
  EXPECT_EQ(diff.exit_code, 1) << diff.err;
  EXPECT_THAT(diff.out, AllOf(HasSubstr("-  replicas: 2"), HasSubstr("+  replicas: 9")));
  EXPECT_EQ(good({"get", "csvc", "web", "-o", "jsonpath={.spec.replicas}"}), "2");
}

TEST_P(Kubectl, AppliesCoreKinds) {
  const std::string text =
      "apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n---\n"
      "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: team}\n"
      "stringData: {password: hunter2}\n---\n"
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: team}\ndata: {a: '1', b: "
      "'2'}\n";
  const std::string file = write("core.yaml", text);
  EXPECT_EQ(good({"apply", "-f", file}),
            "namespace/team created\nsecret/s created\nconfigmap/c created\n");
  good({"apply", "-f", file});
  EXPECT_THAT(good({"get", "secret", "s", "-n", "team", "-o", "yaml"}),
              AllOf(HasSubstr("aHVudGVyMg=="), Not(HasSubstr("hunter2"))));
  write("core.yaml", replaced(text, ", b: '2'", ""));
  good({"apply", "-f", file});
  EXPECT_EQ(good({"get", "cm", "c", "-n", "team", "-o", "jsonpath={.data}"}), R"({"a":"1"})");
  good({"label", "ns", "team", "owner=me"});
  good({"annotate", "secret", "s", "-n", "team", "x=y"});
  good({"delete", "ns", "team", "--timeout=60s"});
  EXPECT_EQ(kubectl({"get", "ns", "team"}).exit_code, 1);
  EXPECT_THAT(good({"get", "cm", "-A", "-o", "name"}), Not(HasSubstr("configmap/c")));
}

INSTANTIATE_TEST_SUITE_P(Versions, Kubectl, ::testing::ValuesIn(kubectl_programs()),
                         kubectl_version);

}  // namespace
}  // namespace clickdeploy::apiserver
