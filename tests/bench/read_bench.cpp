#include "tests/bench/bare_server.h"
#include "tests/bench/load_client.h"
#include "tests/bench/measure.h"
#include "tests/bench/stack.h"

#include <fmt/format.h>

namespace clickdeploy::bench {

void bench_reads(const Sizes& sizes, const std::string& folder, Report& report) {
  report.begin(fmt::format("reads over HTTP: {} rounds of {}", sizes.rounds, sizes.reads));
  Stack stack(folder + "/reads.db");
  fill(stack, 1, 1);
  const std::string body =
      stack.store().get({"instances.clickdeploy.io", "default", "instance-00000"})->bytes;
  const BareServer bare(body);
  const std::string request = http_get(std::string(kInstances) + "/instance-00000");
  const auto rate = [&](std::uint16_t port) {
    const double seconds = run_load({port, sizes.connections, sizes.reads,
                                     [&](std::size_t) -> const std::string& { return request; }});
    return static_cast<double>(sizes.reads) / seconds;
  };
  const Taken taken = take_turns(
      sizes.rounds, [&] { return rate(stack.port()); }, [&] { return rate(bare.port()); });
  report.add(fmt::format("get over HTTP, {:.1f} kB", static_cast<double>(body.size()) / 1e3),
             "reads/s", Better::Higher, taken, "a bare Beast server that answers the same bytes");
}

}  // namespace clickdeploy::bench
