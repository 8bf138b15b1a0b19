// What there is to scrape on the servers of a Service, wherever Prometheus learns of them.

#pragma once

#include "controller/reconcilers/metrics_backend/monitoring_plan.h"

namespace clickdeploy::reconcilers {

// One thing on a server that tells metrics.
struct Scraped {
  std::string name;  // the label agent
  std::int64_t port = 0;
  std::string path;
  std::string scheme;
  std::map<std::string, std::string> params;
  std::string interval;
  std::string timeout;
  prometheus::ScrapeJob job{};

  auto operator<=>(const Scraped&) const = default;
};

// Where it answers: its own port, or the catalog's; 0 if nobody says.
std::int64_t port_of(const api::v1alpha1::AgentSpec& agent);

// Those of `agents` that the policy wants, and the Service's own endpoints.
std::vector<Scraped> scraped_of(const Binding& binding,
                                const std::vector<api::v1alpha1::AgentSpec>& agents);

// The bindings that a backend is to carry out; none if it is not there, or goes.
std::vector<Binding> bindings_of(const api::ObjectKey& backend, const MonitoringInput& input);

}  // namespace clickdeploy::reconcilers
