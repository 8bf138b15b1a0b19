#include "controller/agents/agent.h"
#include "controller/base/text.h"
#include "controller/reconcilers/metrics_backend/scraped_internal.h"

namespace clickdeploy::reconcilers {

using api::v1alpha1::AgentSpec;

namespace {

// As in Prometheus: ten seconds where nobody says anything, and never longer than the time to the
// next.
std::string at_most(std::string timeout, const std::string& interval) {
  if (timeout.empty()) timeout = "10s";
  const auto longest = parse_prometheus_duration(interval);
  const auto asked = parse_prometheus_duration(timeout);
  return longest && asked && *asked > *longest ? interval : timeout;
}

}  // namespace

std::int64_t port_of(const AgentSpec& agent) {
  const clickdeploy::agents::CatalogEntry* entry =
      clickdeploy::agents::find_catalog_entry(agent.name);
  return agent.port != 0 ? agent.port : (entry != nullptr ? entry->default_port : 0);
}

std::vector<Scraped> scraped_of(const Binding& binding, const std::vector<AgentSpec>& agents) {
  const api::v1alpha1::ScrapeSpec& scrape = binding.policy->spec.scrape;
  std::vector<Scraped> all;
  for (const AgentSpec& agent : agents) {
    if (!wants_agent(*binding.policy, agent.name) || port_of(agent) == 0) continue;
    all.push_back({agent.name,
                   port_of(agent),
                   agent.path,
                   "",
                   {},
                   scrape.interval,
                   at_most(scrape.timeout, scrape.interval),
                   prometheus::scrape_job_of(*binding.policy, &agent)});
  }
  for (const api::v1alpha1::EndpointSpec& endpoint : binding.service->spec.endpoints) {
    const std::string interval = endpoint.interval.empty() ? scrape.interval : endpoint.interval;
    const std::string timeout = endpoint.timeout.empty() ? scrape.timeout : endpoint.timeout;
    all.push_back({endpoint.name, endpoint.port, endpoint.path, endpoint.scheme, endpoint.params,
                   interval, at_most(timeout, interval),
                   prometheus::scrape_job_of(*binding.policy)});
  }
  return all;
}

}  // namespace clickdeploy::reconcilers
