#include "controller/cli/targets_internal.h"
#include "controller/cli/why_chain.h"
#include "controller/cli/why_print_internal.h"
#include "controller/client/typed_client.h"

#include <ostream>

namespace clickdeploy::cli {
namespace {

using api::ObjectKey;
using api::v1alpha1::Cloud;
using api::v1alpha1::Instance;
using api::v1alpha1::MetricsBackend;
using api::v1alpha1::MonitoringPolicy;
using api::v1alpha1::Service;

// "shop/base" → the key.
ObjectKey key_of_text(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return {"", text};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

// Reads what a chain is made of. What is not there is left empty; the chain says so.
class FactReader {
 public:
  explicit FactReader(Session& session) : session_(session) {}

  template <class Kind>
  Task<Result<std::optional<Kind>>> read(ObjectKey key) {
    client::TypedClient<Kind> typed(session_.client);
    Result<std::optional<Kind>> object = co_await typed.get(std::move(key));
    co_return object;
  }

  // The policy that applies to a Service, and its backend.
  Task<Result<void>> read_monitoring(const Service& service,
                                     std::optional<MonitoringPolicy>& policy,
                                     std::optional<MetricsBackend>& backend) {
    if (service.status.policies.empty()) co_return Result<void>{};
    ObjectKey key = key_of_text(service.status.policies.front().name);
    Result<std::optional<MonitoringPolicy>> found = co_await read<MonitoringPolicy>(std::move(key));
    if (!found) co_return std::unexpected(std::move(found).error());
    policy = *std::move(found);
    if (!policy) co_return Result<void>{};
    Result<void> done = co_await read_backend(*policy, backend);
    co_return done;
  }

  Task<Result<void>> read_backend(const MonitoringPolicy& policy,
                                  std::optional<MetricsBackend>& backend) {
    ObjectKey key = policy.spec.backend_ref.key(policy.metadata.namespace_name);
    Result<std::optional<MetricsBackend>> found = co_await read<MetricsBackend>(std::move(key));
    if (!found) co_return std::unexpected(std::move(found).error());
    backend = *std::move(found);
    co_return Result<void>{};
  }

  Task<Result<Chain>> service_chain(Service service) {
    ServiceFacts facts;
    facts.now = session_.clock.wall_now();
    ObjectKey cloud_key = service.spec.cloud_ref.key(service.metadata.namespace_name);
    Result<std::optional<Cloud>> cloud = co_await read<Cloud>(std::move(cloud_key));
    if (!cloud) co_return std::unexpected(std::move(cloud).error());
    facts.cloud = *std::move(cloud);
    Result<void> monitoring = co_await read_monitoring(service, facts.policy, facts.backend);
    if (!monitoring) co_return std::unexpected(std::move(monitoring).error());
    client::Query query{
        {"labelSelector", std::string(api::v1alpha1::kServiceLabel) + "=" + service.metadata.name}};
    Result<client::ObjectList> list = co_await session_.client.list(
        client::ResourcePath::of(Instance::kGvk), service.metadata.namespace_name, query);
    if (!list) co_return std::unexpected(std::move(list).error());
    for (const Json& item : list->items) {
      Result<Instance> instance = api::decode<Instance>(item);
      if (!instance) co_return std::unexpected(std::move(instance).error());
      facts.instances.push_back(*std::move(instance));
    }
    facts.service = std::move(service);
    co_return explain_service(facts);
  }

  Task<Result<Chain>> instance_chain(Instance instance) {
    InstanceFacts facts;
    facts.now = session_.clock.wall_now();
    const std::string& home = instance.metadata.namespace_name;
    ObjectKey cloud_key = instance.spec.cloud_ref.key(home);
    Result<std::optional<Cloud>> cloud = co_await read<Cloud>(std::move(cloud_key));
    if (!cloud) co_return std::unexpected(std::move(cloud).error());
    facts.cloud = *std::move(cloud);
    ObjectKey service_key{home, instance.spec.service_name};
    Result<std::optional<Service>> service = co_await read<Service>(std::move(service_key));
    if (!service) co_return std::unexpected(std::move(service).error());
    if (service->has_value()) {
      Result<void> monitoring = co_await read_monitoring(**service, facts.policy, facts.backend);
      if (!monitoring) co_return std::unexpected(std::move(monitoring).error());
    }
    facts.instance = std::move(instance);
    co_return explain_instance(facts);
  }

  Task<Result<Chain>> policy_chain(MonitoringPolicy policy) {
    PolicyFacts facts;
    Result<void> read_it = co_await read_backend(policy, facts.backend);
    if (!read_it) co_return std::unexpected(std::move(read_it).error());
    facts.policy = std::move(policy);
    co_return explain_policy(facts);
  }

  Task<Result<Chain>> chain_of(FoundObject found) {
    const std::string& kind = found.info->kind;
    if (kind == Service::kGvk.kind) {
      Result<Service> service = api::decode<Service>(found.object);
      if (!service) co_return std::unexpected(std::move(service).error());
      Result<Chain> chain = co_await service_chain(*std::move(service));
      co_return chain;
    }
    if (kind == Instance::kGvk.kind) {
      Result<Instance> instance = api::decode<Instance>(found.object);
      if (!instance) co_return std::unexpected(std::move(instance).error());
      Result<Chain> chain = co_await instance_chain(*std::move(instance));
      co_return chain;
    }
    if (kind == MonitoringPolicy::kGvk.kind) {
      Result<MonitoringPolicy> policy = api::decode<MonitoringPolicy>(found.object);
      if (!policy) co_return std::unexpected(std::move(policy).error());
      Result<Chain> chain = co_await policy_chain(*std::move(policy));
      co_return chain;
    }
    if (kind == MetricsBackend::kGvk.kind) {
      Result<MetricsBackend> backend = api::decode<MetricsBackend>(found.object);
      if (!backend) co_return std::unexpected(std::move(backend).error());
      co_return explain_backend(*backend);
    }
    Result<Cloud> cloud = api::decode<Cloud>(found.object);
    if (!cloud) co_return std::unexpected(std::move(cloud).error());
    co_return explain_cloud(*cloud);
  }

 private:
  Session& session_;
};

bool has_chain(const api::ResourceInfo& info) {
  return info.group == api::v1alpha1::kGroup;
}

}  // namespace

Task<int> run_why(Session& session, std::vector<std::string> words) {
  Result<std::vector<Target>> targets = parse_targets(words);
  for (std::size_t i = 0; targets && i < targets->size(); ++i) {
    if (has_chain(*(*targets)[i].info)) continue;
    targets = fail(ErrorCode::InvalidArgument,
                   "there is no chain for a " + (*targets)[i].info->singular +
                       "; ask for a service, instance, monitoringpolicy, metricsbackend or cloud");
  }
  if (!targets) {
    session.console.error(targets.error().message());
    co_return kWrongUsage;
  }
  FoundObjects found = co_await find_objects(session, *targets, {});
  FactReader reader(session);
  const ChainStyle style{.utf8 = session.console.utf8(), .color = session.console.color()};
  bool failed = false;
  bool first = true;
  for (FoundObject& object : found.objects) {
    Result<Chain> chain = co_await reader.chain_of(std::move(object));
    if (!chain) {
      report(session, chain.error());
      failed = true;
      continue;
    }
    std::ostream& out = session.console.out();
    if (!first) out << '\n';
    first = false;
    print_chain(out, *chain, style, session.clock.wall_now());
  }
  if (found.objects.empty() && found.errors.empty()) session.console.note("No resources found");
  for (const Error& error : found.errors) report(session, error);
  co_return failed || !found.errors.empty() ? kFailed : kDone;
}

}  // namespace clickdeploy::cli
