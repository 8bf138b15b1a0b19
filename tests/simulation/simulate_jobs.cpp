#include "tests/simulation/simulate_jobs.h"

#include "controller/async/clock.h"
#include "controller/base/json.h"

#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <map>
#include <optional>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace clickdeploy::simulation {

namespace {

constexpr std::size_t kTextMax = 400;
constexpr std::chrono::seconds kProgress{10};

double seconds_of(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

SwarmResult run_seed(std::uint64_t seed) {
  SwarmResult result = run_swarm(seed);
  if (seed % 100 != 1) return result;
  const SwarmResult second = run_swarm(seed);
  if (second.hash != result.hash || second.steps != result.steps) {
    result.violations.push_back({result.simulated, "S24", "two runs of the seed differ"});
  }
  return result;
}

Json report_of(std::uint64_t seed, const SwarmResult& result) {
  Json broken = Json::array();
  for (const Violation& violation : result.violations) {
    std::string what = violation.what.substr(0, violation.what.find('\n'));
    broken.push_back(Json::object({{"invariant", violation.invariant},
                                   {"at", seconds_of(violation.at)},
                                   {"what", what.substr(0, kTextMax)}}));
  }
  return Json::object({{"seed", static_cast<std::int64_t>(seed)},
                       {"steps", static_cast<std::int64_t>(result.steps)},
                       {"crashes", static_cast<std::int64_t>(result.crashes)},
                       {"braked", result.braked},
                       {"simulated", seconds_of(result.simulated)},
                       {"rest", seconds_of(result.to_rest)},
                       {"broken", std::move(broken)}});
}

void write_line(int pipe, const Json& json) {
  const std::string line = to_json(json) + "\n";
  for (std::size_t at = 0; at < line.size();) {
    const ssize_t done = ::write(pipe, line.data() + at, line.size() - at);
    if (done <= 0) ::_exit(3);  // nobody listens
    at += static_cast<std::size_t>(done);
  }
}

// The next seed's index, in memory that all workers share.
class SharedCounter {
 public:
  SharedCounter()
      : place_(::mmap(nullptr, sizeof(Value), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                      -1, 0)) {
    new (place_) Value(0);
  }
  ~SharedCounter() { ::munmap(place_, sizeof(Value)); }
  SharedCounter(const SharedCounter&) = delete;
  SharedCounter& operator=(const SharedCounter&) = delete;

  std::uint64_t take() { return static_cast<Value*>(place_)->fetch_add(1); }
  bool is_below(std::uint64_t end) const { return static_cast<Value*>(place_)->load() < end; }

 private:
  using Value = std::atomic<std::uint64_t>;
  void* place_;
};

struct Worker {
  pid_t pid = 0;
  int pipe = -1;
  std::string text;  // of a line that has not ended
  std::optional<std::uint64_t> seed;
  SteadyTime since{};
  bool stuck = false;
};

class Jobs {
 public:
  Jobs(const JobOptions& options, const std::function<void(const Broken&)>& told)
      : options_(options), told_(told), began_(clock_.steady_now()), progress_(began_) {}

  Totals run() {
    for (std::uint64_t i = 0; i < options_.jobs; ++i) start();
    while (!workers_.empty()) {
      listen();
      stop_stuck();
      show_progress();
    }
    return std::move(totals_);
  }

 private:
  void start() {
    int ends[2];
    if (::pipe(ends) != 0) return;
    std::fflush(stdout);
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::close(ends[0]);
      work(ends[1]);
    }
    ::close(ends[1]);
    if (pid < 0) {
      ::close(ends[0]);
      return;
    }
    workers_[ends[0]] = {.pid = pid, .pipe = ends[0], .since = clock_.steady_now()};
  }

  [[noreturn]] void work(int pipe) {
    while (true) {
      const std::uint64_t index = counter_.take();
      if (index >= options_.seeds) ::_exit(0);
      const std::uint64_t seed = options_.first + index;
      write_line(pipe, Json::object({{"begins", static_cast<std::int64_t>(seed)}}));
      write_line(pipe, report_of(seed, run_seed(seed)));
    }
  }

  void listen() {
    std::vector<pollfd> polled;
    for (const auto& [pipe, worker] : workers_) polled.push_back({pipe, POLLIN, 0});
    ::poll(polled.data(), polled.size(), 1000);
    for (const pollfd& each : polled) {
      if (each.revents != 0) hear(workers_.at(each.fd));
    }
  }

  void hear(Worker& worker) {
    char bytes[4096];
    const ssize_t size = ::read(worker.pipe, bytes, sizeof bytes);
    if (size <= 0) return bury(worker);
    worker.text.append(bytes, static_cast<std::size_t>(size));
    for (std::size_t end = worker.text.find('\n'); end != std::string::npos;
         end = worker.text.find('\n')) {
      take(worker, parse_json(worker.text.substr(0, end)).value_or(Json()));
      worker.text.erase(0, end + 1);
    }
  }

  void take(Worker& worker, const Json& line) {
    worker.since = clock_.steady_now();
    if (!line["begins"].is_null()) {
      worker.seed = static_cast<std::uint64_t>(line["begins"].as_int());
      return;
    }
    const std::uint64_t seed = worker.seed.value_or(0);
    worker.seed.reset();
    ++totals_.seeds;
    totals_.steps += static_cast<std::uint64_t>(line["steps"].as_int());
    totals_.crashes += static_cast<std::uint64_t>(line["crashes"].as_int());
    totals_.braked += line["braked"].as_bool() ? 1 : 0;
    totals_.simulated += line["simulated"].as_double();
    if (line["rest"].as_double() > totals_.longest_rest) {
      totals_.longest_rest = line["rest"].as_double();
      totals_.longest_rest_seed = seed;
    }
    for (const Json& each : line["broken"].as_array()) {
      add({seed, each["invariant"].as_string(), each["at"].as_double(), each["what"].as_string()});
    }
  }

  // Its pipe is closed: it has done its share, or it has died of its seed.
  void bury(Worker& worker) {
    int status = 0;
    ::waitpid(worker.pid, &status, 0);
    if (worker.seed) {
      ++totals_.seeds;
      const std::string how = WIFSIGNALED(status)
                                  ? fmt::format("signal {}", WTERMSIG(status))
                                  : fmt::format("exit code {}", WEXITSTATUS(status));
      add({*worker.seed, worker.stuck ? "stuck" : "died", 0,
           worker.stuck ? fmt::format("no end after {} s", options_.seed_time.count())
                        : "the process ended with " + how});
    }
    ::close(worker.pipe);
    workers_.erase(worker.pipe);
    if (counter_.is_below(options_.seeds)) start();
  }

  void stop_stuck() {
    for (auto& [pipe, worker] : workers_) {
      if (worker.stuck || clock_.steady_now() - worker.since < options_.seed_time) continue;
      worker.stuck = true;
      ::kill(worker.pid, SIGKILL);
    }
  }

  void add(Broken broken) {
    told_(broken);
    totals_.broken.push_back(std::move(broken));
  }

  void show_progress() {
    const SteadyTime now = clock_.steady_now();
    if (now - progress_ < kProgress) return;
    progress_ = now;
    fmt::print(stderr, "{} of {} seeds, {:.1f} seeds/s, {} violations\n", totals_.seeds,
               options_.seeds, static_cast<double>(totals_.seeds) / seconds_of(now - began_),
               totals_.broken.size());
  }

  const JobOptions options_;
  const std::function<void(const Broken&)>& told_;
  const SystemClock clock_;
  SharedCounter counter_;
  const SteadyTime began_;
  SteadyTime progress_;
  std::map<int, Worker> workers_;  // by pipe
  Totals totals_;
};

}  // namespace

Totals run_jobs(const JobOptions& options, const std::function<void(const Broken&)>& told) {
  return Jobs(options, told).run();
}

}  // namespace clickdeploy::simulation
