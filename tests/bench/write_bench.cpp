#include "controller/base/json.h"
#include "tests/bench/bare_store.h"
#include "tests/bench/etcd.h"
#include "tests/bench/load_client.h"
#include "tests/bench/measure.h"
#include "tests/bench/stack.h"

#include <fmt/format.h>

#include <filesystem>

namespace clickdeploy::bench {
namespace {

using Requests = std::vector<std::string>;

// One kind of write at one number of clients, and what is measured of it.
struct Writes {
  std::string name;
  std::size_t clients = 0;
  double aim = 0;  // of writes a second
  std::vector<double> rates;
  std::vector<double> p99_millis;

  void take(const Endpoint& to, const Requests& requests) {
    const LoadTimes times = send_all(to, clients, requests);
    rates.push_back(static_cast<double>(requests.size()) / times.seconds);
    p99_millis.push_back(percentile(times.latencies, 99) * 1e3);
  }
};

// What the store holds of the Instance: the bytes that the limit writes.
std::string stored_bytes(Stack& stack, const std::string& name) {
  const store::DocumentPtr document =
      stack.store().get({"instances.clickdeploy.io", "default", name});
  if (document == nullptr) give_up("the Instance that was written is not there");
  return document->bytes;
}

std::size_t amount(const Sizes& sizes, std::size_t clients) {
  return clients == 1 ? sizes.slow_writes : sizes.writes;
}

struct Limits {
  std::vector<double> creates;
  std::vector<double> patches;
};

double bare_rate(BareStore& bare, std::size_t count, std::size_t batch, const std::string& bytes,
                 const std::string& previous) {
  return static_cast<double>(count) / bare.write(count, batch, bytes, previous);
}

// Everything that is measured at one number of clients.
void bench_clients(const Sizes& sizes, const std::string& folder, std::size_t clients,
                   double create_aim, Report& report) {
  const std::size_t count = amount(sizes, clients);
  const Requests posts = small_posts(count);
  const Requests patches = small_patches(count, count);
  std::vector<Writes> creates;
  std::vector<Writes> updates;
  for (const Scheme scheme : kSchemes) {
    creates.push_back({fmt::format("create, {}, {} clients", name_of(scheme), clients),
                       clients,
                       create_aim,
                       {},
                       {}});
    updates.push_back({fmt::format("status patch, {}, {} clients", name_of(scheme), clients),
                       clients,
                       clients == 64 ? 7000.0 : 0,
                       {},
                       {}});
  }
  Limits limits;
  Writes puts{.name = "etcd", .clients = clients, .aim = 0, .rates = {}, .p99_millis = {}};
  std::string created;
  std::string patched;
  for (std::size_t round = 0; round < sizes.rounds; ++round) {
    const std::string here = fmt::format("{}/writes-{}-{}", folder, clients, round);
    std::filesystem::create_directory(here);
    for (std::size_t i = 0; i < creates.size(); ++i) {
      Stack stack(fmt::format("{}/{}.db", here, i), kSchemes[i]);
      creates[i].take(stack.endpoint(), posts);
      created = stored_bytes(stack, "small-00000");
      updates[i].take(stack.endpoint(), patches);
      patched = stored_bytes(stack, "small-00000");
    }
    BareStore bare(here + "/bare.db");
    limits.creates.push_back(bare_rate(bare, count, clients, created, ""));
    limits.patches.push_back(bare_rate(bare, count, clients, patched, created));
    Etcd etcd(here);
    puts.take(etcd.endpoint(), etcd_puts(count, created.size()));
  }
  const std::string limit_is =
      fmt::format("a bare SQLite loop, the same rows, {} writes a transaction", clients);
  for (const Writes& writes : creates) {
    report.add({.name = writes.name,
                .unit = "writes/s",
                .taken = medians_of(writes.rates, limits.creates),
                .limit_is = limit_is,
                .aim = writes.aim,
                .etcd = median(puts.rates)});
  }
  for (const Writes& writes : updates) {
    report.add({.name = writes.name,
                .unit = "writes/s",
                .taken = medians_of(writes.rates, limits.patches),
                .limit_is = limit_is,
                .aim = writes.aim,
                .etcd = median(puts.rates)});
  }
  if (clients == 1) return;
  std::vector<double> at_the_limit;
  for (const double rate : limits.creates) {
    at_the_limit.push_back(static_cast<double>(clients) / rate * 1e3);
  }
  for (const Writes& writes : creates) {
    report.add({.name = writes.name + ", p99",
                .unit = "ms",
                .better = Better::Lower,
                .taken = medians_of(writes.p99_millis, at_the_limit),
                .limit_is = "the mean of a transaction of the bare SQLite loop",
                .aim = clients == 64 ? 17.5 : 0,
                .etcd = median(puts.p99_millis)});
  }
}

// The status of an Instance as the reconcilers write it.
void bench_whole_status(const Sizes& sizes, const std::string& folder, Report& report) {
  const Requests posts = instance_posts(sizes.writes);
  const Requests patches = status_patches(sizes.writes, 1);
  Writes ours{"", sizes.connections, 0, {}, {}};
  std::vector<double> limit;
  std::string patched;
  for (std::size_t round = 0; round < sizes.rounds; ++round) {
    std::string created;
    {
      Stack stack(fmt::format("{}/status-{}.db", folder, round));
      send_all(stack.endpoint(), sizes.connections, posts);
      created = stored_bytes(stack, "instance-00000");
      ours.take(stack.endpoint(), patches);
      patched = stored_bytes(stack, "instance-00000");
    }
    BareStore bare(fmt::format("{}/bare-status-{}.db", folder, round));
    bare.write(sizes.writes, sizes.connections, created, "");
    limit.push_back(bare_rate(bare, sizes.writes, sizes.connections, patched, created));
  }
  report.add({.name = fmt::format("whole status patch, {:.1f} kB, HTTP, {} clients",
                                  static_cast<double>(patched.size()) / 1e3, sizes.connections),
              .unit = "writes/s",
              .taken = medians_of(ours.rates, limit),
              .limit_is = fmt::format("a bare SQLite loop, the same rows, {} writes a transaction",
                                      sizes.connections)});
}

}  // namespace

void bench_writes(const Sizes& sizes, const std::string& folder, Report& report) {
  report.begin(fmt::format("writes: {} rounds of {} creates and as many status patches",
                           sizes.rounds, sizes.writes));
  bench_clients(sizes, folder, 64, 7000, report);
  bench_clients(sizes, folder, 16, 7260, report);
  bench_clients(sizes, folder, 1, 3140, report);
  bench_whole_status(sizes, folder, report);
}

}  // namespace clickdeploy::bench
