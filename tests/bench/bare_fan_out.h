// BareFanOut: writes the same bytes to every connection, and nothing else.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace clickdeploy::bench {

// One thread. Each connection's request is answered by the head of a stream at once.
class BareFanOut {
 public:
  BareFanOut();
  ~BareFanOut();
  BareFanOut(const BareFanOut&) = delete;
  BareFanOut& operator=(const BareFanOut&) = delete;

  std::uint16_t port() const;

  // Begins to write `piece` `times` times to every connection there is.
  void send(std::string piece, std::size_t times);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace clickdeploy::bench
