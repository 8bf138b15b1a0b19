// WatchClient: many open watches, whose events are counted as they come.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace clickdeploy::bench {

// One thread of its own.
class WatchClient {
 public:
  // Returns when every watch has its answer's first bytes.
  WatchClient(std::uint16_t port, std::string request, std::size_t watchers);
  ~WatchClient();
  WatchClient(const WatchClient&) = delete;
  WatchClient& operator=(const WatchClient&) = delete;

  // Until all watches together have had so many events.
  void wait_for(std::size_t events);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace clickdeploy::bench
