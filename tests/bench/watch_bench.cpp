#include "tests/bench/bare_fan_out.h"
#include "tests/bench/bare_store.h"
#include "tests/bench/etcd.h"
#include "tests/bench/load_client.h"
#include "tests/bench/measure.h"
#include "tests/bench/stack.h"
#include "tests/bench/watch_client.h"

#include <fmt/format.h>

namespace clickdeploy::bench {
namespace {

constexpr std::size_t kWriters = 8;
constexpr std::size_t kRounds = 3;

std::string watch_request(Stack& stack) {
  return http_get(
      fmt::format("{}?watch=true&resourceVersion={}", kInstances, stack.store().revision()));
}

std::string event_line(Stack& stack, const char* name) {
  return R"({"type":"MODIFIED","object":)" +
         stack.store().get({"instances.clickdeploy.io", "default", name})->bytes + "}\n";
}

// The latencies of one run at a steady pace.
struct Pace {
  std::size_t writes = 0;
  double per_second = 0;
  std::size_t watchers = 0;
};

struct Latency {
  std::vector<double> p50;
  std::vector<double> p99;

  void add(const std::vector<double>& latencies) {
    p50.push_back(percentile(latencies, 50) * 1e3);
    p99.push_back(percentile(latencies, 99) * 1e3);
  }
};

// `requests`: as many as the pace has writes; their marks count from `first` on.
std::vector<double> watch_writes(const Endpoint& to, const std::string& watch, const Mark& mark,
                                 const std::vector<std::string>& requests, std::size_t first,
                                 const Pace& pace) {
  WatchClient client(to, watch, pace.watchers, &mark);
  run_paced(
      {to, kWriters, pace.writes, [&](std::size_t i) -> const std::string& { return requests[i]; }},
      pace.per_second, [&](std::size_t i) { client.begin(first + i); });
  client.wait_for(pace.writes * pace.watchers);
  return client.latencies();
}

// A durable row, then the same bytes to the same number of bare sockets.
std::vector<double> watch_bare(BareStore& store, const std::string& event, const Pace& pace) {
  BareFanOut bare;
  WatchClient client(bare.endpoint(), http_get("/"), pace.watchers, &kPlainMark);
  const std::size_t mark = event.find(kPlainMark.prefix) + kPlainMark.prefix.size();
  keep_pace(pace.writes, pace.per_second, [&](std::size_t i) {
    client.begin(i);
    std::string piece = event;
    piece.replace(mark, kPlainMark.size, fmt::format("{:08d}", i));
    store.write(1, 1, piece, piece);
    bare.send(std::move(piece), 1);
  });
  client.wait_for(pace.writes * pace.watchers);
  return client.latencies();
}

void bench_pace(const Sizes& sizes, const std::string& folder, double per_second, double aim,
                Report& report) {
  const Pace pace{static_cast<std::size_t>(per_second * sizes.paced_seconds), per_second,
                  sizes.watchers};
  const std::size_t objects = std::min<std::size_t>(pace.writes, 100);
  const std::string here = fmt::format("{}/watch-{:.0f}", folder, per_second);
  Stack plain(here + ".db");
  Stack secured(here + "-tls.db", Scheme::Tls);
  Stack* stacks[] = {&plain, &secured};
  for (Stack* stack : stacks) {
    send_all(stack->endpoint(), sizes.connections, small_posts(objects));
    send_all(stack->endpoint(), sizes.connections, small_patches(objects, objects));
  }
  const std::string event = event_line(plain, "small-00000");
  BareStore store(here + "-bare.db");
  Latency ours[2];
  Latency limit;
  for (std::size_t round = 1; round <= kRounds; ++round) {
    const std::size_t first = round * pace.writes;
    const std::vector<std::string> patches = small_patches(pace.writes, objects, first);
    for (std::size_t i = 0; i < 2; ++i) {
      ours[i].add(watch_writes(stacks[i]->endpoint(), watch_request(*stacks[i]), kPlainMark,
                               patches, first, pace));
    }
    limit.add(watch_bare(store, event, pace));
  }
  Etcd etcd(folder);
  Latency beside;
  beside.add(watch_writes(etcd.endpoint(), etcd_watch(), kBase64Mark,
                          etcd_puts(pace.writes, event.size()), 0, pace));
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string name =
        fmt::format("watch, {}, {} x {:.0f}/s", name_of(kSchemes[i]), sizes.watchers, per_second);
    const std::string limit_is = "a bare SQLite commit, then the same bytes to bare sockets";
    report.add({.name = name + ", p50",
                .unit = "ms",
                .better = Better::Lower,
                .taken = medians_of(ours[i].p50, limit.p50),
                .limit_is = limit_is,
                .etcd = median(beside.p50)});
    report.add({.name = name + ", p99",
                .unit = "ms",
                .better = Better::Lower,
                .taken = medians_of(ours[i].p99, limit.p99),
                .limit_is = limit_is,
                .aim = aim,
                .etcd = median(beside.p99)});
  }
}

// As many events as possible.
void bench_throughput(const Sizes& sizes, const std::string& folder, Report& report) {
  Stack stack(folder + "/watches.db");
  send_all(stack.endpoint(), sizes.connections, small_posts(sizes.changes));
  const std::size_t total = sizes.changes * sizes.watchers;
  const double delivered = static_cast<double>(total);
  std::size_t first = 0;
  const auto ours = [&] {
    const std::vector<std::string> patches = small_patches(sizes.changes, sizes.changes, first);
    first += sizes.changes;
    WatchClient client(stack.endpoint(), watch_request(stack), sizes.watchers);
    const Stopwatch watch;
    send_all(stack.endpoint(), sizes.connections, patches);
    client.wait_for(total);
    return delivered / watch.seconds();
  };
  ours();
  const std::string event = event_line(stack, "small-00000");
  // As many events a write as a commit of ours can hold.
  const std::size_t batch = std::min(sizes.connections, sizes.changes);
  std::string piece;
  for (std::size_t i = 0; i < batch; ++i) piece += event;
  const auto limit = [&] {
    BareFanOut bare;
    WatchClient client(bare.endpoint(), http_get("/"), sizes.watchers);
    const Stopwatch watch;
    const std::size_t writes = sizes.changes / batch;
    bare.send(piece, writes);
    client.wait_for(writes * batch * sizes.watchers);
    return static_cast<double>(writes * batch * sizes.watchers) / watch.seconds();
  };
  report.add({.name = fmt::format("watch events to {} watchers, writes included", sizes.watchers),
              .unit = "events/s",
              .taken = take_turns(sizes.rounds, ours, limit),
              .limit_is = fmt::format(
                  "the same bytes, ready made, to bare sockets; {} events a write", batch)});
}

}  // namespace

void bench_watches(const Sizes& sizes, const std::string& folder, Report& report) {
  report.begin(fmt::format("watches by {} clients", sizes.watchers));
  bench_pace(sizes, folder, 50, 5, report);
  bench_pace(sizes, folder, 500, 20, report);
  bench_throughput(sizes, folder, report);
}

}  // namespace clickdeploy::bench
