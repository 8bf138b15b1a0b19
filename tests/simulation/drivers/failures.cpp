#include "tests/simulation/drivers/attack.h"

namespace clickdeploy::simulation {

namespace {

const std::vector<std::string> kOfMessage = {"refused", "reset", "unanswered", "500", "503", "429"};
const std::vector<std::string> kOfChange = {"disk-error", "disk-full", "power-cut"};
const std::vector<std::string> kOfRead = {"read-error"};

NetworkFault fault_of(const std::string& way) {
  if (way == "refused") return {.kind = NetworkFault::Kind::Refuse};
  if (way == "reset") return {.kind = NetworkFault::Kind::Reset};
  if (way == "unanswered") return {.kind = NetworkFault::Kind::TimeOutAfter};
  NetworkFault fault{.kind = NetworkFault::Kind::Status};
  fault.status = static_cast<int>(number_in(way).count());
  if (way == "429") fault.headers = {{"Retry-After", "3"}};
  return fault;
}

// A start reads all there is. One is made in the middle of the run.
constexpr std::uint64_t kRestartAt = 1'000;

class Failures final : public Attack {
 public:
  Failures(ScenarioRun& run, Branches& branches, Lesson lesson)
      : Attack(run, branches), lesson_(std::move(lesson)) {
    SimWorld& world = run_.world();
    world.network.faults = [this](const http::Request& request) { return message(request); };
    world.between_steps = [this] { look(); };
    world.storage.after_change = [this] { note(seen_.changes, run_.world().storage.changes()); };
  }

  Lesson lesson() const override { return seen_; }

 private:
  std::optional<NetworkFault> message(const http::Request& request) {
    if (!is_active()) return std::nullopt;
    const std::optional<std::string> way = take(next_place(), kOfMessage);
    if (!way) return std::nullopt;
    run_.story().tell("driver", request.method + " " + request.url);
    if (request.method == "POST" && request.url.ends_with("/compute/v2.1/servers")) {
      may_repeat_ports_ = "a try that is refused leaves no port behind, and the next makes its own";
    }
    return fault_of(*way);
  }

  // Those that are new since the last look belong to the step that was just made.
  void note(std::vector<std::uint64_t>& steps, std::uint64_t operations) const {
    steps.resize(operations, run_.world().context().steps());
  }

  // A branch begins between two steps, never inside one that uses the disk: SQLite's locks know
  // which process took them.
  void look() {
    note(seen_.reads, run_.world().storage.reads());
    if (!is_active()) return;
    if (!restart_told_ && run_.step() >= kRestartAt) {
      restart_told_ = true;
      if (const auto read = take(next_place(), reads_of_start())) return fail_start(*read);
    }
    if (const auto change = next_of(lesson_.changes, changes_told_, kOfChange)) {
      return fail_change(changes_told_ + 1, *change);
    }
    if (next_of(lesson_.reads, reads_told_, kOfRead)) {
      run_.world().storage.faults.fail_read_at = reads_told_ + 1;
      run_.world().storage.faults.fail_with = DiskError::Io;
    }
  }

  // The way in which the next step's operation `told` fails, if one of them is to fail.
  std::optional<std::string> next_of(const std::vector<std::uint64_t>& steps, std::size_t& told,
                                     const std::vector<std::string>& ways) {
    const std::uint64_t next = run_.world().context().steps() + 1;
    while (told < steps.size() && steps[told] < next) ++told;
    for (; told < steps.size() && steps[told] == next; ++told) {
      if (auto way = take(next_place(), ways)) return way;
    }
    return std::nullopt;
  }

  // At least as many as were made since the beginning.
  std::vector<std::string> reads_of_start() const {
    std::vector<std::string> ways;
    for (std::size_t read = 1; read <= seen_.reads.size(); ++read) {
      ways.push_back("start-read-" + std::to_string(read));
    }
    return ways;
  }

  void fail_start(const std::string& way) {
    SimWorld& world = run_.world();
    const auto number = static_cast<std::uint64_t>(number_in(way).count());
    world.storage.faults.fail_read_at = world.storage.reads() + number;
    world.storage.faults.fail_with = DiskError::Io;
    world.crash();
    world.boot();
  }

  void fail_change(std::uint64_t number, const std::string& way) {
    DiskFaults& faults = run_.world().storage.faults;
    if (way == "power-cut") {
      faults.cut_power_at = number;
      return;
    }
    faults.fail_change_at = number;
    faults.fail_with = way == "disk-full" ? DiskError::NoSpace : DiskError::Io;
  }

  const Lesson lesson_;
  std::size_t changes_told_ = 0;
  std::size_t reads_told_ = 0;
  bool restart_told_ = false;
  Lesson seen_;
};

}  // namespace

std::unique_ptr<Attack> attack_by_failures(ScenarioRun& run, Branches& branches, Lesson lesson) {
  return std::make_unique<Failures>(run, branches, std::move(lesson));
}

}  // namespace clickdeploy::simulation
