// clickdeploy_bench: how near we are to what the machine could do. docs/performance.md tells how to
// read its table.

#include "tests/bench/measure.h"

#include <CLI/CLI.hpp>
#include <spdlog/spdlog.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdlib.h>

namespace clickdeploy::bench {
namespace {

// A folder that is gone, with all in it, when the program ends in whatever way it returns.
class Scratch {
 public:
  explicit Scratch(const std::filesystem::path& parent) {
    std::string pattern = (std::filesystem::absolute(parent) / "clickdeploy-bench-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) give_up("cannot make a folder in " + parent.string());
    path_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Part {
  const char* name;
  void (*run)(const Sizes&, const std::string&, Report&);
};

// Memory first: its child processes are to begin with a small heap.
constexpr Part kParts[] = {
    {"memory", bench_memory},         {"daemon", bench_daemon},
    {"writes", bench_writes},         {"reads", bench_reads},
    {"lists", bench_lists},           {"watches", bench_watches},
    {"reconciles", bench_reconciles}, {"monitoring", bench_monitoring},
    {"delivery", bench_delivery},     {"fleets", bench_fleets},
};

int run(int argc, char** argv) {
  bool quick = false;
  std::string json;
  std::string folder;
  std::vector<std::string> only;
  std::vector<std::size_t> fleets;
  CLI::App app("Measures Click Deploy against the limits of this machine");
  app.add_flag("--quick", quick, "Tiny sizes: proves that it works, the numbers mean nothing");
  app.add_option("--json", json, "Also write one JSON object a line to this file");
  app.add_option("--folder", folder, "Databases go here; default: beside the JSON file, or here");
  app.add_option("--only", only,
                 "memory, daemon, writes, reads, lists, watches, reconciles, monitoring, delivery, "
                 "fleets");
  app.add_option("--fleet", fleets, "Servers of the fleet; may be given several times");
  CLI11_PARSE(app, argc, argv);
  if (folder.empty() && !json.empty()) {
    folder = std::filesystem::absolute(json).parent_path().string();
  }
  if (folder.empty()) folder = ".";

  spdlog::set_level(spdlog::level::warn);
  const Scratch scratch{folder};
  Sizes sizes = quick ? quick_sizes() : Sizes{};
  if (!fleets.empty()) sizes.fleets = fleets;
  Report report;
  for (const Part& part : kParts) {
    if (!only.empty() && std::ranges::find(only, part.name) == only.end()) continue;
    part.run(sizes, scratch.path(), report);
  }
  std::fputs(table_of(report.rows()).c_str(), stdout);
  if (!json.empty()) {
    std::ofstream file(json);
    file << json_lines_of(report.rows());
    if (!file.flush()) give_up("cannot write " + json);
  }
  for (const Row& row : report.rows()) {
    const bool sound = std::isfinite(row.taken.ratio) && row.taken.ours > 0 && row.taken.limit > 0;
    if (!sound) give_up(row.name + ": not a positive number");
  }
  return 0;
}

}  // namespace
}  // namespace clickdeploy::bench

int main(int argc, char** argv) {
  return clickdeploy::bench::run(argc, argv);
}
