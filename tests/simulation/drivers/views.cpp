#include "tests/simulation/drivers/attack.h"

namespace clickdeploy::simulation {

using namespace std::chrono_literals;

namespace {

const std::vector<std::string> kOfWrite = {"restart", "restart-behind-4000"};
const std::vector<std::string> kOfEvent = {"cut",        "expired", "late-3000",
                                           "late-40000", "twice",   "blind-20000"};
const std::vector<std::string> kOfRead = {"unavailable", "unanswered", "late-5000"};
const std::vector<std::string> kOfChange = {"unavailable", "conflict", "unanswered", "late-5000"};

// How long after a restart caches lag behind.
constexpr auto kBehindFor = 20s;

class Views final : public Attack {
 public:
  Views(ScenarioRun& run, Branches& branches) : Attack(run, branches) {
    SimWorld& world = run_.world();
    world.between_steps = [this] { look(); };
    world.views.on_event = [this](const std::string&) { return event(); };
    world.views.on_request = [this](const http::Request& sent) { return request(sent); };
  }

 private:
  void look() {
    if (!is_active()) return;
    SimWorld& world = run_.world();
    if (world.revision() == revision_) return;
    const bool first = revision_ == 0;
    revision_ = world.revision();
    if (first) return;
    const std::optional<std::string> way = take(next_place(), kOfWrite);
    if (!way) return;
    world.crash();
    if (way->starts_with("restart-behind")) {
      world.views.behind = number_in(*way);
      world.views.behind_until = world.context().now() + kBehindFor;
    }
    world.boot();
  }

  std::optional<EventFault> event() {
    if (!is_active()) return std::nullopt;
    const std::optional<std::string> way = take(next_place(), kOfEvent);
    if (!way) return std::nullopt;
    EventFault fault{.kind = EventFault::Kind::Cut, .delay = number_in(*way)};
    if (*way == "expired") fault.kind = EventFault::Kind::Expired;
    if (*way == "twice") fault.kind = EventFault::Kind::Twice;
    if (way->starts_with("late")) fault.kind = EventFault::Kind::Late;
    if (way->starts_with("blind")) fault.kind = EventFault::Kind::Blind;
    return fault;
  }

  std::optional<ApiFault> request(const http::Request& sent) {
    if (!is_active()) return std::nullopt;
    const std::optional<std::string> way =
        take(next_place(), sent.method == "GET" ? kOfRead : kOfChange);
    if (!way) return std::nullopt;
    run_.story().tell("driver", sent.method + " " + sent.url);
    ApiFault fault{.kind = ApiFault::Kind::Unavailable, .delay = number_in(*way)};
    if (*way == "conflict") fault.kind = ApiFault::Kind::Conflict;
    if (*way == "unanswered") fault.kind = ApiFault::Kind::Unanswered;
    if (way->starts_with("late")) fault.kind = ApiFault::Kind::Late;
    return fault;
  }

  store::Revision revision_ = 0;
};

}  // namespace

std::unique_ptr<Attack> attack_by_views(ScenarioRun& run, Branches& branches) {
  return std::make_unique<Views>(run, branches);
}

}  // namespace clickdeploy::simulation
