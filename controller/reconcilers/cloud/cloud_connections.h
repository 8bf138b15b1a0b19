// CloudConnections: the live side of each Cloud object: session, clients and observer.
//
// The Cloud reconciler opens and replaces connections; the others look them up. A connection that
// is replaced stays alive for those who hold it.
//
// Trust. `trusted()` is the answer to "is it me?": the credentials work, the project is the pinned
// one, the fleet is not suddenly missing, and there is a complete observation that is not old. When
// it is false nothing is created, deleted, repaired or unregistered.
//
// Threads: the event loop's. Lifetime: stop() has finished before destruction.

#pragma once

#include "api/v1alpha1/cloud.h"
#include "controller/async/clock.h"
#include "controller/async/task_group.h"
#include "controller/http/http_client.h"
#include "controller/openstack/observer.h"
#include "controller/reconcilers/cloud/leaks.h"
#include "controller/reconcilers/cloud/machines.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

// How the machines of a Cloud of type Hosts are reached.
struct MachineAccess {
  agents::RemoteShell* shell = nullptr;
  std::string cluster_id;
  SecretString key;
  std::vector<api::v1alpha1::HostStatus> known;  // as recorded
};

class CloudConnection {
 public:
  CloudConnection(http::HttpClient& http, Clock& clock, Executor executor,
                  openstack::Credentials credentials, const api::v1alpha1::CloudSpec& spec,
                  std::size_t large_fleet);
  // To machines: there is no session, and the clients of OpenStack's services answer with errors.
  CloudConnection(http::HttpClient& http, Clock& clock, Executor executor, const std::string& cloud,
                  MachineAccess access, const api::v1alpha1::CloudSpec& spec);

  TaskGroup tasks;  // runs the observer

  openstack::Session session;
  openstack::ComputeClient compute;
  openstack::NetworkClient network;
  openstack::ImageClient image;
  openstack::VolumeClient volume;
  const std::unique_ptr<Machines> machines;  // null: OpenStack
  openstack::Servers& servers;               // `machines`, or `compute`
  openstack::CloudObserver observer;

  const openstack::Credentials credentials;
  api::v1alpha1::CloudSpec spec;

  // What another spec for the same credentials changes: rates and how often it is looked.
  void follow(const api::v1alpha1::CloudSpec& changed);

  // Set by the Cloud reconciler: why nothing may be done here ("" means go ahead).
  std::string frozen = "the Cloud has not been verified yet";

  bool fleet_missing = false;  // that is why it is frozen
  bool verified = false;       // its credentials were seen to work

  // "" if trusted, else why not. `clock` decides whether the observation is too old.
  std::string distrust() const;

  // Creates that are running now, against spec.limits.maxConcurrentCreates.
  std::int64_t creates_in_flight = 0;
  bool has_create_slot() const { return creates_in_flight < spec.limits.max_concurrent_creates; }

  // Images, flavors, networks and what belongs to them change rarely: kept for a minute.
  Task<Result<std::vector<openstack::Image>>> images_named(std::string name);
  Task<Result<std::vector<openstack::Flavor>>> flavors();
  const std::vector<openstack::Flavor>& flavors_known() const { return flavors_.items; }
  Task<Result<std::vector<openstack::Network>>> networks();
  Task<Result<std::vector<openstack::Subnet>>> subnets();
  Task<Result<std::vector<openstack::SecurityGroup>>> security_groups();

  Leaks leaks;

 private:
  template <class T>
  struct Kept {
    SteadyTime until{};
    std::vector<T> items;
  };
  Clock& clock_;
  std::map<std::string, Kept<openstack::Image>> images_;
  Kept<openstack::Flavor> flavors_;
  Kept<openstack::Network> networks_;
  Kept<openstack::Subnet> subnets_;
  Kept<openstack::SecurityGroup> security_groups_;
};

class CloudConnections {
 public:
  using Key = api::ObjectKey;
  // Told after each sweep of a Cloud's observer; `changed` are server ids.
  using Listener = std::function<void(const Key& cloud, const std::vector<std::string>& changed)>;

  // A fleet of so many servers is large (openstack/observer.h).
  CloudConnections(http::HttpClient& http, Clock& clock, Executor executor,
                   std::size_t large_fleet = openstack::CloudObserverOptions{}.large_fleet);

  void listen(Listener listener) { listener_ = std::move(listener); }

  // The connection for these credentials, which follows the spec; a new one if they changed.
  std::shared_ptr<CloudConnection> ensure(const Key& key, const openstack::Credentials& credentials,
                                          const api::v1alpha1::CloudSpec& spec);
  // Likewise, to machines.
  std::shared_ptr<CloudConnection> ensure(const Key& key, MachineAccess access,
                                          const api::v1alpha1::CloudSpec& spec);
  std::shared_ptr<CloudConnection> find(const Key& key) const;  // nullptr if there is none
  void remove(const Key& key);

  Task<void> stop();

 private:
  std::shared_ptr<CloudConnection> start(const Key& key, std::shared_ptr<CloudConnection> made);
  void retire(std::shared_ptr<CloudConnection> connection);

  http::HttpClient& http_;
  Clock& clock_;
  Executor executor_;
  const std::size_t large_fleet_;
  Listener listener_;
  std::map<Key, std::shared_ptr<CloudConnection>> connections_;
  std::vector<std::shared_ptr<CloudConnection>> retired_;  // cancelled; joined by stop()
};

}  // namespace clickdeploy::reconcilers
