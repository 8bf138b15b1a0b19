#include "tests/bench/bare_fan_out.h"
#include "tests/bench/load_client.h"
#include "tests/bench/measure.h"
#include "tests/bench/stack.h"
#include "tests/bench/watch_client.h"

#include <fmt/format.h>

namespace clickdeploy::bench {

void bench_watches(const Sizes& sizes, const std::string& folder, Report& report) {
  report.begin(fmt::format("watches: {} changes to {} watchers", sizes.changes, sizes.watchers));
  Stack stack(folder + "/watches.db");
  fill(stack, sizes.changes, sizes.connections);
  const std::size_t total = sizes.changes * sizes.watchers;
  const double delivered = static_cast<double>(total);
  std::size_t version = 1;
  const auto ours = [&] {
    const std::vector<std::string> patches = status_patches(sizes.changes, ++version);
    WatchClient client(stack.port(),
                       http_get(fmt::format("{}?watch=true&resourceVersion={}", kInstances,
                                            stack.store().revision())),
                       sizes.watchers);
    const Stopwatch watch;
    run_load({stack.port(), sizes.connections, sizes.changes,
              [&](std::size_t i) -> const std::string& { return patches[i]; }});
    client.wait_for(total);
    return delivered / watch.seconds();
  };
  const std::string event =
      R"({"type":"MODIFIED","object":)" +
      stack.store().get({"instances.clickdeploy.io", "default", "instance-00000"})->bytes + "}\n";
  const auto limit = [&] {
    BareFanOut bare;
    WatchClient client(bare.port(), http_get("/"), sizes.watchers);
    const Stopwatch watch;
    bare.send(event, sizes.changes);
    client.wait_for(total);
    return delivered / watch.seconds();
  };
  const Taken taken = take_turns(sizes.rounds, ours, limit);
  report.add(fmt::format("watch events to {} watchers, writes included", sizes.watchers),
             "events/s", Better::Higher, taken,
             "the same bytes, ready made, to bare sockets; an event a write");
}

}  // namespace clickdeploy::bench
