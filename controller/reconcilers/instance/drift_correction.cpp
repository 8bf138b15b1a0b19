// Comparing a server with its Instance, and putting back what somebody changed.

#include "controller/reconcilers/instance/instance_pass_internal.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::v1alpha1::OwnedResource;
using openstack::SecurityGroup;
using runtime::EventKind;

namespace {

constexpr std::chrono::minutes kListAgain{1};

}  // namespace

// Names of security groups are looked up in one list a minute for a Cloud, whatever the number of
// its servers. Without it they are not compared.
Task<WantedGroups> InstanceReconciler::observe_groups(Pass& pass) {
  const bool has_ports = std::ranges::any_of(
      pass.work.status.resources, [](const OwnedResource& own) { return own.kind == "Port"; });
  const SteadyTime now = context_.clock.steady_now();
  const api::ObjectKey cloud = pass.work.spec.cloud_ref.key(pass.key.namespace_name);
  if (!has_ports) co_return WantedGroups{};
  const auto failed = group_failures_.find(cloud);
  if (failed != group_failures_.end() && now - failed->second.at < kListAgain) {
    pass.observed.drift_failure = failed->second.error;
    co_return WantedGroups{};
  }
  const auto service =
      context_.caches.services.get({pass.key.namespace_name, pass.work.spec.service_name});
  std::vector<OwnedResource> shared;
  if (service != nullptr) shared = service->status.resources;
  Result<std::vector<SecurityGroup>> known = co_await pass.connection->security_groups();
  if (!known) {
    pass.observed.drift_failure = known.error();
    group_failures_.insert_or_assign(cloud, ListFailure{std::move(known).error(), now});
    co_return WantedGroups{};
  }
  Result<WantedGroups> wanted = wanted_groups(pass.work.spec.server, *known, shared);
  if (wanted) co_return *std::move(wanted);
  pass.observed.drift_failure = std::move(wanted).error();
  co_return WantedGroups{};
}

// The lists of the observer say nearly all of it.
Task<void> InstanceReconciler::observe_drift(Pass& pass) {
  if (pass.compared == nullptr || pass.work.metadata.is_deleting()) co_return;
  InstanceObserved& seen = pass.observed;
  if (pass.connection->machines != nullptr) {
    seen.drift.emplace();  // of a machine nothing but the mark and the agents is ours
    co_return;
  }
  const WantedGroups groups = co_await observe_groups(pass);
  seen.drift = find_drift(pass.work, context_.cluster_id, *pass.compared, groups);
  if (wants_volumes(pass.work.spec.server) && !seen.drift_failure && pass.compared->volumes_error) {
    seen.drift_failure = pass.compared->volumes_error->with_context("volumes are not compared");
  }
  const bool first_look = !drift_books_.contains(pass.key);
  const std::vector<Drift> fresh =
      drift_books_[pass.key].look(*seen.drift, context_.clock.steady_now());
  const api::Condition* told = api::find_condition(pass.stored.status.conditions, "UpToDate");
  for (const Drift& drift : fresh) {
    const std::string what = describe_drift(drift);
    // Of what was told of before a restart there is no news.
    if (first_look && told != nullptr && told->message.contains(what)) continue;
    context_.events.record(Instance::kGvk, pass.work.metadata, EventKind::Warning, "ServerDiffers",
                           what);
  }
}

Task<Result<void>> InstanceReconciler::correct_drift(Pass& pass, std::string field) {
  const auto drift = std::ranges::find(*pass.observed.drift, field, &Drift::field);
  drift->asked = true;
  openstack::Servers& servers = pass.connection->servers;
  openstack::NetworkClient& network = pass.connection->network;
  const std::string id = pass.work.status.server.id;
  const Correction correction = drift->correction;
  Result<void> done;
  if (auto* name = std::get_if<RenameServer>(&correction)) {
    done = co_await servers.rename_server(id, name->name);
  } else if (auto* metadata = std::get_if<SetMetadata>(&correction)) {
    done = co_await servers.set_server_metadata(id, metadata->items);
  } else if (auto* tags = std::get_if<AddTags>(&correction)) {
    for (const std::string& tag : tags->tags) {
      if (done) done = co_await servers.add_server_tag(id, tag);
    }
  } else if (auto* groups = std::get_if<SetPortGroups>(&correction)) {
    done = co_await network.set_port_security_groups(groups->port, groups->groups);
  } else if (auto* pairs = std::get_if<SetPortPairs>(&correction)) {
    done = co_await network.set_port_address_pairs(pairs->port, pairs->pairs);
  }
  const SteadyTime now = context_.clock.steady_now();
  changed_at_[pass.key] = now;
  DriftBook& book = drift_books_[pass.key];
  if (!done && !openstack::certainly_not_done(done.error())) {
    co_return std::unexpected(std::move(done).error().with_context("correct " + field));
  }
  if (!done) {
    // It may never be allowed: the rest goes on meanwhile.
    drift->refusal = done.error().message();
    book.refused(field, drift->refusal, now, pass.observed.now);
    context_.events.record(Instance::kGvk, pass.work.metadata, EventKind::Warning,
                           "CorrectionRefused", field + ": " + drift->refusal);
    co_return Result<void>{};
  }
  book.corrected(field, now, pass.observed.now);
  pass.connection->observer.poke();
  context_.events.record(Instance::kGvk, pass.work.metadata, EventKind::Normal, "ServerCorrected",
                         field + " is " + drift->wanted + " again");
  co_return Result<void>{};
}

// A part was made or attached. For a server that is still being made that is no drift.
void InstanceReconciler::note_mended(Pass& pass, const Part& part) {
  if (!pass.observed.drift) return;
  const std::string field = part_field(part.kind, part.name);
  const auto drift = std::ranges::find(*pass.observed.drift, field, &Drift::field);
  if (drift == pass.observed.drift->end()) return;
  drift->asked = true;
  drift_books_[pass.key].corrected(drift->field, context_.clock.steady_now(), pass.observed.now);
}

}  // namespace clickdeploy::reconcilers
