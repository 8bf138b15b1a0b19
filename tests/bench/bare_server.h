// BareServer: the least that Beast can do: read a request, answer the same body each time.

#pragma once

#include "tests/bench/endpoint.h"

#include <memory>
#include <string>

namespace clickdeploy::bench {

// One thread, as the server that it is compared with.
class BareServer {
 public:
  BareServer(std::string body, Scheme scheme);
  ~BareServer();
  BareServer(const BareServer&) = delete;
  BareServer& operator=(const BareServer&) = delete;

  Endpoint endpoint() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace clickdeploy::bench
