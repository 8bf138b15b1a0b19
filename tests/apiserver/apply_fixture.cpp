#include "tests/apiserver/apply_fixture.h"

#include "controller/base/yaml.h"

namespace clickdeploy::apiserver {
namespace {

constexpr const char* kDefinition = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: services.clickdeploy.io}
spec:
  group: clickdeploy.io
  scope: Namespaced
  names: {kind: Service, listKind: ServiceList, plural: services, singular: service}
  versions:
  - name: v1alpha1
    served: true
    storage: true
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          apiVersion: {type: string}
          kind: {type: string}
          metadata: {type: object}
          spec:
            type: object
            required: [image]
            properties:
              replicas: {type: integer, format: int32, default: 1, minimum: 0, maximum: 1000}
              image: {type: string, minLength: 1}
              flavor: {type: string, default: standard, enum: [standard, small, large]}
              paused: {type: boolean}
              note: {type: string, nullable: true}
              limit: {x-kubernetes-int-or-string: true}
              agents:
                type: object
                default: {}
                properties:
                  nodeExporter:
                    type: object
                    default: {}
                    properties:
                      enabled: {type: boolean, default: true}
                      port: {type: integer, format: int32, default: 9100}
              env:
                type: array
                items:
                  type: object
                  required: [name]
                  properties: {name: {type: string}, value: {type: string}}
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
              ports:
                type: array
                items:
                  type: object
                  required: [number]
                  properties:
                    number: {type: integer}
                    protocol: {type: string, default: TCP}
                    label: {type: string}
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [number, protocol]
              args: {type: array, items: {type: string}}
              zones: {type: array, items: {type: string}, x-kubernetes-list-type: set}
              settings: {type: object, additionalProperties: {type: string}}
              placement:
                type: object
                x-kubernetes-map-type: atomic
                properties: {rack: {type: string}, row: {type: string}}
              flavors:
                type: object
                additionalProperties:
                  type: object
                  properties: {vcpus: {type: integer}, disk: {type: integer}}
              extra: {type: object, x-kubernetes-preserve-unknown-fields: true}
          status:
            type: object
            properties:
              observedGeneration: {type: integer, format: int64}
              replicas: {type: integer, format: int32}
              conditions:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [type]
                items:
                  type: object
                  required: [type, status]
                  properties:
                    type: {type: string}
                    status: {type: string, enum: ["True", "False", Unknown]}
                    reason: {type: string}
)";

api::Scheme make_scheme() {
  Result<Json> definition = parse_single_yaml(kDefinition);
  Result<api::ResourceInfo> service = api::read_definition(std::move(definition).value());
  std::vector<api::ResourceInfo> resources = {std::move(service).value()};
  for (const api::ResourceInfo& info : api::builtin_scheme().resources()) {
    if (!info.custom) resources.push_back(info);
  }
  return api::Scheme(std::move(resources));
}

}  // namespace

const api::Scheme& apply_scheme() {
  static const api::Scheme scheme = make_scheme();
  return scheme;
}

ApplyTest::ApplyTest() {
  server_ =
      std::make_unique<ApiServer>(*store_, apply_scheme(), clock_, random_, ApiServerOptions{});
}

Answered ApplyTest::apply_text(const std::string& path_and_query, const std::string& text) {
  return patch(std::string(kServices) + "/" + path_and_query, "apply-patch+yaml", text);
}

Answered ApplyTest::apply(const std::string& manager, const Json& body, const std::string& query,
                          const std::string& subresource) {
  Json whole = body;
  if (!whole.contains("apiVersion")) whole.set("apiVersion", "clickdeploy.io/v1alpha1");
  if (!whole.contains("kind")) whole.set("kind", "Service");
  Json& metadata = whole.member("metadata");
  if (!metadata.contains("name")) metadata.set("name", "web");
  return apply_text("web" + subresource + "?fieldManager=" + manager + query, to_json(whole));
}

Answered ApplyTest::apply_spec(const std::string& manager, const std::string& spec,
                               const std::string& query) {
  return apply(manager, Json::object({{"spec", parse_single_yaml(spec).value()}}), query);
}

Answered ApplyTest::update(const std::string& manager, const Json& merge_patch,
                           const std::string& subresource) {
  return patch(std::string(kServices) + "/web" + subresource + "?fieldManager=" + manager,
               "merge-patch+json", to_json(merge_patch));
}

Json ApplyTest::read() {
  return get(std::string(kServices) + "/web").body;
}

std::vector<std::string> ApplyTest::owners(const Json& object) {
  std::vector<std::string> texts;
  for (const Json& entry : object["metadata"]["managedFields"].as_array()) {
    std::string text = entry["manager"].as_string() + " " + entry["operation"].as_string();
    if (entry.contains("subresource")) text += " " + entry["subresource"].as_string();
    texts.push_back(text + " " + to_json(entry["fieldsV1"]));
  }
  return texts;
}

}  // namespace clickdeploy::apiserver
