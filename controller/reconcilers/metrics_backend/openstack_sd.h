// OpenStackSD: how a Prometheus finds the servers in OpenStack by itself. Pure.
//
// One job finds what is scraped in one way on servers of any number of Services, by the marks in
// their metadata, and gives targets the same labels as target files do. So rules, dashboards and
// the proof that a target is scraped are the same. What the files are more careful about is lost:
// an agent is scraped before it has said where it runs, on a server that has none too, and stopped
// servers are not held.

#pragma once

#include "controller/base/json.h"
#include "controller/reconcilers/metrics_backend/monitoring_plan.h"

#include <set>
#include <string>
#include <vector>

namespace clickdeploy::reconcilers {

// A Service whose servers a job finds.
struct DiscoveredService {
  api::ObjectKey key;
  std::string uid;
  std::string project_id;  // "": that of the server
  std::string network;     // whose addresses are scraped; "": they have no other

  auto operator<=>(const DiscoveredService&) const = default;
};

struct Discovery {
  std::string job_name;
  prometheus::ScrapeJob job;
  std::string agent;
  std::int64_t port = 0;
  std::string path;
  std::string scheme;
  std::map<std::string, std::string> params;
  std::string interval;
  std::string timeout;
  std::map<std::string, std::string> target_labels;
  std::vector<DiscoveredService> services;  // by key
};

struct DiscoveryPlan {
  std::vector<Discovery> jobs;        // by name
  std::set<api::ObjectKey> clouds;    // in which the servers are
  std::vector<std::string> problems;  // Services that cannot be found yet, and why
};

// The Services of the backend whose machines are not in OpenStack, each with what to do.
std::vector<std::string> never_discovered(const api::ObjectKey& backend,
                                          const MonitoringInput& input);

DiscoveryPlan plan_discovery(const api::ObjectKey& backend, const MonitoringInput& input);

// Where the servers are. Credentials are Prometheus's own business.
struct OpenStackSource {
  std::string region;
  std::string availability;  // public | internal | admin
  std::string cluster_id;    // in the servers' marks
};

// For scrape_configs.
Json with_openstack(const Discovery& discovery, const OpenStackSource& source);

}  // namespace clickdeploy::reconcilers
