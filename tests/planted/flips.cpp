#include "tests/planted/flips.h"

#include "tests/simulation/sim_fleet.h"

#include <map>

namespace clickdeploy::planted_bugs {

namespace {

using namespace std::chrono_literals;

using Documents = std::map<store::Key, std::string>;

Documents all_documents(const simulation::SimWorld& world) {
  Documents all;
  for (const api::ResourceInfo& info : api::builtin_scheme().resources()) {
    for (const store::DocumentPtr& document : world.documents(info.group_resource())) {
      all[document->key] = document->bytes;
    }
  }
  return all;
}

}  // namespace

std::optional<std::string> run_flip(std::uint64_t seed) {
  simulation::SimWorld world(seed);
  std::optional<std::string> broken;
  world.report.sink = [&broken](const simulation::Violation& violation) {
    broken = violation.invariant + ": " + violation.what;
  };
  simulation::apply_fleet(world, 2);
  world.run_for(30s);
  // A start folds the write-ahead log into the file.
  world.crash();
  world.boot();
  const Documents before = all_documents(world);
  world.crash();
  if (!world.storage.flip_bit(simulation::kDatabase)) return "run: there is no database";
  world.boot();
  if (world.boot_error() || broken) return broken;
  if (all_documents(world) == before) return std::nullopt;
  return "S10: a document is not what was acknowledged, and the database is taken for sound";
}

}  // namespace clickdeploy::planted_bugs
