// Putting our marks on a server that somebody else made, and taking them off one that is let go.

#include "controller/reconcilers/instance/instance_pass_internal.h"
#include "controller/reconcilers/instance/part_calls.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using openstack::Server;
using runtime::EventKind;

Task<Result<void>> InstanceReconciler::mark_server(Pass& pass, std::string id) {
  Instance& work = pass.work;
  const auto [marker, first] = marking_.try_emplace(id, pass.key);
  if (!first && marker->second != pass.key) {
    co_return fail(ErrorCode::InvalidArgument,
                   "server " + id + " is taken over by Instance " + marker->second.text());
  }
  openstack::Servers& servers = pass.connection->servers;
  Result<std::optional<Server>> found = co_await servers.get_server(id);
  if (!found) co_return std::unexpected(std::move(found).error().with_context("adopt server"));
  if (!found->has_value() || is_leaving(**found)) {
    // Somebody deleted it before it was ours: then one is made.
    marking_.erase(id);
    work.status.adopted = true;
    Result<void> saved = co_await save(pass);
    co_return saved;
  }
  const Server& server = **found;
  const bool half_done = mark_of(server, kClaimMetadata) == work.status.claim.token;
  if (is_marked(server) && !half_done) {
    co_return fail(ErrorCode::InvalidArgument, "server " + id +
                                                   " carries the mark of another owner, " +
                                                   mark_of(server, kInstanceMetadata) +
                                                   "; it is not taken over. Delete this Instance");
  }
  Result<void> done =
      co_await servers.set_server_metadata(id, server_marks(work, context_.cluster_id));
  for (const std::string& tag :
       {cluster_tag(context_.cluster_id), claim_tag(work.status.claim.token)}) {
    if (done) done = co_await servers.add_server_tag(id, tag);
  }
  changed_at_[pass.key] = context_.clock.steady_now();
  pass.connection->observer.poke();
  pass.observed.look_up.reset();
  if (!done) co_return std::unexpected(std::move(done).error().with_context("adopt server"));
  marking_.erase(id);  // from here on its marks keep others away
  context_.events.record(Instance::kGvk, work.metadata, EventKind::Normal, "ServerMarked",
                         "server " + id + " (" + server.name + ") is ours from now on");
  co_return Result<void>{};
}

// The claim's tag goes last: it leads us back here if we are stopped half way.
Task<Result<void>> InstanceReconciler::unmark_server(Pass& pass, std::string id) {
  openstack::Servers& servers = pass.connection->servers;
  const auto& found = pass.observed.look_up->servers;
  const Server server = *std::ranges::find(found, id, &Server::id);
  const std::string claim = claim_tag(pass.work.status.claim.token);
  Result<void> done;
  openstack::NetworkClient& network = pass.connection->network;
  for (const Part& part : pass.observed.look_up->parts) {
    if (!done) break;
    if (part.kind == PartKind::Port) {
      done = co_await network.set_port_description(part.id, "");
    } else if (is_volume(part.kind)) {
      done = co_await reconcilers::release_volume(*pass.connection, part.id);
    } else {
      done = co_await network.set_floating_ip_description(part.id, "");
    }
  }
  if (pass.connection->machines != nullptr) {
    done = co_await pass.connection->machines->let_go(id);
  }
  const bool made = pass.connection->machines == nullptr;
  for (const auto& [name, value] : server.metadata) {
    if (made && done && name.starts_with(kMarkPrefix)) {
      done = co_await servers.delete_server_metadata(id, name);
    }
  }
  for (const std::string& tag : {cluster_tag(context_.cluster_id), claim}) {
    const bool there = std::ranges::find(server.tags, tag) != server.tags.end();
    if (made && done && there) done = co_await servers.delete_server_tag(id, tag);
  }
  pass.observed.look_up.reset();
  if (!done) co_return std::unexpected(std::move(done).error().with_context("detach server"));
  pass.observed.unmarked = true;
  context_.events.record(Instance::kGvk, pass.work.metadata, EventKind::Normal, "ServerDetached",
                         "server " + id + " goes on running, without our marks");
  co_return Result<void>{};
}

}  // namespace clickdeploy::reconcilers
