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
  // As many events a write as a commit of ours can hold.
  const std::size_t batch = std::min(sizes.connections, sizes.changes);
  const std::string event =
      R"({"type":"MODIFIED","object":)" +
      stack.store().get({"instances.clickdeploy.io", "default", "instance-00000"})->bytes + "}\n";
  std::string piece;
  for (std::size_t i = 0; i < batch; ++i) piece += event;
  const auto limit = [&] {
    BareFanOut bare;
    WatchClient client(bare.port(), http_get("/"), sizes.watchers);
    const Stopwatch watch;
    const std::size_t writes = sizes.changes / batch;
    bare.send(piece, writes);
    client.wait_for(writes * batch * sizes.watchers);
    return static_cast<double>(writes * batch * sizes.watchers) / watch.seconds();
  };
  const Taken taken = take_turns(sizes.rounds, ours, limit);
  report.add(fmt::format("watch events to {} watchers, writes included", sizes.watchers),
             "events/s", Better::Higher, taken,
             fmt::format("the same bytes, ready made, to bare sockets; {} events a write", batch));
}

}  // namespace clickdeploy::bench
