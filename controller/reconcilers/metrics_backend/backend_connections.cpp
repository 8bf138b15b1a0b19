#include "controller/reconcilers/metrics_backend/backend_connections.h"

#include "controller/base/text.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

std::chrono::milliseconds snapshot_lasts(std::chrono::milliseconds poll) {
  // A poll may fail, and then the pause before the next grows to 30 seconds.
  return std::max<std::chrono::milliseconds>(std::chrono::seconds(45), 4 * poll);
}

AlertmanagerConnection::AlertmanagerConnection(http::HttpClient& http,
                                               std::unique_ptr<http::HttpClient> own, Clock& clock,
                                               prometheus::Access its_access,
                                               std::chrono::milliseconds poll)
    : access(std::move(its_access)),
      own_http(std::move(own)),
      client(own_http != nullptr ? *own_http : http, access),
      observer(client, clock, poll) {}

BackendConnection::BackendConnection(http::HttpClient& http, std::unique_ptr<http::HttpClient> own,
                                     Clock& clock, Executor executor, prometheus::Access its_access,
                                     std::chrono::milliseconds poll)
    : access(std::move(its_access)),
      own_http(std::move(own)),
      client(own_http != nullptr ? *own_http : http, access),
      observer(client, clock, {.poll = poll}),
      tasks(std::move(executor)),
      clock_(clock),
      poll_(poll) {}

std::shared_ptr<const prometheus::PrometheusSnapshot> BackendConnection::fresh_snapshot(
    std::string* why) const {
  auto snapshot = observer.snapshot();
  const std::optional<Error> error = observer.last_error();
  if (snapshot == nullptr) {
    *why = error ? "Prometheus at " + access.url + " could not be observed: " + error->message()
                 : "waiting for the first observation of Prometheus at " + access.url;
    return nullptr;
  }
  const auto age = clock_.steady_now() - snapshot->started_at;
  if (age > snapshot_lasts(poll_)) {
    *why = "Prometheus at " + access.url + " was last observed completely at " +
           format_time(snapshot->taken_at) + (error ? ": " + error->message() : "");
    return nullptr;
  }
  return snapshot;
}

bool BackendConnection::knowledge_moved() {
  // What was known may have become too old in between, and somebody may have looked then.
  const bool lapsed = known_.first && clock_.steady_now() > known_until_;
  std::string why;
  const auto snapshot = fresh_snapshot(&why);
  if (snapshot != nullptr) known_until_ = snapshot->started_at + snapshot_lasts(poll_);
  const std::pair now(snapshot != nullptr,
                      alertmanager != nullptr && alertmanager->observer.view() != nullptr);
  return std::exchange(known_, now) != now || lapsed;
}

BackendConnections::BackendConnections(http::HttpClient& http, Clock& clock, Executor executor,
                                       std::chrono::milliseconds poll, SecuredClients secured)
    : http_(http),
      clock_(clock),
      executor_(std::move(executor)),
      poll_(poll),
      secured_(std::move(secured)) {}

std::unique_ptr<http::HttpClient> BackendConnections::own_client(
    const prometheus::Access& access) const {
  return secured_ && access.needs_own_client() ? secured_(access.tls) : nullptr;
}

std::shared_ptr<BackendConnection> BackendConnections::ensure(const Key& key,
                                                              const BackendAccess& access) {
  std::shared_ptr<BackendConnection>& slot = connections_[key];
  const bool alerts = access.alertmanager.has_value();
  if (slot != nullptr && slot->access == access.prometheus &&
      (slot->alertmanager != nullptr) == alerts &&
      (!alerts || slot->alertmanager->access == *access.alertmanager)) {
    return slot;
  }
  if (slot != nullptr) retire(slot);
  slot = std::make_shared<BackendConnection>(http_, own_client(access.prometheus), clock_,
                                             executor_, access.prometheus, poll_);
  // Observers end with their connection.
  BackendConnection& connection = *slot;
  slot->observer.listen([this, key, &connection](const prometheus::PollChanges& changes) {
    tell(key, connection, changes);
  });
  slot->tasks.start("observe backend " + key.text(), slot->observer.run());
  if (!alerts) return slot;
  slot->alertmanager = std::make_unique<AlertmanagerConnection>(
      http_, own_client(*access.alertmanager), clock_, *access.alertmanager, poll_);
  slot->alertmanager->observer.listen(
      [this, key, &connection](const std::vector<std::string>& services) {
        tell(key, connection, {.instances = {}, .services = services});
      });
  slot->tasks.start("observe Alertmanager of " + key.text(), slot->alertmanager->observer.run());
  return slot;
}

void BackendConnections::tell(const Key& key, BackendConnection& connection,
                              prometheus::PollChanges changes) const {
  changes.known = connection.knowledge_moved();
  if (listener_) listener_(key, changes);
}

std::shared_ptr<BackendConnection> BackendConnections::find(const Key& key) const {
  auto found = connections_.find(key);
  return found == connections_.end() ? nullptr : found->second;
}

std::vector<std::pair<BackendConnections::Key, std::shared_ptr<BackendConnection>>>
BackendConnections::all() const {
  return {connections_.begin(), connections_.end()};
}

void BackendConnections::remove(const Key& key) {
  auto found = connections_.find(key);
  if (found == connections_.end()) return;
  retire(found->second);
  connections_.erase(found);
}

void BackendConnections::retire(std::shared_ptr<BackendConnection> connection) {
  connection->tasks.cancel();
  std::erase_if(retired_,
                [](const auto& old) { return old.use_count() == 1 && old->tasks.running() == 0; });
  retired_.push_back(std::move(connection));
}

Task<void> BackendConnections::stop() {
  for (auto& [key, connection] : connections_) retired_.push_back(connection);
  connections_.clear();
  std::vector<std::shared_ptr<BackendConnection>> ending = std::move(retired_);
  retired_.clear();
  for (const auto& connection : ending) {
    connection->tasks.cancel();
    co_await connection->tasks.join();
  }
}

}  // namespace clickdeploy::reconcilers
