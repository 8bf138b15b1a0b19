// AlertmanagerObserver: an informer for one Alertmanager: which of the Services' alerts it holds
// back.
//
// A failed poll is no news, a second one in a row is: then nothing is known until one succeeds.
// Threads and lifetime as PrometheusObserver.

#pragma once

#include "controller/async/clock.h"
#include "controller/prometheus/alertmanager_client.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::prometheus {

struct AlertmanagerView {
  std::map<std::string, std::vector<SentAlert>> alerts;  // by service_id

  // The alert as Alertmanager has it: with these labels, and perhaps others that Prometheus adds
  // when it sends (external_labels). nullptr if it was not sent.
  const SentAlert* find(const Labels& labels) const;
};

class AlertmanagerObserver {
 public:
  AlertmanagerObserver(AlertmanagerClient client, Clock& clock, std::chrono::milliseconds poll);

  // Polls until cancelled: at once, then every `poll`; after an error the pause grows to at most 30
  // seconds.
  Task<void> run();

  // nullptr before the first success, and while it does not answer.
  std::shared_ptr<const AlertmanagerView> view() const { return view_; }
  std::optional<Error> last_error() const { return last_error_; }  // of the last poll

  // Called after each poll, successful or not. `services`: service_id of the alerts that the view
  // tells otherwise than before.
  using Listener = std::function<void(const std::vector<std::string>& services)>;
  void listen(Listener listener) { listener_ = std::move(listener); }

 private:
  Task<void> poll();
  void replace(std::shared_ptr<const AlertmanagerView> next);

  AlertmanagerClient client_;
  Clock& clock_;
  std::chrono::milliseconds poll_;
  Listener listener_;
  std::shared_ptr<const AlertmanagerView> view_;
  std::optional<Error> last_error_;
  std::uint32_t failures_ = 0;  // in a row
};

}  // namespace clickdeploy::prometheus
