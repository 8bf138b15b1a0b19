// SimApi: the way from the controllers to the API server, on which their view of it can be
// disturbed as a real Kubernetes may: requests that fail or whose answer is lost, watches that are
// cut, compacted away, late or repeat themselves, and caches that lag behind after a restart. A
// list is never older than its request: the controllers' name no version, which asks for the
// newest.
//
// Nothing is disturbed until one of the hooks is set. Threads: one.

#pragma once

#include "controller/async/clock.h"
#include "controller/http/http_client.h"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace clickdeploy::simulation {

struct ApiFault {
  enum class Kind : std::uint8_t {
    Unavailable,  // 503, not carried out
    Conflict,     // 409, not carried out
    Unanswered,   // carried out; the answer is lost
    Late,         // carried out; answered after `delay`
  };
  Kind kind = Kind::Unavailable;
  std::chrono::milliseconds delay{0};
};

struct EventFault {
  enum class Kind : std::uint8_t {
    Cut,      // the watch ends before this event
    Expired,  // the watch ends before this event with 410
    Late,     // this event and what follows in this watch come after `delay`
    Twice,    // it comes twice
    Blind,    // the watch ends, nothing can be listed or watched for `delay`, then 410
  };
  Kind kind = Kind::Cut;
  std::chrono::milliseconds delay{0};
};

// What the drivers set, for all lives of the process.
struct ApiViews {
  std::function<std::optional<ApiFault>(const http::Request&)> on_request;  // but watches
  // An event is about to be handed to a watch of this URL.
  std::function<std::optional<EventFault>(const std::string& url)> on_event;

  // Until then a watch begins only after the delay: caches lag behind.
  SteadyTime behind_until{};
  std::chrono::milliseconds behind{0};

  std::map<std::string, SteadyTime> blind_until;  // by path of a collection
};

class SimApi final : public http::HttpClient {
 public:
  SimApi(http::HttpClient& inner, Clock& clock, ApiViews& views)
      : inner_(inner), clock_(clock), views_(views) {}

  Task<Result<http::Response>> send(http::Request request) override;
  Task<Result<http::StreamingResponse>> stream(http::Request request,
                                               std::chrono::milliseconds idle_max) override;

 private:
  bool is_blind(const std::string& path) const;

  http::HttpClient& inner_;
  Clock& clock_;
  ApiViews& views_;
};

}  // namespace clickdeploy::simulation
