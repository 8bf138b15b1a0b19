// Taps: where checks listen to a simulated run. Each may be null; none may call back into the
// product. They are looked at from inside the run, so they do as little as they can.

#pragma once

#include "controller/app/control_plane.h"
#include "controller/async/disk.h"
#include "controller/async/task_group.h"
#include "controller/http/http_client.h"
#include "controller/store/object_store.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace clickdeploy::simulation {

// One request to the API server and its answer, whoever asked.
struct ApiExchange {
  std::string method;
  std::string url;  // path and query
  std::string body;
  store::Revision asked = 0;     // of the store, when the request came
  store::Revision answered = 0;  // and when the answer left
  int status = 0;
  std::string_view answer;  // "" of a stream
};

struct Taps {
  // A process begins to serve. What is started in `tasks` dies with it.
  std::function<void(http::Handler serve, TaskGroup& tasks, Clock& clock)> booted;
  std::function<void()> killed;

  std::function<void(const ApiExchange&)> api;

  // Of the process, to the outside. A message that is cut off by a kill ends without a result.
  std::function<void(const http::Request&)> sent;
  std::function<void(const http::Request&, const Result<http::Response>*)> ended;

  // A published file has new bytes; nullopt: it is gone.
  std::function<void(const std::string& path, std::optional<std::string_view> bytes)> file;
  // A list of targets was served to Prometheus, which asks for those of this job.
  std::function<void(const std::string& job, const std::string& list)> served;

  std::function<void(const std::string& controller, const api::ObjectKey&)> reconcile_begins;
  std::function<void(const std::string& controller, const api::ObjectKey&)> reconcile_ended;
};

// The entry of an API server, with the tap in front of it.
http::Handler tapped_api(http::Handler serve, store::ObjectStore& store, const Taps& taps);

// The disk of a process, with the tap behind it.
class TappedDisk final : public Disk {
 public:
  TappedDisk(Disk& inner, const Taps& taps) : inner_(inner), taps_(taps) {}

  Result<std::string> read(const std::string& path) override { return inner_.read(path); }
  Result<void> write_atomic(const std::string& path, std::string_view bytes,
                            unsigned mode) override;
  Result<void> remove(const std::string& path) override;
  Result<std::vector<FileInfo>> list(const std::string& folder) override {
    return inner_.list(folder);
  }
  Result<void> make_folder(const std::string& path, unsigned mode) override {
    return inner_.make_folder(path, mode);
  }

 private:
  Disk& inner_;
  const Taps& taps_;
};

class TappedReconciles final : public runtime::ReconcileObserver {
 public:
  explicit TappedReconciles(const Taps& taps) : taps_(taps) {}

  void begins(const std::string& controller, const api::ObjectKey& key) override {
    if (taps_.reconcile_begins) taps_.reconcile_begins(controller, key);
  }
  void ended(const std::string& controller, const api::ObjectKey& key) override {
    if (taps_.reconcile_ended) taps_.reconcile_ended(controller, key);
  }

 private:
  const Taps& taps_;
};

}  // namespace clickdeploy::simulation
