// What each Prometheus must have: target files and rule files, as a pure function of the objects.
//
// A target exists for each agent and endpoint of each Instance that has an address and is not on
// its way out. Of Instances that claim one address at most one is published, and only once its
// agent has said that it runs there. A policy's rules exist while it applies to at least one
// Service; the mapping exists while there are targets for it. Names and labels are sorted: equal
// objects give equal bytes.

#pragma once

#include "api/v1alpha1/instance.h"
#include "api/v1alpha1/metrics_backend.h"
#include "api/v1alpha1/monitoring_policy.h"
#include "api/v1alpha1/service.h"
#include "controller/base/error.h"
#include "controller/prometheus/publisher.h"
#include "controller/prometheus/rule_files.h"
#include "controller/prometheus/scrape_jobs.h"
#include "controller/prometheus/target_files.h"
#include "controller/reconcilers/metrics_backend/policy_rules.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

inline constexpr const char* kManagedBy = "click-deploy";

// The objects, as the caches hold them; labels of namespaces for selectors.
struct MonitoringInput {
  std::vector<std::shared_ptr<const api::v1alpha1::MonitoringPolicy>> policies;
  std::vector<std::shared_ptr<const api::v1alpha1::Service>> services;
  std::vector<std::shared_ptr<const api::v1alpha1::Instance>> instances;
  std::vector<std::shared_ptr<const api::v1alpha1::MetricsBackend>> backends;
  std::map<std::string, std::map<std::string, std::string>> namespace_labels;
  std::string cluster_id;
};

// One policy that applies to one Service. Of several that match, the one with the highest priority
// applies; of equals, the first by namespace and name.
struct Binding {
  std::shared_ptr<const api::v1alpha1::MonitoringPolicy> policy;
  std::shared_ptr<const api::v1alpha1::Service> service;
  api::ObjectKey backend;
};

bool policy_matches(const api::v1alpha1::MonitoringPolicy& policy,
                    const api::v1alpha1::Service& service, const MonitoringInput& input);

// The policy's agents, with what the catalog says where the policy says nothing.
std::vector<api::v1alpha1::AgentSpec> wanted_agents(const api::v1alpha1::MonitoringPolicy& policy);

// Does the policy have an agent of that name?
bool wants_agent(const api::v1alpha1::MonitoringPolicy& policy, const std::string& agent);

// The policy that applies to the Service; nullptr if none matches.
std::shared_ptr<const api::v1alpha1::MonitoringPolicy> applied_policy(
    const api::v1alpha1::Service& service, const MonitoringInput& input);

std::vector<Binding> plan_bindings(const MonitoringInput& input);

struct BackendPlan {
  std::string rules_owner;                          // as rules_owner_of says
  std::map<std::string, std::string> target_files;  // name → text
  std::map<std::string, std::string> file_jobs;     // of these and of unwritten ones: name → job
  std::vector<prometheus::Target> targets;          // of servers that run
  std::vector<prometheus::Target> held;             // of stopped servers, in the files all the same
  std::vector<std::shared_ptr<const PolicyRules>> policy_rules;  // by file name
  std::string mapping_file_name;                                 // "" if no mapping is wanted
  prometheus::RuleFile mapping;
  std::size_t mapping_rules = 0;
  std::vector<std::string> problems;      // targets that cannot be written, and why
  std::set<std::string> unwritten_files;  // target files that these would be in
};

// Servers that somebody stopped are not scraped, unless they are many: when more than five of the
// backend's targets, and more than a tenth of all, are of stopped servers, these are held in the
// files. A cloud that has lost its power, at once or host by host, or only says so, must not
// silence the monitoring of what ran on it. Stopped servers of a Service that is paused are not
// counted, and never held: so a person says that they are stopped on purpose.
BackendPlan plan_backend(const api::ObjectKey& backend, const MonitoringInput& input);

// `wanted`, and of the files that cannot be written now those that are there.
prometheus::Files target_files_to_have(prometheus::Files wanted,
                                       const std::set<std::string>& unwritten,
                                       const prometheus::Files& current);

// The label `owner` of rule files: tells apart backends and clusters that share one Prometheus.
std::string rules_owner_of(const std::string& cluster_id, const api::ObjectKey& backend);

// "clickdeploy-shop_web.json": names cannot hold an underscore, so no two collide.
std::string target_file_name(const api::ObjectKey& service, const prometheus::ScrapeJob& job = {});

// The address at which an agent of this Instance is scraped; "" if it has none yet.
std::string agent_address(const api::v1alpha1::Instance& instance,
                          const api::v1alpha1::AgentSpec& agent);

// Is the Instance's target wanted? Yes from the time it has an address until it goes or its server
// is stopped. See plan_backend for those that are held all the same.
bool is_published(const api::v1alpha1::Instance& instance);

}  // namespace clickdeploy::reconcilers
