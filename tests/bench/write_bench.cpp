#include "controller/base/json.h"
#include "tests/bench/bare_store.h"
#include "tests/bench/load_client.h"
#include "tests/bench/measure.h"
#include "tests/bench/stack.h"

#include <fmt/format.h>

namespace clickdeploy::bench {
namespace {

// What the store holds of the first Instance: the bytes that the limit writes.
std::string stored_bytes(Stack& stack) {
  const store::DocumentPtr document =
      stack.store().get({"instances.clickdeploy.io", "default", "instance-00000"});
  if (document == nullptr) give_up("the Instance that was written is not there");
  return document->bytes;
}

double rate(std::size_t count, double seconds) {
  return static_cast<double>(count) / seconds;
}

}  // namespace

void bench_writes(const Sizes& sizes, const std::string& folder, Report& report) {
  const std::size_t count = sizes.writes;
  report.begin(fmt::format("writes over HTTP: {} rounds of {} creates and {} status patches",
                           sizes.rounds, count, count));
  const std::vector<std::string> posts = instance_posts(count);
  const std::vector<std::string> patches = status_patches(count, 1);
  std::vector<double> our_creates;
  std::vector<double> our_patches;
  std::vector<double> limit_creates;
  std::vector<double> limit_patches;
  std::string created;
  std::string patched;
  for (std::size_t round = 0; round < sizes.rounds; ++round) {
    {
      Stack stack(fmt::format("{}/writes-{}.db", folder, round));
      const auto load = [&](const std::vector<std::string>& requests) {
        return rate(count,
                    run_load({stack.port(), sizes.connections, count,
                              [&](std::size_t i) -> const std::string& { return requests[i]; }}));
      };
      our_creates.push_back(load(posts));
      created = stored_bytes(stack);
      our_patches.push_back(load(patches));
      patched = stored_bytes(stack);
    }
    BareStore bare(fmt::format("{}/bare-writes-{}.db", folder, round));
    limit_creates.push_back(rate(count, bare.write(count, sizes.connections, created, "")));
    limit_patches.push_back(rate(count, bare.write(count, sizes.connections, patched, created)));
  }
  const std::string limit_is =
      fmt::format("a bare SQLite loop, the same rows, {} writes a transaction", sizes.connections);
  const auto name = [&](const char* verb, const std::string& bytes) {
    return fmt::format("{} over HTTP, {:.1f} kB", verb, static_cast<double>(bytes.size()) / 1e3);
  };
  report.add(name("create", created), "writes/s", Better::Higher,
             medians_of(our_creates, limit_creates), limit_is);
  report.add(name("status patch", patched), "writes/s", Better::Higher,
             medians_of(our_patches, limit_patches), limit_is);
}

}  // namespace clickdeploy::bench
