#include "tests/planted/disk_runs.h"

#include "controller/base/yaml.h"
#include "tests/simulation/sim_fleet.h"

#include <iterator>
#include <map>
#include <string_view>
#include <vector>

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

// A published file that nobody could read; "" if there is none.
std::string torn_file(const simulation::SimWorld& world) {
  for (const auto& [path, node] : world.storage.files()) {
    const bool targets = path.starts_with(simulation::kTargetsFolder) && path.ends_with(".json");
    const bool rules = path.starts_with(simulation::kRulesFolder) && path.ends_with(".yml");
    if (targets && !parse_json(node->bytes)) return path;
    if (rules && !parse_single_yaml(node->bytes).value_or(Json())["groups"].is_array()) return path;
  }
  return "";
}

// With every other seed anywhere in the database, else in the text of a document.
bool flip(simulation::SimWorld& world, std::uint64_t seed) {
  if (seed % 2 == 0) return world.storage.flip_bit(simulation::kDatabase);
  constexpr std::string_view kTexts[] = {"m1.small", "app-net", "debian-12", "node-exporter"};
  const std::string_view text = kTexts[seed / 2 % std::size(kTexts)];
  const std::string& bytes = world.storage.files().at(simulation::kDatabase)->durable;
  std::vector<std::size_t> places;
  for (std::size_t at = bytes.find(text); at != std::string::npos; at = bytes.find(text, at + 1)) {
    places.push_back(at);
  }
  if (places.empty()) return false;
  SeededRandom dice(seed);
  return world.storage.flip_bit_at(simulation::kDatabase, places[dice.next() % places.size()]);
}

class DiskRun {
 public:
  explicit DiskRun(std::uint64_t seed) : power_(seed % 2 == 0), world_(seed), dice_(seed) {
    world_.report.sink = [this](const simulation::Violation& violation) {
      note(violation.invariant + ": " + violation.what);
    };
    world_.storage.after_change = [this] { look_at_files(); };
  }

  std::optional<std::string> run() {
    simulation::apply_fleet(world_, 2);
    for (int i = 1; i <= kRounds && !broken_; ++i) {
      world_.run_for(100ms * (1 + dice_.next() % 100));
      const std::string mark = std::to_string(i);
      if (!power_) world_.storage.faults = {.write_fails = 0.3, .sync_fails = 0.1};
      const bool acknowledged = set_mark(mark);
      world_.storage.faults = {};
      if (i % 2 == 0) remove_secret();
      const store::Revision revision = world_.revision();
      power_ ? world_.power_loss() : world_.crash();
      world_.boot();
      look_at_files();
      if (world_.boot_error()) note("S10: " + world_.boot_error()->message());
      if (!broken_ && world_.revision() < revision) note("S7: the revision has fallen");
      if (acknowledged && !broken_ && mark_of_service() != mark) {
        note("S10: an acknowledged write is gone");
      }
    }
    return broken_;
  }

 private:
  static constexpr int kRounds = 6;

  void note(std::string what) {
    if (!broken_) broken_ = std::move(what);
  }
  void look_at_files() {
    const std::string torn = torn_file(world_);
    if (!torn.empty()) note("S12: " + torn + " is not whole");
  }
  bool set_mark(const std::string& mark) {
    const Json annotations = Json::object({{"mark", mark}});
    const Json metadata = Json::object({{"annotations", annotations}});
    const Json patch = Json::object({{"metadata", metadata}});
    return world_.try_patch(simulation::kServices, simulation::kWeb, patch).has_value();
  }
  // The last change before the process ends is then a deletion.
  void remove_secret() {
    const api::ObjectKey key{"platform", "unused"};
    const Json metadata = Json::object({{"name", key.name}, {"namespace", key.namespace_name}});
    const Json secret =
        Json::object({{"apiVersion", "v1"}, {"kind", "Secret"}, {"metadata", metadata}});
    if (world_.try_apply(secret) && !world_.try_remove("secrets", key)) {
      note("run: the Secret cannot be removed");
    }
  }
  const std::string& mark_of_service() const {
    const Json& service = world_.object(simulation::kServices, simulation::kWeb);
    return service["metadata"]["annotations"]["mark"].as_string();
  }

  const bool power_;
  simulation::SimWorld world_;
  SeededRandom dice_;
  std::optional<std::string> broken_;
};

}  // namespace

std::optional<std::string> run_disk(std::uint64_t seed) {
  return DiskRun(seed).run();
}

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
  if (!flip(world, seed)) return "run: there is nothing to flip";
  world.boot();
  if (world.boot_error() || broken) return broken;
  if (all_documents(world) == before) return std::nullopt;
  return "S10: a document is not what was acknowledged, and the database is taken for sound";
}

}  // namespace clickdeploy::planted_bugs
