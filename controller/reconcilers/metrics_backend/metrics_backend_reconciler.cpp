#include "controller/reconcilers/metrics_backend/metrics_backend_reconciler.h"

#include "controller/async/run_on.h"
#include "controller/reconcilers/metrics_backend/backend_status_internal.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::v1alpha1::MetricsBackend;
using prometheus::Files;
using prometheus::PublishResult;
using runtime::EventKind;
using runtime::ReconcileResult;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kVerifying{2'000};
constexpr milliseconds kResync{30'000};
// Each reload makes Prometheus forget its Alertmanagers for up to five seconds.
constexpr std::chrono::seconds kReloadPause{10};

// Prometheus needs up to ten seconds for a new file; before that nothing is wrong with it.
constexpr std::chrono::seconds kSettling{15};

}  // namespace

struct MetricsBackendReconciler::Pass {
  MetricsBackend backend;
  BackendPlan plan{};
  std::shared_ptr<BackendConnection> connection{};
  Memory* memory = nullptr;
  BackendOutcome outcome{};
};

MetricsBackendReconciler::MetricsBackendReconciler(Context& context, PublishingContext publishing)
    : context_(context), publishing_(std::move(publishing)), backends_(context.client) {}

Task<Result<ReconcileResult>> MetricsBackendReconciler::reconcile(api::ObjectKey key) {
  const auto cached = context_.caches.backends.get(key);
  if (cached == nullptr) {
    context_.backends.remove(key);
    memory_.erase(key);
    co_return ReconcileResult{};
  }
  Pass pass{.backend = *cached};
  pass.memory = &memory_[key];
  pass.connection = context_.backends.ensure(key, pass.backend.spec);
  if (pass.backend.metadata.is_deleting()) {
    Result<void> removed = co_await remove_all(pass);
    if (!removed) co_return std::unexpected(std::move(removed).error());
    context_.backends.remove(key);
    co_return ReconcileResult{};
  }
  if (!pass.backend.metadata.has_finalizer(api::v1alpha1::kRulesFinalizer)) {
    Result<void> held = co_await set_rules_finalizer(backends_, pass.backend, true);
    if (!held) co_return std::unexpected(std::move(held).error());
  }
  pass.plan = plan_backend(key, context_.monitoring_input(true));

  Result<void> targets = co_await publish_targets(pass);
  if (!targets) pass.outcome.targets_error = targets.error();
  Result<void> rules = co_await publish_rules(pass);
  if (!rules) pass.outcome.rules_error = rules.error();

  report(pass);
  if (is_worth_writing(*cached, pass.backend, context_.clock.wall_now())) {
    MetricsBackend reported = pass.backend;
    Result<MetricsBackend> written = co_await backends_.update_status(std::move(reported));
    if (!written) {
      co_return std::unexpected(std::move(written).error().with_context("report MetricsBackend"));
    }
  }
  if (pass.outcome.targets_error) co_return std::unexpected(*pass.outcome.targets_error);
  if (pass.outcome.rules_error) co_return std::unexpected(*pass.outcome.rules_error);
  co_return ReconcileResult{.requeue_after = pass.outcome.verified ? kResync : kVerifying};
}

// Two backends that share a folder would undo each other's work: the stamp names the backend too.
std::string MetricsBackendReconciler::owner_of(const Pass& pass) const {
  return context_.cluster_id + "/" + pass.backend.metadata.key().text();
}

Task<Result<void>> MetricsBackendReconciler::publish_targets(Pass& pass) {
  Files desired(pass.plan.target_files.begin(), pass.plan.target_files.end());
  const std::string folder = pass.backend.spec.targets_directory;
  const std::string owner = owner_of(pass);
  Disk* disk = &publishing_.disk;
  const bool incomplete = !pass.plan.problems.empty();
  auto work = [disk, folder, owner, desired, incomplete]() -> Result<PublishResult> {
    prometheus::FilePublisher publisher(*disk, folder, owner);
    Files wanted = desired;
    if (incomplete) {  // what could not be rendered keeps its last good file
      Result<Files> current = publisher.current();
      if (!current) return std::unexpected(std::move(current).error());
      for (auto& [name, bytes] : *current) wanted.try_emplace(name, std::move(bytes));
    }
    return publisher.publish(wanted);
  };
  Result<PublishResult> published = co_await run_on(publishing_.blocking, std::move(work));
  if (!published) {
    co_return std::unexpected(
        std::move(published).error().with_context("targets directory " + folder));
  }
  pass.outcome.delivered = pass.plan.targets.size();
  if (published->changed()) {
    remember_change(pass);
    pass.connection->observer.poke();
    context_.events.record(MetricsBackend::kGvk, pass.backend.metadata, EventKind::Normal,
                           "TargetsWritten",
                           std::to_string(published->written.size()) + " files written, " +
                               std::to_string(published->removed.size()) + " removed");
  }
  if (incomplete) {
    co_return fail(ErrorCode::InvalidArgument, join(pass.plan.problems, "; "));
  }
  co_return Result<void>{};
}

// For each file the text that Prometheus can load: the new one, or what is there already.
Task<Result<Files>> MetricsBackendReconciler::choose_rules(Pass& pass, Files current) {
  Files chosen;
  for (const PolicyRules& rules : pass.plan.policy_rules) {
    Result<void> verdict = co_await publishing_.verdicts.check(rules.file);
    if (!verdict && verdict.error().code() != ErrorCode::InvalidArgument) {
      co_return std::unexpected(std::move(verdict).error().with_context("check rules"));
    }
    auto refused = pass.memory->refused.find(rules.file_name);
    const bool bad =
        refused != pass.memory->refused.end() && refused->second == rules.file.spec_hash;
    if (verdict && !bad) {
      chosen[rules.file_name] = rules.file.text;
      continue;
    }
    pass.outcome.rejected_files.insert(rules.file_name);
    pass.outcome.rejection =
        verdict ? "Prometheus refused it at reload" : verdict.error().message();
    auto last_good = current.find(rules.file_name);
    if (last_good != current.end()) chosen[rules.file_name] = last_good->second;
  }
  if (!pass.plan.mapping_file_name.empty()) {
    chosen[pass.plan.mapping_file_name] = pass.plan.mapping.text;
  }
  co_return chosen;
}

Task<Result<void>> MetricsBackendReconciler::publish_rules(Pass& pass) {
  const std::string folder = pass.backend.spec.rules_directory;
  const std::string owner = owner_of(pass);
  Disk* disk = &publishing_.disk;
  auto read = [disk, folder, owner] {
    return prometheus::FilePublisher(*disk, folder, owner).current();
  };
  Result<Files> current = co_await run_on(publishing_.blocking, std::move(read));
  if (!current) {
    co_return std::unexpected(std::move(current).error().with_context("rules directory " + folder));
  }
  Files before = *current;
  Result<Files> chosen = co_await choose_rules(pass, before);
  if (!chosen) co_return std::unexpected(std::move(chosen).error());
  Files desired = *chosen;
  auto work = [disk, folder, owner, desired] {
    return prometheus::FilePublisher(*disk, folder, owner).publish(desired);
  };
  Result<PublishResult> published = co_await run_on(publishing_.blocking, std::move(work));
  if (!published) {
    co_return std::unexpected(
        std::move(published).error().with_context("rules directory " + folder));
  }
  std::string why;
  const auto snapshot = pass.connection->fresh_snapshot(&why);
  const bool stale = snapshot != nullptr && rules_differ(*chosen, *snapshot);
  if (published->changed()) {
    remember_change(pass);
    pass.memory->pending = true;
  }
  if (pass.backend.spec.rules_reload == "HTTP" && (pass.memory->pending || stale)) {
    Result<void> reloaded = co_await reload(pass, std::move(before));
    if (!reloaded) co_return std::unexpected(std::move(reloaded).error());
  }
  co_return Result<void>{};
}

Task<Result<void>> MetricsBackendReconciler::reload(Pass& pass, Files before) {
  const SteadyTime now = context_.clock.steady_now();
  // Rules that Prometheus does not show although nothing changed are asked for less often.
  const auto pause =
      pass.memory->pending ? kReloadPause : std::chrono::seconds(pass.backend.spec.verify_seconds);
  if (pass.memory->reloaded && now - pass.memory->last_reload < pause) {
    pass.outcome.reload_pending = true;
    co_return Result<void>{};
  }
  pass.memory->reloaded = true;
  pass.memory->last_reload = now;
  Result<void> reloaded = co_await pass.connection->client.reload();
  pass.connection->observer.poke();
  api::v1alpha1::LastReload record;
  record.time = format_time(context_.clock.wall_now());
  record.succeeded = reloaded.has_value();
  record.message = reloaded ? "Prometheus read its rule files again" : reloaded.error().message();
  pass.backend.status.last_reload = record;
  context_.events.record(MetricsBackend::kGvk, pass.backend.metadata,
                         reloaded ? EventKind::Normal : EventKind::Warning,
                         reloaded ? "ReloadSucceeded" : "ReloadFailed", record.message);
  if (reloaded) {
    pass.memory->pending = false;
    co_return Result<void>{};
  }
  if (reloaded.error().code() == ErrorCode::InvalidArgument) {
    // The files on disk would keep Prometheus from starting: the old ones go back.
    for (const PolicyRules& rules : pass.plan.policy_rules) {
      auto old = before.find(rules.file_name);
      if (old == before.end() || old->second != rules.file.text) {
        pass.memory->refused[rules.file_name] = rules.file.spec_hash;
      }
    }
    const std::string folder = pass.backend.spec.rules_directory;
    const std::string owner = owner_of(pass);
    Disk* disk = &publishing_.disk;
    auto undo = [disk, folder, owner, before] {
      return prometheus::FilePublisher(*disk, folder, owner).publish(before);
    };
    Result<PublishResult> undone = co_await run_on(publishing_.blocking, std::move(undo));
    if (!undone)
      co_return std::unexpected(std::move(undone).error().with_context("put rules back"));
  }
  co_return std::unexpected(std::move(reloaded).error().with_context("reload"));
}

Task<Result<void>> MetricsBackendReconciler::remove_all(Pass& pass) {
  if (!pass.backend.metadata.has_finalizer(api::v1alpha1::kRulesFinalizer))
    co_return Result<void>{};
  const std::string owner = owner_of(pass);
  Disk* disk = &publishing_.disk;
  for (const std::string& folder :
       {pass.backend.spec.targets_directory, pass.backend.spec.rules_directory}) {
    auto work = [disk, folder, owner] {
      return prometheus::FilePublisher(*disk, folder, owner).publish({});
    };
    Result<PublishResult> removed = co_await run_on(publishing_.blocking, std::move(work));
    // A folder that is gone holds nothing of ours, and another owner's is not ours to empty.
    if (!removed && removed.error().code() != ErrorCode::NotFound &&
        removed.error().code() != ErrorCode::PermissionDenied) {
      co_return std::unexpected(std::move(removed).error().with_context("remove files"));
    }
  }
  if (pass.backend.spec.rules_reload == "HTTP") {
    // A Prometheus that does not answer has the files gone at its next start.
    Result<void> reloaded = co_await pass.connection->client.reload();
    if (!reloaded) {
      context_.events.record(MetricsBackend::kGvk, pass.backend.metadata, EventKind::Warning,
                             "ReloadFailed", reloaded.error().message());
    }
  }
  Result<void> dropped = co_await set_rules_finalizer(backends_, pass.backend, false);
  co_return dropped;
}

void MetricsBackendReconciler::remember_change(Pass& pass) const {
  pass.memory->wrote = true;
  pass.memory->changed = context_.clock.steady_now();
}

void MetricsBackendReconciler::report(Pass& pass) const {
  pass.outcome.settling =
      pass.memory->wrote && context_.clock.steady_now() - pass.memory->changed < kSettling;
  std::string why;
  const auto snapshot = pass.connection->fresh_snapshot(&why);
  pass.backend.status = report_backend(pass.backend, pass.plan, pass.outcome, snapshot.get(), why,
                                       context_.clock.wall_now());
  const auto& conditions = pass.backend.status.conditions;
  pass.outcome.verified =
      api::is_true(conditions, "TargetsDelivered") && api::is_true(conditions, "RulesLoaded");
}

}  // namespace clickdeploy::reconcilers
