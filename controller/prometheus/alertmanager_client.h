// AlertmanagerClient: one function per request of Alertmanager's HTTP API (v2) that we use.
//
// Errors, threads and lifetime as QueryClient, with Alertmanager's words.

#pragma once

#include "controller/prometheus/query_client.h"
#include "controller/prometheus/silence.h"

#include <string>
#include <vector>

namespace clickdeploy::prometheus {

// An alert that Alertmanager was sent, and what it does with it.
struct SentAlert {
  Labels labels;
  bool silenced = false;
  bool inhibited = false;

  bool operator==(const SentAlert&) const = default;
};

class AlertmanagerClient {
 public:
  // `http` trusts and shows the certificates of `access.tls`.
  AlertmanagerClient(http::HttpClient& http, Access access);

  // Those with a label service_id, be they silenced, inhibited or neither.
  Task<Result<std::vector<SentAlert>>> alerts();

  // All, those that have expired as well.
  Task<Result<std::vector<Silence>>> silences();
  // Makes the silence, or replaces the one with its id.
  Task<Result<void>> put_silence(Silence silence);
  // Ends it now. One that is not there, or has ended, is an error.
  Task<Result<void>> expire_silence(std::string id);

 private:
  http::HttpClient& http_;
  Access access_;
};

}  // namespace clickdeploy::prometheus
