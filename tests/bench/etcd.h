// Etcd: Debian's etcd-server on loopback, as something to compare with that others know.
//
// It is asked through its own JSON gateway, which turns each request into a gRPC call inside the
// process: keys and values are in base64, and the call costs it about as much again. It stores
// bytes, and does not know what they say: no schema, no defaults, no selectors.

#pragma once

#include "tests/bench/child.h"
#include "tests/bench/endpoint.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace clickdeploy::bench {

class Etcd {
 public:
  // Its data and its log are in `folder`. Gives up if it is not installed.
  explicit Etcd(std::string folder);

  Endpoint endpoint() const { return {.port = port_}; }
  double resident_bytes() const { return bench::resident_bytes(program_->pid()); }
  // Ends it and starts it again; the seconds until it is ready.
  double restart();

 private:
  double start();

  std::string folder_;
  std::uint16_t port_;
  std::unique_ptr<Program> program_;
};

// Of keys like "bench-00000007/".
std::vector<std::string> etcd_puts(std::size_t count, std::size_t value_bytes,
                                   std::size_t first = 0);
std::string etcd_get(std::size_t number);
std::string etcd_list();
std::string etcd_watch();

}  // namespace clickdeploy::bench
