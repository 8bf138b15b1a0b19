// BareFanOut: writes the same bytes to every connection, and nothing else.

#pragma once

#include "tests/bench/endpoint.h"

#include <cstddef>
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

  Endpoint endpoint() const;

  // Begins to write `piece` `times` times to every connection there is.
  void send(std::string piece, std::size_t times);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace clickdeploy::bench
