// Proof: what `dev --once` shows, asked from Prometheus and from the cloud themselves, not from our
// own status.

#pragma once

#include "controller/app/dev_progress_internal.h"
#include "controller/app/dev_screen_internal.h"
#include "controller/app/dev_setup_internal.h"
#include "controller/async/clock.h"
#include "controller/async/task.h"
#include "controller/client/client.h"
#include "controller/http/http_client.h"
#include "controller/prometheus/query_client.h"

#include <string>
#include <vector>

namespace clickdeploy::app {

// What the proof talks to; outlives it.
struct ProofTools {
  client::Client& client;
  http::HttpClient& http;
  const DevPlaces& places;
  FleetFollower& follower;
  Clock& clock;
  Screen& screen;
};

class Proof {
 public:
  explicit Proof(ProofTools tools);

  // True if all was shown. Else it has said what is missing, and what is known about it.
  Task<bool> run();

 private:
  struct Repair;

  Task<bool> show_targets();
  Task<bool> show_rules();
  Task<bool> show_cpu();
  Task<bool> show_repair();
  Task<bool> show_deletion();

  // The service's samples of a series.
  Task<Result<std::vector<prometheus::Sample>>> samples(std::string series);
  Task<void> look_at_repair(Repair& repair);
  Task<std::vector<std::string>> leftovers();
  // Says what is not proven; always false.
  bool not_proven(const std::string& what, const std::string& evidence);
  Task<void> pause();

  ProofTools tools_;
  prometheus::QueryClient prometheus_;
  std::string service_uid_;
  std::int64_t replicas_ = 0;
  std::size_t rules_loaded_ = 0;
  double repaired_after_ = 0;  // seconds
};

}  // namespace clickdeploy::app
