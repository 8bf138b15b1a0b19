#include "tests/simulation/drivers/attack.h"

namespace clickdeploy::simulation {

namespace {

const std::vector<std::string> kOfMessage = {"refused", "reset", "unanswered", "500", "503", "429"};
const std::vector<std::string> kOfDisk = {"disk-error", "disk-full", "power-cut"};

NetworkFault fault_of(const std::string& way) {
  if (way == "refused") return {.kind = NetworkFault::Kind::Refuse};
  if (way == "reset") return {.kind = NetworkFault::Kind::Reset};
  if (way == "unanswered") return {.kind = NetworkFault::Kind::TimeOutAfter};
  NetworkFault fault{.kind = NetworkFault::Kind::Status};
  fault.status = static_cast<int>(number_in(way).count());
  if (way == "429") fault.headers = {{"Retry-After", "3"}};
  return fault;
}

class Failures final : public Attack {
 public:
  Failures(ScenarioRun& run, Branches& branches, std::vector<std::uint64_t> lesson)
      : Attack(run, branches), lesson_(std::move(lesson)) {
    SimWorld& world = run_.world();
    world.network.faults = [this](const http::Request& request) { return message(request); };
    world.between_steps = [this] { look(); };
    world.storage.after_change = [this] { note_change(); };
  }

  std::vector<std::uint64_t> lesson() const override { return steps_; }

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

  void note_change() {
    steps_.resize(run_.world().storage.changes(), 0);
    if (!steps_.empty()) steps_.back() = run_.world().context().steps();
  }

  // A branch begins between two steps, never inside one that changes the disk: SQLite's locks know
  // which process took them.
  void look() {
    if (!is_active()) return;
    const std::uint64_t next = run_.world().context().steps() + 1;
    while (told_ < lesson_.size() && lesson_[told_] < next) ++told_;
    for (; told_ < lesson_.size() && lesson_[told_] == next; ++told_) {
      const std::optional<std::string> way = take(next_place(), kOfDisk);
      if (way) return fail_change(told_ + 1, *way);
    }
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

  const std::vector<std::uint64_t> lesson_;  // the step of each change of the disk, by its number
  std::size_t told_ = 0;
  std::vector<std::uint64_t> steps_;
};

}  // namespace

std::unique_ptr<Attack> attack_by_failures(ScenarioRun& run, Branches& branches,
                                           std::vector<std::uint64_t> lesson) {
  return std::make_unique<Failures>(run, branches, std::move(lesson));
}

}  // namespace clickdeploy::simulation
