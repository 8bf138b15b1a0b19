#include "controller/reconcilers/metrics_backend/monitoring_plan.h"

#include "controller/agents/agent.h"
#include "controller/base/planted.h"
#include "controller/base/text.h"
#include "controller/reconcilers/instance/instance_plan.h"
#include "controller/reconcilers/instance/marks.h"
#include "controller/reconcilers/metrics_backend/address_policy.h"
#include "controller/reconcilers/metrics_backend/scraped_internal.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::ObjectKey;
using api::v1alpha1::AgentSpec;
using api::v1alpha1::Instance;
using api::v1alpha1::MonitoringPolicy;
using api::v1alpha1::Service;

namespace {

bool is_ipv6(const std::string& address) {
  return address.find(':') != std::string::npos;
}

std::string host_and_port(const std::string& host, std::int64_t port) {
  return (is_ipv6(host) ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

prometheus::Target target_of(const Binding& binding, const Instance& instance,
                             const Scraped& scraped) {
  prometheus::Target target;
  target.address = host_and_port(instance.status.address, scraped.port);
  target.labels = binding.policy->spec.scrape.target_labels;
  target.labels["managed_by"] = kManagedBy;
  target.labels["project_id"] = instance.spec.project_id;
  target.labels["service_id"] = binding.service->metadata.uid;
  target.labels["instance_id"] = instance.status.server.id;
  target.labels["service"] = binding.service->metadata.name;
  target.labels["namespace"] = binding.service->metadata.namespace_name;
  target.labels["instance_name"] = instance.metadata.name;
  target.labels["agent"] = scraped.name;
  target.labels["__scrape_interval__"] = scraped.interval;
  target.labels["__scrape_timeout__"] = scraped.timeout;
  if (!scraped.path.empty()) target.labels["__metrics_path__"] = scraped.path;
  if (!scraped.scheme.empty()) target.labels["__scheme__"] = scraped.scheme;
  for (const auto& [name, value] : scraped.params) target.labels["__param_" + name] = value;
  return target;
}

bool belongs_to(const Instance& instance, const Service& service) {
  return std::ranges::any_of(instance.metadata.owner_references,
                             [&](const auto& owner) { return owner.uid == service.metadata.uid; });
}

std::size_t count_rules(const std::vector<prometheus::RuleGroup>& groups) {
  std::size_t count = 0;
  for (const auto& group : groups) count += group.rules.size();
  return count;
}

// Everything that is_published() asks for, but that the server runs.
bool has_address_to_scrape(const Instance& instance) {
  if (instance.metadata.is_deleting() || instance.status.server.id.empty()) return false;
  if (instance.status.claim.state != "Confirmed" || instance.status.address.empty()) return false;
  if (instance.status.remediation.step == "Replace") return false;
  return std::ranges::none_of(instance.status.agents,
                              [](const auto& agent) { return agent.state == "IdentityMismatch"; });
}

// Has the agent at the Instance's address said that it runs on this Instance?
bool is_verified(const Instance& instance) {
  return std::ranges::any_of(instance.status.agents, [&](const auto& agent) {
    return agent.state == "Up" && agent.reported_id == identity_of(instance);
  });
}

// Clouds give addresses that they took from one server to the next, and records of servers that are
// gone live on for a while. Of several Instances with one address only the one that got it last can
// have it, and that one only if its agent says so: else samples of one would carry the labels of
// another.
class AddressHolders {
 public:
  AddressHolders(const std::vector<Binding>& bindings, const MonitoringInput& input) {
    std::set<std::string> services;  // by uid
    for (const Binding& binding : bindings) services.insert(binding.service->metadata.uid);
    for (const auto& instance : input.instances) {
      if (!has_address_to_scrape(*instance)) continue;
      const bool bound =
          std::ranges::any_of(instance->metadata.owner_references,
                              [&](const auto& owner) { return services.contains(owner.uid); });
      if (!bound) continue;
      Holder& holder = holders_[instance->status.address];
      ++holder.count;
      if (holder.newest == nullptr || age(*holder.newest) < age(*instance)) {
        holder.newest = instance.get();
      }
    }
  }

  bool may_publish(const Instance& instance) const {
    const auto found = holders_.find(instance.status.address);
    if (found == holders_.end() || found->second.count == 1) return true;
    return found->second.newest == &instance && is_verified(instance);
  }

 private:
  struct Holder {
    std::size_t count = 0;
    const Instance* newest = nullptr;
  };
  static std::pair<std::string, std::string> age(const Instance& instance) {
    return {instance.status.claim.since, instance.metadata.uid};
  }

  std::map<std::string, Holder> holders_;  // by address
};

// The targets of one Service, by their jobs: of servers that run, and of those that somebody
// stopped. The jobs that its policy asks for are there without targets, too.
using JobTargets = std::map<prometheus::ScrapeJob, std::vector<prometheus::Target>>;
struct ServiceTargets {
  JobTargets running;
  JobTargets stopped;
};

std::size_t count_targets(const JobTargets& jobs) {
  std::size_t count = 0;
  for (const auto& [job, targets] : jobs) count += targets.size();
  return count;
}

ServiceTargets targets_of(const Binding& binding, const MonitoringInput& input,
                          const AddressHolders& holders) {
  ServiceTargets targets;
  targets.running[prometheus::scrape_job_of(*binding.policy)];
  for (const AgentSpec& agent : binding.policy->spec.agents) {
    targets.running[prometheus::scrape_job_of(*binding.policy, &agent)];
  }
  const std::string& policy = binding.policy->spec.scrape.address_policy;
  for (const auto& instance : input.instances) {
    if (!belongs_to(*instance, *binding.service) || !has_address_to_scrape(*instance)) continue;
    if (!address_refusal(policy, instance->status.address).empty()) continue;
    if (!holders.may_publish(*instance)) continue;
    const bool runs = is_published(*instance);
    // Whoever pauses a Service says that what is stopped there is stopped on purpose.
    if (!runs && binding.service->spec.paused) continue;
    for (const Scraped& scraped : scraped_of(binding, instance->spec.agents)) {
      JobTargets& list = runs ? targets.running : targets.stopped;
      list[scraped.job].push_back(target_of(binding, *instance, scraped));
    }
  }
  for (JobTargets* list : {&targets.running, &targets.stopped}) {
    for (auto& [job, of_job] : *list) std::ranges::sort(of_job);
  }
  return targets;
}

bool are_too_many_stopped(const std::vector<ServiceTargets>& services) {
  constexpr std::size_t kFewMax = 5;
  constexpr std::size_t kShare = 10;
  std::size_t stopped = 0;
  std::size_t all = 0;
  for (const ServiceTargets& targets : services) {
    stopped += count_targets(targets.stopped);
    all += count_targets(targets.running) + count_targets(targets.stopped);
  }
  return stopped > std::max(kFewMax, all / kShare);
}

void add_target_file(const Binding& binding, const prometheus::ScrapeJob& job,
                     const std::vector<prometheus::Target>& running,
                     const std::vector<prometheus::Target>& held, BackendPlan& plan) {
  const Service& service = *binding.service;
  const std::string file = target_file_name(service.metadata.key(), job);
  plan.file_jobs[file] = job.name();
  std::vector<prometheus::Target> written = running;
  written.insert(written.end(), held.begin(), held.end());
  std::ranges::sort(written);
  Result<std::string> text = prometheus::render_target_file(std::move(written));
  if (!text) {
    plan.problems.push_back("Service " + service.metadata.key().text() + ": " +
                            text.error().message());
    plan.unwritten_files.insert(file);
    return;
  }
  plan.target_files[file] = *std::move(text);
  plan.targets.insert(plan.targets.end(), running.begin(), running.end());
  plan.held.insert(plan.held.end(), held.begin(), held.end());
}

void add_target_files(const Binding& binding, ServiceTargets targets, bool hold,
                      BackendPlan& plan) {
  if (!hold) targets.stopped.clear();
  for (const auto& [job, held] : targets.stopped) targets.running[job];
  for (const auto& [job, running] : targets.running) {
    add_target_file(binding, job, running, targets.stopped[job], plan);
  }
}

void add_targets(const std::vector<Binding>& bindings, const MonitoringInput& input,
                 BackendPlan& plan) {
  std::vector<ServiceTargets> services;
  const AddressHolders holders(bindings, input);
  for (const Binding& binding : bindings) {
    services.push_back(targets_of(binding, input, holders));
  }
  const bool hold = are_too_many_stopped(services);
  for (std::size_t i = 0; i < bindings.size(); ++i) {
    add_target_files(bindings[i], std::move(services[i]), hold, plan);
  }
}

// The mapping is asked for in every plan and always the same: rendered once for each owner.
const prometheus::RuleFile& mapping_file(const std::string& name, const std::string& owner,
                                         const std::vector<prometheus::RuleGroup>& groups) {
  constexpr std::size_t kKept = 100;
  thread_local std::map<std::string, prometheus::RuleFile> kept;
  auto found = kept.find(owner);
  if (found != kept.end()) return found->second;
  if (kept.size() >= kKept) kept.clear();
  return kept[owner] = prometheus::render_rule_file(name, owner, groups);
}

void add_rules(const std::vector<Binding>& bindings, BackendPlan& plan) {
  struct Applied {
    std::shared_ptr<const MonitoringPolicy> policy;
    std::vector<std::shared_ptr<const Service>> services;
  };
  std::map<ObjectKey, Applied> policies;
  for (const Binding& binding : bindings) {
    Applied& applied = policies[binding.policy->metadata.key()];
    applied.policy = binding.policy;
    applied.services.push_back(binding.service);
  }
  bool mapping = false;
  for (const auto& [key, applied] : policies) {
    mapping = mapping || applied.policy->spec.metrics_mapping == "Enabled";
    auto rules = make_policy_rules(applied.policy, applied.services, plan.rules_owner);
    if (!rules->entries.empty()) plan.policy_rules.push_back(std::move(rules));
  }
  if (!mapping) return;
  static const std::vector<prometheus::RuleGroup> kGroups = prometheus::mapping_rule_groups("");
  plan.mapping_file_name = std::string(prometheus::kOwnedPrefix) + "mapping.yml";
  plan.mapping = mapping_file(plan.mapping_file_name, plan.rules_owner, kGroups);
  plan.mapping_rules = count_rules(kGroups);
}

}  // namespace

std::string target_file_name(const ObjectKey& service, const prometheus::ScrapeJob& job) {
  return std::string(prometheus::kOwnedPrefix) + service.namespace_name + "_" + service.name +
         (planted(Bug::YamlTargets) ? ".yml" : job.file_suffix());
}

prometheus::Files target_files_to_have(prometheus::Files wanted,
                                       const std::set<std::string>& unwritten,
                                       const prometheus::Files& current) {
  for (const std::string& name : unwritten) {
    auto last = current.find(name);
    if (last != current.end()) wanted.insert(*last);
  }
  return wanted;
}

std::string rules_owner_of(const std::string& cluster_id, const ObjectKey& backend) {
  constexpr std::size_t kClusterDigits = 8;
  return cluster_id.substr(0, kClusterDigits) + "/" + backend.text();
}

std::string agent_address(const Instance& instance, const AgentSpec& agent) {
  const std::string& host = instance.status.address;
  return host.empty() ? "" : host_and_port(host, port_of(agent));
}

bool is_published(const Instance& instance) {
  // A server that was stopped on purpose is not scraped; its alerts stay silent.
  const std::string& state = instance.status.server.state;
  return has_address_to_scrape(instance) && !is_stopped(state) && state != "DELETED";
}

std::vector<AgentSpec> wanted_agents(const MonitoringPolicy& policy) {
  std::vector<AgentSpec> agents = policy.spec.agents;
  for (AgentSpec& agent : agents) {
    const clickdeploy::agents::CatalogEntry* entry =
        clickdeploy::agents::find_catalog_entry(agent.name);
    if (agent.port == 0 && entry != nullptr) agent.port = entry->default_port;
  }
  return agents;
}

bool wants_agent(const MonitoringPolicy& policy, const std::string& agent) {
  return std::ranges::find(policy.spec.agents, agent, &AgentSpec::name) != policy.spec.agents.end();
}

bool policy_matches(const MonitoringPolicy& policy, const Service& service,
                    const MonitoringInput& input) {
  if (policy.metadata.is_deleting()) return false;
  const std::string& home = service.metadata.namespace_name;
  if (!policy.spec.namespace_selector) {
    if (policy.metadata.namespace_name != home) return false;
  } else {
    static const std::map<std::string, std::string> kNone;
    auto labels = input.namespace_labels.find(home);
    const auto& known = labels == input.namespace_labels.end() ? kNone : labels->second;
    if (!policy.spec.namespace_selector->matches(known)) return false;
  }
  return policy.spec.service_selector.matches(service.metadata.labels);
}

std::shared_ptr<const MonitoringPolicy> applied_policy(const Service& service,
                                                       const MonitoringInput& input) {
  std::shared_ptr<const MonitoringPolicy> best;
  for (const auto& policy : input.policies) {
    if (!policy_matches(*policy, service, input)) continue;
    if (best == nullptr || policy->spec.priority > best->spec.priority ||
        (policy->spec.priority == best->spec.priority &&
         policy->metadata.key() < best->metadata.key())) {
      best = policy;
    }
  }
  return best;
}

std::vector<Binding> plan_bindings(const MonitoringInput& input) {
  std::vector<Binding> bindings;
  for (const auto& service : input.services) {
    auto policy = applied_policy(*service, input);
    if (policy == nullptr) continue;
    bindings.push_back(
        {policy, service, policy->spec.backend_ref.key(policy->metadata.namespace_name)});
  }
  return bindings;
}

std::vector<Binding> bindings_of(const ObjectKey& backend, const MonitoringInput& input) {
  std::vector<Binding> bindings;
  auto object = std::ranges::find_if(
      input.backends, [&](const auto& candidate) { return candidate->metadata.key() == backend; });
  if (object == input.backends.end() || (*object)->metadata.is_deleting()) return bindings;
  for (Binding& binding : plan_bindings(input)) {
    if (binding.backend != backend) continue;
    const std::string& from = binding.policy->metadata.namespace_name;
    bool allowed = from == backend.namespace_name;
    if (!allowed && (*object)->spec.allowed_namespaces) {
      auto labels = input.namespace_labels.find(from);
      allowed = labels != input.namespace_labels.end() &&
                (*object)->spec.allowed_namespaces->matches(labels->second);
    }
    if (!allowed) continue;
    // A Service that is going takes its rules with it once no Instance is left; see targets_of for
    // its targets, which go one by one.
    const bool has_instances = std::ranges::any_of(
        input.instances, [&](const auto& one) { return belongs_to(*one, *binding.service); });
    if (binding.service->metadata.is_deleting() && !has_instances) continue;
    bindings.push_back(std::move(binding));
  }
  return bindings;
}

BackendPlan plan_backend(const ObjectKey& backend, const MonitoringInput& input) {
  BackendPlan plan;
  plan.rules_owner = rules_owner_of(input.cluster_id, backend);
  const std::vector<Binding> bindings = bindings_of(backend, input);
  add_targets(bindings, input, plan);
  add_rules(bindings, plan);
  return plan;
}

}  // namespace clickdeploy::reconcilers
