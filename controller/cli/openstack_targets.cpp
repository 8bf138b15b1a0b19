#include "api/v1alpha1/codec.h"
#include "controller/base/text.h"
#include "controller/base/yaml.h"
#include "controller/cli/openstack_targets_internal.h"
#include "controller/prometheus/scrape_jobs.h"

#include <fmt/format.h>

namespace clickdeploy::cli {
namespace {

using api::v1alpha1::Cloud;
using reconcilers::MonitoringInput;

template <class Kind>
Task<Result<std::vector<std::shared_ptr<const Kind>>>> list_all(Session& session) {
  constexpr api::GroupVersionKind kKind = Kind::kGvk;
  client::ResourcePath path{std::string(kKind.group), std::string(kKind.version),
                            std::string(kKind.plural)};
  const std::string what = "list the " + std::string(kKind.plural);
  Result<client::ObjectList> found = co_await session.client.list(std::move(path), "");
  if (!found) co_return std::unexpected(std::move(found).error().with_context(what));
  std::vector<std::shared_ptr<const Kind>> objects;
  for (const Json& item : found->items) {
    Result<Kind> object = api::decode<Kind>(item);
    if (!object) co_return std::unexpected(std::move(object).error().with_context(what));
    objects.push_back(std::make_shared<const Kind>(*std::move(object)));
  }
  co_return objects;
}

// All that decides what is monitored.
Task<Result<MonitoringInput>> read_input(Session& session) {
  MonitoringInput input;
  auto policies = co_await list_all<api::v1alpha1::MonitoringPolicy>(session);
  if (!policies) co_return std::unexpected(std::move(policies).error());
  auto services = co_await list_all<api::v1alpha1::Service>(session);
  if (!services) co_return std::unexpected(std::move(services).error());
  auto instances = co_await list_all<api::v1alpha1::Instance>(session);
  if (!instances) co_return std::unexpected(std::move(instances).error());
  auto backends = co_await list_all<api::v1alpha1::MetricsBackend>(session);
  if (!backends) co_return std::unexpected(std::move(backends).error());
  client::ResourcePath path{"", "v1", "namespaces"};
  Result<client::ObjectList> namespaces = co_await session.client.list(std::move(path), "");
  if (!namespaces) {
    co_return std::unexpected(std::move(namespaces).error().with_context("list the namespaces"));
  }
  for (const Json& item : namespaces->items) {
    auto& labels = input.namespace_labels[item["metadata"]["name"].as_string()];
    for (const auto& [name, value] : item["metadata"]["labels"].as_object()) {
      labels[name] = value.as_string();
    }
  }
  input.policies = *std::move(policies);
  input.services = *std::move(services);
  input.instances = *std::move(instances);
  input.backends = *std::move(backends);
  co_return input;
}

Task<Result<Json>> read_object(Session& session, client::ResourcePath path, api::ObjectKey key,
                               std::string what) {
  Result<std::optional<Json>> object = co_await session.client.get(std::move(path), std::move(key));
  if (!object) co_return std::unexpected(std::move(object).error().with_context(what));
  if (!object->has_value()) co_return fail(ErrorCode::NotFound, what + " does not exist");
  co_return **std::move(object);
}

// What clouds.yaml says of it; null if it says nothing that can be read.
Json cloud_entry(const Json& secret, const Cloud& cloud) {
  const auto text =
      base64_decode(secret["data"][cloud.spec.credentials.secret_ref.key].as_string());
  if (!text) return {};
  Result<Json> document = parse_single_yaml(*text);
  return document ? (*document)["clouds"][cloud.spec.credentials.cloud_name] : Json();
}

// "internalURL" is how older files say "internal".
std::string availability_of(const Json& entry) {
  std::string interface = entry["interface"].as_string(entry["endpoint_type"].as_string());
  if (interface.ends_with("URL")) interface.resize(interface.size() - 3);
  return interface == "internal" || interface == "admin" ? interface : "public";
}

std::string explain(const Cloud& cloud) {
  const std::string file = std::string(prometheus::kSecretsFolder) + "/openstack.env";
  return fmt::format(
      "# Prometheus finds the servers of Cloud {} by itself. It needs to log in there, and may do "
      "no more than\n"
      "# list servers (role reader). What it logs in with is in its environment, never in this "
      "file:"
      "\n"
      "#   OS_AUTH_URL, and OS_APPLICATION_CREDENTIAL_ID with OS_APPLICATION_CREDENTIAL_SECRET, "
      "or\n"
      "#   OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_DOMAIN_NAME and OS_PROJECT_NAME.\n"
      "# Ours are in Secret {}/{}, key {}, under {}; better make some for Prometheus alone. Write "
      "them as\n"
      "# NAME=value, a line each, into {} (mode 0600), and name it to\n"
      "# the unit: systemctl edit prometheus, [Service], EnvironmentFile={}\n"
      "# Print this again when there are other Services, policies or networks.\n",
      cloud.metadata.key().text(), cloud.metadata.namespace_name,
      cloud.spec.credentials.secret_ref.name, cloud.spec.credentials.secret_ref.key,
      cloud.spec.credentials.cloud_name, file, file);
}

}  // namespace

Task<Result<OpenStackTargets>> find_in_openstack(Session& session, Json backend) {
  const Json& metadata = backend["metadata"];
  const api::ObjectKey key{metadata["namespace"].as_string(), metadata["name"].as_string()};
  OpenStackTargets targets;
  targets.source.cluster_id = backend["status"]["clusterID"].as_string();
  if (targets.source.cluster_id.empty()) {
    co_return fail(ErrorCode::Unavailable,
                   "MetricsBackend " + key.text() +
                       " has no status.clusterID yet, by which servers are known; is clickdeployd "
                       "running? Try again in a few seconds");
  }
  Result<MonitoringInput> input = co_await read_input(session);
  if (!input) co_return std::unexpected(std::move(input).error());
  reconcilers::DiscoveryPlan plan = reconcilers::plan_discovery(key, *input);
  for (const std::string& problem : plan.problems) {
    targets.explanation += "# Not found yet: " + problem + ".\n";
  }
  if (plan.clouds.empty()) {
    targets.explanation += "# No Service is monitored by it yet: there is nothing to find.\n";
    co_return targets;
  }
  if (plan.clouds.size() > 1) {
    co_return fail(ErrorCode::InvalidArgument,
                   "the Services of MetricsBackend " + key.text() +
                       " are in several Clouds, and the environment of a Prometheus has the "
                       "credentials of one. Use FileSD or HTTPSD, or a Prometheus for each");
  }
  const api::ObjectKey cloud_key = *plan.clouds.begin();
  client::ResourcePath clouds{"clickdeploy.io", "v1alpha1", "clouds"};
  Result<Json> object =
      co_await read_object(session, std::move(clouds), cloud_key, "Cloud " + cloud_key.text());
  if (!object) co_return std::unexpected(std::move(object).error());
  Result<Cloud> cloud = api::decode<Cloud>(*object);
  if (!cloud) co_return std::unexpected(std::move(cloud).error().with_context("read the Cloud"));
  const api::ObjectKey secret_key{cloud_key.namespace_name,
                                  cloud->spec.credentials.secret_ref.name};
  client::ResourcePath secrets{"", "v1", "secrets"};
  Result<Json> secret =
      co_await read_object(session, std::move(secrets), secret_key, "Secret " + secret_key.text());
  if (!secret) co_return std::unexpected(std::move(secret).error());
  const Json entry = cloud_entry(*secret, *cloud);
  targets.source.availability = availability_of(entry);
  targets.source.region = cloud->spec.region;
  if (targets.source.region.empty()) targets.source.region = entry["region_name"].as_string();
  if (targets.source.region.empty()) {
    co_return fail(
        ErrorCode::InvalidArgument,
        "Prometheus has to be told the region; set spec.region of Cloud " + cloud_key.text());
  }
  targets.explanation += explain(*cloud);
  targets.jobs = std::move(plan.jobs);
  co_return targets;
}

}  // namespace clickdeploy::cli
