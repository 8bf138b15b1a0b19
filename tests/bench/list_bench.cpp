#include "controller/async/block_on.h"
#include "tests/bench/bare_server.h"
#include "tests/bench/load_client.h"
#include "tests/bench/measure.h"
#include "tests/bench/stack.h"

#include <fmt/format.h>

#include <cstring>

namespace clickdeploy::bench {
namespace {

std::string list_in_process(Stack& stack) {
  http::Request request;
  request.url = kInstances;
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

double http_millis(std::uint16_t port, std::size_t times) {
  const std::string request = http_get(kInstances);
  const double seconds =
      run_load({port, 1, times, [&](std::size_t) -> const std::string& { return request; }});
  return seconds * 1e3 / static_cast<double>(times);
}

}  // namespace

void bench_lists(const Sizes& sizes, const std::string& folder, Report& report) {
  report.begin(fmt::format("lists of {} objects", sizes.listed));
  Stack stack(folder + "/lists.db");
  fill(stack, sizes.listed, sizes.connections);
  const std::string body = list_in_process(stack);
  std::string target(body.size(), ' ');
  const BareServer bare(body);
  constexpr std::size_t kTimes = 4;

  const std::string what =
      fmt::format("list of {}, {:.0f} MB", sizes.listed, static_cast<double>(body.size()) / 1e6);
  const auto in_process = [&] {
    const Stopwatch watch;
    const std::string listed = list_in_process(stack);
    const double millis = watch.seconds() * 1e3;
    if (listed.size() != body.size()) give_up("two lists differ");
    return millis;
  };
  const auto copy = [&] { return copy_millis(body, target); };
  const auto over_http = [&] { return http_millis(stack.port(), kTimes); };
  const auto bare_http = [&] { return http_millis(bare.port(), kTimes); };
  const std::size_t rounds = sizes.rounds * 3;
  report.add(what + ", in process", "ms", Better::Lower, take_turns(rounds, in_process, copy),
             "memcpy of the same bytes");
  report.add(what + ", over HTTP", "ms", Better::Lower, take_turns(rounds, over_http, copy),
             "memcpy of the same bytes");
  report.add(what + ", over HTTP", "ms", Better::Lower, take_turns(rounds, over_http, bare_http),
             "a bare Beast server that answers the same bytes");
}

}  // namespace clickdeploy::bench
