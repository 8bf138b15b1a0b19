// Back-test: what an alerting rule would have done in the past, as Prometheus remembers it.
//
// The expression is evaluated at about 2,000 times over the window; what came and went between two
// of them is not seen. Of an expression that never had a result, the selectors are asked for: one
// that found nothing at all is most often misspelt. At most five requests, one after the other.

#pragma once

#include "controller/prometheus/promql.h"
#include "controller/prometheus/query_client.h"
#include "controller/prometheus/rule_files.h"

#include <chrono>
#include <string>
#include <vector>

namespace clickdeploy::prometheus {

struct BackTest {
  std::int64_t fired = 0;          // times that it would have begun to fire
  std::chrono::seconds firing{0};  // all times together
  std::string nothing;             // the first selector that found no series; "" if none is known

  bool operator==(const BackTest&) const = default;
};

// Errors as QueryClient's. `window` ends at `now`; `interval` is that of the rule's group.
Task<Result<BackTest>> back_test(QueryClient client, Rule rule, std::chrono::seconds window,
                                 std::chrono::seconds interval, WallTime now);

// Pure: how often alerts that wait for `wait` would have fired, if their conditions held when
// `series` were there. Both ends of a time count.
BackTest count_firings(const std::vector<Presence>& series, std::chrono::seconds step,
                       std::chrono::seconds wait);

// Pure: the selectors without which the expression has no result, so that one that finds nothing
// tells why: not those of absent(), `or`, and what `unless` takes away. Without ranges and offsets.
std::vector<std::string> needed_selectors(const promql::Expression& expression);

// Pure: "3h", "2d 4h", "45s".
std::string rough_duration(std::chrono::seconds duration);

}  // namespace clickdeploy::prometheus
