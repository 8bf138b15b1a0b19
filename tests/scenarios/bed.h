// Bed: the built programs, wired together on loopback: localcloud, a real Prometheus and
// clickdeployd.
//
// Each test has its own, on addresses made of its process's id, and stops what it started by pid.

#pragma once

#include "controller/base/json.h"
#include "controller/client/client.h"
#include "controller/http/http_client.h"
#include "tests/testing/child_process.h"
#include "tests/testing/temporary_folder.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::scenarios {

struct BedOptions {
  std::string guests = "none";  // none | process | container
  std::string rootfs = "";      // absolute; of containers
  bool prometheus = false;
  bool alertmanager = false;        // that Prometheus sends its alerts to
  bool alertmanager_login = false;  // it asks for a password (clickdeploy, secret)
  // Prometheus asks for the password that the Secret prometheus-login has (clickdeploy, secret),
  // and has a certificate that the Secret prometheus-ca vouches for. apply_basics() makes neither.
  bool secured = false;
  // Prometheus asks us for its targets, with the token of the Secret targets (open-sesame).
  bool served_targets = false;
  bool discovered_targets = false;  // Prometheus finds the servers in OpenStack by itself
  int quota_instances = 50;
};

class Bed {
 public:
  explicit Bed(BedOptions options = {});
  ~Bed();

  void start_daemon();
  void kill_daemon();  // SIGKILL
  int daemon_pid() const { return daemon_->pid(); }

  // Applies the namespace, the Secret and the Cloud "local"; with Prometheus also the
  // MetricsBackend and the MonitoringPolicy "base" for Services labelled tier=front. All in
  // namespace demo.
  void apply_basics();

  Json service(const std::string& name, int replicas) const;  // not created yet
  // A merge patch for a Service: one setting of spec.remediation.
  static Json remediation(const std::string& field, Json value);
  // The policy "base" gets one rule instead of its own: it fires as soon as `expr` is so.
  void alert_at_once(const std::string& expr);

  // Expects a success, and gives the answer.
  Json create(const Json& object);
  // The answer, whatever its status.
  http::Response post(const Json& object);
  // The status of a GET of the API with these headers.
  int get_status(const std::string& path, http::Headers headers);
  double own_counter(const std::string& name);  // of the daemon's own /metrics; the sum
  std::optional<Json> get(const std::string& plural, const std::string& name);
  std::vector<Json> list(const std::string& plural);
  void patch(const std::string& plural, const std::string& name, const Json& merge_patch);
  // `spec` is YAML, merged into that of the policy "base".
  void patch_policy(const std::string& spec);
  void patch_secret(const std::string& name, const Json& merge_patch);
  void remove(const std::string& plural, const std::string& name);

  // "" or why not, asked until it is "" or the time is up; then the last answer fails the test.
  bool wait_for(const std::string& what, std::chrono::seconds at_most,
                const std::function<std::string()>& problem);

  // So many of its servers are proven to be scraped, and the rules are loaded.
  bool wait_until_monitored(const std::string& service, int replicas);
  // Alertmanager has an alert about this Instance; or none at all any more.
  bool wait_for_alert(const std::string& instance);
  bool wait_for_no_alert();

  // The condition's status, reason and message as one text, "False InvalidConfiguration …".
  std::string condition(const std::string& plural, const std::string& name,
                        const std::string& type);

  Json cloud_state();  // localcloud's own view
  Json cloud_call(const std::string& method, const std::string& path, const Json& body);
  Json prometheus(const std::string& path);    // data of /api/v1/…
  Json alertmanager(const std::string& path);  // of /api/v2/…
  // Gives Prometheus what clickctl prints for the backend, with secrets in the folder "secrets" of
  // this one, and has it read that. Returns it.
  std::string configure_prometheus();
  double prometheus_counter(const std::string& name);  // of its own metrics; the sum
  void start_prometheus();                             // again, at the same address
  void kill_prometheus();
  int post_alertmanager(const std::string& path, const Json& body);  // the status
  void start_alertmanager();
  void kill_alertmanager();
  // What clickctl prints; it must succeed.
  std::string clickctl(std::vector<std::string> arguments);
  const std::string& prometheus_certificate() const { return certificate_; }

  const std::string& folder() const { return folder_.path(); }
  const std::string& api() const { return api_url_; }
  const std::string& prometheus_url() const { return prometheus_url_; }

 private:
  Json send(const std::string& method, const std::string& url, const Json& body, int* status);
  double counter_of(const std::string& url, const std::string& name);

  BedOptions options_;
  testing::TemporaryFolder folder_;
  std::unique_ptr<http::HttpClient> http_;
  std::string cloud_url_;
  std::string prometheus_url_;
  std::string certificate_;
  std::string alertmanager_address_;
  std::string api_address_;
  std::string api_url_;
  std::unique_ptr<testing::ChildProcess> cloud_;
  std::unique_ptr<testing::ChildProcess> prometheus_process_;
  std::unique_ptr<testing::ChildProcess> alertmanager_process_;
  std::unique_ptr<testing::ChildProcess> daemon_;
};

}  // namespace clickdeploy::scenarios
