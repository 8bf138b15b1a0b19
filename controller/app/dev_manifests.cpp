#include "controller/app/dev_manifests_internal.h"
#include "controller/base/yaml.h"

#include <map>
#include <utility>

namespace clickdeploy::app {

namespace {

// What differs from run to run, as a merge patch; null if nothing does.
Json values_of_this_run(const std::string& kind, const DevPlaces& places,
                        const std::string& clouds_yaml) {
  if (kind == "Secret") {
    return Json::object({{"stringData", Json::object({{"clouds.yaml", clouds_yaml}})}});
  }
  if (kind == "MetricsBackend") {
    return Json::object(
        {{"spec",
          Json::object({{"url", places.prometheus_url()},
                        {"targets", Json::object({{"directory", places.targets()}})},
                        {"rules", Json::object({{"directory", places.rules()}})},
                        {"alertmanager", Json::object({{"url", places.alertmanager_url()}})}})}});
  }
  return {};
}

}  // namespace

client::ResourcePath dev_path(const std::string& kind) {
  static const std::map<std::string, client::ResourcePath> kPaths = {
      {"Namespace", {"", "v1", "namespaces"}},
      {"Secret", {"", "v1", "secrets"}},
      {"Cloud", {"clickdeploy.io", "v1alpha1", "clouds"}},
      {"MetricsBackend", {"clickdeploy.io", "v1alpha1", "metricsbackends"}},
      {"MonitoringPolicy", {"clickdeploy.io", "v1alpha1", "monitoringpolicies"}},
      {"Service", {"clickdeploy.io", "v1alpha1", "services"}},
      {"Instance", {"clickdeploy.io", "v1alpha1", "instances"}},
  };
  return kPaths.at(kind);
}

Result<std::vector<Json>> dev_objects(const DevPlaces& places, const std::string& clouds_yaml) {
  std::vector<Json> objects;
  for (const api::EmbeddedFile& file : dev_manifests()) {
    Result<Json> object = parse_single_yaml(file.text);
    if (!object) return std::unexpected(std::move(object).error().with_context(file.name));
    const Json values = values_of_this_run((*object)["kind"].as_string(), places, clouds_yaml);
    if (!values.is_null()) apply_merge_patch(*object, values);
    objects.push_back(*std::move(object));
  }
  return objects;
}

Task<Result<AppliedObjects>> apply_dev_objects(client::Client& client, std::vector<Json> objects) {
  AppliedObjects applied;
  for (const Json& object : objects) {
    const std::string& kind = object["kind"].as_string();
    const api::ObjectKey key{object["metadata"]["namespace"].as_string(),
                             object["metadata"]["name"].as_string()};
    Result<Json> done = co_await client.create(dev_path(kind), key.namespace_name, object);
    if (done) {
      ++applied.created;
      continue;
    }
    if (done.error().code() == ErrorCode::AlreadyExists) {
      ++applied.kept;
      Json patch = Json::object();
      if (kind == "Secret") patch.set("stringData", object["stringData"]);
      if (kind == "MetricsBackend") patch.set("spec", object["spec"]);
      if (patch.empty()) continue;
      done = co_await client.merge_patch(dev_path(kind), key, std::move(patch));
    }
    if (!done) {
      co_return std::unexpected(
          std::move(done).error().with_context("apply " + kind + " " + key.text()));
    }
  }
  co_return applied;
}

}  // namespace clickdeploy::app
