#include "tests/simulation/sim_world.h"

#include "controller/base/yaml.h"
#include "controller/localcloud/handler.h"
#include "tests/simulation/sim_disk_queue.h"
#include "tests/simulation/sim_survival.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

namespace clickdeploy::simulation {

using namespace std::chrono_literals;

namespace {

const WallTime kBase{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};
constexpr const char* kApi = "http://clickdeploy.local";

// Logs are for people who look into one failing seed.
void set_log_level() {
  const char* level = std::getenv("CLICKDEPLOY_SIM_LOG");
  spdlog::set_level(level == nullptr ? spdlog::level::off : spdlog::level::from_str(level));
}

Task<void> tick_cloud(localcloud::Cloud& cloud, Clock& clock) {
  while (true) {
    cloud.advance();
    const auto due = cloud.next_due();
    const SteadyTime now = clock.steady_now();
    co_await clock.sleep(due ? std::clamp<SteadyTime>(*due - now, 1ms, 500ms) : 500ms);
  }
}

client::ResourcePath path_of(const std::string& resource) {
  for (const api::ResourceInfo& info : api::builtin_scheme().resources()) {
    if (info.group_resource() == resource) return {info.group, info.version, info.plural};
  }
  ADD_FAILURE() << "unknown resource " << resource;
  return {};
}

// Who has given up waiting for the first answer makes nothing by the second request.
Task<Result<void>> apply_one(client::Client& client, client::ResourcePath path, Json object,
                             std::shared_ptr<const bool> waiting) {
  const api::ObjectKey key{object["metadata"]["namespace"].as_string(),
                           object["metadata"]["name"].as_string()};
  Result<std::optional<Json>> there = co_await client.get(path, key);
  if (!there) co_return std::unexpected(std::move(there).error());
  if (!*waiting) co_return fail(ErrorCode::Cancelled, "the user has given up");
  Result<Json> done;
  if (there->has_value()) {
    done = co_await client.merge_patch(path, key, std::move(object));
  } else {
    done = co_await client.create(path, key.namespace_name, std::move(object));
  }
  if (!done) co_return std::unexpected(std::move(done).error());
  co_return Result<void>{};
}

Task<Result<void>> patch_one(client::Client& client, client::ResourcePath path, api::ObjectKey key,
                             Json patch) {
  Result<Json> done = co_await client.merge_patch(path, std::move(key), std::move(patch));
  if (!done) co_return std::unexpected(std::move(done).error());
  co_return Result<void>{};
}

Task<Result<void>> patch_raw(client::Client& client, std::string target, std::string patch) {
  http::Headers headers{{"Content-Type", "application/merge-patch+json"}};
  Result<http::Response> answer =
      co_await client.raw("PATCH", std::move(target), std::move(headers), std::move(patch));
  if (!answer) co_return std::unexpected(std::move(answer).error());
  if (answer->status >= 300) {
    co_return std::unexpected(
        client::error_of_status(answer->status, parse_json(answer->body).value_or(Json())));
  }
  co_return Result<void>{};
}

template <class T>
Task<void> into(Task<T> task, std::shared_ptr<std::optional<T>> slot) {
  T value = co_await std::move(task);
  slot->emplace(std::move(value));
}

}  // namespace

// One life of the process. Its coroutines go first, then the objects they used.
struct SimWorld::Running {
  explicit Running(SimWorld& world)
      : process(std::make_unique<SimProcess>(world.context())),
        disk_queue(*process, world.storage),
        clock(world.context(), kBase + world.wall_shift_, process->owner()),
        outside(*process, world.network, world.taps),
        disk(world.process_disk, world.taps),
        reconciles(world.taps),
        taps(world.taps),
        api_view(in_process, clock, world.views),
        shell(world.machines, clock, world.random, world.shell_faults),
        tasks(process->executor()),
        user(in_process, {.server = kApi, .field_manager = "kubectl"}) {}

  Result<void> start(SimWorld& world) {
    store::StoreOptions options;
    options.path = kDatabase;
    options.log_events_max = world.log_events_max;
    options.vfs = world.vfs.name();
    options.writer = disk_queue.executor();
    auto opened = store::ObjectStore::open(std::move(options), apiserver::ApiServer::read_facts);
    if (!opened) return std::unexpected(std::move(opened).error());
    store = *std::move(opened);
    api = std::make_unique<apiserver::ApiServer>(*store, api::builtin_scheme(), clock, world.random,
                                                 apiserver::ApiServerOptions{});
    auto serve = [server = api.get()](http::Request request) {
      return server->handle(std::move(request));
    };
    in_process.route(kApi, tapped_api(serve, *store, world.taps));
    control_plane =
        std::make_unique<app::ControlPlane>(app::World{.executor = process->executor(),
                                                       .blocking = disk_queue.executor(),
                                                       .clock = clock,
                                                       .random = world.random,
                                                       .api = api_view,
                                                       .api_server = kApi,
                                                       .outside = outside,
                                                       .disk = disk,
                                                       .rules = world.rule_checker,
                                                       .cluster_id = kClusterId,
                                                       .reconciles = &reconciles,
                                                       .shell = &shell,
                                                       .large_fleet = world.large_fleet_});
    tasks.start("main", run());
    return {};
  }

  Task<void> run() {
    Result<void> ready = co_await api->bootstrap();
    if (!ready) {
      exited = std::move(ready).error();
      co_return;
    }
    if (taps.booted) {
      auto serve = [server = api.get()](http::Request request) {
        return server->handle(std::move(request));
      };
      taps.booted(serve, tasks, clock);
    }
    tasks.start("API server", api->run_background());
    control_plane->start();
  }

  std::unique_ptr<SimProcess> process;
  SimDiskQueue disk_queue;
  std::optional<Error> exited;  // by itself
  SimClock clock;
  SimHttpClient outside;
  TappedDisk disk;
  TappedReconciles reconciles;
  const Taps& taps;
  http::LocalHttpClient in_process;
  SimApi api_view;
  SimShell shell;
  std::unique_ptr<store::ObjectStore> store;
  std::unique_ptr<apiserver::ApiServer> api;
  std::unique_ptr<app::ControlPlane> control_plane;
  TaskGroup tasks;
  client::Client user;
};

SimWorld::SimWorld(std::uint64_t seed, std::size_t large_fleet)
    : seed_(seed),
      large_fleet_(large_fleet),
      context_(std::make_unique<SimContext>(seed)),
      clock(*context_, kBase),
      report(clock),
      random(seed + 1'000'003),
      cloud_random(seed + 2'000'003),
      storage(seed + 4'000'037),
      vfs(storage, clock),
      disk(storage, FilesView::Others),
      process_disk(storage, FilesView::Process),
      cloud(
          {.external_cidr = "203.0.113.0/24", .zones = {"az1", "az2"}, .password = kCloudPassword},
          clock, cloud_random, guests),
      checker(cloud, clock,
              localcloud::make_handler(cloud, clock, context_->executor(), kCloudOrigin),
              kClusterId, report),
      network(*context_, clock, seed + 3'000'017),
      prometheus(disk, clock,
                 [this](const std::string& url, const std::string& authorization) {
                   return scrape(url, authorization);
                 },
                 {.targets_folder = kTargetsFolder, .rules_folder = kRulesFolder}),
      on_machines(machines),
      world_tasks_(context_->executor()) {
  set_log_level();
  storage.make_folder(kTargetsFolder);
  storage.make_folder(kRulesFolder);
  storage.make_folder(folder_of(kDatabase));
  network.route(kCloudOrigin,
                [this](http::Request request) { return checker.handle(std::move(request)); });
  network.set_fallback([this](const http::Request& request) -> std::optional<http::Reply> {
    const SplitUrl url = split_url(request.url);
    if (url.origin == kPrometheusOrigin) {
      if (prometheus.is_down()) return std::nullopt;
      http::Request asked = request;
      asked.url = url.target;
      return prometheus.handle(asked);
    }
    const std::string* authorization = http::find_header(request.headers, "Authorization");
    return ask_guest(request.url, authorization == nullptr ? "" : *authorization);
  });
  world_tasks_.start("cloud", tick_cloud(cloud, clock));
  world_tasks_.start("prometheus", prometheus.run());
  boot();
}

std::optional<std::string> SimWorld::serve_targets(const std::string& job) {
  if (list_is_lost && list_is_lost()) return std::nullopt;
  if (!running_ || context_->now() < stopped_until_) return std::nullopt;
  prometheus::TargetsRequest wanted{.backend = {"platform", "main"}, .job = job};
  http::Request request;
  request.url = wanted.path();
  request.headers = {{"Authorization", std::string("Bearer ") + kTargetsToken}};
  http::Response response = running_->control_plane->targets(wanted, request);
  if (response.status != 200) return std::nullopt;
  if (taps.served) taps.served(job, response.body);
  return std::move(response.body);
}

SimWorld::~SimWorld() {
  if (running_) crash();
  dead_.clear();
  context_.reset();
}

void SimWorld::boot() {
  constexpr int kStartsMax = 600;
  // Who took the database away means what was in it.
  if (storage.find(kDatabase) == nullptr) last_store_.reset();
  for (int starts = 0; starts < kStartsMax; ++starts) {
    if (try_boot()) return;
    if (boot_error_->code() == ErrorCode::Internal) return;  // damaged: that is for people
    if (storage.has_power()) context_->run_for(1s);
  }
}

bool SimWorld::try_boot() {
  storage.start_process();
  auto next = std::make_unique<Running>(*this);
  Result<void> started = next->start(*this);
  if (started) {
    if (last_store_) check_survival(*last_store_, *next->store, report);
    running_ = std::move(next);
    storage.kill_process();  // while the last life's handles are closed
    last_store_.reset();
    storage.resume_process();
    boot_error_.reset();
    return true;
  }
  boot_error_ = std::move(started).error();
  storage.kill_process();
  next->process->kill();
  dead_.push_back(std::move(next->process));
  next.reset();
  if (!storage.has_power()) power_loss();
  return false;
}

void SimWorld::crash() {
  if (!running_) return;
  ++crashes_;
  stopped_until_ = {};
  storage.kill_process();
  running_->process->kill();
  // Messages on their way still know the process, so it is kept until the end.
  dead_.push_back(std::move(running_->process));
  last_store_ = std::move(running_->store);
  running_.reset();
  if (taps.killed) taps.killed();
}

void SimWorld::power_loss() {
  ++power_losses_;
  crash();
  storage.lose_power(0.8 + 0.2 * static_cast<double>(storage.below(1000)) / 1000.0);
  context_->mix(storage.draw());
  for (const char* folder : {kTargetsFolder, kRulesFolder}) {
    check_published(storage, folder, report);
  }
  if (prometheus.is_down()) return;
  prometheus.set_down(true);
  prometheus.set_down(false);
}

void SimWorld::restart_if_down() {
  if (context_->steps() >= crash_at_) {
    crash_at_ = UINT64_MAX;
    crash();
    boot();
  } else if (!storage.has_power()) {
    power_loss();
    boot();
  } else if (running_ && running_->exited) {
    crash();
    context_->run_for(1s);
    boot();
  } else if (!running_ && boot_error_ && context_->now() >= next_start_) {
    next_start_ = context_->now() + 1s;
    try_boot();
  }
}

std::uint64_t SimWorld::stamp() const {
  return revision() + cloud.revision() + network.messages() + crashes_ +
         static_cast<std::uint64_t>(
             std::chrono::floor<std::chrono::seconds>(context_->now()).count());
}

bool SimWorld::run_until(const std::function<bool()>& predicate, std::chrono::nanoseconds limit) {
  std::uint64_t looked = UINT64_MAX;
  bool held = false;
  auto look = [&] {
    // What follows a breach proves nothing and may have no end. In a test it fails the test.
    if (report.sink && !report.empty()) return true;
    if (between_steps && running_) between_steps();
    restart_if_down();
    const std::uint64_t now = stamp();
    if (now == looked) return false;
    looked = now;
    if (always) always();
    held = predicate();
    return held;
  };
  context_->run_until(look, context_->now() + limit);
  return held || predicate();
}

void SimWorld::run_for(std::chrono::nanoseconds duration) {
  run_until([] { return false; }, duration);
}

template <class T>
std::optional<T> SimWorld::ask(Task<T> task) {
  auto slot = std::make_shared<std::optional<T>>();
  running_->tasks.start("user", into(std::move(task), slot));
  const std::size_t lives = crashes_;
  run_until([&] { return slot->has_value() || crashes_ != lives; }, 60s);
  return std::move(*slot);
}

Result<void> SimWorld::insist(const std::function<Task<Result<void>>(client::Client&)>& request) {
  Result<void> last = fail(ErrorCode::DeadlineExceeded, "the API does not answer");
  for (int i = 0; i < 20; ++i) {
    std::optional<Result<void>> done;
    if (running_) {
      const auto waits = std::make_shared<bool>(true);
      user_waits_ = waits;
      done = ask(request(running_->user));
      *waits = done.has_value();
    } else if (boot_error_) {
      last = std::unexpected(*boot_error_);
    }
    if (done && *done) return {};
    if (done) {
      last = *std::move(done);
      if (!last.error().is_retryable()) break;
    }
    run_for(1s);
  }
  return last;
}

void SimWorld::expect(const Result<void>& done, const std::string& what) {
  if (!done) report.add("run", what + ": " + done.error().message());
}

Result<void> SimWorld::try_apply(const Json& object) {
  const api::ResourceInfo* info =
      api::builtin_scheme().find_kind(object["apiVersion"].as_string(), object["kind"].as_string());
  if (info == nullptr) return fail(ErrorCode::InvalidArgument, "no such kind");
  const client::ResourcePath path{info->group, info->version, info->plural};
  return insist(
      [&](client::Client& client) { return apply_one(client, path, object, user_waits_); });
}

Result<void> SimWorld::try_patch(const std::string& resource, const api::ObjectKey& key,
                                 Json patch) {
  return insist(
      [&](client::Client& client) { return patch_one(client, path_of(resource), key, patch); });
}

Result<void> SimWorld::try_patch_status(const std::string& resource, const api::ObjectKey& key,
                                        Json patch) {
  const std::string target = path_of(resource).url(key.namespace_name, key.name, "status");
  return insist([&](client::Client& client) { return patch_raw(client, target, to_json(patch)); });
}

Result<void> SimWorld::try_remove(const std::string& resource, const api::ObjectKey& key) {
  return insist([&](client::Client& client) { return client.remove(path_of(resource), key, ""); });
}

void SimWorld::apply(const std::string& yaml) {
  Result<std::vector<YamlDocument>> documents = parse_yaml(yaml);
  ASSERT_TRUE(documents) << documents.error().message();
  for (const YamlDocument& document : *documents) {
    expect(try_apply(document.value), "apply " + document.value["metadata"]["name"].as_string());
  }
}

void SimWorld::patch(const std::string& resource, const api::ObjectKey& key, Json patch) {
  expect(try_patch(resource, key, std::move(patch)), "patch " + key.text());
}

void SimWorld::remove(const std::string& resource, const api::ObjectKey& key) {
  expect(try_remove(resource, key), "delete " + key.text());
}

void SimWorld::pause(std::chrono::nanoseconds length) {
  if (!running_) return;
  const SimContext::Owner owner = running_->process->owner();
  context_->hold(owner);
  stopped_until_ = std::max(stopped_until_, context_->now() + length);
  context_->post_after(length, SimContext::make_job([this, owner] { context_->release(owner); }));
}

void SimWorld::shift_wall(std::chrono::nanoseconds shift) {
  wall_shift_ += shift;
  ++wall_jumps_;
  if (running_) running_->clock.shift_wall(shift);
}

store::ObjectStore* SimWorld::newest_store() const {
  return running_ ? running_->store.get() : last_store_.get();
}

const Json& SimWorld::parsed(const store::DocumentPtr& document) const {
  Parsed& kept = parsed_[document->key];
  if (kept.document != document) {
    kept = {document, parse_json(document->bytes).value_or(Json())};
  }
  return kept.object;
}

const Json& SimWorld::object(const std::string& resource, const api::ObjectKey& key) const {
  static const Json kNone;
  const store::ObjectStore* newest = newest_store();
  if (newest == nullptr) return kNone;
  const store::DocumentPtr document = newest->get({resource, key.namespace_name, key.name});
  return document == nullptr ? kNone : parsed(document);
}

std::vector<std::reference_wrapper<const Json>> SimWorld::objects(
    const std::string& resource) const {
  std::vector<std::reference_wrapper<const Json>> list;
  for (const store::DocumentPtr& document : documents(resource)) {
    list.push_back(std::cref(parsed(document)));
  }
  return list;
}

std::vector<store::DocumentPtr> SimWorld::documents(const std::string& resource) const {
  const store::ObjectStore* newest = newest_store();
  if (newest == nullptr) return {};
  return newest->list(resource, std::nullopt).documents;
}

store::Revision SimWorld::revision() const {
  const store::ObjectStore* newest = newest_store();
  return newest == nullptr ? 0 : newest->revision();
}

WallTime SimWorld::process_wall_now() const {
  return clock.wall_now() + wall_shift_;
}

std::vector<app::QueueCounts> SimWorld::queues() const {
  if (!running_) return {};
  return running_->control_plane->counts();
}

bool SimWorld::has_workers() const {
  return running_ && running_->control_plane->running();
}

}  // namespace clickdeploy::simulation
