#include "tests/simulation/invariants.h"

#include <algorithm>
#include <array>

namespace clickdeploy::simulation {

namespace {

constexpr std::array kPromises = {
    Promise{"S1", "one live server per Instance and claim, timed-out creates included",
            "each change in the cloud (CloudChecker)"},
    Promise{"S2", "no change of what lacks our mark; all that is made carries it",
            "each request that changes the cloud (CloudChecker)"},
    Promise{"S3",
            "a server is deleted only with its Instance or in a replacement within maxInFlight",
            "each DELETE of a server"},
    Promise{"S4", "a finalizer goes only after what it guards is gone", "each change"},
    Promise{"S5", "an Instance never holds a server of another UID, whatever the names",
            "each change"},
    Promise{"S6", "at rest the cloud has the servers and ports asked for, no others", "the end"},
    Promise{"S7", "resourceVersion rises with every change, across kills and clock jumps",
            "each change"},
    Promise{"S11", "status.observedGeneration never exceeds the generation and never falls",
            "each change"},
    Promise{"S15", "a rule that the parser rejects is never active", "each change"},
    Promise{"S18", "at rest nothing changes but the refresh of times", "after the end"},
    Promise{"S24", "the same seed is the same run", "one seed of a hundred"},
    Promise{"L1", "every object comes to rest as asked for", "the end"},
    Promise{"L3", "what was deleted goes once the cloud answers", "the end"},
    Promise{"L4", "final targets and rules are active after all trouble with Prometheus",
            "the end"},
};

const std::string kServerPath = "/compute/v2.1/servers/";

const std::string& uid_of(const Json& object) {
  return object["metadata"]["uid"].as_string();
}

bool is_deleting(const Json& object) {
  return !object["metadata"]["deletionTimestamp"].is_null();
}

}  // namespace

std::span<const Promise> promises() {
  return kPromises;
}

Invariants::Invariants(SimWorld& world) : world_(world) {
  world_.checker.before_mutation = [this](const http::Request& request) {
    if (request.method == "DELETE" && request.url.starts_with(kServerPath)) judge_delete(request);
  };
}

void Invariants::look() {
  look_at_prometheus();
  const store::Revision revision = world_.revision();
  const std::uint64_t cloud_revision = world_.cloud.revision();
  if (revision == revision_ && cloud_revision == cloud_revision_) return;
  if (revision != revision_) look_at_revisions();
  look_at_ownership();
  cloud_revision_ = cloud_revision;
}

void Invariants::look_at_revisions() {
  const store::Revision revision = world_.revision();
  if (revision < revision_) {
    world_.report.add("S7", "the revision fell from " + std::to_string(revision_) + " to " +
                                std::to_string(revision));
  }
  for (const std::string& resource : {kServices, kInstances, kClouds, kBackends, kPolicies}) {
    look_at_resource(resource);
  }
  revision_ = revision;
}

void Invariants::look_at_resource(const std::string& resource) {
  std::map<store::Key, Seen>& before = seen_[resource];
  std::map<store::Key, Seen> now;
  for (const store::DocumentPtr& document : world_.documents(resource)) {
    const auto known = before.find(document->key);
    if (known != before.end() && known->second.document == document) {
      now.insert(before.extract(known));
      continue;
    }
    const Json& object =
        world_.object(resource, {document->key.namespace_name, document->key.name});
    Seen seen{document, object["status"]["observedGeneration"].as_int()};
    const std::string name = resource + " " + document->key.name;
    ++writes_[name];
    if (known != before.end()) {
      const store::Document& old = *known->second.document;
      // After a kill the same state is read again, under the same version.
      if (document->revision < old.revision ||
          (document->revision == old.revision && document->bytes != old.bytes)) {
        world_.report.add("S7", name + " went from version " + std::to_string(old.revision) +
                                    " to " + std::to_string(document->revision));
      }
      const bool same_object = old.bytes.contains("\"uid\":\"" + uid_of(object) + "\"");
      if (same_object && seen.observed_generation < known->second.observed_generation) {
        world_.report.add("S11", name + ": observedGeneration fell from " +
                                     std::to_string(known->second.observed_generation) + " to " +
                                     std::to_string(seen.observed_generation));
      }
    } else if (revision_ > 0 && document->revision <= revision_) {
      world_.report.add("S7",
                        name + " is new at the old version " + std::to_string(document->revision));
    }
    if (seen.observed_generation > object["metadata"]["generation"].as_int()) {
      world_.report.add("S11", name + ": observedGeneration is ahead of the generation");
    }
    now.emplace(document->key, std::move(seen));
  }
  before = std::move(now);
}

const Json* Invariants::instance_with_uid(const std::string& uid) const {
  for (const Json& instance : world_.objects(kInstances)) {
    if (uid_of(instance) == uid) return &instance;
  }
  return nullptr;
}

void Invariants::look_at_ownership() {
  std::set<std::string> uids;
  std::set<std::string> claims;
  for (const Json& instance : world_.objects(kInstances)) {
    uids.insert(uid_of(instance));
    claims.insert(instance["status"]["claim"]["token"].as_string());
    const std::string& server_id = instance["status"]["server"]["id"].as_string();
    if (server_id.empty()) continue;
    const auto server = world_.cloud.state().servers.find(server_id);
    if (server == world_.cloud.state().servers.end()) continue;
    const std::string owner = CloudChecker::metadata_of(server->second, "clickdeploy_uid");
    if (owner != uid_of(instance)) {
      world_.report.add("S5", instance["metadata"]["name"].as_string() + " holds server " +
                                  server_id + " of Instance " + owner);
    }
  }
  for (const localcloud::Server* server : world_.checker.our_servers()) {
    if (!uids.contains(CloudChecker::metadata_of(*server, "clickdeploy_uid"))) {
      world_.report.add("S4", "server " + server->id + " has outlived its Instance " +
                                  CloudChecker::metadata_of(*server, "clickdeploy_instance"));
    }
  }
  for (const localcloud::Port* port : world_.checker.our_ports()) {
    constexpr std::string_view kClaim = " claim=";
    const std::size_t from = port->description.find(kClaim) + kClaim.size();
    const std::string claim =
        port->description.substr(from, port->description.find(' ', from) - from);
    if (!claims.contains(claim)) {
      world_.report.add("S4", "port " + port->name + " has outlived its claim " + claim);
    }
  }
  if (!world_.prometheus.is_down() && world_.object(kServices, kWeb).is_null() &&
      world_.prometheus.targets() > 0) {
    world_.report.add("S4", "Prometheus has targets of a Service that is gone");
  }
}

void Invariants::look_at_prometheus() {
  if (world_.prometheus.rule_expression("HighCPU").starts_with("sum(((")) {
    world_.report.add("S15", "a rule that cannot be parsed is active");
  }
}

void Invariants::judge_delete(const http::Request& request) {
  const std::string id = request.url.substr(kServerPath.size());
  const localcloud::Server* server = world_.cloud.find_server(id);
  if (server == nullptr) return;
  const Json* instance = instance_with_uid(CloudChecker::metadata_of(*server, "clickdeploy_uid"));
  if (instance == nullptr) {
    world_.report.add("S3", "DELETE of server " + id + ", whose Instance is gone");
    return;
  }
  const Json& status = (*instance)["status"];
  const bool second = status["server"]["id"].as_string() != id;
  const bool replaced = status["remediation"]["step"].as_string() == "Replace";
  if (!is_deleting(*instance) && !second && !replaced) {
    world_.report.add("S3", "DELETE of server " + id + " of " +
                                (*instance)["metadata"]["name"].as_string() +
                                ", which is neither deleted nor replaced");
  }
}

}  // namespace clickdeploy::simulation
