#include "tests/simulation/invariants.h"

#include "controller/app/own_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace clickdeploy::simulation {

namespace {

constexpr std::array kPromises = {
    Promise{"S1", "one live server per Instance and claim, timed-out creates included",
            "each change in the cloud (CloudChecker)"},
    Promise{"S2", "no change of what lacks our mark; all that is made carries it",
            "each request that changes the cloud (CloudChecker)"},
    Promise{"S3",
            "a server is deleted only with its Instance, as a second one, or in a replacement "
            "within its budget",
            "each DELETE of a server, each change (ReplacementCheck)"},
    Promise{"S4", "a finalizer goes only after what it guards is gone", "each change"},
    Promise{"S5", "an Instance never holds a server of another UID, whatever the names",
            "each change"},
    Promise{"S6", "at rest the cloud has the servers, ports and volumes asked for, no others",
            "the end"},
    Promise{"S7", "resourceVersion rises with every change, across kills and clock jumps",
            "each change (History)"},
    Promise{"S8", "no lost update; the history of each key is linearisable",
            "each answer of the API server (LostUpdateCheck)"},
    Promise{"S9", "watches deliver each change once and in order; bookmarks are never ahead",
            "each event of eight watchers (WatchCheck)"},
    Promise{
        "S11",
        "the generation rises with what is wanted alone; status.observedGeneration never exceeds "
        "it and never falls; times of conditions move only with their status",
        "each change (ConditionCheck)"},
    Promise{"S13", "one publish never drops more than a tenth of the targets unexplained",
            "each published target file (TargetFilesCheck)"},
    Promise{"S14", "target addresses are our own servers'",
            "each published target file (TargetFilesCheck)"},
    Promise{"S15", "a rule that the parser rejects is never active; the mapping selects only ours",
            "each change; each published mapping (RuleFilesCheck)"},
    Promise{"S17", "rates, Retry-After and one log-in at a time are kept",
            "each call to the cloud (CallRateCheck)"},
    Promise{"S18", "at rest nothing changes but the refresh of times", "after the end"},
    Promise{"S19", "one reconcile per key at a time; queues hold no more than the keys there are",
            "each reconcile; each second (QueueCheck)"},
    Promise{"S20", "no secret in logs, events, statuses, errors, files, metrics or requests",
            "each of these (CanaryCheck)"},
    Promise{"S21", "no namespace uses another's credentials",
            "each call to the cloud (CredentialCheck)"},
    Promise{"S24", "the same seed is the same run", "one seed of a hundred"},
    Promise{"L1", "every object comes to rest as asked for", "the end"},
    Promise{"L3", "what was deleted goes once the cloud answers", "the end"},
    Promise{"L4", "final targets and rules are active after all trouble with Prometheus",
            "the end"},
    Promise{"L5", "every watcher catches up within thirty seconds", "each second (WatchCheck)"},
    Promise{"L6", "no key waits longer than its queue's work explains", "each second (QueueCheck)"},
};

const std::string kServerPath = "/compute/v2.1/servers/";

// The kinds that controllers reconcile.
const std::map<std::string, std::string> kOurs = {
    {kServices, "Service"},        {kInstances, "Instance"},        {kClouds, "Cloud"},
    {kBackends, "MetricsBackend"}, {kPolicies, "MonitoringPolicy"},
};

const std::vector<std::pair<std::string, std::string>> kWatched = {
    {kServices, "/apis/clickdeploy.io/v1alpha1/services"},
    {kInstances, "/apis/clickdeploy.io/v1alpha1/instances"},
    {kClouds, "/apis/clickdeploy.io/v1alpha1/clouds"},
    {kBackends, "/apis/clickdeploy.io/v1alpha1/metricsbackends"},
    {kPolicies, "/apis/clickdeploy.io/v1alpha1/monitoringpolicies"},
    {"secrets", "/api/v1/secrets"},
    {"namespaces", "/api/v1/namespaces"},
    {"events", "/api/v1/events"},
};

// What was made before a jump of the clock is written by then.
constexpr std::chrono::seconds kWritesEnd{60};

// The token in a port's description; "" if it has none.
std::string claim_in(const std::string& description) {
  constexpr std::string_view kClaim = " claim=";
  const std::size_t at = description.find(kClaim);
  if (at == std::string::npos) return "";
  const std::size_t from = at + kClaim.size();
  return description.substr(from, description.find(' ', from) - from);
}

const std::string& uid_of(const Json& object) {
  return object["metadata"]["uid"].as_string();
}

// What a server of the Instance has in its metadata: of one that was taken over, another's uid.
const std::string& identity_of(const Json& instance) {
  const std::string& taken_over = instance["spec"]["adopt"]["identity"].as_string();
  return taken_over.empty() ? uid_of(instance) : taken_over;
}

bool is_deleting(const Json& object) {
  return !object["metadata"]["deletionTimestamp"].is_null();
}

}  // namespace

std::span<const Promise> promises() {
  return kPromises;
}

Invariants::Invariants(SimWorld& world)
    : world_(world),
      history_(world.clock, world.report),
      lost_updates_(history_, world.report),
      conditions_(world.report),
      replacements_(world.clock, world.report),
      queues_(world.clock, world.report),
      canaries_(world.report),
      rates_(world.clock, book_, world.report),
      credentials_(
          book_, [this](const std::string& id) { return owner_of_server(id); },
          [this](const std::string& id) { return claim_of_port(id); }, world.report),
      targets_(
          kTargetsFolder, [this](const std::string& id) { return addresses_of_server(id); },
          world.report),
      rules_(kRulesFolder, world.report),
      machines_(world, world.report) {
  canaries_.listen_to_log();
  std::uint64_t seed = world.seed();
  for (const auto& [resource, path] : kWatched) {
    seed += 17'000'023;
    watchers_.push_back(std::make_unique<WatchCheck>(resource, path, history_, world.clock,
                                                     world.report, seed, [this] { catch_up(); }));
  }
  listen();
}

Invariants::~Invariants() {
  world_.taps = {};
  world_.machines.sent = nullptr;
  world_.checker.before_mutation = nullptr;
}

void Invariants::listen() {
  world_.checker.before_mutation = [this](const http::Request& request) {
    if (request.method == "DELETE" && request.url.starts_with(kServerPath)) judge_delete(request);
    const localcloud::Volume* volume = world_.checker.volume_of(request);
    if (volume != nullptr && request.method == "DELETE" && !request.url.contains("/metadata/")) {
      judge_volume_delete(*volume);
    }
  };
  Taps& taps = world_.taps;
  taps.booted = [this](const http::Handler& serve, TaskGroup& tasks, Clock& clock) {
    auto oldest = [this] { return world_.newest_store()->oldest_revision(); };
    for (const auto& watcher : watchers_) {
      tasks.start("watcher", watcher->run(serve, clock, oldest));
    }
  };
  taps.killed = [this] {
    queues_.killed();
    targets_.published();
    rates_.killed();
    for (const auto& watcher : watchers_) watcher->killed();
  };
  taps.api = [this](const ApiExchange& exchange) {
    catch_up();
    lost_updates_.answered(exchange);
    if (exchange.method == "DELETE" && exchange.status < 300) {
      const std::optional<NamedByPath> named = named_by(exchange.url);
      if (named) replacements_.deleted(named->key, exchange.body.contains("\"preconditions\""));
    }
    if (exchange.status >= 400) canaries_.look("an error of the API", exchange.answer);
  };
  taps.sent = [this](const http::Request& request) {
    catch_up();
    judge_message(request);
  };
  taps.ended = [this](const http::Request& request, const Result<http::Response>* result) {
    if (result != nullptr && *result && is_log_in(request)) book_.logged_in(request, **result);
    rates_.ended(request, result);
  };
  taps.file = [this](const std::string& path, std::optional<std::string_view> bytes) {
    catch_up();
    canaries_.look(path, bytes.value_or(""));
    targets_.file(path, bytes);
    rules_.file(path, bytes);
  };
  taps.served = [this](const std::string& job, const std::string& list) {
    catch_up();
    canaries_.look("a served list of targets", list);
    targets_.served(job, list);
  };
  world_.machines.sent = [this](const std::string& address, const std::string& text) {
    canaries_.look("a script for machine " + address, text);
  };
  taps.reconcile_begins = [this](const std::string& controller, const api::ObjectKey& key) {
    queues_.begins(controller, key);
  };
  taps.reconcile_ended = [this](const std::string& controller, const api::ObjectKey& key) {
    queues_.ended(controller, key);
    if (controller == "MetricsBackend") targets_.published();
  };
}

void Invariants::judge_message(const http::Request& request) {
  rates_.sent(request);
  credentials_.sent(request);
  if (is_log_in(request)) return;
  canaries_.look("a request to " + request.url, request.body);
  canaries_.look("the URL of a request", request.url);
}

void Invariants::look() {
  look_at_prometheus();
  catch_up();
  if (world_.clock.steady_now() >= next_look_) look_now_and_then();
  const std::uint64_t cloud_revision = world_.cloud.revision();
  if (history_.revision() == looked_at_ && cloud_revision == cloud_revision_) return;
  look_at_ownership();
  looked_at_ = history_.revision();
  cloud_revision_ = cloud_revision;
}

void Invariants::look_now_and_then() {
  const SteadyTime now = world_.clock.steady_now();
  next_look_ = now + std::chrono::seconds(1);
  const std::vector<app::QueueCounts> queues = world_.queues();
  if (queues.empty()) return;  // no process runs
  const SteadyTime fair_since = world_.context().fair_since();
  for (const auto& watcher : watchers_) watcher->look(fair_since);
  // Workers begin when every cache is filled; an answer that is late holds them all up.
  if (!world_.has_workers()) no_workers_until_ = now;
  queues_.look(
      queues, [this](const std::string& kind) { return keys_of_kind(kind); },
      std::max(fair_since, no_workers_until_));
  if (now < next_metrics_) return;
  next_metrics_ = now + std::chrono::seconds(60);
  canaries_.look("/metrics", app::render_own_metrics(queues, *world_.newest_store()));
}

void Invariants::catch_up() {
  store::ObjectStore* store = world_.newest_store();
  if (store == nullptr) return;
  history_.catch_up(*store, [this](const store::Event& event) { changed(event); });
}

void Invariants::changed(const store::Event& event) {
  const store::Key& key = event.document->key;
  if (key.resource != "secrets") {
    canaries_.look(key.resource + " " + key.name, event.document->bytes);
  }
  const bool ours = kOurs.contains(key.resource);
  if (!ours && key.resource != "secrets" && key.resource != "namespaces") return;
  const Json& object = world_.parsed(event.document);
  book_.changed(event, object);
  targets_.changed(event, object);
  if (!ours) return;
  keys_[key.resource].insert(key);
  conditions_.changed(event, object, wall());
  replacements_.changed(event, object);
  credentials_.changed(event, object);
  if (event.type != store::EventType::Deleted) ++writes_[key.resource + " " + key.name];
}

ConditionCheck::Wall Invariants::wall() {
  const SteadyTime now = world_.clock.steady_now();
  wall_jumps_.resize(std::max(wall_jumps_.size(), world_.wall_jumps()), now);
  const auto settled =
      std::ranges::count_if(wall_jumps_, [&](SteadyTime at) { return now - at > kWritesEnd; });
  return {.now = world_.process_wall_now(),
          .jumps = wall_jumps_.size(),
          .settled = static_cast<std::size_t>(settled)};
}

std::size_t Invariants::keys_of_kind(const std::string& kind) const {
  for (const auto& [resource, of_kind] : kOurs) {
    if (of_kind != kind) continue;
    const auto keys = keys_.find(resource);
    return keys == keys_.end() ? 0 : keys->second.size();
  }
  return 0;
}

std::string Invariants::owner_of_server(const std::string& id) const {
  const auto found = world_.cloud.state().servers.find(id);
  if (found == world_.cloud.state().servers.end()) return "";
  return CloudChecker::metadata_of(found->second, "clickdeploy_uid");
}

// Whose it is by its mark; nullopt if it is gone.
std::optional<std::string> Invariants::holder_of_server(const std::string& id) const {
  if (world_.on_machines.is_marked_for(id)) {
    return mark_value(world_.on_machines.find(id)->mark, "clickdeploy_uid");
  }
  const auto found = world_.cloud.state().servers.find(id);
  if (found == world_.cloud.state().servers.end()) return std::nullopt;
  return CloudChecker::metadata_of(found->second, "clickdeploy_uid");
}

std::string Invariants::claim_of_port(const std::string& id) const {
  const auto found = world_.cloud.state().ports.find(id);
  return found == world_.cloud.state().ports.end() ? "" : claim_in(found->second.description);
}

std::optional<std::set<std::string>> Invariants::addresses_of_server(const std::string& id) const {
  if (std::as_const(world_.on_machines).find(id) != nullptr) {
    return std::set<std::string>{machine_address(machine_name_of(id))};
  }
  if (owner_of_server(id).empty()) return std::nullopt;
  std::set<std::string> addresses;
  for (const auto& [port_id, port] : world_.cloud.state().ports) {
    if (port.device_id != id) continue;
    for (const localcloud::FixedIp& ip : port.fixed_ips) addresses.insert(ip.address);
  }
  return addresses;
}

const Json* Invariants::instance_with_uid(const std::string& uid) const {
  for (const Json& instance : world_.objects(kInstances)) {
    if (identity_of(instance) == uid) return &instance;
  }
  return nullptr;
}

void Invariants::look_at_ownership() {
  std::set<std::string> uids;
  std::set<std::string> claims;
  for (const Json& instance : world_.objects(kInstances)) {
    uids.insert(identity_of(instance));
    claims.insert(instance["status"]["claim"]["token"].as_string());
    const std::string& server_id = instance["status"]["server"]["id"].as_string();
    if (server_id.empty()) continue;
    const std::optional<std::string> holder = holder_of_server(server_id);
    if (!holder) continue;
    const std::string& owner = *holder;
    // A person took its first Instance away by hand, and this one has taken it over by its marks.
    const bool from_another = owner != uid_of(instance) && identity_of(instance) == owner;
    if (from_another && world_.forsaken.erase(owner) > 0) {
      world_.forsaken.erase(instance["status"]["claim"]["token"].as_string());
      taken_over_.insert(owner);
    }
    if (owner != uid_of(instance) && !(from_another && taken_over_.contains(owner))) {
      world_.report.add("S5", instance["metadata"]["name"].as_string() + " holds server " +
                                  server_id + " of Instance " + owner);
    }
  }
  for (const std::string& claim : claims_) {
    if (!claims.contains(claim)) ended_claims_.emplace(claim, world_.cloud.now());
  }
  claims_ = claims;
  for (const localcloud::Server* server : world_.checker.our_servers()) {
    const std::string uid = CloudChecker::metadata_of(*server, "clickdeploy_uid");
    if (!uids.contains(uid) && !world_.forsaken.contains(uid)) {
      world_.report.add("S4", "server " + server->id + " has outlived its Instance " +
                                  CloudChecker::metadata_of(*server, "clickdeploy_instance"));
    }
  }
  for (const localcloud::Port* port : world_.checker.our_ports()) {
    const std::string claim = claim_in(port->description);
    if (claims.contains(claim) || world_.forsaken.contains(claim)) continue;
    // A request that was under way may be carried out later; S6 is about what becomes of that.
    const auto ended = ended_claims_.find(claim);
    if (ended != ended_claims_.end() && port->created >= ended->second) continue;
    world_.report.add("S4", "port " + port->name + " has outlived its claim " + claim);
  }
  look_at_volumes(uids);
  machines_.look(uids);
  if (!world_.prometheus.is_down() && world_.objects(kServices).empty() &&
      world_.prometheus.targets_of_services() > 0) {
    world_.report.add("S4", "Prometheus has targets of a Service that is gone");
  }
}

// One that was never attached may be of a request that was carried out late: S6 is about that.
void Invariants::look_at_volumes(const std::set<std::string>& uids) {
  for (const localcloud::Volume* volume : world_.checker.our_volumes()) {
    const std::string uid = CloudChecker::metadata_of(*volume, "clickdeploy_uid");
    const bool unused = !CloudChecker::metadata_of(*volume, "clickdeploy_unused").empty();
    if (unused || uids.contains(uid) || world_.forsaken.contains(uid)) continue;
    world_.report.add("S4", "volume " + volume->name + " has outlived its Instance " + uid);
  }
}

// What may hold somebody's data goes with its Instance, and not before.
void Invariants::judge_volume_delete(const localcloud::Volume& volume) {
  const bool data = !CloudChecker::metadata_of(volume, "clickdeploy_volume").empty() &&
                    CloudChecker::metadata_of(volume, "clickdeploy_unused").empty();
  const std::string uid = CloudChecker::metadata_of(volume, "clickdeploy_uid");
  if (!data || world_.forsaken.contains(uid)) return;
  const Json* instance = instance_with_uid(uid);
  if (instance != nullptr && is_deleting(*instance)) return;
  world_.report.add("S3", "DELETE of volume " + volume.name + ", whose Instance is not deleted");
}

void Invariants::look_at_prometheus() {
  if (world_.prometheus.rule_expression("HighCPU").starts_with("sum(((")) {
    world_.report.add("S15", "a rule that cannot be parsed is active");
  }
}

void Invariants::judge_delete(const http::Request& request) {
  const std::string id = request.url.substr(kServerPath.size());
  const localcloud::Server* server = world_.cloud.find_server(id);
  if (server == nullptr) return;
  const Json* instance = instance_with_uid(CloudChecker::metadata_of(*server, "clickdeploy_uid"));
  if (instance == nullptr) {
    // Somebody took its finalizers away while it was asked for.
    if (world_.forsaken.contains(CloudChecker::metadata_of(*server, "clickdeploy_uid"))) return;
    world_.report.add("S3", "DELETE of server " + id + ", whose Instance is gone");
    return;
  }
  const Json& status = (*instance)["status"];
  const bool second = status["server"]["id"].as_string() != id;
  const bool replaced = status["remediation"]["step"].as_string() == "Replace";
  if (!is_deleting(*instance) && !second && !replaced) {
    world_.report.add("S3", "DELETE of server " + id + " of " +
                                (*instance)["metadata"]["name"].as_string() +
                                ", which is neither deleted nor replaced");
  }
}

void stay_at_rest(SimWorld& world, Invariants& invariants, std::chrono::nanoseconds duration,
                  std::int64_t refreshes_max) {
  const std::size_t mutations = world.checker.mutations().size();
  const std::size_t changes = world.machines.changes;
  invariants.take_writes();
  world.run_for(duration);
  if (world.checker.mutations().size() != mutations) {
    const Mutation& last = world.checker.mutations().back();
    world.report.add("S18", "the cloud is changed at rest: " + last.method + " " + last.path);
  }
  if (world.machines.changes != changes) {
    world.report.add("S18", "machines are changed at rest");
  }
  for (const auto& [name, writes] : invariants.take_writes()) {
    if (writes <= refreshes_max) continue;
    world.report.add("S18", fmt::format("{} is written {} times at rest", name, writes));
  }
}

}  // namespace clickdeploy::simulation
