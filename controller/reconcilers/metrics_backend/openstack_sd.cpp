#include "controller/reconcilers/metrics_backend/openstack_sd.h"

#include "controller/base/text.h"
#include "controller/reconcilers/instance/marks.h"
#include "controller/reconcilers/instance/scrape_address.h"
#include "controller/reconcilers/metrics_backend/scraped_internal.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::reconcilers {

namespace {

// Prometheus drops what it does not know of a server's metadata into labels of this name.
std::string mark_label(std::string_view mark) {
  return fmt::format("__meta_openstack_tag_{}", mark);
}

// A text as RE2 takes it for itself.
std::string literal(std::string_view text) {
  constexpr std::string_view kSpecial = R"(\.+*?()|[]{}^$)";
  std::string escaped;
  for (const char c : text) {
    if (kSpecial.find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

// In a replacement $1 is the first group.
std::string replacement(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped += c == '$' ? "$$" : std::string(1, c);
  return escaped;
}

Json set_label(const std::string& label, const std::string& value) {
  return Json::object({{"target_label", label}, {"replacement", replacement(value)}});
}

Json copy_label(const std::string& from, const std::string& regex, const std::string& value,
                const std::string& label) {
  return Json::object({{"source_labels", Json::array({from})},
                       {"regex", regex},
                       {"target_label", label},
                       {"replacement", value}});
}

// The network at whose addresses the Service's servers are scraped, as OpenStack names it.
Result<std::string> scraped_network(const api::v1alpha1::Service& service,
                                    const MonitoringInput& input) {
  const api::v1alpha1::ServerTemplate& server = service.spec.template_spec;
  if (server.networks.size() == 1) return "";
  const std::string& attachment = scrape_attachment(server);
  const auto meant =
      std::ranges::find(server.networks, attachment, &api::v1alpha1::NetworkAttachment::name);
  if (!meant->network.name.empty()) return meant->network.name;
  for (const auto& instance : input.instances) {
    const bool ours =
        std::ranges::any_of(instance->metadata.owner_references,
                            [&](const auto& owner) { return owner.uid == service.metadata.uid; });
    if (!ours || instance->status.address.empty()) continue;
    const auto& addresses = instance->status.addresses;
    const auto scraped = std::ranges::find(addresses, instance->status.address,
                                           &api::v1alpha1::InstanceAddress::address);
    if (scraped != addresses.end() && !scraped->network.empty()) return scraped->network;
  }
  return fail(ErrorCode::NotFound,
              fmt::format("Service {} is in several networks, and the name of the one that is "
                          "scraped is known once a server runs: print this again then",
                          service.metadata.key().text()));
}

// The same things scraped in the same way, with the labels of the policy.
using Shape = std::pair<Scraped, std::map<std::string, std::string>>;

std::string short_hash(const Shape& shape) {
  const Scraped& scraped = shape.first;
  std::string text = fmt::format("{}\n{}\n{}\n{}\n{}\n", scraped.port, scraped.path, scraped.scheme,
                                 scraped.interval, scraped.timeout);
  for (const auto* map : {&scraped.params, &shape.second}) {
    for (const auto& [name, value] : *map) {
      text += fmt::format("{}={}:{}\n", name, value.size(), value);
    }
    text += '\n';
  }
  return sha256_hex(text).substr(0, 8);
}

// Services by the network that is scraped: of one server only these addresses are targets.
Json keep_ours(const Discovery& discovery, const OpenStackSource& source) {
  std::vector<std::string> wanted;
  for (const DiscoveredService& service : discovery.services) {
    wanted.push_back(literal(service.key.text()) + ";" +
                     (service.network.empty() ? ".*" : literal(service.network)));
  }
  return Json::object(
      {{"source_labels", Json::array({mark_label(kClusterMetadata), mark_label(kServiceMetadata),
                                      "__meta_openstack_address_pool"})},
       {"regex", fmt::format("{};({})", literal(source.cluster_id), join(wanted, "|"))},
       {"action", "keep"}});
}

Json relabelling(const Discovery& discovery, const OpenStackSource& source) {
  // IPv4 alone: a server with an address of each kind would be two targets.
  constexpr const char* kPrivate =
      R"((10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\..*)";
  constexpr const char* kNotScraped =
      "SHUTOFF|PAUSED|SUSPENDED|RESCUE|SHELVED|SHELVED_OFFLOADED|DELETED|SOFT_DELETED";
  const std::string service = mark_label(kServiceMetadata);
  Json steps = Json::array({keep_ours(discovery, source)});
  steps.push_back(
      Json::object({{"source_labels", Json::array({"__meta_openstack_instance_status"})},
                    {"regex", kNotScraped},
                    {"action", "drop"}}));
  steps.push_back(Json::object({{"source_labels", Json::array({"__meta_openstack_private_ip"})},
                                {"regex", kPrivate},
                                {"action", "keep"}}));
  for (const auto& [name, value] : discovery.target_labels) {
    steps.push_back(set_label(name, value));
  }
  steps.push_back(set_label("managed_by", kManagedBy));
  steps.push_back(set_label("job", discovery.job.name()));
  steps.push_back(set_label("agent", discovery.agent));
  steps.push_back(copy_label(service, "(.+)/.+", "$1", "namespace"));
  steps.push_back(copy_label(service, ".+/(.+)", "$1", "service"));
  steps.push_back(copy_label(mark_label(kInstanceMetadata), ".+/(.+)", "$1", "instance_name"));
  steps.push_back(copy_label("__meta_openstack_instance_id", "(.+)", "$1", "instance_id"));
  steps.push_back(copy_label("__meta_openstack_project_id", "(.+)", "$1", "project_id"));
  for (const DiscoveredService& one : discovery.services) {
    const std::string regex = literal(one.key.text());
    steps.push_back(copy_label(service, regex, replacement(one.uid), "service_id"));
    if (one.project_id.empty()) continue;
    steps.push_back(copy_label(service, regex, replacement(one.project_id), "project_id"));
  }
  return steps;
}

}  // namespace

std::vector<std::string> never_discovered(const api::ObjectKey& backend,
                                          const MonitoringInput& input) {
  std::vector<std::string> problems;
  for (const Binding& binding : bindings_of(backend, input)) {
    if (!binding.service->spec.template_spec.is_machine()) continue;
    problems.push_back("Service " + binding.service->metadata.key().text() +
                       " has machines that exist already, which Prometheus does not find in "
                       "OpenStack: give its policy a MetricsBackend of the type FileSD or HTTPSD");
  }
  return problems;
}

DiscoveryPlan plan_discovery(const api::ObjectKey& backend, const MonitoringInput& input) {
  DiscoveryPlan plan;
  plan.problems = never_discovered(backend, input);
  std::map<Shape, std::vector<DiscoveredService>> shapes;
  for (const Binding& binding : bindings_of(backend, input)) {
    const api::v1alpha1::Service& service = *binding.service;
    if (service.spec.template_spec.is_machine()) continue;
    plan.clouds.insert(service.spec.cloud_ref.key(service.metadata.namespace_name));
    Result<std::string> network = scraped_network(service, input);
    if (!network) {
      plan.problems.push_back(network.error().message());
      continue;
    }
    for (Scraped& scraped : scraped_of(binding, binding.policy->spec.agents)) {
      shapes[{std::move(scraped), binding.policy->spec.scrape.target_labels}].push_back(
          {service.metadata.key(), service.metadata.uid, service.spec.project_id, *network});
    }
  }
  for (auto& [shape, services] : shapes) {
    const Scraped& what = shape.first;
    std::ranges::sort(services);
    plan.jobs.push_back(
        {.job_name = fmt::format("{}-{}-{}", what.job.name(), what.name, short_hash(shape)),
         .job = what.job,
         .agent = what.name,
         .port = what.port,
         .path = what.path,
         .scheme = what.scheme,
         .params = what.params,
         .interval = what.interval,
         .timeout = what.timeout,
         .target_labels = shape.second,
         .services = std::move(services)});
  }
  std::ranges::sort(plan.jobs, {}, &Discovery::job_name);
  return plan;
}

Json with_openstack(const Discovery& discovery, const OpenStackSource& source) {
  Json job = discovery.job.settings();
  job.set("job_name", discovery.job_name);
  job.set("scrape_interval", discovery.interval);
  job.set("scrape_timeout", discovery.timeout);
  if (!discovery.path.empty()) job.set("metrics_path", discovery.path);
  if (!discovery.scheme.empty()) job.set("scheme", discovery.scheme);
  if (!discovery.params.empty()) {
    Json params = Json::object();
    for (const auto& [name, value] : discovery.params) params.set(name, Json::array({value}));
    job.set("params", std::move(params));
  }
  Json servers = Json::object({{"role", "instance"},
                               {"region", source.region},
                               {"availability", source.availability},
                               {"port", discovery.port},
                               {"refresh_interval", "30s"}});
  job.set("openstack_sd_configs", Json::array({std::move(servers)}));
  job.set("relabel_configs", relabelling(discovery, source));
  return job;
}

}  // namespace clickdeploy::reconcilers
