#include "controller/reconcilers/service/shared_part_keeper.h"

#include "controller/reconcilers/instance/agent_convert_internal.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::v1alpha1::AgentSpec;
using api::v1alpha1::OwnedResource;
using api::v1alpha1::Service;
using runtime::EventKind;
using std::chrono::seconds;

namespace {

// So long a change by somebody else may go unnoticed.
constexpr seconds kSettledFor{600};
constexpr seconds kUnansweredFor{60};
constexpr int kRounds = 3;

template <class... Functions>
struct Overload : Functions... {
  using Functions::operator()...;
};

bool is_create(const SharedStep& step) {
  return std::holds_alternative<MakeServerGroup>(step) ||
         std::holds_alternative<MakeScrapeGroup>(step);
}

std::string describe(const SharedStep& step) {
  return std::visit(
      Overload{[](const MakeServerGroup& make) { return "made a server group, " + make.policy; },
               [](const RemoveServerGroup& gone) { return "removed server group " + gone.id; },
               [](const MakeScrapeGroup&) {
                 return std::string("made a security group for Prometheus");
               },
               [](const AddRule& add) {
                 return "let " + add.rule.cidr + " in to port " + std::to_string(add.rule.port);
               },
               [](const RemoveRule& gone) { return "removed rule " + gone.id; },
               [](const RemoveScrapeGroup& gone) { return "removed security group " + gone.id; }},
      step);
}

}  // namespace

SharedWanted SharedPartKeeper::wanted(const Service& service, const std::vector<AgentSpec>& agents,
                                      bool old_instances) const {
  SharedWanted wanted;
  wanted.old_instances = old_instances;
  const auto& group = service.spec.template_spec.server_group;
  const Context::Monitoring monitoring = context_.monitoring_of(service);
  const auto backend = context_.caches.backends.get(monitoring.backend);
  if (service.metadata.is_deleting()) {
    wanted.may_exist = (group && !group->policy.empty()) ||
                       (backend != nullptr && !backend->spec.scrapes_from.empty());
    return wanted;
  }
  if (group) wanted.policy = group->policy;
  if (monitoring.policy == nullptr || backend == nullptr) return wanted;
  std::vector<std::int64_t> ports;
  for (const AgentSpec& agent : agents) ports.push_back(convert_agent(agent).port);
  wanted.ingress = ingress_rules(ports, backend->spec.scrapes_from);
  return wanted;
}

Task<Result<std::vector<OwnedResource>>> SharedPartKeeper::settle(Service service,
                                                                  SharedWanted wanted) {
  const api::ObjectKey key = service.metadata.key();
  const SteadyTime now = context_.clock.steady_now();
  std::vector<OwnedResource> resources = service.status.resources;
  const auto settled = settled_.find(key);
  const bool known = settled != settled_.end() && settled->second.wanted == wanted &&
                     settled->second.resources == resources && now < settled->second.until;
  const bool unanswered = unanswered_.contains(key);
  const bool nothing = wanted.empty() && !wanted.may_exist && resources.empty() && !unanswered;
  if (known || nothing) co_return resources;

  const api::ObjectKey cloud_key = service.spec.cloud_ref.key(key.namespace_name);
  const std::shared_ptr<CloudConnection> cloud = context_.clouds.find(cloud_key);
  if (cloud == nullptr) {
    co_return fail(ErrorCode::Unavailable, "Cloud " + cloud_key.text() + " has no connection");
  }
  const std::string distrust = cloud->distrust();
  if (!distrust.empty()) co_return fail(ErrorCode::Unavailable, distrust);
  for (int round = 0; round < kRounds; ++round) {
    Result<SharedFound> found = co_await look_up(*cloud, service);
    if (!found) co_return std::unexpected(std::move(found).error());
    resources = record_shared_parts(wanted, *found);
    const std::vector<SharedStep> plan = plan_shared_parts(wanted, *found);
    if (plan.empty()) {
      // What was asked for may still come, and is looked for until then.
      if (unanswered_.contains(key) && now - unanswered_.at(key) < kUnansweredFor) {
        if (!wanted.empty()) co_return resources;
        co_return fail(ErrorCode::Unavailable,
                       "the outcome of a create request is not known yet; looking for it");
      }
      unanswered_.erase(key);
      settled_[key] = {wanted, resources, now + kSettledFor};
      co_return resources;
    }
    for (const SharedStep& step : plan) {
      const auto asked = unanswered_.find(key);
      if (is_create(step) && asked != unanswered_.end() && now - asked->second < kUnansweredFor) {
        co_return fail(ErrorCode::Unavailable,
                       "the outcome of a create request is not known; looking for what it made");
      }
      Result<void> done = co_await perform(*cloud, service, step);
      if (!done && is_create(step) && !openstack::certainly_not_done(done.error())) {
        unanswered_[key] = context_.clock.steady_now();
      }
      // A group that ports still have goes when the Instances have taken it off.
      const bool in_use = !done && std::holds_alternative<RemoveScrapeGroup>(step) &&
                          done.error().code() == ErrorCode::Conflict;
      if (in_use && !service.metadata.is_deleting()) co_return resources;
      if (!done) co_return std::unexpected(std::move(done).error());
      context_.events.record(Service::kGvk, service.metadata, EventKind::Normal,
                             "SharedPartChanged", describe(step));
    }
  }
  co_return resources;
}

void SharedPartKeeper::forget(const api::ObjectKey& key) {
  settled_.erase(key);
  unanswered_.erase(key);
}

Task<Result<SharedFound>> SharedPartKeeper::look_up(CloudConnection& cloud, Service service) {
  SharedFound found;
  Result<std::vector<openstack::ServerGroup>> server_groups =
      co_await cloud.compute.list_server_groups();
  if (!server_groups) co_return std::unexpected(std::move(server_groups).error());
  const std::string uid_mark =
      " cluster=" + context_.cluster_id.substr(0, 8) + " service=" + service.metadata.uid;
  for (openstack::ServerGroup& group : *server_groups) {
    if (group.name.starts_with("clickdeploy ") && group.name.ends_with(uid_mark)) {
      found.server_groups.push_back(std::move(group));
    }
  }
  Result<std::vector<openstack::SecurityGroup>> security_groups =
      co_await cloud.network.list_security_groups();
  if (!security_groups) co_return std::unexpected(std::move(security_groups).error());
  const std::string description =
      scrape_group_description(context_.cluster_id, service.metadata.uid);
  for (openstack::SecurityGroup& group : *security_groups) {
    if (group.description == description) found.security_groups.push_back(std::move(group));
  }
  co_return found;
}

Task<Result<void>> SharedPartKeeper::perform(CloudConnection& cloud, Service service,
                                             SharedStep step) {
  Result<void> done;
  if (auto* make = std::get_if<MakeServerGroup>(&step)) {
    std::string name = server_group_name(context_.cluster_id, service, make->policy);
    std::string policy = make->policy;
    Result<openstack::ServerGroup> made =
        co_await cloud.compute.create_server_group(std::move(name), std::move(policy));
    if (!made) done = std::unexpected(std::move(made).error());
  } else if (auto* gone = std::get_if<RemoveServerGroup>(&step)) {
    done = co_await cloud.compute.delete_server_group(gone->id);
  } else if (std::holds_alternative<MakeScrapeGroup>(step)) {
    std::string name = scrape_group_name(service);
    std::string mark = scrape_group_description(context_.cluster_id, service.metadata.uid);
    Result<openstack::SecurityGroup> made =
        co_await cloud.network.create_security_group(std::move(name), std::move(mark));
    if (!made) done = std::unexpected(std::move(made).error());
  } else if (auto* add = std::get_if<AddRule>(&step)) {
    done = co_await cloud.network.create_ingress_rule(add->group, add->rule);
  } else if (auto* rule = std::get_if<RemoveRule>(&step)) {
    done = co_await cloud.network.delete_security_group_rule(rule->id);
  } else if (auto* group = std::get_if<RemoveScrapeGroup>(&step)) {
    done = co_await cloud.network.delete_security_group(group->id);
  }
  co_return done;
}

}  // namespace clickdeploy::reconcilers
