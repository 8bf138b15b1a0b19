#include "controller/app/daemon.h"

#include "controller/apiserver/api_server.h"
#include "controller/app/control_plane.h"
#include "controller/app/own_metrics.h"
#include "controller/async/process.h"
#include "controller/async/run_on.h"
#include "controller/async/task_group.h"
#include "controller/base/json.h"
#include "controller/base/text.h"
#include "controller/base/yaml.h"
#include "controller/client/client.h"
#include "controller/http/server.h"

#include <spdlog/spdlog.h>

namespace clickdeploy::app {

namespace {

constexpr const char* kInProcess = "http://clickdeploy.local";

Result<std::string> read_pem(Disk& disk, const std::string& path) {
  if (path.empty()) return std::string();
  return disk.read(path);
}

}  // namespace

struct Daemon::Parts {
  Parts(Settings chosen, EventLoop& on)
      : settings(std::move(chosen)), loop(on), tasks(on.executor()) {}

  Task<http::Reply> serve(http::Request request);
  Task<Result<void>> make_default_backend();

  Settings settings;
  std::string cluster_id;  // marks what we make in clouds
  EventLoop& loop;
  SystemClock clock;
  SystemRandom random;
  PosixDisk disk;
  SystemProcessRunner processes;
  ThreadExecutor writer;    // of the database
  ThreadExecutor blocking;  // files and promtool
  std::unique_ptr<store::ObjectStore> store;
  std::unique_ptr<apiserver::ApiServer> api;
  std::unique_ptr<http::HttpServer> server;
  http::LocalHttpClient in_process;
  std::unique_ptr<http::HttpClient> outside;
  std::unique_ptr<agents::RemoteShell> shell;
  std::unique_ptr<prometheus::PromtoolRuleChecker> rules;
  std::unique_ptr<ControlPlane> control_plane;
  TaskGroup tasks;
  std::string url;
};

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Daemon::~Daemon() = default;

const std::string& Daemon::url() const {
  return parts_->url;
}

namespace {

// Kept beside the database, so that one that is lost or put aside is followed by one of the same
// cluster: what is in the clouds is then still ours. An empty database has no say in it.
Result<std::string> choose_cluster_id(Disk& disk, const Settings& settings,
                                      const store::ObjectStore& store) {
  const std::string path = settings.data + "/cluster-id";
  Result<std::string> kept = disk.read(path);
  if (!kept && kept.error().code() != ErrorCode::NotFound) return kept;
  const std::string& wanted = settings.cluster_id;
  const std::string& made = store.cluster_id();
  const std::string before = kept                   ? std::string(trim(*kept))
                             : store.revision() > 0 ? made
                                                    : std::string();
  if (!wanted.empty() && !before.empty() && wanted != before) {
    return fail(ErrorCode::InvalidArgument,
                "--cluster-id " + wanted + ": the folder " + settings.data + " is of cluster " +
                    before +
                    "; everything that it has made in clouds is marked so. Leave the flag out, or "
                    "give another --data");
  }
  const std::string chosen = !before.empty() ? before : wanted.empty() ? made : wanted;
  if (kept) return chosen;
  Result<void> written = disk.write_atomic(path, chosen + "\n", 0644);
  if (!written) return std::unexpected(std::move(written).error());
  return chosen;
}

}  // namespace

// The table of contents of the program: every part, from the ground up.
Result<std::unique_ptr<Daemon>> Daemon::start(Settings settings, EventLoop& loop) {
  auto parts = std::make_unique<Parts>(std::move(settings), loop);
  const Settings& chosen = parts->settings;
  Result<void> folder = parts->disk.make_folder(chosen.data, 0700);
  if (!folder)
    return std::unexpected(std::move(folder).error().with_context("--data " + chosen.data));

  store::StoreOptions store_options;
  store_options.path = chosen.data + "/clickdeploy.db";
  store_options.writer = parts->writer.executor();
  auto store = store::ObjectStore::open(std::move(store_options), apiserver::ApiServer::read_facts);
  if (!store) return std::unexpected(std::move(store).error());
  parts->store = *std::move(store);
  Result<std::string> cluster_id = choose_cluster_id(parts->disk, chosen, *parts->store);
  if (!cluster_id) return std::unexpected(std::move(cluster_id).error());
  parts->cluster_id = *std::move(cluster_id);

  parts->api =
      std::make_unique<apiserver::ApiServer>(*parts->store, api::builtin_scheme(), parts->clock,
                                             parts->random, apiserver::ApiServerOptions{});
  parts->in_process.route(kInProcess, [api = parts->api.get()](http::Request request) {
    return api->handle(std::move(request));
  });
  parts->outside = http::make_curl_client({});
  parts->shell = agents::make_ssh_shell();
  Result<void> scratch = parts->disk.make_folder(chosen.data + "/scratch", 0700);
  if (!scratch) return std::unexpected(std::move(scratch).error());
  parts->rules = std::make_unique<prometheus::PromtoolRuleChecker>(
      parts->processes, parts->disk, parts->random, chosen.data + "/scratch", chosen.promtool);
  parts->control_plane = std::make_unique<ControlPlane>(
      World{.executor = loop.executor(),
            .blocking = parts->blocking.executor(),
            .clock = parts->clock,
            .random = parts->random,
            .api = parts->in_process,
            .api_server = kInProcess,
            .outside = *parts->outside,
            .disk = parts->disk,
            .rules = *parts->rules,
            .cluster_id = parts->cluster_id,
            .prometheus_poll = std::chrono::seconds(chosen.metrics_collection_interval),
            .evidence_folder = chosen.data + "/evidence",
            .secured =
                [](http::TlsOptions tls) {
                  http::CurlOptions options;
                  options.tls = std::move(tls);
                  return http::make_curl_client(std::move(options));
                },
            .shell = parts->shell.get()});

  Result<ListenAddress> listen = parse_listen(chosen.listen);
  if (!listen) return std::unexpected(std::move(listen).error());
  Result<std::string> certificate = read_pem(parts->disk, chosen.tls_certificate);
  if (!certificate) return std::unexpected(std::move(certificate).error());
  Result<std::string> key = read_pem(parts->disk, chosen.tls_key);
  if (!key) return std::unexpected(std::move(key).error());
  http::ServerOptions server_options;
  server_options.address = listen->host;
  server_options.port = listen->port;
  server_options.certificate_pem = *certificate;
  server_options.key_pem = SecretString(*std::move(key));
  server_options.loopback_hosts_only = true;
  auto server = http::HttpServer::start(
      std::move(server_options),
      [parts = parts.get()](http::Request request) { return parts->serve(std::move(request)); });
  if (!server) return std::unexpected(std::move(server).error());
  parts->server = *std::move(server);
  const bool ipv6 = listen->host.find(':') != std::string::npos;
  parts->url = (certificate->empty() ? "http://" : "https://") +
               (ipv6 ? "[" + listen->host + "]" : listen->host) + ":" +
               std::to_string(parts->server->port());
  return std::unique_ptr<Daemon>(new Daemon(std::move(parts)));
}

Task<http::Reply> Daemon::Parts::serve(http::Request request) {
  const std::optional<prometheus::TargetsRequest> wanted =
      prometheus::parse_targets_request(request.url);
  if (wanted && request.method == "GET") {
    // The caches belong to the loop's thread.
    auto answer = [plane = control_plane.get(), wanted = *wanted, request = std::move(request)] {
      return plane->targets(wanted, request);
    };
    http::Reply reply;
    reply.response = co_await run_on(loop.executor(), std::move(answer));
    co_return reply;
  }
  if (request.url != "/metrics" || request.method != "GET") {
    http::Reply reply = co_await api->handle(std::move(request));
    co_return reply;
  }
  ControlPlane* plane = control_plane.get();
  store::ObjectStore* objects = store.get();
  auto collect = [plane, objects] {
    return render_own_metrics(plane->counts(), *objects) +
           render_expected_down(plane->expected_down()) + render_chain_times(plane->chain_times());
  };
  // The controllers' numbers belong to the loop's thread.
  std::string text = co_await run_on(loop.executor(), std::move(collect));
  http::Reply reply;
  reply.response.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}};
  reply.response.body = std::move(text) + render_api_metrics(*api, *objects);
  co_return reply;
}

Task<Result<void>> Daemon::run() {
  Result<void> ready = co_await parts_->api->bootstrap();
  if (!ready) co_return std::unexpected(std::move(ready).error().with_context("bootstrap"));
  parts_->tasks.start("API server", parts_->api->run_background());
  Result<void> backend = co_await parts_->make_default_backend();
  if (!backend)
    co_return std::unexpected(std::move(backend).error().with_context("default backend"));
  parts_->control_plane->start();
  spdlog::info("Serving url={} data={} cluster={}", parts_->url, parts_->settings.data,
               parts_->cluster_id);
  co_return Result<void>{};
}

// PROMETHEUS_URL and PROMETHEUS_TARGETS_DIR alone are enough for somebody's first Prometheus.
Task<Result<void>> Daemon::Parts::make_default_backend() {
  if (settings.prometheus_url.empty() || settings.prometheus_targets_dir.empty() ||
      !settings.enable_metrics_collection) {
    co_return Result<void>{};
  }
  client::Client client(in_process, {.server = kInProcess, .field_manager = "clickdeployd"});
  client::ResourcePath path{"clickdeploy.io", "v1alpha1", "metricsbackends"};
  Result<client::ObjectList> existing = co_await client.list(path, "");
  if (!existing) co_return std::unexpected(std::move(existing).error());
  if (!existing->items.empty()) co_return Result<void>{};
  std::string rules_folder = settings.prometheus_rules_dir;
  if (rules_folder.empty()) {
    const std::string& targets = settings.prometheus_targets_dir;
    rules_folder = targets.substr(0, targets.find_last_of('/')) + "/rules";
  }
  for (const std::string& folder : {settings.prometheus_targets_dir, rules_folder}) {
    Result<void> made = disk.make_folder(folder, 0755);
    if (!made) co_return std::unexpected(std::move(made).error());
  }
  Json object = Json::object({
      {"apiVersion", "clickdeploy.io/v1alpha1"},
      {"kind", "MetricsBackend"},
      {"metadata", Json::object({{"name", "default"}, {"namespace", "default"}})},
      {"spec",
       Json::object({{"url", settings.prometheus_url},
                     {"allowedNamespaces", Json::object()},
                     {"targets", Json::object({{"directory", settings.prometheus_targets_dir}})},
                     {"rules", Json::object({{"directory", rules_folder}})}})},
  });
  Result<Json> created = co_await client.create(path, "default", std::move(object));
  if (!created) co_return std::unexpected(std::move(created).error());
  co_return Result<void>{};
}

Task<void> Daemon::stop() {
  spdlog::info("Stopping");
  co_await parts_->control_plane->stop();
  // Not on the loop's thread: a handler may need the loop for its last step.
  http::HttpServer* server = parts_->server.get();
  auto stop_serving = [server] {
    server->stop();
    return true;
  };
  co_await run_on(parts_->blocking.executor(), std::move(stop_serving));
  parts_->tasks.cancel();
  co_await parts_->tasks.join();
  co_await parts_->store->stop();
}

std::string kubeconfig_for(const std::string& url, const std::string& certificate_pem) {
  Json cluster = Json::object({{"server", url}});
  if (!certificate_pem.empty()) {
    cluster.set("certificate-authority-data", base64_encode(certificate_pem));
  }
  Json config = Json::object({
      {"apiVersion", "v1"},
      {"kind", "Config"},
      {"current-context", "clickdeploy"},
      {"clusters", Json::array({Json::object({{"name", "clickdeploy"}, {"cluster", cluster}})})},
      {"users", Json::array({Json::object({{"name", "clickdeploy"}, {"user", Json::object()}})})},
      {"contexts",
       Json::array({Json::object(
           {{"name", "clickdeploy"},
            {"context", Json::object({{"cluster", "clickdeploy"}, {"user", "clickdeploy"}})}})})},
  });
  return to_yaml(config);
}

}  // namespace clickdeploy::app
