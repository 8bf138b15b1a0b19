// LoadClient: many kept-alive connections that send prepared requests as fast as the answers come.
//
// One thread, callbacks, no parsing beyond the status and Content-Length: it should cost less than
// any server that it measures. The same client measures ours and the limit.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace clickdeploy::bench {

struct Load {
  std::uint16_t port = 0;
  std::size_t connections = 1;
  std::size_t requests = 0;
  // The bytes of the request number `index`; they stay where they are.
  std::function<const std::string&(std::size_t index)> request;
};

// Runs the load to its end and returns the seconds it took, connecting not counted. Gives up at the
// first answer that is not 2xx.
double run_load(const Load& load);

std::string http_get(const std::string& target);
std::string http_send(const std::string& method, const std::string& target,
                      const std::string& content_type, const std::string& body);

}  // namespace clickdeploy::bench
