#include "controller/async/block_on.h"
#include "tests/bench/bare_server.h"
#include "tests/bench/etcd.h"
#include "tests/bench/load_client.h"
#include "tests/bench/measure.h"
#include "tests/bench/stack.h"

#include <fmt/format.h>

#include <cstring>

namespace clickdeploy::bench {
namespace {

constexpr const char* kJson = "application/json";
constexpr const char* kTable = "application/json;as=Table;v=v1;g=meta.k8s.io";

std::string list_in_process(Stack& stack, const char* accept, const std::string& query = "") {
  http::Request request;
  request.url = std::string(kInstances) + query;
  request.headers.push_back({"Accept", accept});
  http::Reply reply = block_on(stack.api().handle(std::move(request)));
  if (reply.response.status != 200) give_up(reply.response.body);
  return std::move(reply.response.body);
}

double copy_millis(const std::string& bytes, std::string& target) {
  const Stopwatch watch;
  std::memcpy(target.data(), bytes.data(), bytes.size());
  const double seconds = watch.seconds();
  if (target.back() != bytes.back()) give_up("the copy is wrong");
  return seconds * 1e3;
}

double millis(const Endpoint& to, const std::string& request) {
  constexpr std::size_t kTimes = 4;
  const LoadTimes times =
      run_load({to, 1, kTimes, [&](std::size_t) -> const std::string& { return request; }});
  return times.seconds * 1e3 / static_cast<double>(kTimes);
}

std::string megabytes(const std::string& body) {
  return fmt::format("{:.1f} MB", static_cast<double>(body.size()) / 1e6);
}

// One form of the list over one scheme, against a bare server.
void bench_form(const Sizes& sizes, Stack& stack, const char* what, const char* accept, double aim,
                double etcd, Report& report) {
  const Scheme scheme = stack.endpoint().scheme;
  const std::string body = list_in_process(stack, accept);
  const BareServer bare(body, scheme);
  const std::string request = http_get(kInstances, accept);
  const Taken taken = take_turns(
      sizes.rounds * 3, [&] { return millis(stack.endpoint(), request); },
      [&] { return millis(bare.endpoint(), request); });
  report.add({.name = fmt::format("{} of {}, {}, {}", what, sizes.listed, megabytes(body),
                                  name_of(scheme)),
              .unit = "ms",
              .better = Better::Lower,
              .taken = taken,
              .limit_is = "a bare Beast server that answers the same bytes",
              .aim = aim,
              .etcd = etcd});
}

// No object has the label: what is measured is how one is told from another.
void bench_label(const Sizes& sizes, Stack& stack, const std::string& body, Report& report) {
  const auto ours = [&] {
    const Stopwatch watch;
    const std::string listed = list_in_process(stack, kJson, "?labelSelector=no-such%3Dlabel");
    const double taken = watch.seconds() * 1e3;
    if (listed.size() > 1000) give_up("a label that no object has was found");
    return taken;
  };
  const auto search = [&] {
    const Stopwatch watch;
    if (body.find("no-such\":\"label") != std::string::npos) give_up("it is there");
    return watch.seconds() * 1e3;
  };
  report.add({.name = fmt::format("look at the labels of {}, in process", sizes.listed),
              .unit = "ms",
              .better = Better::Lower,
              .taken = take_turns(sizes.rounds * 3, ours, search),
              .limit_is = "a search for the label in the same bytes"});
}

void bench_in_process(const Sizes& sizes, Stack& stack, Report& report) {
  const std::string body = list_in_process(stack, kJson);
  bench_label(sizes, stack, body, report);
  std::string target(body.size(), ' ');
  const auto ours = [&] {
    const Stopwatch watch;
    const std::string listed = list_in_process(stack, kJson);
    const double taken = watch.seconds() * 1e3;
    if (listed.size() != body.size()) give_up("two lists differ");
    return taken;
  };
  report.add(
      {.name = fmt::format("list of {}, {}, in process", sizes.listed, megabytes(body)),
       .unit = "ms",
       .better = Better::Lower,
       .taken = take_turns(sizes.rounds * 3, ours, [&] { return copy_millis(body, target); }),
       .limit_is = "memcpy of the same bytes"});
}

}  // namespace

void bench_lists(const Sizes& sizes, const std::string& folder, Report& report) {
  report.begin(fmt::format("lists of {} objects", sizes.listed));
  const std::vector<std::string> posts = small_posts(sizes.listed);
  Etcd etcd(folder);
  send_all(etcd.endpoint(), sizes.connections, etcd_puts(sizes.listed, 1280));
  std::vector<double> etcd_millis;
  for (std::size_t round = 0; round < sizes.rounds; ++round) {
    etcd_millis.push_back(millis(etcd.endpoint(), etcd_list()));
  }
  for (const Scheme scheme : kSchemes) {
    Stack stack(fmt::format("{}/lists-{}.db", folder, name_of(scheme)), scheme);
    send_all(stack.endpoint(), sizes.connections, posts);
    if (scheme == Scheme::Plain) bench_in_process(sizes, stack, report);
    bench_form(sizes, stack, "list", kJson, 40, median(etcd_millis), report);
    bench_form(sizes, stack, "Table", kTable, 60, 0, report);
  }
}

}  // namespace clickdeploy::bench
