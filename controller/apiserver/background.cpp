#include "controller/apiserver/background_internal.h"
#include "controller/apiserver/object_internal.h"
#include "controller/apiserver/wait_internal.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

constexpr std::size_t kEventsAtOnce = 256;
constexpr std::chrono::seconds kRetryAfter{1};
constexpr std::chrono::seconds kExpiryEvery{60};

// What is to be looked at. Sets, so that the order of work is the same in every run.
struct Work {
  std::set<store::Key> objects;
  std::set<std::string> owners_gone;  // uids
  std::set<std::string> namespaces;

  bool empty() const { return objects.empty() && owners_gone.empty() && namespaces.empty(); }
};

// The owners may be waiting for this dependent to go.
void add_owners(const Core& core, const store::Document& document, Work& work) {
  const Json object = read_document(document);
  for (const Json& owner : object["metadata"]["ownerReferences"].as_array()) {
    const api::ResourceInfo* info =
        core.scheme.find_kind(owner["apiVersion"].as_string(), owner["kind"].as_string());
    if (info == nullptr) continue;
    work.objects.insert({info->group_resource(),
                         info->namespaced ? document.key.namespace_name : std::string(),
                         owner["name"].as_string()});
  }
}

bool is_homeless(const Core& core, const store::Key& key) {
  if (key.namespace_name.empty()) return false;
  store::DocumentPtr home = core.store.get({"namespaces", "", key.namespace_name});
  return home == nullptr || home->facts.deleting;
}

void add_present(const Core& core, const store::Document& document, Work& work) {
  const bool of_interest = document.facts.deleting || !document.facts.owner_uids.empty();
  if (of_interest) work.objects.insert(document.key);
  if (document.key.resource == "namespaces" && document.facts.deleting) {
    work.namespaces.insert(document.key.name);
  }
  if (is_homeless(core, document.key)) work.namespaces.insert(document.key.namespace_name);
}

// Most changes (a status, a spec) say nothing about owners or deletion.
bool may_matter(const store::Event& event) {
  const store::DocumentPtr& before = event.previous;
  return before == nullptr || event.document->facts.deleting ||
         before->facts.owner_uids != event.document->facts.owner_uids;
}

void add_event(const Core& core, const store::Event& event, Work& work) {
  const store::Document& document = *event.document;
  const bool deleted = event.type == store::EventType::Deleted;
  if (!deleted && may_matter(event)) add_present(core, document, work);
  if (deleted) {
    work.owners_gone.insert(document.facts.uid);
    if (document.key.resource == "namespaces") work.namespaces.insert(document.key.name);
    if (is_homeless(core, document.key)) work.namespaces.insert(document.key.namespace_name);
  }
  const store::DocumentPtr& before = event.previous;
  if (before == nullptr || before->facts.owner_uids.empty()) return;
  if (deleted || before->facts.owner_uids != document.facts.owner_uids) {
    add_owners(core, *before, work);
  }
}

void add_everything(const Core& core, Work& work) {
  for (const api::ResourceInfo& info : core.scheme.resources()) {
    const store::ListResult list = core.store.list(info.group_resource(), std::nullopt);
    for (const store::DocumentPtr& document : list.documents) add_present(core, *document, work);
  }
}

// Does the work there is; what could not be done stays.
Task<void> do_work(const Core& core, Work& work) {
  Work now = std::exchange(work, Work());
  for (const std::string& uid : now.owners_gone) {
    bool done = co_await collect_dependents(core, uid);
    if (!done) work.owners_gone.insert(uid);
  }
  for (const store::Key& key : now.objects) {
    bool done = co_await collect_object(core, key);
    if (!done) work.objects.insert(key);
  }
  for (const std::string& name : now.namespaces) {
    bool done = co_await empty_namespace(core, name);
    if (!done) work.namespaces.insert(name);
  }
}

}  // namespace

std::optional<Target> target_of(const Core& core, const store::Key& key) {
  for (const api::ResourceInfo& info : core.scheme.resources()) {
    if (info.group_resource() != key.resource) continue;
    Target target;
    target.info = &info;
    target.namespace_name = key.namespace_name;
    target.name = key.name;
    return target;
  }
  return std::nullopt;
}

Task<void> run_background(const Core& core) {
  EventExpiry expiry(core);
  SteadyTime expiry_due = core.clock.steady_now();
  Work work;
  std::unique_ptr<store::Watch> watch;
  for (;;) {
    if (watch == nullptr) {
      // From before the scan: what changes during it is seen twice, never missed.
      Result<std::unique_ptr<store::Watch>> opened = core.store.watch("", core.store.revision());
      if (opened) watch = std::move(*opened);
      add_everything(core, work);
    }
    co_await do_work(core, work);
    if (core.clock.steady_now() >= expiry_due) {
      co_await expiry.run_once();
      expiry_due = core.clock.steady_now() + kExpiryEvery;
    }
    std::chrono::nanoseconds limit = expiry_due - core.clock.steady_now();
    if (!work.empty()) limit = std::min<std::chrono::nanoseconds>(limit, kRetryAfter);
    if (watch == nullptr) {
      co_await core.clock.sleep(kRetryAfter);
      continue;
    }
    Result<std::vector<store::Event>> events =
        co_await next_events(*watch, core.clock, kEventsAtOnce, limit);
    if (!events) {
      // Cancelled: the store has stopped and nothing is left to do but to wait for our own end.
      if (events.error().code() == ErrorCode::Cancelled) {
        co_await core.clock.sleep(kRetryAfter);
      }
      watch.reset();
      continue;
    }
    for (const store::Event& event : *events) add_event(core, event, work);
  }
}

}  // namespace clickdeploy::apiserver
