// kubectl apply --server-side against the real server.

#include "tests/apiserver/kubectl_fixture.h"

#include <gmock/gmock.h>

namespace clickdeploy::apiserver {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class KubectlApply : public Kubectl {
 protected:
  // apply --server-side of the text, as the old kubectl needs it.
  ProcessResult apply(const std::string& text, std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"apply", "--server-side", "--validate=false", "-f",
                                      write("applied.yaml", text)};
    words.insert(words.end(), more.begin(), more.end());
    return kubectl(words);
  }
  std::string shown(const std::string& path) {
    std::vector<std::string> words = {"get", "csvc", "web", "-o", "jsonpath={" + path + "}"};
    return good(words);
  }
  std::string managers() {
    return shown(
        "range .metadata.managedFields[*]}{.manager}{\" \"}{.operation}{\" "
        "\"}{.subresource}{\";\"}{end");
  }
  const std::string other_ = replaced(kServiceFile, "replicas: 2", "replicas: 3");
};

TEST_P(KubectlApply, CreatesChangesAndChangesNothing) {
  EXPECT_EQ(apply(kServiceFile).out, "service.clickdeploy.io/web serverside-applied\n");
  const std::string version = shown(".metadata.resourceVersion");
  EXPECT_EQ(apply(kServiceFile).exit_code, 0);
  EXPECT_EQ(shown(".metadata.resourceVersion"), version);
  EXPECT_EQ(apply(other_).exit_code, 0);
  EXPECT_EQ(shown(".spec.replicas"), "3");
  EXPECT_EQ(apply(replaced(kServiceFile, "  replicas: 2\n", "")).exit_code, 0);
  EXPECT_EQ(shown(".spec.replicas"), "1") << "given up, so defaulted";
  EXPECT_EQ(managers(), "kubectl Apply ;");
}

TEST_P(KubectlApply, ShowsConflictsAndForcesThem) {
  apply(kServiceFile);
  const ProcessResult refused = apply(other_, {"--field-manager=other"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err,
              AllOf(HasSubstr("Apply failed with 1 conflict: conflict with \"kubectl\": "
                              ".spec.replicas"),
                    HasSubstr("--force-conflicts")));
  EXPECT_EQ(shown(".spec.replicas"), "2");
  EXPECT_EQ(apply(other_, {"--field-manager=other", "--force-conflicts"}).exit_code, 0);
  EXPECT_EQ(shown(".spec.replicas"), "3");
  EXPECT_EQ(managers(), "kubectl Apply ;other Apply ;");
  EXPECT_THAT(apply(kServiceFile).err, HasSubstr("conflict with \"other\": .spec.replicas"));
}

TEST_P(KubectlApply, ShowsManagedFieldsWhenAsked) {
  apply(kServiceFile);
  if (is_old()) {  // always shows them
    EXPECT_THAT(good({"get", "csvc", "web", "-o", "yaml"}), HasSubstr("manager: kubectl\n"));
    return;
  }
  EXPECT_THAT(good({"get", "csvc", "web", "-o", "yaml"}), Not(HasSubstr("managedFields")));
  EXPECT_THAT(good({"get", "csvc", "web", "-o", "yaml", "--show-managed-fields"}),
              AllOf(HasSubstr("managedFields:\n  - apiVersion: clickdeploy.io/v1alpha1\n"
                              "    fieldsType: FieldsV1\n    fieldsV1:\n      f:metadata:\n"
                              "        f:labels:\n          f:tier: {}\n"),
                    HasSubstr("    manager: kubectl\n    operation: Apply\n    time: ")));
}

TEST_P(KubectlApply, TakesOverWhatItsClientSideApplyMade) {
  apply_service();
  EXPECT_EQ(managers(), "kubectl-client-side-apply Update ;");
  EXPECT_EQ(apply(kServiceFile).exit_code, 0);
  if (is_old()) {  // does not migrate
    EXPECT_EQ(managers(), "kubectl Apply ;kubectl-client-side-apply Update ;");
  } else {
    EXPECT_EQ(managers(), "kubectl-last-applied Apply ;kubectl Apply ;");
  }
  const ProcessResult changed = apply(other_);
  EXPECT_EQ(changed.exit_code, 0) << changed.err;
  EXPECT_EQ(shown(".spec.replicas"), "3");
  EXPECT_THAT(shown(".metadata.annotations"), HasSubstr(R"(\"replicas\":3)"));
}

TEST_P(KubectlApply, EachCommandWritesItsName) {
  apply(kServiceFile);
  good({"label", "csvc", "web", "a=b"});
  good({"scale", "csvc", "web", "--replicas=6"});
  EXPECT_THAT(managers(), StartsWith("kubectl Apply ;kubectl Update scale;kubectl-label Update ;"));
  EXPECT_THAT(apply(other_).err,
              HasSubstr("conflict with \"kubectl\" with subresource \"scale\" using "
                        "clickdeploy.io/v1alpha1: .spec.replicas"));
}

TEST_P(KubectlApply, DryRunsAndDiffs) {
  apply(kServiceFile);
  if (is_old()) return;  // looks in /openapi/v2 for dry runs
  EXPECT_EQ(apply(other_, {"--dry-run=server"}).out,
            "service.clickdeploy.io/web serverside-applied (server dry run)\n");
  const ProcessResult diff = kubectl({"diff", "--server-side", "-f", write("d.yaml", other_)});
  EXPECT_EQ(diff.exit_code, 1) << diff.err;
  EXPECT_THAT(diff.out, AllOf(HasSubstr("-  replicas: 2"), HasSubstr("+  replicas: 3")));
  EXPECT_EQ(shown(".spec.replicas"), "2");
}

TEST_P(KubectlApply, CoreKindsToo) {
  EXPECT_EQ(apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: '1'}\n").out,
            "configmap/c serverside-applied\n");
  const ProcessResult space = apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n");
  EXPECT_EQ(space.out, "namespace/team serverside-applied\n") << space.err;
  const ProcessResult refused =
      apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: '2'}\n",
            {"--field-manager=other"});
  EXPECT_THAT(refused.err, HasSubstr("conflict with \"kubectl\": .data.a"));
}

INSTANTIATE_TEST_SUITE_P(Versions, KubectlApply, ::testing::ValuesIn(kubectl_programs()),
                         kubectl_version);

}  // namespace
}  // namespace clickdeploy::apiserver
