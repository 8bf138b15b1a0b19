#include "controller/reconcilers/cloud/cloud_connections.h"

#include "controller/base/text.h"

namespace clickdeploy::reconcilers {

namespace {

constexpr std::chrono::seconds kKeepLists{60};
// An observation older than this many polls is not trusted any more.
constexpr int kPollsUntilOld = 6;

openstack::SessionLimits limits_of(const api::v1alpha1::CloudSpec& spec) {
  openstack::SessionLimits limits;
  limits.requests_per_second = spec.limits.requests_per_second;
  limits.burst = static_cast<std::size_t>(spec.limits.burst);
  return limits;
}

}  // namespace

CloudConnection::CloudConnection(http::HttpClient& http, Clock& clock, Executor executor,
                                 openstack::Credentials used,
                                 const api::v1alpha1::CloudSpec& cloud_spec,
                                 std::size_t large_fleet)
    : tasks(std::move(executor)),
      session(http, clock, used, limits_of(cloud_spec)),
      compute(session),
      network(session),
      image(session),
      volume(session),
      servers(compute),
      observer(session, clock,
               {.poll = std::chrono::seconds(cloud_spec.poll_seconds), .large_fleet = large_fleet}),
      credentials(std::move(used)),
      spec(cloud_spec),
      clock_(clock) {}

CloudConnection::CloudConnection(http::HttpClient& http, Clock& clock, Executor executor,
                                 const std::string& cloud, MachineAccess access,
                                 const api::v1alpha1::CloudSpec& cloud_spec)
    : tasks(std::move(executor)),
      session(http, clock, {}, limits_of(cloud_spec)),
      compute(session),
      network(session),
      image(session),
      volume(session),
      machines(std::make_unique<Machines>(*access.shell, clock, tasks, cloud, access.cluster_id)),
      servers(*machines),
      observer(session, [this] { return machines->sweep(); }, clock,
               {.poll = std::chrono::seconds(cloud_spec.poll_seconds)}),
      credentials(),
      spec(cloud_spec),
      clock_(clock) {
  machines->follow(spec, std::move(access.key), access.known);
}

void CloudConnection::follow(const api::v1alpha1::CloudSpec& changed) {
  if (spec == changed) return;
  spec = changed;
  session.set_limits(limits_of(spec));
  observer.set_poll(std::chrono::seconds(spec.poll_seconds));
}

std::string CloudConnection::distrust() const {
  if (!frozen.empty()) return frozen;
  const auto snapshot = observer.snapshot();
  if (snapshot == nullptr) {
    const std::optional<Error> error = observer.last_error();
    return error ? "the cloud could not be observed: " + error->message()
                 : "waiting for the first observation of the cloud";
  }
  const auto age = clock_.steady_now() - observer.seen_at();
  if (age > std::chrono::seconds(spec.poll_seconds) * kPollsUntilOld + std::chrono::seconds(30)) {
    const std::optional<Error> error = observer.last_error();
    return "the cloud was last observed completely at " + format_time(snapshot->taken_at) +
           (error ? ": " + error->message() : "");
  }
  return "";
}

Task<Result<std::vector<openstack::Image>>> CloudConnection::images_named(std::string name) {
  auto kept = images_.find(name);
  if (kept != images_.end() && clock_.steady_now() < kept->second.until)
    co_return kept->second.items;
  Result<std::vector<openstack::Image>> images = co_await image.list_images(name);
  if (images) images_[name] = {clock_.steady_now() + kKeepLists, *images};
  co_return images;
}

Task<Result<std::vector<openstack::Flavor>>> CloudConnection::flavors() {
  if (clock_.steady_now() < flavors_.until) co_return flavors_.items;
  Result<std::vector<openstack::Flavor>> list = co_await compute.list_flavors();
  if (list) flavors_ = {clock_.steady_now() + kKeepLists, *list};
  co_return list;
}

Task<Result<std::vector<openstack::Network>>> CloudConnection::networks() {
  if (clock_.steady_now() < networks_.until) co_return networks_.items;
  Result<std::vector<openstack::Network>> list = co_await network.list_networks();
  if (list) networks_ = {clock_.steady_now() + kKeepLists, *list};
  co_return list;
}

Task<Result<std::vector<openstack::Subnet>>> CloudConnection::subnets() {
  if (clock_.steady_now() < subnets_.until) co_return subnets_.items;
  Result<std::vector<openstack::Subnet>> list = co_await network.list_subnets();
  if (list) subnets_ = {clock_.steady_now() + kKeepLists, *list};
  co_return list;
}

Task<Result<std::vector<openstack::SecurityGroup>>> CloudConnection::security_groups() {
  if (clock_.steady_now() < security_groups_.until) co_return security_groups_.items;
  Result<std::vector<openstack::SecurityGroup>> list = co_await network.list_security_groups();
  if (list) security_groups_ = {clock_.steady_now() + kKeepLists, *list};
  co_return list;
}

CloudConnections::CloudConnections(http::HttpClient& http, Clock& clock, Executor executor,
                                   std::size_t large_fleet)
    : http_(http), clock_(clock), executor_(std::move(executor)), large_fleet_(large_fleet) {}

std::shared_ptr<CloudConnection> CloudConnections::ensure(const Key& key,
                                                          const openstack::Credentials& credentials,
                                                          const api::v1alpha1::CloudSpec& spec) {
  std::shared_ptr<CloudConnection>& slot = connections_[key];
  // One log-in for one user: a second one beside it would have its own rate and its own tokens.
  if (slot != nullptr && slot->machines == nullptr && slot->credentials == credentials) {
    slot->follow(spec);
    return slot;
  }
  return start(key, std::make_shared<CloudConnection>(http_, clock_, executor_, credentials, spec,
                                                      large_fleet_));
}

std::shared_ptr<CloudConnection> CloudConnections::ensure(const Key& key, MachineAccess access,
                                                          const api::v1alpha1::CloudSpec& spec) {
  std::shared_ptr<CloudConnection>& slot = connections_[key];
  if (slot != nullptr && slot->machines != nullptr) {
    if (slot->spec != spec) slot->observer.poke();
    slot->follow(spec);
    slot->machines->follow(spec, std::move(access.key), access.known);
    return slot;
  }
  return start(key, std::make_shared<CloudConnection>(http_, clock_, executor_, key.text(),
                                                      std::move(access), spec));
}

std::shared_ptr<CloudConnection> CloudConnections::start(const Key& key,
                                                         std::shared_ptr<CloudConnection> made) {
  std::shared_ptr<CloudConnection>& slot = connections_[key];
  if (slot != nullptr) retire(slot);
  slot = std::move(made);
  slot->observer.listen([this, key](const std::vector<std::string>& changed) {
    if (listener_) listener_(key, changed);
  });
  slot->tasks.start("observe cloud " + key.text(), slot->observer.run());
  return slot;
}

std::shared_ptr<CloudConnection> CloudConnections::find(const Key& key) const {
  auto found = connections_.find(key);
  return found == connections_.end() ? nullptr : found->second;
}

void CloudConnections::remove(const Key& key) {
  auto found = connections_.find(key);
  if (found == connections_.end()) return;
  retire(found->second);
  connections_.erase(found);
}

void CloudConnections::retire(std::shared_ptr<CloudConnection> connection) {
  connection->frozen = "the Cloud's credentials changed; another connection took over";
  connection->tasks.cancel();
  std::erase_if(retired_,
                [](const auto& old) { return old.use_count() == 1 && old->tasks.running() == 0; });
  retired_.push_back(std::move(connection));
}

Task<void> CloudConnections::stop() {
  for (auto& [key, connection] : connections_) retired_.push_back(connection);
  connections_.clear();
  std::vector<std::shared_ptr<CloudConnection>> ending = std::move(retired_);
  retired_.clear();
  for (const auto& connection : ending) {
    connection->tasks.cancel();
    co_await connection->tasks.join();
  }
}

}  // namespace clickdeploy::reconcilers
