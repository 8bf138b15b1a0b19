// A Cloud of type Hosts: its machines are looked at, and what was seen is reported.

#include "controller/base/text.h"
#include "controller/reconcilers/cloud/cloud_conditions_internal.h"
#include "controller/reconcilers/cloud/cloud_reconciler.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::ConditionStatus;
using api::v1alpha1::Cloud;
using api::v1alpha1::HostStatus;
using runtime::EventKind;
using runtime::ReconcileResult;

namespace {

constexpr std::chrono::milliseconds kResync{60'000};
constexpr std::chrono::milliseconds kStarting{1'000};

std::int64_t count_state(const std::vector<HostStatus>& hosts, std::string_view state) {
  return std::ranges::count(hosts, state, &HostStatus::state);
}

// The first that cannot be used, with its reason.
std::string first_problem(const std::vector<HostStatus>& hosts) {
  const auto bad = std::ranges::find(hosts, "Unreachable", &HostStatus::state);
  return bad == hosts.end() ? "" : bad->message;
}

// "2 of 3 machines are reached; machine web-3 …".
std::string reached(const std::vector<HostStatus>& hosts) {
  const auto all = static_cast<std::int64_t>(hosts.size());
  const std::int64_t unreachable = count_state(hosts, "Unreachable");
  return std::to_string(all - unreachable) + " of " + std::to_string(all) +
         " machines are reached" + (unreachable > 0 ? "; " + first_problem(hosts) : "");
}

// Is it well?
bool report_fleet(CloudConditions& conditions, const std::vector<HostStatus>& hosts,
                  const CloudConnection& connection) {
  const bool unreachable = count_state(hosts, "Unreachable") > 0;
  if (!connection.frozen.empty()) {
    const std::string why = connection.frozen + (unreachable ? "; " + first_problem(hosts) : "");
    conditions.set("FleetObserved", ConditionStatus::False, api::kBlocked, why);
    conditions.not_ready(ConditionStatus::False, api::kBlocked, why);
    return false;
  }
  const std::string distrust = connection.distrust();
  if (!distrust.empty()) {
    conditions.set("FleetObserved", ConditionStatus::Unknown, api::kObservationFailed, distrust);
    conditions.not_ready(ConditionStatus::Unknown, api::kProgressing, distrust);
    return false;
  }
  conditions.set("FleetObserved", unreachable ? ConditionStatus::False : ConditionStatus::True,
                 unreachable ? api::kObservationFailed : api::kSucceeded, reached(hosts));
  conditions.set("Ready", ConditionStatus::True, api::kSucceeded, reached(hosts));
  return true;
}

void report_access(CloudConditions& conditions, const std::vector<HostStatus>& hosts,
                   const CloudConnection& connection, const std::string& user) {
  const bool any = count_state(hosts, "Unreachable") < static_cast<std::int64_t>(hosts.size());
  conditions.set("AuthenticationSucceeded", any ? ConditionStatus::True : ConditionStatus::Unknown,
                 any ? api::kSucceeded : api::kObservationFailed,
                 "logging in as " + user + ": " + reached(hosts));
  const std::string stranger = connection.machines->stranger();
  conditions.set(
      "IdentityVerified", stranger.empty() ? ConditionStatus::True : ConditionStatus::False,
      stranger.empty() ? api::kSucceeded : api::kBlocked,
      stranger.empty() ? "each machine shows the host key that is known of it" : stranger);
}

}  // namespace

Task<Result<ReconcileResult>> CloudReconciler::reconcile_hosts(Cloud cloud) {
  const api::ObjectKey key = cloud.metadata.key();
  const Cloud before = cloud;
  const bool leaving = cloud.metadata.is_deleting() && users_of(key).empty();
  cloud.status.observed_generation = cloud.metadata.generation;
  CloudConditions conditions(cloud, context_.clock);

  // Observe: the Secret, then the machines.
  Result<SecretString> secret = fail(ErrorCode::InvalidArgument, "SSH is not possible here");
  if (context_.shell != nullptr && cloud.spec.ssh) {
    secret = context_.caches.secret_value(key.namespace_name, cloud.spec.ssh->key);
  }
  if (!secret && leaving) {
    Result<ReconcileResult> finished = co_await finish(std::move(cloud));
    co_return finished;
  }
  if (!secret) {
    const std::string message = "spec.ssh: " + secret.error().message();
    conditions.set("AuthenticationSucceeded", ConditionStatus::False, api::kInvalidConfiguration,
                   message);
    conditions.not_ready(ConditionStatus::False, api::kInvalidConfiguration, message);
    Result<void> written = co_await write(before, std::move(cloud));
    if (!written) co_return std::unexpected(std::move(written).error());
    co_return ReconcileResult{.requeue_after = kResync};
  }
  const auto connection = context_.clouds.ensure(key,
                                                 MachineAccess{.shell = context_.shell,
                                                               .cluster_id = context_.cluster_id,
                                                               .key = *std::move(secret),
                                                               .known = cloud.status.hosts},
                                                 cloud.spec);
  const std::string frozen_before = connection->frozen;
  connection->verified = true;
  if (!connection->fleet_missing) connection->frozen.clear();
  judge(key);
  if (!connection->frozen.empty() && connection->frozen != frozen_before) {
    context_.events.record(Cloud::kGvk, cloud.metadata, EventKind::Warning, "FleetMissing",
                           connection->frozen);
  }
  const auto snapshot = connection->observer.snapshot();
  if (snapshot != nullptr) {
    cloud.status.hosts = connection->machines->statuses();
    cloud.status.identity.project_id = snapshot->identity.project_id;
    const openstack::QuotaUse& use = snapshot->quota.instances;
    cloud.status.quota = {{"instances", {.limit = use.limit, .used = use.used}}};
    cloud.status.instances_summary = std::to_string(use.used) + "/" + std::to_string(use.limit);
    cloud.status.servers = count_state(cloud.status.hosts, "Taken");
  }

  const std::string distrust = connection->distrust();
  if (distrust.empty()) {
    cloud.status.orphans = orphans_[key].lasting(
        find_orphans(*snapshot, context_.caches.instances.list(), context_.cluster_id),
        context_.clock.steady_now(), context_.clock.wall_now());
    if (cloud.status.orphans.size() > kOrphansMax) cloud.status.orphans.resize(kOrphansMax);
  }
  if (report_fleet(conditions, cloud.status.hosts, *connection)) {
    const Doing doing = doing_with(cloud);
    conditions.set("Progressing", ConditionStatus::True, doing.reason, doing.message);
  }
  if (snapshot != nullptr) {
    report_access(conditions, cloud.status.hosts, *connection, cloud.spec.ssh->user);
  }
  const bool asked = cloud.metadata.annotations.contains(std::string(kDeleteOrphansAnnotation));
  const api::v1alpha1::CloudStatus status = cloud.status;
  Result<void> written = co_await write(before, std::move(cloud));
  if (!written) co_return std::unexpected(std::move(written).error());
  if (asked && distrust.empty()) {
    Cloud now = before;
    now.status = status;
    Result<void> deleted = co_await delete_orphans(std::move(now), connection);
    if (!deleted) co_return std::unexpected(std::move(deleted).error());
  }
  const bool waiting = snapshot == nullptr || before.metadata.is_deleting() || asked;
  co_return ReconcileResult{.requeue_after = waiting ? kStarting : kResync};
}

}  // namespace clickdeploy::reconcilers
