// LoadClient: kept-alive connections that send prepared requests, as fast as the answers come or at
// a steady pace.
//
// One thread, callbacks, no parsing beyond the status and the length of the body: it should cost
// less than any server that it measures. The same client measures ours and the limit.

#pragma once

#include "tests/bench/endpoint.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace clickdeploy::bench {

struct Load {
  Endpoint to;
  std::size_t connections = 1;
  std::size_t requests = 0;
  // The bytes of the request number `index`; they stay where they are.
  std::function<const std::string&(std::size_t index)> request;
};

struct LoadTimes {
  double seconds = 0;             // from the first request to the last answer
  std::vector<double> latencies;  // of each request, in seconds
};

// Runs the load to its end, connecting not counted. Gives up at the first answer that is not 2xx.
LoadTimes run_load(const Load& load);

// Sends `per_second` requests a second, whatever the answers do: one that finds no free connection
// waits, and counts as begun all the same. `begun` is told before each.
void run_paced(const Load& load, double per_second,
               const std::function<void(std::size_t index)>& begun);

// The same pace for work that is no request: calls `work` at each time.
void keep_pace(std::size_t times, double per_second,
               const std::function<void(std::size_t index)>& work);

std::string http_get(const std::string& target, const std::string& accept = "application/json");
std::string http_send(const std::string& method, const std::string& target,
                      const std::string& content_type, const std::string& body);

}  // namespace clickdeploy::bench
