#include "controller/reconcilers/cloud/cloud_reconciler.h"

#include "controller/base/text.h"
#include "controller/reconcilers/cloud/cloud_conditions_internal.h"
#include "controller/reconcilers/instance/part_calls.h"
#include "controller/reconcilers/service/repair_budget.h"
#include "controller/reconcilers/trouble.h"

#include <algorithm>
#include <set>

namespace clickdeploy::reconcilers {

using api::ConditionStatus;
using api::v1alpha1::Cloud;
using api::v1alpha1::Orphan;
using runtime::EventKind;
using runtime::ReconcileResult;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kResync{60'000};
constexpr milliseconds kStarting{1'000};
constexpr std::chrono::seconds kRefresh{60};
constexpr std::size_t kLeaksOfPass = 20;
constexpr std::size_t kServicesNamed = 3;
constexpr std::chrono::seconds kLeaveMax{600};  // a Cloud that cannot be swept goes all the same

const std::string& pinned_project(const Cloud& cloud) {
  return cloud.spec.identity_project_id.empty() ? cloud.status.identity.project_id
                                                : cloud.spec.identity_project_id;
}

bool is_other_project(const Cloud& cloud, const openstack::Identity& identity) {
  const std::string& pinned = pinned_project(cloud);
  return !pinned.empty() && pinned != identity.project_id;
}

api::v1alpha1::QuotaStatus quota_of(const openstack::QuotaUse& use) {
  return {.limit = use.limit, .used = use.used};
}

bool worth_writing(const Cloud& before, const Cloud& after, WallTime now) {
  Cloud a = before;
  Cloud b = after;
  a.status.last_sync_time = b.status.last_sync_time = "";
  a.status.token_expires_at = b.status.token_expires_at = "";
  if (a.status != b.status) return true;
  const std::optional<WallTime> written = parse_time(before.status.last_sync_time);
  return !written || now - *written >= kRefresh;
}

const std::vector<std::string_view> kFinalizers{api::v1alpha1::kCloudFinalizer};

}  // namespace

std::string plan_freeze(const Cloud& cloud, const openstack::Identity& identity,
                        const FleetCount& fleet) {
  if (is_other_project(cloud, identity)) {
    return "the credentials are for project " + identity.project_id +
           ", but this Cloud is project " + pinned_project(cloud) +
           "; nothing is created, deleted or repaired. Correct the Secret, or make "
           "another Cloud for that project";
  }
  const std::int64_t allowed = count_of(cloud.spec.missing_fleet_threshold, fleet.recorded);
  if (fleet.missing > allowed && cloud.spec.type == "Hosts") {
    return std::to_string(fleet.missing) + " of " + std::to_string(fleet.recorded) +
           " machines in use cannot be reached at once; nothing is taken, given back or repaired. "
           "If they are really down, set spec.protection.missingFleetThreshold to \"100%\"";
  }
  if (fleet.missing > allowed) {
    return std::to_string(fleet.missing) + " of " + std::to_string(fleet.recorded) +
           " servers are missing from the cloud at once; nothing is created, deleted or repaired. "
           "If they are really gone, set spec.protection.missingFleetThreshold to \"100%\"";
  }
  return "";
}

CloudReconciler::CloudReconciler(Context& context) : context_(context), clouds_(context.client) {}

Task<Result<ReconcileResult>> CloudReconciler::reconcile(api::ObjectKey key) {
  const auto cached = context_.caches.clouds.get(key);
  if (cached == nullptr) {
    context_.clouds.remove(key);
    credentials_.erase(key);
    uses_.erase(key);
    orphans_.erase(key);
    co_return ReconcileResult{};
  }
  Cloud cloud = *cached;
  if (may_leave(cloud)) {
    Result<ReconcileResult> finished = co_await finish(std::move(cloud));
    co_return finished;
  }
  if (!cloud.metadata.is_deleting()) {
    Result<void> held = co_await clouds_.add_finalizers(cloud.metadata, kFinalizers);
    if (!held) co_return std::unexpected(std::move(held).error());
  }
  if (cloud.spec.type == "Hosts") {
    Result<ReconcileResult> done = co_await reconcile_hosts(std::move(cloud));
    co_return done;
  }
  cloud.status.observed_generation = cloud.metadata.generation;
  CloudConditions conditions(cloud, context_.clock);

  // Observe: the Secret, then who we are.
  Result<openstack::Credentials> credentials = read_credentials(cloud);
  const bool leaving = cloud.metadata.is_deleting() && users_of(key).empty();
  if (!credentials && leaving) {
    // Its Secret went along with it.
    Result<ReconcileResult> finished = co_await finish(std::move(cloud));
    co_return finished;
  }
  if (!credentials) {
    // The connection that works, if any, goes on: a Secret that is being edited stops nothing.
    const std::string message = "spec.credentials: " + credentials.error().message();
    conditions.set("AuthenticationSucceeded", ConditionStatus::False, api::kInvalidConfiguration,
                   message);
    conditions.not_ready(ConditionStatus::False, api::kInvalidConfiguration, message);
    Result<void> written = co_await write(*cached, std::move(cloud));
    if (!written) co_return std::unexpected(std::move(written).error());
    co_return ReconcileResult{.requeue_after = kResync};
  }
  if (!cloud.spec.region.empty()) credentials->region = cloud.spec.region;
  auto connection = context_.clouds.ensure(key, *credentials, cloud.spec);

  Result<openstack::Identity> identity = co_await connection->session.identity();
  if (!identity) {
    const Error error = std::move(identity).error();
    const bool refused =
        error.code() == ErrorCode::Unauthenticated || error.code() == ErrorCode::PermissionDenied;
    const std::string_view reason =
        refused ? api::kUnauthorized
                : (error.is_retryable() ? api::kTransientError : api::kInvalidConfiguration);
    const std::string message =
        error.message() +
        (refused ? ". Correct the Secret " + cloud.spec.credentials.secret_ref.name : "");
    connection->frozen = "the Cloud cannot log in: " + error.message();
    connection->verified = false;
    conditions.set("AuthenticationSucceeded",
                   refused ? ConditionStatus::False : ConditionStatus::Unknown, reason, message);
    conditions.not_ready(refused ? ConditionStatus::False : ConditionStatus::Unknown, reason,
                         message);
    if (refused) {
      context_.events.record(Cloud::kGvk, cloud.metadata, EventKind::Warning,
                             "AuthenticationFailed", error.message());
    }
    Result<void> written = co_await write(*cached, std::move(cloud));
    if (!written) co_return std::unexpected(std::move(written).error());
    co_return std::unexpected(error);
  }
  conditions.set("AuthenticationSucceeded", ConditionStatus::True, api::kSucceeded,
                 "logged in as user " + identity->user_id);
  // Known before the first server is wanted: a quota is counted in their cores and memory. Without
  // an answer it is asked again; nothing here depends on it.
  if (connection->flavors_known().empty()) {
    [[maybe_unused]] Result<std::vector<openstack::Flavor>> flavors =
        co_await connection->flavors();
  }

  // Plan: is it the cloud that it was, and is its fleet there?
  const auto snapshot = connection->observer.snapshot();
  const FleetCount fleet = snapshot ? count_fleet(key, *snapshot) : FleetCount{};
  const std::string freeze = plan_freeze(cloud, *identity, fleet);
  // Asked of the identity, not of the fleet: in another project the fleet is missing too.
  const bool other_project = is_other_project(cloud, *identity);
  connection->verified = true;
  if (connection->frozen != freeze) {
    connection->frozen = freeze;
    connection->fleet_missing = !freeze.empty() && !other_project;
    if (!freeze.empty()) {
      context_.events.record(Cloud::kGvk, cloud.metadata, EventKind::Warning,
                             other_project ? "IdentityMismatch" : "FleetMissing", freeze);
    }
  }

  // Report.
  if (!other_project) {
    cloud.status.identity = {identity->project_id, identity->user_id, identity->catalog_hash};
    cloud.status.token_expires_at = format_time(identity->token_expires_at);
  }
  conditions.set("IdentityVerified", other_project ? ConditionStatus::False : ConditionStatus::True,
                 other_project ? api::kBlocked : api::kSucceeded,
                 other_project ? freeze : "project " + identity->project_id);
  const std::optional<Error> sweep_error = connection->observer.last_error();
  if (snapshot != nullptr) {
    cloud.status.quota = {{"instances", quota_of(snapshot->quota.instances)},
                          {"cores", quota_of(snapshot->quota.cores)},
                          {"ramMiB", quota_of(snapshot->quota.ram_mib)}};
    if (snapshot->network_quota) {
      cloud.status.quota["ports"] = quota_of(snapshot->network_quota->ports);
      cloud.status.quota["floatingIPs"] = quota_of(snapshot->network_quota->floating_ips);
    }
    const openstack::QuotaUse& instances = snapshot->quota.instances;
    cloud.status.instances_summary =
        std::to_string(instances.used) + "/" +
        (instances.limit < 0 ? "unlimited" : std::to_string(instances.limit));
    if (snapshot->volume_quota) {
      cloud.status.quota["volumes"] = quota_of(snapshot->volume_quota->volumes);
      cloud.status.quota["volumeGiB"] = quota_of(snapshot->volume_quota->gib);
    }
    const Result<bool> volumes = co_await connection->session.offers("volume");
    cloud.status.services = {{"compute", "Available"},
                             {"network", "Available"},
                             {"image", "Available"},
                             {"volume", volumes && *volumes ? "Available" : "Absent"}};
    cloud.status.servers = fleet.recorded - fleet.missing;
  }
  const std::string distrust = connection->distrust();
  if (freeze.empty() && !distrust.empty()) {
    conditions.set("FleetObserved", ConditionStatus::Unknown, api::kObservationFailed,
                   sweep_error ? sweep_error->message() : distrust);
    conditions.not_ready(ConditionStatus::Unknown,
                         sweep_error ? api::kTransientError : api::kProgressing, distrust);
  } else if (!freeze.empty()) {
    conditions.set("FleetObserved",
                   other_project ? ConditionStatus::Unknown : ConditionStatus::False, api::kBlocked,
                   freeze);
    conditions.not_ready(ConditionStatus::False, api::kBlocked, freeze);
  } else {
    cloud.status.orphans = orphans_[key].lasting(
        find_orphans(*snapshot, context_.caches.instances.list(), context_.cluster_id),
        context_.clock.steady_now(), context_.clock.wall_now());
    if (cloud.status.orphans.size() > kOrphansMax) cloud.status.orphans.resize(kOrphansMax);
    conditions.set("FleetObserved", ConditionStatus::True, api::kSucceeded,
                   std::to_string(cloud.status.servers) + " servers of ours are there");
    conditions.set("Ready", ConditionStatus::True, api::kSucceeded,
                   "project " + identity->project_id + " is observed");
    const Doing doing = doing_with(cloud);
    conditions.set("Progressing", ConditionStatus::True, doing.reason, doing.message);
  }
  const api::v1alpha1::CloudStatus status = cloud.status;
  Result<void> written = co_await write(*cached, std::move(cloud));
  if (!written) co_return std::unexpected(std::move(written).error());
  bool asked = false;
  if (freeze.empty() && distrust.empty()) {
    co_await clean_leaks(*cached, connection);
    cloud = *cached;
    cloud.status = status;
    asked = cloud.metadata.annotations.contains(std::string(kDeleteOrphansAnnotation));
    if (asked && is_seen_whole(*connection)) {
      Result<void> deleted = co_await delete_orphans(std::move(cloud), connection);
      if (!deleted) co_return std::unexpected(std::move(deleted).error());
    }
  }
  const bool waiting = snapshot == nullptr || cached->metadata.is_deleting() || asked;
  co_return ReconcileResult{.requeue_after = waiting ? kStarting : kResync};
}

// What nothing is attached to is deleted, and only whole lists show that. Wants them if not.
bool CloudReconciler::is_seen_whole(CloudConnection& connection) {
  connection.observer.want_whole();
  if (connection.observer.whole()) return true;
  connection.observer.poke();
  return false;
}

// A part that cannot be deleted holds up neither the others nor the Cloud.
Task<void> CloudReconciler::clean_leaks(Cloud cloud, std::shared_ptr<CloudConnection> connection) {
  const auto snapshot = connection->observer.snapshot();
  std::vector<Part> due = connection->leaks.due(*snapshot, context_.caches.instances.list(),
                                                context_.cluster_id, context_.clock.steady_now());
  if (connection->leaks.any() && !is_seen_whole(*connection)) co_return;
  if (due.size() > kLeaksOfPass) due.resize(kLeaksOfPass);
  for (const Part& part : due) {
    if (is_volume(part.kind)) {
      // A list is a look at the past. What has been used since may hold data.
      Result<std::optional<openstack::Volume>> now =
          co_await connection->volume.get_volume(part.id);
      if (!now || !now->has_value() || !part_of(**now).unused) continue;
    }
    Result<void> deleted = co_await delete_part(*connection, part.kind, part.id);
    const std::string name =
        std::string(row_of(part.kind).resource) + " " + part.id + " (" + part.label + ")";
    if (!deleted) {
      connection->leaks.postpone(part.id, context_.clock.steady_now());
      context_.events.record(Cloud::kGvk, cloud.metadata, EventKind::Warning, "LeakNotCleaned",
                             name + ", which nothing uses: " + deleted.error().message());
      continue;
    }
    context_.events.record(Cloud::kGvk, cloud.metadata, EventKind::Normal, "LeakCleaned",
                           name + " was made by a request that came late; nothing uses it");
  }
}

// Servers first: the ports and volumes that are attached to them go later.
Task<Result<void>> CloudReconciler::delete_orphans(Cloud cloud,
                                                   std::shared_ptr<CloudConnection> connection) {
  const auto snapshot = connection->observer.snapshot();
  const std::vector<std::string> named =
      split(cloud.metadata.annotations.at(std::string(kDeleteOrphansAnnotation)), ',');
  bool left = false;
  for (const Orphan& orphan :
       find_orphans(*snapshot, context_.caches.instances.list(), context_.cluster_id)) {
    if (std::ranges::find(named, orphan.id) == named.end()) continue;
    left = true;
    // Not yet for long enough, as far as this process has seen.
    const auto& lasting = cloud.status.orphans;
    if (std::ranges::find(lasting, orphan.id, &Orphan::id) == lasting.end()) continue;
    Result<void> done;
    if (orphan.kind == "Server") {
      done = co_await connection->servers.delete_server(orphan.id);
    } else if (orphan.kind == "Volume") {
      const auto volume = snapshot->volumes->find(orphan.id);
      if (volume == snapshot->volumes->end() || !volume->second.server_ids.empty()) continue;
      done = co_await connection->volume.delete_volume(orphan.id);
    } else if (orphan.kind == "FloatingIP") {
      done = co_await connection->network.delete_floating_ip(orphan.id);
    } else {
      const auto port = snapshot->ports.find(orphan.id);
      if (port == snapshot->ports.end() || !port->second.device_id.empty()) continue;
      done = co_await connection->network.delete_port(orphan.id);
    }
    connection->observer.poke();
    context_.events.record(Cloud::kGvk, cloud.metadata,
                           done ? EventKind::Normal : EventKind::Warning,
                           done ? "OrphanDeleted" : "OrphanNotDeleted",
                           to_lower(orphan.kind) + " " + orphan.id + " (" + orphan.name + ")" +
                               (done ? "" : ": " + done.error().message()));
  }
  if (left) co_return Result<void>{};
  Json annotations = Json::object({{std::string(kDeleteOrphansAnnotation), nullptr}});
  Json patch =
      Json::object({{"metadata", Json::object({{"annotations", std::move(annotations)}})}});
  Result<Cloud> patched = co_await clouds_.merge_patch(cloud.metadata.key(), std::move(patch));
  if (!patched) co_return std::unexpected(std::move(patched).error());
  co_return Result<void>{};
}

// A request for a port of the last Instance may still be on its way when that one is gone.
bool CloudReconciler::may_leave(const Cloud& cloud) {
  const api::ObjectKey key = cloud.metadata.key();
  const SteadyTime now = context_.clock.steady_now();
  // Of the time before this process nothing is known but that the Cloud may have been in use.
  Use& use =
      uses_.try_emplace(key, Use{.now = !cloud.status.identity.project_id.empty(), .ended = {}})
          .first->second;
  const bool used = !users_of(key).empty();
  if (use.now && !used) use.ended = now;
  use.now = used;
  if (used || !cloud.metadata.is_deleting()) return false;
  if (!use.ended || now - *use.ended >= kLeaveMax) return true;
  const auto connection = context_.clouds.find(key);
  if (connection != nullptr) connection->observer.want_whole();
  const bool left = connection != nullptr && connection->leaks.any();
  return now - *use.ended >= kLeakGrace && !left;
}

InstanceList CloudReconciler::users_of(const api::ObjectKey& key) const {
  InstanceList users = context_.caches.instances.list();
  std::erase_if(users, [&](const auto& instance) {
    return instance->spec.cloud_ref.key(instance->metadata.namespace_name) != key;
  });
  return users;
}

CloudReconciler::Doing CloudReconciler::doing_with(const Cloud& cloud) const {
  if (!cloud.metadata.is_deleting()) return {api::kSucceeded, "nothing left to do"};
  const InstanceList users = users_of(cloud.metadata.key());
  std::set<std::string> services;
  for (const auto& instance : users) {
    services.insert(instance->metadata.namespace_name + "/" + instance->spec.service_name);
  }
  if (users.empty()) {
    return {api::kProgressing,
            "finalizer clickdeploy.io/cloud waits for two minutes after the last Instance: late "
            "requests may still make something"};
  }
  std::vector<std::string> named(services.begin(), services.end());
  const std::size_t more = named.size() - std::min(named.size(), kServicesNamed);
  named.resize(named.size() - more);
  return {api::kWaiting,
          "finalizer clickdeploy.io/cloud waits until " + std::to_string(users.size()) +
              (users.size() == 1 ? " Instance" : " Instances") + " of " + join(named, ", ") +
              (more > 0 ? " and " + std::to_string(more) + " more" : "") +
              (users.size() == 1 ? " is" : " are") +
              " gone: delete the Services that still use the Cloud"};
}

Task<Result<ReconcileResult>> CloudReconciler::finish(Cloud cloud) {
  Result<void> dropped = co_await clouds_.drop_finalizers(cloud.metadata, kFinalizers);
  if (!dropped) co_return std::unexpected(std::move(dropped).error());
  context_.clouds.remove(cloud.metadata.key());
  uses_.erase(cloud.metadata.key());
  co_return ReconcileResult{};
}

Result<openstack::Credentials> CloudReconciler::read_credentials(const Cloud& cloud) {
  const api::ObjectKey key = cloud.metadata.key();
  const std::string& cloud_name = cloud.spec.credentials.cloud_name;
  Result<SecretString> secret =
      context_.caches.secret_value(key.namespace_name, cloud.spec.credentials.secret_ref);
  if (!secret) return std::unexpected(std::move(secret).error());
  auto last = credentials_.find(key);
  if (last != credentials_.end() && last->second.text == *secret &&
      last->second.cloud_name == cloud_name) {
    return last->second.credentials;
  }
  Result<openstack::Credentials> read = openstack::parse_clouds_yaml(secret->reveal(), cloud_name);
  if (read) credentials_[key] = {*std::move(secret), cloud_name, *read};
  return read;
}

void CloudReconciler::judge(const api::ObjectKey& key) {
  const auto cloud = context_.caches.clouds.get(key);
  const auto connection = context_.clouds.find(key);
  if (cloud == nullptr || connection == nullptr) return;
  const auto snapshot = connection->observer.snapshot();
  // Only a reconcile, which has checked the credentials, declares a new connection fit.
  if (snapshot == nullptr || !connection->verified) return;
  const FleetCount fleet = count_fleet(key, *snapshot);
  connection->frozen = plan_freeze(*cloud, snapshot->identity, fleet);
  connection->fleet_missing = !connection->frozen.empty() && fleet.missing > 0;
}

FleetCount CloudReconciler::count_fleet(const api::ObjectKey& key,
                                        const openstack::CloudSnapshot& snapshot) const {
  FleetCount fleet;
  // A frozen Cloud deletes nothing, so servers that are missing then are missing whatever was asked
  // for meanwhile: deleting the objects does not thaw it.
  const auto connection = context_.clouds.find(key);
  const bool fleet_frozen = connection != nullptr && connection->fleet_missing;
  for (const auto& instance : context_.caches.instances.list()) {
    if (instance->spec.cloud_ref.key(instance->metadata.namespace_name) != key) continue;
    const auto& status = instance->status;
    // Those that are being deleted, replaced or just made may rightly be absent.
    if ((instance->metadata.is_deleting() && !fleet_frozen) || status.claim.state != "Confirmed" ||
        status.remediation.step == "Replace" || status.booted_at.empty()) {
      continue;
    }
    ++fleet.recorded;
    const auto server = snapshot.servers.find(status.server.id);
    const bool there = server != snapshot.servers.end();
    const bool silent = connection != nullptr && connection->machines != nullptr && there &&
                        server->second.status == "UNKNOWN";
    if (!there || silent) ++fleet.missing;
  }
  return fleet;
}

Task<Result<void>> CloudReconciler::write(const Cloud& before, Cloud after) {
  const WallTime now = context_.clock.wall_now();
  after.status.last_sync_time = format_time(now);
  if (!worth_writing(before, after, now)) co_return Result<void>{};
  Result<Cloud> written = co_await clouds_.update_status(std::move(after));
  if (!written) co_return std::unexpected(std::move(written).error().with_context("report Cloud"));
  record_trouble(context_.events, Cloud::kGvk, before.metadata, before.status.conditions,
                 written->status.conditions);
  co_return Result<void>{};
}

}  // namespace clickdeploy::reconcilers
