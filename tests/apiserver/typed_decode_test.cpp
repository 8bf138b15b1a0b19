// Objects of Kubernetes' own kinds whose values are of another type than their fields: what tools
// and people know from a real API server.

#include "tests/apiserver/server_fixture.h"

#include <gmock/gmock.h>

namespace clickdeploy::apiserver {
namespace {

using ::testing::HasSubstr;

const std::string kEvents = "/api/v1/namespaces/default/events";
const std::string kLeases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";

class TypedDecode : public ServerTest {
 protected:
  Json named(const std::string& members) const {
    Json object = *parse_json(members);
    object.set("metadata", Json::object({{"name", "a"}}));
    return object;
  }
};

struct Misfit {
  std::string collection;
  std::string object;
  std::string kind;
  std::string message;
};

TEST_F(TypedDecode, AValueOfAnotherTypeIsABodyThatCannotBeRead) {
  const std::vector<Misfit> misfits = {
      {std::string(kConfigMaps), R"({"data":{"port":8080}})", "ConfigMap",
       "json: cannot unmarshal number into Go struct field ConfigMap.data of type string"},
      {std::string(kConfigMaps), R"({"data":["a"]})", "ConfigMap",
       "json: cannot unmarshal array into Go struct field ConfigMap.data of type "
       "map[string]string"},
      {std::string(kConfigMaps), R"({"immutable":"yes"})", "ConfigMap",
       "json: cannot unmarshal string into Go struct field ConfigMap.immutable of type bool"},
      {std::string(kConfigMaps), R"({"binaryData":{"a":true}})", "ConfigMap",
       "json: cannot unmarshal bool into Go struct field ConfigMap.binaryData of type []uint8"},
      {std::string(kSecrets), R"({"data":{"a":"not base64!"}})", "Secret",
       "illegal base64 data at input byte 3"},
      {std::string(kSecrets), R"({"type":5})", "Secret",
       "json: cannot unmarshal number into Go struct field Secret.type of type v1.SecretType"},
      {kLeases, R"({"spec":{"leaseDurationSeconds":"15"}})", "Lease",
       "json: cannot unmarshal string into Go struct field LeaseSpec.spec.leaseDurationSeconds of "
       "type int32"},
      {kLeases, R"({"spec":{"leaseTransitions":3000000000}})", "Lease",
       "json: cannot unmarshal number 3000000000 into Go struct field LeaseSpec.spec."
       "leaseTransitions of type int32"},
      {kLeases, R"({"spec":7})", "Lease",
       "json: cannot unmarshal number into Go struct field Lease.spec of type v1.LeaseSpec"},
      {kLeases, R"({"spec":{"renewTime":"soon"}})", "Lease",
       "parsing time \"soon\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse \"soon\" as "
       "\"2006\""},
      {kEvents, R"({"involvedObject":{"name":1}})", "Event",
       "json: cannot unmarshal number into Go struct field ObjectReference.involvedObject.name of "
       "type string"},
      {"/api/v1/namespaces", R"({"spec":{"finalizers":"kubernetes"}})", "Namespace",
       "json: cannot unmarshal string into Go struct field NamespaceSpec.spec.finalizers of type "
       "[]v1.FinalizerName"},
  };
  for (const Misfit& one : misfits) {
    Answered refused = post(one.collection, named(one.object));
    EXPECT_EQ(refused.status, 400) << one.object;
    EXPECT_EQ(refused.message(), one.kind + " in version \"v1\" cannot be handled as a " +
                                     one.kind + ": " + one.message);
  }
}

TEST_F(TypedDecode, APatchThatLeadsToOneIsInvalid) {
  ASSERT_EQ(post(std::string(kConfigMaps), config_map("a")).status, 201);
  const std::string url = std::string(kConfigMaps) + "/a";
  Answered merged = merge(url, *parse_json(R"({"data":{"port":8080}})"));
  EXPECT_EQ(merged.status, 422);
  EXPECT_THAT(merged.message(), HasSubstr(" \"\" is invalid: patch: Invalid value: \"{\\\"api"));
  EXPECT_THAT(merged.message(),
              HasSubstr("\": json: cannot unmarshal number into Go struct field ConfigMap.data of "
                        "type string"));
  Answered strategic = patch(url, "strategic-merge-patch+json",
                             R"({"data":{"port":8080},"metadata":{"labels":null}})");
  EXPECT_EQ(strategic.status, 422);
  EXPECT_EQ(strategic.message(),
            " \"\" is invalid: patch: Invalid value: \"map[data:map[port:8080] "
            "metadata:map[labels:<nil>]]\": cannot convert int64 to string");
  EXPECT_EQ(strategic.body["details"]["causes"][0]["field"].as_string(), "patch");
}

TEST_F(TypedDecode, APatchWithALabelThatIsNoTextIsInvalidForOurKindsToo) {
  make_service("web");
  Answered refused =
      merge(std::string(kServices) + "/web", *parse_json(R"({"metadata":{"labels":{"a":5}}})"));
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.message(),
              HasSubstr("\": json: cannot unmarshal number into Go struct field ObjectMeta.labels "
                        "of type string"));
}

TEST_F(TypedDecode, OfASecretNothingIsShown) {
  ASSERT_EQ(post(std::string(kSecrets), named(R"({"stringData":{"password":"hunter2"}})")).status,
            201);
  const std::string url = std::string(kSecrets) + "/a";
  for (const char* type : {"merge-patch+json", "strategic-merge-patch+json"}) {
    Answered refused = patch(url, type, R"({"data":{"password":"hunter3 "}})");
    EXPECT_EQ(refused.status, 422);
    EXPECT_THAT(refused.message(), HasSubstr("patch: Invalid value: \"<hidden>\": illegal base64"));
  }
}

TEST_F(TypedDecode, ANullAmongTextsIsTheEmptyText) {
  Answered made = post(std::string(kConfigMaps), named(R"({"data":{"a":null,"b":"1"}})"));
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.body["data"], Json::object({{"a", ""}, {"b", "1"}}));
}

TEST_F(TypedDecode, WhatAConfigMapMayNotHoldIsNamedAsKubernetesNamesIt) {
  Answered dots = post(std::string(kConfigMaps), named(R"({"data":{"..":"1","..x":"2"}})"));
  EXPECT_EQ(dots.message(),
            "ConfigMap \"a\" is invalid: [data[..]: Invalid value: \"..\": must not be '..', "
            "data[..x]: Invalid value: \"..x\": must not start with '..']");
  Answered large =
      post(std::string(kConfigMaps),
           Json::object({{"metadata", Json::object({{"name", "a"}})},
                         {"data", Json::object({{"x", std::string(1'048'577, 'x')}})}}));
  EXPECT_EQ(large.message(),
            "ConfigMap \"a\" is invalid: []: Too long: may not be more than 1048576 bytes");
}

TEST_F(TypedDecode, SecretsOfKnownTypesHoldWhatTheTypePromises) {
  const std::vector<std::pair<std::string, std::string>> refusals = {
      {R"({"type":"kubernetes.io/tls","stringData":{"tls.crt":"x"}})",
       "Secret \"a\" is invalid: data[tls.key]: Required value"},
      {R"({"type":"kubernetes.io/tls"})",
       "Secret \"a\" is invalid: [data[tls.crt]: Required value, data[tls.key]: Required value]"},
      {R"({"type":"kubernetes.io/basic-auth","stringData":{"x":"y"}})",
       "Secret \"a\" is invalid: [data[username]: Required value, data[password]: Required "
       "value]"},
      {R"({"type":"kubernetes.io/ssh-auth","stringData":{"ssh-privatekey":""}})",
       "Secret \"a\" is invalid: data[ssh-privatekey]: Required value"},
      {R"({"type":"kubernetes.io/dockerconfigjson","stringData":{".dockerconfigjson":"{"}})",
       "Secret \"a\" is invalid: data[.dockerconfigjson]: Invalid value: \"<secret contents "
       "redacted>\": must be JSON"},
      {R"({"type":"kubernetes.io/service-account-token"})",
       "Secret \"a\" is invalid: metadata.annotations[kubernetes.io/service-account.name]: "
       "Required value"},
  };
  for (const auto& [object, message] : refusals) {
    Answered refused = post(std::string(kSecrets), named(object));
    EXPECT_EQ(refused.status, 422) << object;
    EXPECT_EQ(refused.message(), message);
  }
  EXPECT_EQ(post(std::string(kSecrets), named(R"({"type":"kubernetes.io/basic-auth",
      "stringData":{"password":"x"}})"))
                .status,
            201);
}

}  // namespace
}  // namespace clickdeploy::apiserver
