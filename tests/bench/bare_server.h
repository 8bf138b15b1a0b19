// BareServer: the least that Beast can do: read a request, answer the same body each time.

#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace clickdeploy::bench {

// One thread, as the server that it is compared with.
class BareServer {
 public:
  explicit BareServer(std::string body);
  ~BareServer();
  BareServer(const BareServer&) = delete;
  BareServer& operator=(const BareServer&) = delete;

  std::uint16_t port() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace clickdeploy::bench
