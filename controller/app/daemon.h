// Daemon: the API server on its database, and the control plane, in one process.
//
// Threads: start() and stop() on the loop's thread; the HTTP server, the database's writer, curl
// and the file worker have threads of their own. Lifetime: stop() has finished before destruction.

#pragma once

#include "controller/app/settings.h"
#include "controller/async/event_loop.h"
#include "controller/async/task.h"

#include <cstdint>
#include <memory>
#include <string>

namespace clickdeploy::app {

class Daemon {
 public:
  // Opens the database and binds the address. The message of an Error says what to fix.
  static Result<std::unique_ptr<Daemon>> start(Settings settings, EventLoop& loop);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // "http://127.0.0.1:7180"
  const std::string& url() const;

  // Serves and controls until stop(). Runs bootstrap first: the namespaces, the default backend.
  Task<Result<void>> run();

  Task<void> stop();

 private:
  struct Parts;
  explicit Daemon(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// The kubeconfig of a server, for kubectl and clickctl.
std::string kubeconfig_for(const std::string& url, const std::string& certificate_pem);

}  // namespace clickdeploy::app
