#include "controller/app/dev.h"

#include "controller/app/daemon.h"
#include "controller/app/dev_cloud_internal.h"
#include "controller/app/dev_manifests_internal.h"
#include "controller/app/dev_processes_internal.h"
#include "controller/app/dev_progress_internal.h"
#include "controller/app/dev_proof_internal.h"
#include "controller/app/dev_screen_internal.h"
#include "controller/app/dev_setup_internal.h"
#include "controller/async/clock.h"
#include "controller/async/disk.h"
#include "controller/async/event_loop.h"
#include "controller/async/task_group.h"
#include "controller/client/client.h"
#include "controller/prometheus/query_client.h"

#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace clickdeploy::app {

namespace {

constexpr std::chrono::seconds kProgramDeadline{60};
constexpr std::chrono::milliseconds kProgramLook{100};
constexpr std::chrono::milliseconds kChildLook{100};
constexpr std::chrono::hours kForever{24 * 365};

class Dev {
 public:
  explicit Dev(const CommandLine& line)
      : settings_(line.settings),
        once_(std::ranges::find(line.extra_flags, "--once") != line.extra_flags.end()),
        screen_(clock_),
        children_(clock_),
        work_(loop_.executor()),
        ending_(loop_.executor()) {}
  ~Dev() { release_dev_places(places_); }

  int run();

 private:
  Result<void> prepare();
  Result<void> log_to_file();
  Task<Result<void>> start_programs();
  Task<Result<void>> start_controllers();
  Task<Result<void>> wait_for_answer(std::string name, std::string url);
  Task<void> story();
  Task<void> live();
  Task<void> prove();
  Task<void> watch_children();
  Task<void> show_summary();
  Task<void> shut_down();
  void finish(int exit_code);
  void complain(const Error& error);

  Settings settings_;
  bool once_;
  bool temporary_ = false;  // the data folder is ours alone, and goes with us
  SystemClock clock_;
  PosixDisk disk_;
  EventLoop loop_;
  Screen screen_;
  ChildProcesses children_;
  DevPrograms programs_;
  DevPlaces places_;
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<http::HttpClient> http_;
  std::unique_ptr<client::Client> client_;
  std::unique_ptr<FleetFollower> follower_;
  TaskGroup work_;
  TaskGroup ending_;
  bool finishing_ = false;
  int exit_code_ = 0;
};

int Dev::run() {
  Result<void> prepared = prepare();
  if (!prepared) {
    complain(prepared.error());
    if (daemon_ == nullptr) return 1;
    finish(1);
    loop_.run();
    return exit_code_;
  }
  loop_.on_signal({SIGINT, SIGTERM, SIGHUP}, [this](int) {
    if (finishing_) {  // a second signal does not wait for anybody
      children_.kill();
      std::_Exit(130);
    }
    finish(once_ ? 130 : 0);
  });
  work_.start("story", story());
  work_.start("children", watch_children());
  loop_.run();
  spdlog::shutdown();
  if (temporary_ && exit_code_ != 1) {
    std::error_code ignored;
    std::filesystem::remove_all(places_.data, ignored);
    screen_.step("Stopped; the temporary folder is removed");
  } else if (exit_code_ == 0) {
    screen_.plain("Stopped. The data stays in " + places_.data +
                  ": the next `clickdeployd dev` goes on from there.");
  } else {
    screen_.plain("Stopped. Logs and data are in " + places_.data);
  }
  return exit_code_;
}

// Everything that may be refused before anything runs.
Result<void> Dev::prepare() {
  Result<DevPrograms> programs = find_dev_programs(settings_);
  if (!programs) return std::unexpected(std::move(programs).error());
  programs_ = *std::move(programs);
  temporary_ = once_ && settings_.data == Settings().data;
  Result<std::string> data = make_dev_folder(settings_, temporary_, disk_);
  if (!data) return std::unexpected(std::move(data).error());
  settings_.data = *data;
  settings_.prometheus_url.clear();  // the MetricsBackend comes from the manifests
  Result<void> logging = log_to_file();
  if (!logging) return logging;

  std::vector<std::string> notes;
  const std::string usual = settings_.listen;
  // Free ports for all when the API is to have one, so that many can run at once.
  const bool any_port = once_ || usual.ends_with(":0");
  Result<std::string> listen =
      choose_address(once_ && usual == Settings().listen ? "127.0.0.1:0" : usual);
  if (!listen) return std::unexpected(std::move(listen).error().with_context("--listen"));
  if (!any_port && *listen != usual) {
    notes.push_back(fmt::format("{} is in use: the API gets {}", usual, *listen));
  }
  settings_.listen = *listen;
  // First of all, since it holds the lock of the data folder.
  Result<std::unique_ptr<Daemon>> daemon = Daemon::start(settings_, loop_);
  if (!daemon) return std::unexpected(std::move(daemon).error());
  daemon_ = *std::move(daemon);

  Result<DevPlaces> places = choose_dev_places(*data, any_port, disk_, notes);
  if (!places) return std::unexpected(std::move(places).error());
  places_ = *std::move(places);
  screen_.step("Data, logs and kubeconfig are in " + places_.data);
  for (const std::string& note : notes) screen_.step(note);
  Result<void> configured = write_dev_configuration(places_, disk_);
  if (!configured) return configured;
  return disk_.write_atomic(places_.kubeconfig(), kubeconfig_for(daemon_->url(), ""), 0600);
}

// The terminal is for progress alone.
Result<void> Dev::log_to_file() {
  Result<void> folder = disk_.make_folder(settings_.data + "/logs", 0700);
  if (!folder) return folder;
  const std::string path = settings_.data + "/logs/clickdeployd.log";
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    auto logger = std::make_shared<spdlog::logger>("", std::move(sink));
    logger->set_level(spdlog::level::from_str(settings_.log_level));
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%fZ %l %v", spdlog::pattern_time_type::utc);
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
  } catch (const spdlog::spdlog_ex& error) {
    return fail(ErrorCode::Unavailable, error.what());
  }
  return {};
}

Task<void> Dev::story() {
  Result<void> started = co_await start_programs();
  if (started) started = co_await start_controllers();
  if (!started) {
    // A program that has ended explains more than its silence.
    std::optional<Error> ended = children_.first_ended();
    complain(ended ? *ended : started.error());
    finish(1);
    co_return;
  }
  follower_ = std::make_unique<FleetFollower>(*client_, clock_, screen_);
  if (once_) {
    co_await prove();
  } else {
    co_await live();
  }
}

Task<Result<void>> Dev::start_programs() {
  http_ = http::make_curl_client({});
  screen_.step("Starting localcloud, Prometheus and Alertmanager");
  for (ChildProgram& program : std::vector<ChildProgram>{
           localcloud_program(programs_, places_), prometheus_program(programs_, places_),
           alertmanager_program(programs_, places_)}) {
    Result<void> started = children_.start(std::move(program));
    if (!started) co_return started;
  }
  Result<void> ready =
      co_await wait_for_answer("localcloud", places_.cloud_url() + "/localcloud/v1/state");
  if (!ready) co_return ready;
  screen_.step("localcloud, an OpenStack cloud, is ready on " + places_.cloud_url() +
               "; its servers get addresses of " + places_.cidr);
  ready = co_await wait_for_answer("Prometheus", places_.prometheus_url() + "/-/ready");
  if (!ready) co_return ready;
  prometheus::QueryClient prometheus(*http_, places_.prometheus_url(),
                                     std::chrono::milliseconds(5'000));
  Result<prometheus::RuntimeInfo> info = co_await prometheus.runtime_info();
  screen_.step(fmt::format("Prometheus {} is ready on {}", info ? info->version : "",
                           places_.prometheus_url()));
  ready = co_await wait_for_answer("Alertmanager", places_.alertmanager_url() + "/-/ready");
  if (!ready) co_return ready;
  screen_.step("Alertmanager is ready on " + places_.alertmanager_url());
  co_return Result<void>{};
}

Task<Result<void>> Dev::wait_for_answer(std::string name, std::string url) {
  const SteadyTime end = clock_.steady_now() + kProgramDeadline;
  std::string last;
  while (clock_.steady_now() < end) {
    http::Request request;
    request.url = url;
    request.deadline = std::chrono::milliseconds(2'000);
    Result<http::Response> response = co_await http_->send(std::move(request));
    if (response && response->status == 200) {
      screen_.wait_for("");
      co_return Result<void>{};
    }
    last = response ? fmt::format("it answers {}", response->status) : response.error().message();
    screen_.wait_for(name + " to answer");
    co_await clock_.sleep(kProgramLook);
  }
  co_return fail(ErrorCode::DeadlineExceeded,
                 fmt::format("{} does not answer on {} after {} s: {}\n  Its log is in {}/logs",
                             name, url, kProgramDeadline.count(), last, places_.data));
}

Task<Result<void>> Dev::start_controllers() {
  Result<void> running = co_await daemon_->run();
  if (!running) co_return running;
  screen_.step("The API is ready on " + daemon_->url() + ", the controllers run");
  client_ = std::make_unique<client::Client>(
      *http_, client::ClientOptions{.server = daemon_->url(), .field_manager = "clickdeployd-dev"});
  Result<std::string> clouds_yaml = disk_.read(places_.clouds_file());
  if (!clouds_yaml) co_return std::unexpected(std::move(clouds_yaml).error());
  Result<std::vector<Json>> objects = dev_objects(places_, *clouds_yaml);
  if (!objects) co_return std::unexpected(std::move(objects).error());
  Result<AppliedObjects> applied = co_await apply_dev_objects(*client_, *std::move(objects));
  if (!applied) co_return std::unexpected(std::move(applied).error());
  std::string text =
      fmt::format("Applied {} example objects to namespace {}", applied->created, kDevNamespace);
  if (applied->kept > 0) {
    text = fmt::format("Namespace {}: {} example objects created, {} kept as they were",
                       kDevNamespace, applied->created, applied->kept);
  }
  screen_.step(text);
  co_return Result<void>{};
}

Task<void> Dev::live() {
  const bool ready = co_await follower_->until_ready(kForever);
  if (ready) co_await show_summary();
  co_await follower_->forever();
}

Task<void> Dev::prove() {
  Proof proof({.client = *client_,
               .http = *http_,
               .places = places_,
               .follower = *follower_,
               .clock = clock_,
               .screen = screen_});
  const bool proven = co_await proof.run();
  finish(proven ? 0 : 1);
}

Task<void> Dev::watch_children() {
  for (;;) {
    std::optional<Error> ended = children_.first_ended();
    if (ended) {
      complain(*ended);
      finish(1);
      co_return;
    }
    co_await clock_.sleep(kChildLook);
  }
}

Task<void> Dev::show_summary() {
  screen_.plain("");
  screen_.step("Everything is ready");
  screen_.plain("");
  for (const char* kind : {"Service", "Instance"}) {
    Result<std::string> table = co_await read_table(*client_, kind);
    screen_.plain((table ? *table : "  " + table.error().message()) + "\n");
  }
  screen_.plain(format_table({{"API", daemon_->url()},
                              {"Prometheus", places_.prometheus_url()},
                              {"Alertmanager", places_.alertmanager_url()},
                              {"Cloud", places_.cloud_url() + "/identity/v3"},
                              {"kubeconfig", places_.kubeconfig()}},
                             "  "));
  std::vector<std::vector<std::string>> commands;
  const bool has_clickctl = !programs_.clickctl.empty();
  if (!programs_.clickctl_dir.empty()) {
    commands.push_back({"export PATH=" + programs_.clickctl_dir + ":$PATH"});
  }
  commands.push_back({"export KUBECONFIG=" + places_.kubeconfig()});
  if (has_clickctl) {
    commands.push_back({"clickctl -n demo get csvc,inst", "# kubectl does as well"});
    commands.push_back({"clickctl -n demo why service/web", "# each link, from server to rules"});
  } else {
    commands.push_back({"kubectl -n demo get csvc,inst"});
    commands.push_back({"kubectl -n demo describe csvc web"});
  }
  commands.push_back({"kubectl -n demo scale csvc/web --replicas=5"});
  Result<LocalCloudState> cloud = co_await read_local_cloud(*http_, places_.cloud_url());
  for (const LocalServer& server : cloud.value_or(LocalCloudState{}).servers) {
    if (server.pids.empty()) continue;
    commands.push_back({fmt::format("kill -KILL {}", server.pids.front()),
                        "# the exporter of " + server.name + " dies: watch the repair here"});
    break;
  }
  screen_.plain("\nTry, in another terminal:\n" + format_table(commands, "  ") +
                "\n\nCtrl-C stops everything. What happens from now on:\n");
}

void Dev::complain(const Error& error) {
  screen_.wait_for("");
  std::fputs(("clickdeployd dev: " + error.message() + "\n").c_str(), stderr);
}

// Once: whoever comes first decides.
void Dev::finish(int exit_code) {
  if (finishing_) return;
  finishing_ = true;
  exit_code_ = exit_code;
  ending_.start("shut down", shut_down());
}

Task<void> Dev::shut_down() {
  screen_.wait_for("");
  screen_.step("Stopping");
  work_.cancel();
  co_await work_.join();
  co_await daemon_->stop();
  co_await children_.stop();
  loop_.stop();
}

}  // namespace

int run_dev(const CommandLine& line) {
  return Dev(line).run();
}

}  // namespace clickdeploy::app
