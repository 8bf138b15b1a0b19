#include "controller/reconcilers/metrics_backend/metrics_backend_reconciler.h"

#include "controller/async/run_on.h"
#include "controller/prometheus/target_files.h"
#include "controller/reconcilers/metrics_backend/backend_access.h"
#include "controller/reconcilers/metrics_backend/backend_status_internal.h"
#include "controller/reconcilers/metrics_backend/openstack_sd.h"
#include "controller/reconcilers/trouble.h"

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
// A file of targets that goes is empty for so long first: a reload, whoever asks for it, reads the
// files anew, and what is not there then is no news. Where nobody tells Prometheus of changes it
// looks every five minutes; else it passes them on within five seconds, and who deletes the backend
// waits for no more.
constexpr std::chrono::seconds kEmptyFirst{600};
constexpr std::chrono::seconds kEmptyAtTheEnd{15};

// Prometheus needs up to ten seconds for a new file; before that nothing is wrong with it.
constexpr std::chrono::seconds kSettling{15};

const std::vector<std::string_view> kFinalizers{api::v1alpha1::kRulesFinalizer};

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
    board_.remove(key);
    co_return ReconcileResult{};
  }
  Pass pass{.backend = *cached};
  pass.memory = &memory_[key];
  pass.connection = context_.backends.ensure(
      key, access_of(context_.caches, key.namespace_name, pass.backend.spec));
  if (pass.backend.metadata.is_deleting()) {
    co_await keep_silences(pass, {});
    Result<bool> removed = co_await remove_all(pass);
    if (!removed) co_return std::unexpected(std::move(removed).error());
    if (!*removed) co_return ReconcileResult{.requeue_after = kVerifying};
    context_.backends.remove(key);
    co_return ReconcileResult{};
  }
  if (!pass.backend.metadata.has_finalizer(api::v1alpha1::kRulesFinalizer)) {
    Result<void> held = co_await backends_.add_finalizers(pass.backend.metadata, kFinalizers);
    if (!held) co_return std::unexpected(std::move(held).error());
  }
  const MonitoringInput monitoring = context_.monitoring_input(true);
  pass.plan = plan_backend(key, monitoring);
  if (pass.backend.spec.targets_type == "OpenStackSD") {
    // Prometheus finds them by itself, and drops those of stopped servers.
    pass.plan.held.clear();
    pass.plan.problems = never_discovered(key, monitoring);
  }

  Result<void> targets = co_await publish_targets(pass);
  if (!targets) pass.outcome.targets_error = targets.error();
  Result<void> rules = co_await publish_rules(pass);
  if (!rules) pass.outcome.rules_error = rules.error();

  co_await keep_silences(pass, monitoring);
  report(pass);
  if (is_worth_writing(*cached, pass.backend, context_.clock.wall_now())) {
    MetricsBackend reported = pass.backend;
    Result<MetricsBackend> written = co_await backends_.update_status(std::move(reported));
    if (!written) {
      co_return std::unexpected(std::move(written).error().with_context("report MetricsBackend"));
    }
    record_trouble(context_.events, MetricsBackend::kGvk, cached->metadata,
                   cached->status.conditions, written->status.conditions);
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
  const std::string& type = pass.backend.spec.targets_type;
  Result<bool> changed = false;
  if (type == "HTTPSD") {
    changed = serve_targets(pass);
  } else if (type != "OpenStackSD") {
    changed = co_await write_targets(pass);
  }
  if (!changed) co_return std::unexpected(std::move(changed).error());
  tell_held(pass);
  pass.plan.targets.insert(pass.plan.targets.end(), pass.plan.held.begin(), pass.plan.held.end());
  pass.outcome.delivered = pass.plan.targets.size();
  if (*changed) {
    remember_change(pass);
    pass.connection->observer.poke();
  }
  if (!pass.plan.problems.empty()) {
    co_return fail(ErrorCode::InvalidArgument, join(pass.plan.problems, "; "));
  }
  co_return Result<void>{};
}

// The objects alone say what is served, so what is planned is true as soon as the caches are whole.
Result<bool> MetricsBackendReconciler::serve_targets(Pass& pass) {
  const api::ObjectKey key = pass.backend.metadata.key();
  Result<SecretString> token =
      context_.caches.secret_value(key.namespace_name, pass.backend.spec.targets_token);
  const bool changed =
      board_.put(key, pass.plan.target_files, pass.plan.file_jobs, pass.plan.unwritten_files);
  if (!token) {
    return fail(ErrorCode::InvalidArgument,
                "targets.tokenSecretRef: " + token.error().message() +
                    ". Prometheus gets no targets without it, and keeps those that it has");
  }
  if (changed) {
    context_.events.record(MetricsBackend::kGvk, pass.backend.metadata, EventKind::Normal,
                           "TargetsServed",
                           std::to_string(pass.plan.targets.size() + pass.plan.held.size()) +
                               " targets are there for Prometheus to ask for");
  }
  return changed;
}

Task<Result<PublishResult>> MetricsBackendReconciler::publish_files(
    Pass& pass, Files wanted, std::set<std::string> unwritten, std::chrono::seconds empty_first) {
  prometheus::Farewell farewell{.text = std::string(prometheus::kNoTargets)};
  for (const auto& [name, since] : pass.memory->leaving) {
    if (context_.clock.steady_now() - since >= empty_first) farewell.ready.insert(name);
  }
  auto work = [disk = &publishing_.disk, folder = pass.backend.spec.targets_directory,
               owner = owner_of(pass), wanted = std::move(wanted), unwritten = std::move(unwritten),
               farewell = std::move(farewell)]() -> Result<PublishResult> {
    const prometheus::FilePublisher publisher(*disk, folder, owner);
    if (unwritten.empty()) return publisher.publish(wanted, &farewell);
    Result<Files> current = publisher.current();
    if (!current) return std::unexpected(std::move(current).error());
    return publisher.publish(target_files_to_have(wanted, unwritten, *current), &farewell);
  };
  Result<PublishResult> published = co_await run_on(publishing_.blocking, std::move(work));
  if (!published) co_return published;
  std::map<std::string, SteadyTime> leaving;
  for (const std::string& name : published->leaving) {
    const auto known = pass.memory->leaving.find(name);
    leaving[name] =
        known == pass.memory->leaving.end() ? context_.clock.steady_now() : known->second;
  }
  pass.memory->leaving = std::move(leaving);
  co_return published;
}

Task<Result<bool>> MetricsBackendReconciler::write_targets(Pass& pass) {
  const std::string folder = pass.backend.spec.targets_directory;
  Result<PublishResult> published =
      co_await publish_files(pass, pass.plan.target_files, pass.plan.unwritten_files, kEmptyFirst);
  if (!published) {
    co_return std::unexpected(
        std::move(published).error().with_context("targets directory " + folder));
  }
  tell_foreign(pass, folder, published->foreign);
  if (published->changed()) {
    context_.events.record(MetricsBackend::kGvk, pass.backend.metadata, EventKind::Normal,
                           "TargetsWritten",
                           std::to_string(published->written.size()) + " files written, " +
                               std::to_string(published->removed.size()) + " removed");
  }
  co_return published->changed();
}

// They are left as they are; but Prometheus may read them, and somebody should know.
void MetricsBackendReconciler::tell_foreign(Pass& pass, const std::string& folder,
                                            const std::vector<std::string>& names) const {
  constexpr std::size_t kNamed = 5;
  std::vector<std::string>& told = pass.memory->foreign[folder];
  if (std::exchange(told, names) == names || names.empty()) return;
  std::vector<std::string> shown(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(kNamed, names.size())));
  for (std::string& name : shown) name = go_quote(name);
  context_.events.record(
      MetricsBackend::kGvk, pass.backend.metadata, EventKind::Warning, "ForeignFileFound",
      std::to_string(names.size()) + " files in " + folder + " are not ours and are left alone: " +
          join(shown, ", ") + (names.size() > kNamed ? ", …" : ""));
}

void MetricsBackendReconciler::tell_held(Pass& pass) const {
  const std::size_t held = pass.plan.held.size();
  if (std::exchange(pass.memory->held, held) == held || held == 0) return;
  context_.events.record(
      MetricsBackend::kGvk, pass.backend.metadata, EventKind::Warning, "TargetsHeld",
      std::to_string(held) + " of " + std::to_string(pass.plan.targets.size() + held) +
          " targets are of servers that are stopped, too many to be taken out: they stay until "
          "fewer are stopped. If they are stopped on purpose, set spec.paused of their Service");
}

// What is left of an earlier process is found by the first look after the start. Silences end by
// themselves, so nothing waits for an Alertmanager that does not answer.
Task<void> MetricsBackendReconciler::keep_silences(Pass& pass, const MonitoringInput& input) {
  Memory& memory = *pass.memory;
  const std::vector<WantedSilence> wanted = wanted_silences(pass.backend.metadata.key(), input);
  pass.outcome.silences = wanted.size();
  AlertmanagerConnection* alertmanager = pass.connection->alertmanager.get();
  if (alertmanager == nullptr || alertmanager->observer.view() == nullptr) {
    memory.silences_settled = false;
    co_return;
  }
  if (wanted.empty() && memory.silences_settled) co_return;
  prometheus::AlertmanagerClient& client = alertmanager->client;
  Result<std::vector<prometheus::Silence>> existing = co_await client.silences();
  std::optional<Error> failure;
  if (!existing) failure = existing.error();
  const std::string owner = rules_owner_of(context_.cluster_id, pass.backend.metadata.key());
  std::vector<SilenceStep> steps;
  if (existing) steps = plan_silences(owner, wanted, *existing, context_.clock.wall_now());
  for (SilenceStep& step : steps) {
    Result<void> done;
    if (auto* put = std::get_if<PutSilence>(&step)) {
      done = co_await client.put_silence(std::move(put->silence));
    } else {
      done = co_await client.expire_silence(std::get<ExpireSilence>(step).id);
    }
    if (done) continue;
    failure = done.error();
    if (failure->is_retryable()) break;  // the others would wait for the same time-out
  }
  memory.silences_settled = wanted.empty() && !failure;
  pass.outcome.silence_error = failure;
}

RuleOrder MetricsBackendReconciler::order_rules(const Pass& pass) const {
  RuleOrder order;
  order.url = pass.backend.spec.url;
  order.folder = pass.backend.spec.rules_directory;
  order.folder_owner = owner_of(pass);
  order.rules_owner = pass.plan.rules_owner;
  order.reload = pass.backend.spec.rules_reload == "HTTP";
  order.verify = std::chrono::seconds(pass.backend.spec.verify_seconds);
  for (const auto& rules : pass.plan.policy_rules) {
    order.wanted.push_back({rules->file_name, rules->file, rules});
  }
  if (!pass.plan.mapping_file_name.empty()) {
    order.wanted.push_back({pass.plan.mapping_file_name, pass.plan.mapping, nullptr});
  }
  std::string why;
  order.snapshot = pass.connection->fresh_snapshot(&why);
  return order;
}

Task<Result<void>> MetricsBackendReconciler::publish_rules(Pass& pass) {
  auto reload = [connection = pass.connection] { return connection->client.reload(); };
  RuleDelivery delivery(publishing_, context_.clock, reload, order_rules(pass), pass.memory->rules);
  Result<void> delivered = co_await delivery.run();
  const RuleReport& report = delivery.report();
  if (report.changed) remember_change(pass);
  if (!report.reloads.empty()) pass.connection->observer.poke();
  for (const Result<void>& reloaded : report.reloads) tell_reload(pass, reloaded);
  pass.outcome.reload_pending = report.reload_pending;
  pass.outcome.broken = report.broken;
  for (const auto& [file, outcome] : report.outcomes) {
    publishing_.verdicts.note(pass.plan.rules_owner, file, outcome);
  }
  pass.outcome.rules = report.outcomes;
  for (const auto& [file, why] : report.rejected) {
    pass.outcome.rejected_files.insert(file);
    pass.outcome.rejection = why;
  }
  co_return delivered;
}

void MetricsBackendReconciler::tell_reload(Pass& pass, const Result<void>& reloaded) const {
  api::v1alpha1::LastReload record;
  record.time = format_time(context_.clock.wall_now());
  record.succeeded = reloaded.has_value();
  record.message = reloaded ? "Prometheus read its rule files again" : reloaded.error().message();
  pass.backend.status.last_reload = record;
  context_.events.record(MetricsBackend::kGvk, pass.backend.metadata,
                         reloaded ? EventKind::Normal : EventKind::Warning,
                         reloaded ? "ReloadSucceeded" : "ReloadFailed", record.message);
}

Task<Result<bool>> MetricsBackendReconciler::remove_all(Pass& pass) {
  if (!pass.backend.metadata.has_finalizer(api::v1alpha1::kRulesFinalizer)) co_return true;
  // A folder that is gone holds nothing of ours, and another owner's is not ours to empty.
  const auto is_trouble = [](const Result<PublishResult>& done) {
    return !done && done.error().code() != ErrorCode::NotFound &&
           done.error().code() != ErrorCode::AlreadyExists;
  };
  if (!pass.backend.spec.targets_directory.empty()) {
    Result<PublishResult> emptied = co_await publish_files(pass, {}, {}, kEmptyAtTheEnd);
    if (is_trouble(emptied)) {
      co_return std::unexpected(std::move(emptied).error().with_context("remove files"));
    }
    if (emptied && !emptied->leaving.empty()) co_return false;
  }
  const std::string owner = owner_of(pass);
  Disk* disk = &publishing_.disk;
  for (const std::string& folder :
       {pass.backend.spec.targets_directory, pass.backend.spec.rules_directory}) {
    if (folder.empty()) continue;  // its targets are served
    auto work = [disk, folder, owner] {
      return prometheus::FilePublisher(*disk, folder, owner).leave();
    };
    Result<PublishResult> removed = co_await run_on(publishing_.blocking, std::move(work));
    if (is_trouble(removed)) {
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
  Result<void> dropped = co_await backends_.drop_finalizers(pass.backend.metadata, kFinalizers);
  if (!dropped) co_return std::unexpected(std::move(dropped).error());
  co_return true;
}

void MetricsBackendReconciler::remember_change(Pass& pass) const {
  pass.memory->wrote = true;
  pass.memory->changed = context_.clock.steady_now();
}

void MetricsBackendReconciler::tell_unreachable(
    const Pass& pass, const api::v1alpha1::MetricsBackendStatus& before) const {
  const api::Condition* now = api::find_condition(pass.backend.status.conditions, "Reachable");
  if (now->status == api::ConditionStatus::True || !api::is_true(before.conditions, "Reachable"))
    return;
  context_.events.record(MetricsBackend::kGvk, pass.backend.metadata, EventKind::Warning,
                         "BackendUnreachable", now->message);
}

void MetricsBackendReconciler::report(Pass& pass) const {
  pass.outcome.settling =
      pass.memory->wrote && context_.clock.steady_now() - pass.memory->changed < kSettling;
  std::string why;
  const auto snapshot = pass.connection->fresh_snapshot(&why);
  pass.outcome.observation_error = pass.connection->observer.last_error();
  if (const auto& alertmanager = pass.connection->alertmanager) {
    pass.outcome.alertmanager_seen = alertmanager->observer.view() != nullptr;
    pass.outcome.alertmanager_error = alertmanager->observer.last_error();
  }
  const api::v1alpha1::MetricsBackendStatus before = pass.backend.status;
  pass.backend.status.cluster_id = context_.cluster_id;
  pass.backend.status = report_backend(pass.backend, pass.plan, pass.outcome, snapshot.get(), why,
                                       context_.clock.wall_now());
  tell_unreachable(pass, before);
  const auto& conditions = pass.backend.status.conditions;
  pass.outcome.verified =
      api::is_true(conditions, "TargetsDelivered") && api::is_true(conditions, "RulesLoaded");
}

}  // namespace clickdeploy::reconcilers
