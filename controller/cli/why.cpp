#include "controller/cli/targets_internal.h"
#include "controller/cli/why_chain.h"
#include "controller/cli/why_print_internal.h"
#include "controller/client/typed_client.h"

#include <algorithm>
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

// "agent node-exporter", or "address" of an endpoint; nullopt if the Instance has no target there.
// An address without a port means all of the server's.
std::optional<std::string> target_at(const Instance& instance, const std::string& address) {
  for (const api::v1alpha1::AgentStatus& agent : instance.status.agents) {
    if (agent.address == address) return "agent " + agent.name;
  }
  const std::size_t colon = std::min(address.rfind(':'), address.size());
  const bool same =
      !instance.status.address.empty() &&
      (instance.status.address == address || instance.status.address == address.substr(0, colon));
  return same ? std::optional<std::string>("address") : std::nullopt;
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

  // Of every rule with that name or ref ("HighCPU", "node/0"), in the policies of the namespace, or
  // else of all.
  Task<Result<std::vector<Chain>>> rule_chains(std::string name) {
    std::vector<Chain> chains;
    for (const std::string& home : {session_.namespace_name, std::string()}) {
      client::ResourcePath path = client::ResourcePath::of(MonitoringPolicy::kGvk);
      Result<client::ObjectList> list =
          co_await session_.client.list(std::move(path), home, client::Query{});
      if (!list) co_return std::unexpected(std::move(list).error());
      for (const Json& item : list->items) {
        Result<MonitoringPolicy> policy = api::decode<MonitoringPolicy>(item);
        if (!policy) co_return std::unexpected(std::move(policy).error());
        for (const auto& rule : policy->status.rules) {
          if (rule.name != name && rule.ref != name) continue;
          RuleFacts facts{.policy = *policy, .rule = rule, .backend = {}};
          Result<void> read_it = co_await read_backend(*policy, facts.backend);
          if (!read_it) co_return std::unexpected(std::move(read_it).error());
          chains.push_back(explain_rule(facts));
        }
      }
      if (!chains.empty()) co_return chains;
    }
    co_return fail(ErrorCode::NotFound,
                   "no rule " + name +
                       " is in the status of any MonitoringPolicy; their names: clickctl get "
                       "monitoringpolicies -A -o yaml");
  }

  // Of the Instance that has a target at this "address:port", as Prometheus's label `instance` has
  // it, in the namespace, or else in all. Two have the same one while it is being given on.
  Task<Result<std::vector<Chain>>> target_chains(std::string address) {
    std::vector<Chain> chains;
    for (const std::string& home : {session_.namespace_name, std::string()}) {
      client::ResourcePath path = client::ResourcePath::of(Instance::kGvk);
      Result<client::ObjectList> list =
          co_await session_.client.list(std::move(path), home, client::Query{});
      if (!list) co_return std::unexpected(std::move(list).error());
      for (const Json& item : list->items) {
        Result<Instance> instance = api::decode<Instance>(item);
        if (!instance) co_return std::unexpected(std::move(instance).error());
        const std::optional<std::string> what = target_at(*instance, address);
        if (!what) continue;
        Result<Chain> chain = co_await instance_chain(*std::move(instance));
        if (!chain) co_return std::unexpected(std::move(chain).error());
        chain->title = "target " + address + ", " + *what + " of " + chain->title;
        chains.push_back(*std::move(chain));
      }
      if (!chains.empty()) co_return chains;
    }
    co_return fail(ErrorCode::NotFound, "no Instance has a target at " + address +
                                            "; their addresses: clickctl get instances -A");
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

// The names in words such as "rule/HighCPU", which are taken out: rules and targets are no objects.
std::vector<std::string> take_names(std::vector<std::string>& words, const std::string& singular) {
  std::vector<std::string> names;
  std::erase_if(words, [&](const std::string& word) {
    for (const std::string& kind : {singular + "/", singular + "s/"}) {
      if (!word.starts_with(kind)) continue;
      names.push_back(word.substr(kind.size()));
      return true;
    }
    return false;
  });
  return names;
}

// Prints chains with a blank line between them.
class ChainsPrinter {
 public:
  explicit ChainsPrinter(Session& session) : session_(session) {}

  void print(const Result<Chain>& chain) {
    if (!chain) {
      report(session_, chain.error());
      failed_ = true;
      return;
    }
    const ChainStyle style{.utf8 = session_.console.utf8(), .color = session_.console.color()};
    std::ostream& out = session_.console.out();
    if (!std::exchange(first_, false)) out << '\n';
    print_chain(out, *chain, style, session_.clock.wall_now());
  }
  bool failed() const { return failed_; }

 private:
  Session& session_;
  bool failed_ = false;
  bool first_ = true;
};

}  // namespace

Task<int> run_why(Session& session, std::vector<std::string> words) {
  const std::vector<std::string> rules = take_names(words, "rule");
  const std::vector<std::string> addresses = take_names(words, "target");
  const bool named = !rules.empty() || !addresses.empty();
  Result<std::vector<Target>> targets;
  if (!words.empty() || !named) targets = parse_targets(words);
  for (std::size_t i = 0; targets && i < targets->size(); ++i) {
    if (has_chain(*(*targets)[i].info)) continue;
    targets = fail(ErrorCode::InvalidArgument,
                   "there is no chain for a " + (*targets)[i].info->singular +
                       "; ask for a service, instance, monitoringpolicy, metricsbackend or cloud, "
                       "or for a rule or a target");
  }
  if (!targets) {
    session.console.error(targets.error().message());
    co_return kWrongUsage;
  }
  FoundObjects found = co_await find_objects(session, *targets, {});
  FactReader reader(session);
  ChainsPrinter printer(session);
  for (FoundObject& object : found.objects) {
    Result<Chain> chain = co_await reader.chain_of(std::move(object));
    printer.print(chain);
  }
  for (const std::string& name : rules) {
    Result<std::vector<Chain>> chains = co_await reader.rule_chains(name);
    if (!chains) printer.print(std::unexpected(chains.error()));
    for (std::size_t i = 0; chains && i < chains->size(); ++i) printer.print((*chains)[i]);
  }
  for (const std::string& address : addresses) {
    Result<std::vector<Chain>> chains = co_await reader.target_chains(address);
    if (!chains) printer.print(std::unexpected(chains.error()));
    for (std::size_t i = 0; chains && i < chains->size(); ++i) printer.print((*chains)[i]);
  }
  if (found.objects.empty() && found.errors.empty() && !named) {
    session.console.note("No resources found");
  }
  for (const Error& error : found.errors) report(session, error);
  co_return printer.failed() || !found.errors.empty() ? kFailed : kDone;
}

}  // namespace clickdeploy::cli
