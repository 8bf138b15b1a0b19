// WatchClient: many open watches, whose events are counted, and timed, as they come.

#pragma once

#include "tests/bench/endpoint.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::bench {

// How the number of its write stands in an event: after `prefix`, in so many characters.
struct Mark {
  std::string_view prefix;
  std::size_t size = 0;
  std::optional<std::size_t> (*read)(std::string_view text) = nullptr;
};

// "bench-00000123".
extern const Mark kPlainMark;
// The same where it begins a text that is written in base64.
extern const Mark kBase64Mark;

// One thread of its own.
class WatchClient {
 public:
  // Returns when every watch has its answer's first bytes. Events are timed if there is a mark; it
  // must be in each of them once.
  WatchClient(const Endpoint& to, std::string request, std::size_t watchers,
              const Mark* mark = nullptr);
  ~WatchClient();
  WatchClient(const WatchClient&) = delete;
  WatchClient& operator=(const WatchClient&) = delete;

  // The write of this number begins now.
  void begin(std::size_t number);

  // Until all watches together have had so many events.
  void wait_for(std::size_t events);

  // After that: from the begin of its write to each event, in seconds.
  std::vector<double> latencies() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace clickdeploy::bench
