// ConditionCheck (S11): the generation rises by one with each change of what is wanted, and with
// nothing else; the one that a status tells of never exceeds it and never falls; the time of a
// condition moves only with its status, and goes back only with the wall clock.

#pragma once

#include "controller/base/json.h"
#include "controller/store/object_store.h"
#include "tests/simulation/sim_report.h"

#include <map>
#include <string>

namespace clickdeploy::simulation {

class ConditionCheck {
 public:
  explicit ConditionCheck(Report& report) : report_(report) {}

  struct Wall {
    WallTime now{};           // of the process
    std::size_t jumps = 0;    // so far
    std::size_t settled = 0;  // of them, those so long ago that nothing older is still written
  };
  void changed(const store::Event& event, const Json& object, const Wall& wall);

 private:
  struct Seen {
    std::string status;
    std::string time;
    std::size_t settled = 0;  // jumps when `time` was new
  };
  struct Object {
    std::string uid;
    std::int64_t generation = 0;
    Json desire;
    std::int64_t observed_generation = 0;
    std::map<std::string, Seen> conditions;
  };

  void judge_generation(const std::string& name, const Json& object, Object& known) const;
  void judge(const std::string& name, const Json& condition, std::int64_t generation, Object& known,
             const Wall& wall);

  Report& report_;
  std::map<store::Key, Object> objects_;
};

}  // namespace clickdeploy::simulation
