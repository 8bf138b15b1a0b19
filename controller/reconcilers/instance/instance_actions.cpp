// How each action of the plan is performed. Every one may be repeated after a crash at any point.

#include "controller/agents/cloud_init.h"
#include "controller/base/planted.h"
#include "controller/reconcilers/instance/instance_pass_internal.h"
#include "controller/reconcilers/instance/part_calls.h"
#include "controller/reconcilers/instance/resolve_internal.h"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace clickdeploy::reconcilers {

using api::v1alpha1::Claim;
using api::v1alpha1::OwnedResource;
using openstack::Server;
using runtime::EventKind;

namespace {

constexpr std::chrono::seconds kLookGoodFor{10};  // for letting go of the Instance

// An earlier try may have made it from something else than the last one would, and of one that was
// taken over nobody else knows.
void record_made_from(api::v1alpha1::ResolvedThings& record, const std::optional<Server>& server) {
  if (!server) return;
  if (!server->image_id.empty()) record.image_id = server->image_id;
  if (server->flavor_name.empty() || server->flavor_name == record.flavor) return;
  record.flavor_id.clear();
  record.flavor = server->flavor_name;
}

// What answers by id may know less of a young server than `newest`, a list that is newer than our
// last change, or null: what it shows, and not on its way out, is there.
Task<Result<std::optional<Server>>> get_server(
    std::shared_ptr<CloudConnection> connection,
    std::shared_ptr<const openstack::CloudSnapshot> newest, std::string id) {
  Result<std::optional<Server>> answer = co_await connection->servers.get_server(id);
  if (!answer || *answer || newest == nullptr) co_return answer;
  const auto listed = newest->servers.find(id);
  if (listed == newest->servers.end() || is_leaving(listed->second)) co_return answer;
  co_return listed->second;
}

}  // namespace

Task<Result<void>> InstanceReconciler::perform(Pass& pass, InstanceAction action) {
  Result<void> done;
  Instance& work = pass.work;
  openstack::Servers* servers = pass.connection ? &pass.connection->servers : nullptr;
  if (auto* claim = std::get_if<SaveClaim>(&action)) {
    const bool first = work.status.claim.token.empty();
    const bool asking = claim->claim.state == "Uncertain" && work.status.claim.state == "Intended";
    if (asking) pass.slot.emplace(pass.connection);
    const bool same = claim->claim.token == work.status.claim.token &&
                      claim->claim.state == work.status.claim.state;
    work.status.claim = claim->claim;
    if (!claim->claim.token.empty() && claim->claim.token == work.spec.adopt.token) {
      work.status.adopted = true;
    }
    work.status.observed_generation = work.metadata.generation;
    const bool kept = asking ? !planted(Bug::UncertainNotStored) : !planted(Bug::IntentAfterEffect);
    if (kept) done = co_await save(pass);
    if (done && first) {
      context_.events.record(Instance::kGvk, work.metadata, EventKind::Normal, "CreateIntended",
                             "claim " + claim->claim.token.substr(0, 8) + "… is recorded");
    }
    if (done) pass.observed.may_create = asking;
    if (!asking && !same) pass.observed.look_up.reset();
  } else if (std::holds_alternative<LookUpToken>(action)) {
    done = co_await look_up(pass);
  } else if (std::holds_alternative<ResolveThings>(action)) {
    Result<ResolvedServer> resolved = co_await resolve(pass);
    // A server that exists stays made from what it was made from.
    if (resolved && work.status.claim.state != "Confirmed") {
      record_resolved(work.status.resolved, *resolved, format_time(pass.observed.now));
    }
    pass.observed.resolved = std::move(resolved);
  } else if (auto* new_part = std::get_if<CreatePart>(&action)) {
    done = co_await make_part(pass, new_part->part);
  } else if (auto* ready = std::get_if<BeginUse>(&action)) {
    done = co_await begin_use(pass, ready->id);
  } else if (auto* failed = std::get_if<GiveUpVolume>(&action)) {
    done = co_await give_up_volume(pass, *std::move(failed));
  } else if (auto* kept = std::get_if<ReleaseVolume>(&action)) {
    done = co_await release_volume(pass, kept->id);
  } else if (auto* attach = std::get_if<AttachPart>(&action)) {
    done = co_await move_part(pass, *attach);
  } else if (auto* correct = std::get_if<CorrectDrift>(&action)) {
    done = co_await correct_drift(pass, correct->field);
  } else if (auto* restart = std::get_if<CorrectAgent>(&action)) {
    done = co_await correct_agent(pass, restart->field);
  } else if (std::holds_alternative<InstallAgents>(action)) {
    done = co_await install_agents(pass);
    if (done) {
      // What follows is like a first boot.
      work.status.booted_at = format_time(pass.observed.now);
      work.status.bootstrap = {};
      work.status.agents.clear();
      agent_books_.erase(pass.key);
      pass.observed.agent_drift.reset();
      pass.observed.console_failed_step.clear();
      done = co_await save(pass);
    }
  } else if (std::holds_alternative<CreateServer>(action)) {
    done = co_await create_server(pass);
  } else if (auto* mark = std::get_if<MarkServer>(&action)) {
    done = co_await mark_server(pass, mark->id);
  } else if (auto* unmark = std::get_if<UnmarkServer>(&action)) {
    done = co_await unmark_server(pass, unmark->id);
  } else if (auto* adopt = std::get_if<AdoptServer>(&action)) {
    work.status.adopted = work.status.adopted || !work.spec.adopt.empty();
    work.status.server = {};
    work.status.server.id = adopt->id;
    work.status.claim.state = "Confirmed";
    work.status.claim.since = format_time(pass.observed.now);
    work.status.claim.attempts = 0;
    record_resource(work.status, {"Server", adopt->id, work.metadata.name, ""});
    for (const Server& server : pass.observed.look_up->servers) {
      if (server.id == adopt->id) pass.observed.server = server;
    }
    record_made_from(work.status.resolved, pass.observed.server);
    for (const Part& part : pass.observed.look_up->parts) record_part(work.status, part);
    changed_at_[pass.key] = context_.clock.steady_now();
    done = co_await save(pass);
    if (done) {
      context_.events.record(Instance::kGvk, work.metadata, EventKind::Normal, "ServerAdopted",
                             "server " + adopt->id + " carries the claim's token");
    }
  } else if (auto* remove = std::get_if<DeleteServer>(&action)) {
    done = co_await servers->delete_server(remove->id);
    if (done) {
      pass.observed.deleted.push_back(remove->id);
      changed_at_[pass.key] = context_.clock.steady_now();
      pass.connection->observer.poke();
      context_.events.record(Instance::kGvk, work.metadata, EventKind::Normal, "ServerDeleting",
                             "server " + remove->id + " because " + remove->why);
      pass.observed.look_up.reset();
      pass.observed.server_gone.reset();
    }
  } else if (auto* gone = std::get_if<DeletePart>(&action)) {
    done = co_await delete_part(*pass.connection, gone->kind, gone->id);
    const bool doubtful = !done && !openstack::certainly_not_done(done.error());
    if (doubtful && gone->kind == PartKind::Port) condemn_part(work.status, gone->id);
    if (done && is_volume(gone->kind)) {
      // It is gone when the cloud no longer shows it.
      for (Part& part : pass.observed.look_up->parts) {
        if (part.id == gone->id) part.state = "deleting";
        if (part.id == gone->id) record_part(work.status, part);
      }
    } else if (done) {
      forget_part(pass, gone->id);
    }
  } else if (auto* ask = std::get_if<AskById>(&action)) {
    Result<std::optional<Server>> answer =
        co_await get_server(pass.connection, pass.compared, ask->id);
    if (!answer) {
      done = std::unexpected(std::move(answer).error());
    } else {
      // What was soft-deleted is gone for us; the cloud reclaims it in its own time.
      const bool there = answer->has_value() && (*answer)->status != "SOFT_DELETED" &&
                         (*answer)->status != "DELETED";
      pass.observed.server_gone = !there;
      if (there) pass.observed.server = **answer;
    }
  } else if (auto* repair = std::get_if<BeginRepair>(&action)) {
    done = co_await begin_repair(pass, std::move(repair->step), std::move(repair->reason));
  } else if (std::holds_alternative<EndRepair>(action)) {
    const bool stopped = pass.observed.server && is_stopped(pass.observed.server->status);
    context_.events.record(Instance::kGvk, work.metadata, EventKind::Normal,
                           stopped ? "RepairEnded" : "AgentRecovered",
                           "after " + work.status.remediation.step +
                               (stopped ? "; the server was stopped by somebody" : ""));
    work.status.remediation.step.clear();
    work.status.remediation.started_at.clear();
    work.status.remediation.unhealthy_since.clear();
    done = co_await save(pass);
  } else if (std::holds_alternative<ForgetServer>(action)) {
    api::v1alpha1::InstanceStatus& status = work.status;
    const bool booted = !status.booted_at.empty();
    if (!planted(Bug::ReplaceStepKept)) status.remediation.step = booted ? kRecreate : "";
    const bool raced = !booted && is_quota_fault(status.remediation.last_reason);
    status.claim = {};
    if (raced) status.claim.attempts = status.remediation.retries;
    status.server = {};
    std::erase_if(status.resources, [](const OwnedResource& resource) {
      const std::optional<PartKind> kind = part_kind(resource.kind);
      return !kind || !row_of(*kind).outlives_server;
    });
    status.addresses.clear();
    if (!planted(Bug::AddressKept)) status.address.clear();
    status.booted_at.clear();
    status.bootstrap = {};
    status.ssh_host_key.clear();
    status.agents.clear();
    status.scraped.clear();
    for (AgentObserved& agent : pass.observed.agents) {
      const std::string name = agent.name;
      agent = AgentObserved{};
      agent.name = name;
    }
    pass.observed.server.reset();
    pass.observed.server_gone.reset();
    pass.observed.server_missing = false;
    pass.observed.look_up.reset();
    pass.observed.agent_drift.reset();
    agent_books_.erase(pass.key);
    done = co_await save(pass);
  } else if (std::holds_alternative<DropFinalizer>(action)) {
    // We may have stood still since the look that this relies on.
    const bool old = context_.clock.steady_now() - pass.look_begun > kLookGoodFor;
    if (pass.observed.look_up && old && !std::exchange(pass.looked_again, true)) {
      pass.observed.look_up.reset();
    } else {
      done = co_await drop_finalizer(pass);
    }
  }
  co_return done;
}

namespace {

bool is_of_claim(const Server& server, const std::string& token) {
  const auto claim = server.metadata.find(std::string(kClaimMetadata));
  return claim != server.metadata.end() && claim->second == token &&
         server.status != "SOFT_DELETED" && server.status != "DELETED";
}

}  // namespace

Task<Result<void>> InstanceReconciler::look_up(Pass& pass) {
  pass.look_begun = context_.clock.steady_now();
  const std::string token = pass.work.status.claim.token;
  const std::string tag = claim_tag(token);
  TokenLookUp found{.in_doubt = is_in_doubt(pass.work, pass.observed)};
  Result<std::vector<Part>> parts;
  // Machines have no parts.
  if (pass.connection->machines == nullptr)
    parts = co_await find_parts(*pass.connection, pass.work, context_.cluster_id);
  if (!parts) co_return std::unexpected(std::move(parts).error().with_context("look up the claim"));
  found.parts = *std::move(parts);
  record_parts(pass.work.status, found.parts);
  if (token.empty()) {
    pass.observed.look_up = std::move(found);
    co_return Result<void>{};
  }
  const bool by_name = planted(Bug::AdoptByName);
  Result<std::vector<Server>> servers =
      co_await pass.connection->servers.list_servers(by_name ? "" : tag);
  if (!servers)
    co_return std::unexpected(std::move(servers).error().with_context("look up the claim"));
  for (Server& server : *servers) {
    // Never trust a filter with a delete: the mark is checked here.
    const bool ours = std::ranges::find(server.tags, tag) != server.tags.end() ||
                      (by_name && server.name == pass.work.metadata.name);
    if (ours && server.status != "SOFT_DELETED" && server.status != "DELETED") {
      found.servers.push_back(std::move(server));
    }
  }
  // Somebody may have taken the tags away. The claim's ports lead to its server, too, or, where its
  // build has failed and it has lost them, its metadata in the newest list of all servers.
  std::vector<std::string> suspects;
  // Whether the machine that was asked for has the mark, only that machine can tell.
  const std::string& host = pass.work.status.resolved.host;
  const bool asked = pass.work.status.claim.state != "Intended";
  if (asked && !host.empty()) suspects.push_back(host);
  for (const Part& part : found.parts) {
    if (part.kind == PartKind::Port) suspects.push_back(part.used_by);
  }
  if (const auto snapshot = pass.connection->observer.snapshot()) {
    for (const auto& [id, server] : snapshot->servers) {
      if (is_of_claim(server, token)) suspects.push_back(id);
    }
  }
  for (const std::string& id : suspects) {
    const bool known = std::ranges::find(found.servers, id, &Server::id) != found.servers.end();
    if (id.empty() || known) continue;
    Result<std::optional<Server>> server = co_await get_server(pass.connection, pass.compared, id);
    if (!server)
      co_return std::unexpected(std::move(server).error().with_context("look up the claim"));
    if (!server->has_value() || !is_of_claim(**server, token)) continue;
    found.servers.push_back(*std::move(*server));
  }
  pass.observed.look_up = std::move(found);
  co_return Result<void>{};
}

Task<Result<ResolvedServer>> InstanceReconciler::resolve(Pass& pass) {
  Result<std::string> user_text = std::string();
  const api::v1alpha1::UserData& user_data = pass.work.spec.server.user_data;
  if (!user_data.secret_ref.empty()) {
    Result<SecretString> secret =
        context_.caches.secret_value(pass.key.namespace_name, user_data.secret_ref);
    if (!secret) co_return std::unexpected(std::move(secret).error().with_context("userData"));
    user_text = secret->reveal();
  } else {
    user_text = user_data.inline_text;
  }
  const auto service =
      context_.caches.services.get({pass.key.namespace_name, pass.work.spec.service_name});
  std::vector<OwnedResource> shared;
  if (service != nullptr) shared = service->status.resources;
  AgentLocks::Policy policy;
  if (service != nullptr) policy = context_.monitoring_of(*service).policy;
  const bool machine = pass.work.spec.server.is_machine();
  if (machine != (pass.connection->machines != nullptr)) {
    co_return fail(ErrorCode::InvalidArgument,
                   machine ? "the Cloud makes servers, so spec.template.spec needs image, flavors "
                             "and networks"
                           : "the Cloud is of type Hosts, whose machines exist already: "
                             "spec.template.spec has no image, flavors and networks there");
  }
  if (machine) {
    Result<ResolvedServer> chosen = choose_machine(pass);
    co_return chosen;
  }
  Result<AgentLocks::Locks> locks =
      co_await agent_locks_.make(std::move(policy), pass.work.spec.agents);
  if (!locks) co_return std::unexpected(std::move(locks).error());
  Result<ResolvedServer> resolved = co_await resolve_server(*pass.connection, pass.work, *user_text,
                                                            *std::move(locks), std::move(shared));
  co_return resolved;
}

Task<Result<void>> InstanceReconciler::make_part(Pass& pass, WantedPart wanted) {
  const SteadyTime asked = context_.clock.steady_now();
  Result<Part> part =
      co_await create_part(*pass.connection, pass.work, context_.cluster_id,
                           **pass.observed.resolved, pass.observed.look_up->parts, wanted);
  Claim& claim = pass.work.status.claim;
  const bool sure = part || openstack::certainly_not_done(part.error());
  const bool prompt = sure && context_.clock.steady_now() - asked < kPromptAnswer;
  claim.parts_asked = prompt ? "" : format_time(context_.clock.wall_now());
  if (!part) {
    // It may exist all the same, or come to exist: its outcome is awaited like a server's.
    pass.observed.look_up.reset();
    if (!sure && claim.state != "Confirmed") {
      claim.state = "Uncertain";
      claim.since = claim.parts_asked;
    }
    const std::string name = wanted.name.empty() ? "" : " " + wanted.name;
    const std::string what = std::string(row_of(wanted.kind).resource) + name;
    co_return std::unexpected(std::move(part).error().with_context("create " + what));
  }
  record_part(pass.work.status, *part);
  pass.observed.look_up->parts.push_back(*std::move(part));
  changed_at_[pass.key] = context_.clock.steady_now();
  note_mended(pass, pass.observed.look_up->parts.back());
  co_return Result<void>{};
}

Task<Result<void>> InstanceReconciler::move_part(Pass& pass, AttachPart move) {
  Result<Part> part = co_await attach_part(*pass.connection, move.kind, move.id, move.to);
  if (!part) {
    const std::string what = std::string(row_of(move.kind).resource);
    co_return std::unexpected(std::move(part).error().with_context("attach " + what));
  }
  record_part(pass.work.status, *part);
  for (Part& known : pass.observed.look_up->parts) {
    if (known.id == part->id) known = *part;
  }
  changed_at_[pass.key] = context_.clock.steady_now();
  note_mended(pass, *part);
  const std::string to = is_volume(part->kind) ? "server " : "port ";
  context_.events.record(Instance::kGvk, pass.work.metadata, EventKind::Normal, "PartAttached",
                         std::string(row_of(part->kind).resource) + " " + part->label +
                             " is attached to " + to + part->used_by);
  co_return Result<void>{};
}

Task<Result<void>> InstanceReconciler::begin_use(Pass& pass, std::string volume_id) {
  // Of two volumes one is chosen by what is recorded. Who has an old copy of that does not choose.
  Result<void> done = co_await save(pass);
  if (!done) co_return done;
  done = co_await reconcilers::begin_use(*pass.connection, volume_id);
  if (!done) co_return std::unexpected(std::move(done).error().with_context("use volume"));
  for (Part& part : pass.observed.look_up->parts) {
    if (part.id == volume_id) part.unused = false;
  }
  co_return Result<void>{};
}

// Like a create that was refused: what is left of it goes, and the next try waits.
Task<Result<void>> InstanceReconciler::give_up_volume(Pass& pass, GiveUpVolume failed) {
  Result<void> done = co_await delete_part(*pass.connection, failed.kind, failed.id);
  if (!done) co_return std::unexpected(std::move(done).error());
  Claim& claim = pass.work.status.claim;
  ++claim.attempts;
  claim.since = format_time(pass.observed.now);
  pass.work.status.remediation.last_reason = failed.why;
  pass.observed.look_up.reset();
  context_.events.record(Instance::kGvk, pass.work.metadata, EventKind::Warning, "VolumeFailed",
                         failed.why);
  Result<void> saved = co_await save(pass);
  co_return saved;
}

Task<Result<void>> InstanceReconciler::release_volume(Pass& pass, std::string volume_id) {
  Result<void> done = co_await reconcilers::release_volume(*pass.connection, volume_id);
  if (!done) co_return std::unexpected(std::move(done).error().with_context("keep volume"));
  forget_part(pass, volume_id);
  context_.events.record(Instance::kGvk, pass.work.metadata, EventKind::Normal, "VolumeKept",
                         "volume " + volume_id + " stays in the cloud, without our marks");
  co_return Result<void>{};
}

void InstanceReconciler::forget_part(Pass& pass, const std::string& id) {
  const auto is_it = [&](const auto& each) { return each.id == id; };
  std::erase_if(pass.work.status.resources, is_it);
  if (pass.observed.look_up) std::erase_if(pass.observed.look_up->parts, is_it);
}

Task<Result<void>> InstanceReconciler::create_server(Pass& pass) {
  pass.observed.may_create = false;
  Instance& work = pass.work;
  const ResolvedServer& resolved = **pass.observed.resolved;
  openstack::ServerCreate create;
  create.name = work.metadata.name;
  create.host = resolved.host;
  create.image_id = resolved.image_id;
  create.flavor_id = resolved.flavor_id;
  create.availability_zone = resolved.availability_zone;
  create.server_group_id = resolved.server_group_id;
  create.config_drive = work.spec.server.config_drive;
  for (const ResolvedServer::Attachment& attachment : resolved.attachments) {
    const Part* port =
        choose_part(work, pass.observed.look_up->parts, {PartKind::Port, attachment.name});
    if (port != nullptr) create.port_ids.push_back(port->id);
  }
  for (const api::v1alpha1::VolumeSpec& spec : work.spec.server.volumes) {
    const Part* volume =
        choose_part(work, pass.observed.look_up->parts, {PartKind::Volume, spec.name});
    if (volume != nullptr) create.volume_ids.push_back(volume->id);
  }
  if (work.spec.server.root_volume) {
    create.root_volume_id =
        choose_part(work, pass.observed.look_up->parts, {PartKind::RootVolume, ""})->id;
  }
  create.key_name = work.spec.server.key_name;
  create.user_data = resolved.user_data;
  create.metadata = work.spec.server.metadata;
  for (const auto& [name, value] : server_marks(work, context_.cluster_id)) {
    if (name != kClusterMetadata || !planted(Bug::NoOwnerMark)) create.metadata[name] = value;
  }
  create.tags = {claim_tag(work.status.claim.token), cluster_tag(context_.cluster_id)};
  Result<std::string> id = co_await pass.connection->servers.create_server(std::move(create));
  changed_at_[pass.key] = context_.clock.steady_now();
  pass.connection->observer.poke();
  Claim& claim = work.status.claim;
  // The time of the answer, or of giving up: windows are counted from here.
  claim.since = format_time(context_.clock.wall_now());
  claims_seen_.erase(pass.key);
  // A 409 may be the echo of an earlier request that was carried out: its ports are in use.
  const bool certain =
      id || planted(Bug::TimeoutIsFailure) ||
      (openstack::certainly_not_done(id.error()) && id.error().code() != ErrorCode::Conflict);
  if (!certain) {
    context_.events.record(Instance::kGvk, work.metadata, EventKind::Warning, "CreateUncertain",
                           id.error().message());
    pass.observed.look_up.reset();
    if (planted(Bug::TokenPerTry)) claim = Claim{};
    co_return std::unexpected(std::move(id).error().with_context("create server"));
  }
  if (!id) {
    claim.state = "Intended";
    ++claim.attempts;
    work.status.remediation.last_reason = id.error().message();
    context_.events.record(Instance::kGvk, work.metadata, EventKind::Warning, "ServerFault",
                           id.error().message());
  } else {
    claim.state = "Confirmed";
    claim.attempts = 0;
    work.status.server = {};
    work.status.server.id = *id;
    record_resource(work.status, {"Server", *id, work.metadata.name, "BUILD"});
  }
  Result<void> saved = co_await save(pass);
  if (!saved) co_return saved;
  if (!id) {
    // The plan goes on: it looks once more, removes what the try left, and waits.
    pass.observed.create_failure = id.error().with_context("create server");
    pass.observed.look_up.reset();
    co_return Result<void>{};
  }
  context_.events.record(Instance::kGvk, work.metadata, EventKind::Normal, "ServerCreated",
                         "server " + *id);
  co_return Result<void>{};
}

}  // namespace clickdeploy::reconcilers
