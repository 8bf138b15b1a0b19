// EventRecorder: Kubernetes Events about an object, for `describe`.
//
// The same event (object, reason, message) again raises its count. Recording never waits and never
// fails the caller: events are queued (at most 1,000; the oldest are dropped then, with a log line)
// and written by run(). Threads: one executor's.

#pragma once

#include "api/meta/object_meta.h"
#include "controller/async/clock.h"
#include "controller/async/signal.h"
#include "controller/client/client.h"

#include <cstdint>
#include <deque>
#include <string>

namespace clickdeploy::runtime {

enum class EventKind : std::uint8_t { Normal, Warning };

class EventRecorder {
 public:
  EventRecorder(client::Client& client, Clock& clock, std::string component);

  void record(const api::GroupVersionKind& gvk, const api::ObjectMeta& about, EventKind kind,
              std::string_view reason, std::string message);

  Task<void> run();

 private:
  struct Pending {
    std::string namespace_name;
    std::string name;
    Json event;
  };
  Task<Result<void>> write(Pending pending);

  client::Client& client_;
  Clock& clock_;
  std::string component_;
  std::deque<Pending> pending_;
  Signal added_;
};

}  // namespace clickdeploy::runtime
