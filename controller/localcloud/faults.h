// Faults: what a test or a person switched on to make the cloud misbehave, and the record of calls.

#pragma once

#include "controller/async/clock.h"
#include "controller/base/json.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::localcloud {

// Applies to the next `count` requests that match.
struct RequestFault {
  std::string method;       // "" = any
  std::string path_prefix;  // "/compute/v2.1/servers"
  int status = 500;         // 0 = the connection breaks in the middle of the answer
  std::int64_t count = 1;
  std::int64_t skip = 0;      // let so many pass first
  bool after_effect = false;  // the request is carried out, then answered with the fault
  std::optional<std::int64_t> retry_after_seconds;
};

struct CallRecord {
  WallTime time;
  std::string method;
  std::string url;  // path and query
  int status = 0;   // 0 = the connection was broken
  std::string request_id;
  bool faulted = false;
  std::string user_agent;
  std::size_t bytes = 0;  // of the answer's body
};

struct Faults {
  std::vector<RequestFault> requests;
  std::chrono::milliseconds latency{0};      // of every answer
  std::chrono::milliseconds spawn_delay{0};  // added to every build
  std::int64_t spawn_failures = 0;           // so many further builds fail while spawning
  std::int64_t no_valid_host = 0;            // so many further builds find no host
  bool no_router = false;                    // no port is reachable from an external network
  // So many further builds end because Nova looks at the quota a second time: of creates that come
  // together it may take more than there is room for, and then refuses all of them.
  std::int64_t quota_races = 0;
  bool no_block_storage = false;             // the catalog has no Cinder, and nothing answers there
  std::int64_t volume_failures = 0;          // so many further volumes end in error
  std::int64_t volume_removal_failures = 0;  // so many further deletes of volumes end so, too
  std::chrono::milliseconds detach_delay{0};  // of volumes whose server is gone
  bool volumes_hang = false;                  // volumes stay in "creating" until switched off
  bool build_hangs = false;                   // builds stay in BUILD/spawning until switched off
  bool deletes_hang = false;                  // deleted servers stay in task "deleting" until then

  // The newest calls, oldest first; `calls_total` counts all.
  std::deque<CallRecord> calls;
  std::size_t calls_max = 20'000;
  std::uint64_t calls_total = 0;

  // The fault for this request, if one is due; its count goes down.
  std::optional<RequestFault> take(std::string_view method, std::string_view path);
  void record(CallRecord call);
};

}  // namespace clickdeploy::localcloud
