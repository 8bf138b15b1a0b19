#include "tests/bench/bare_server.h"
#include "tests/bench/etcd.h"
#include "tests/bench/load_client.h"
#include "tests/bench/measure.h"
#include "tests/bench/stack.h"

#include <fmt/format.h>

namespace clickdeploy::bench {
namespace {

double rate(const Endpoint& to, const Sizes& sizes, const std::string& request) {
  const LoadTimes times = run_load({to, sizes.connections, sizes.reads,
                                    [&](std::size_t) -> const std::string& { return request; }});
  return static_cast<double>(sizes.reads) / times.seconds;
}

}  // namespace

void bench_reads(const Sizes& sizes, const std::string& folder, Report& report) {
  report.begin(fmt::format("reads: {} rounds of {}", sizes.rounds, sizes.reads));
  Etcd etcd(folder);
  for (const Scheme scheme : kSchemes) {
    Stack stack(fmt::format("{}/reads-{}.db", folder, name_of(scheme)), scheme);
    send_all(stack.endpoint(), 1, small_posts(1));
    const std::string body =
        stack.store().get({"instances.clickdeploy.io", "default", "small-00000"})->bytes;
    const BareServer bare(body, scheme);
    send_all(etcd.endpoint(), 1, etcd_puts(1, body.size()));
    const std::string request = http_get(std::string(kInstances) + "/small-00000");
    const std::string etcd_request = etcd_get(0);
    const Taken taken = take_turns(
        sizes.rounds, [&] { return rate(stack.endpoint(), sizes, request); },
        [&] { return rate(bare.endpoint(), sizes, request); });
    report.add({.name = fmt::format("get, {}, {} clients", name_of(scheme), sizes.connections),
                .unit = "reads/s",
                .taken = taken,
                .limit_is = "a bare Beast server that answers the same bytes",
                .aim = 40000,
                .etcd = rate(etcd.endpoint(), sizes, etcd_request)});
  }
}

}  // namespace clickdeploy::bench
