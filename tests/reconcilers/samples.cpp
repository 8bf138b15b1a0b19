#include "tests/reconcilers/samples.h"

namespace clickdeploy::reconcilers {

using api::v1alpha1::AgentSpec;
using api::v1alpha1::MetricsBackend;
using api::v1alpha1::MonitoringPolicy;
using api::v1alpha1::Service;

namespace {

template <class... Functions>
struct Overload : Functions... {
  using Functions::operator()...;
};

std::string text_of(PartKind kind) {
  return std::string(row_of(kind).resource);
}

AgentSpec sample_agent() {
  AgentSpec agent;
  agent.name = "node-exporter";
  agent.version = "1.5.0";
  agent.port = 9100;
  return agent;
}

api::v1alpha1::ServerTemplate sample_template() {
  api::v1alpha1::ServerTemplate server;
  server.image.name = "ubuntu";
  server.flavors = {{"", "m1.small"}};
  api::v1alpha1::NetworkAttachment network;
  network.name = "app";
  network.network.name = "app-net";
  server.networks = {network};
  return server;
}

}  // namespace

WallTime at(std::int64_t seconds) {
  return WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 22)) +
         std::chrono::hours(10) + std::chrono::seconds(seconds);
}

std::string time_at(std::int64_t seconds) {
  return format_time(at(seconds));
}

Instance sample_instance() {
  Instance instance;
  instance.metadata.name = "web-1";
  instance.metadata.namespace_name = "shop";
  instance.metadata.uid = "instance-uid";
  instance.metadata.generation = 1;
  instance.metadata.creation_timestamp = time_at(0);
  instance.metadata.finalizers = {std::string(api::v1alpha1::kCloudFinalizer)};
  instance.metadata.owner_references = {
      {"clickdeploy.io/v1alpha1", "Service", "web", "service-uid", true, true}};
  instance.metadata.labels[std::string(api::v1alpha1::kServiceLabel)] = "web";
  instance.spec.cloud_ref.name = "prod";
  instance.spec.service_name = "web";
  instance.spec.project_id = "project-1";
  instance.spec.server = sample_template();
  instance.spec.agents = {sample_agent()};
  return instance;
}

Instance with_claim(const std::string& state, std::int64_t since) {
  Instance instance = sample_instance();
  instance.status.claim = {.token = kToken, .state = state, .since = time_at(since)};
  if (state == "Confirmed") {
    instance.status.server.id = "server-1";
    instance.status.resources = {{"Port", "port-1", "web-1-app", "ACTIVE"},
                                 {"Server", "server-1", "web-1", ""}};
  }
  return instance;
}

Instance running_instance() {
  Instance instance = with_claim("Confirmed");
  instance.status.server.state = "ACTIVE";
  instance.status.address = "10.0.0.5";
  instance.status.booted_at = time_at(0);
  instance.status.bootstrap = {"Succeeded", 40};
  instance.status.agents = {{.name = "node-exporter",
                             .state = "Up",
                             .version = "1.5.0",
                             .address = "10.0.0.5:9100",
                             .last_scrape = time_at(0),
                             .reported_id = "instance-uid"}};
  return instance;
}

openstack::Server sample_server(const std::string& id, const std::string& status) {
  openstack::Server server;
  server.id = id;
  server.name = "web-1";
  server.status = status;
  server.created = time_at(0);
  server.tags = {claim_tag(kToken)};
  server.addresses = {{"app-net", "10.0.0.5", "fixed", 4}};
  return server;
}

openstack::Port sample_cloud_port(const std::string& id) {
  openstack::Port port;
  port.id = id;
  port.name = "web-1-app";
  port.description = port_description("cluster-1", kToken, "app");
  return port;
}

Part sample_port(const std::string& id) {
  return part_of(sample_cloud_port(id));
}

InstanceObserved trusted(std::int64_t seconds) {
  InstanceObserved observed;
  observed.cloud = InstanceObserved::Cloud::Trusted;
  observed.now = at(seconds);
  return observed;
}

ResolvedServer sample_resolved() {
  ResolvedServer resolved;
  resolved.image_id = "image-1";
  resolved.flavor_id = "flavor-1";
  resolved.attachments = {{"app", "network-1", std::nullopt}};
  return resolved;
}

InstanceObserved seen(std::int64_t seconds, const std::string& server_status, TargetView target,
                      AgentObserved::Probe probe) {
  InstanceObserved observed = trusted(seconds);
  observed.server = sample_server("server-1", server_status);
  AgentObserved agent;
  agent.name = "node-exporter";
  agent.address = "10.0.0.5:9100";
  agent.target = target;
  agent.probe = probe;
  if (target == TargetView::Up) agent.last_scrape = time_at(seconds);
  if (target == TargetView::Down) agent.scrape_error = "connection refused";
  if (probe == AgentObserved::Probe::Silent) agent.probe_error = "connect: refused";
  observed.agents = {agent};
  return observed;
}

std::string describe(const InstanceAction& action) {
  return std::visit(
      Overload{
          [](const SaveClaim& save) { return "SaveClaim " + save.claim.state; },
          [](const LookUpToken&) { return std::string("LookUpToken"); },
          [](const ResolveThings&) { return std::string("ResolveThings"); },
          [](const CreatePart& create) {
            return "CreatePart " + text_of(create.part.kind) + " " + create.part.name;
          },
          [](const BeginUse& ready) { return "BeginUse " + ready.id; },
          [](const GiveUpVolume& failed) { return "GiveUpVolume " + failed.id; },
          [](const ReleaseVolume& kept) { return "ReleaseVolume " + kept.id; },
          [](const CorrectDrift& correct) { return "CorrectDrift " + correct.field; },
          [](const CorrectAgent& correct) { return "CorrectAgent " + correct.field; },
          [](const AttachPart& attach) { return "AttachPart " + attach.id + " to " + attach.to; },
          [](const CreateServer&) { return std::string("CreateServer"); },
          [](const InstallAgents&) { return std::string("InstallAgents"); },
          [](const MarkServer& mark) { return "MarkServer " + mark.id; },
          [](const UnmarkServer& unmark) { return "UnmarkServer " + unmark.id; },
          [](const AdoptServer& adopt) { return "AdoptServer " + adopt.id; },
          [](const DeleteServer& gone) { return "DeleteServer " + gone.id; },
          [](const DeletePart& gone) { return "DeletePart " + text_of(gone.kind) + " " + gone.id; },
          [](const AskById& ask) { return "AskById " + ask.id; },
          [](const BeginRepair& repair) { return "BeginRepair " + repair.step; },
          [](const EndRepair&) { return std::string("EndRepair"); },
          [](const ForgetServer&) { return std::string("ForgetServer"); },
          [](const DropFinalizer&) { return std::string("DropFinalizer"); },
          [](const Rest& rest) { return "Rest" + (rest.reason.empty() ? "" : " " + rest.reason); },
      },
      action);
}

std::string rest_message(const InstanceAction& action) {
  const Rest* rest = std::get_if<Rest>(&action);
  return rest == nullptr ? "" : rest->message;
}

Service sample_service() {
  Service service;
  service.metadata.name = "web";
  service.metadata.namespace_name = "shop";
  service.metadata.uid = "service-uid";
  service.metadata.generation = 1;
  service.metadata.labels = {{"tier", "front"}};
  service.metadata.finalizers = {std::string(api::v1alpha1::kCloudFinalizer),
                                 std::string(api::v1alpha1::kTargetsFinalizer)};
  service.spec.cloud_ref.name = "prod";
  service.spec.replicas = 4;
  service.spec.template_spec = sample_template();
  return service;
}

MonitoringPolicy sample_policy() {
  MonitoringPolicy policy;
  policy.metadata.name = "base";
  policy.metadata.namespace_name = "shop";
  policy.metadata.generation = 1;
  policy.spec.service_selector = *api::LabelSelector::parse("tier=front");
  policy.spec.backend_ref.name = "main";
  policy.spec.agents = {sample_agent()};
  return policy;
}

MetricsBackend sample_backend() {
  MetricsBackend backend;
  backend.metadata.name = "main";
  backend.metadata.namespace_name = "shop";
  backend.metadata.generation = 1;
  backend.spec.url = "http://127.0.0.1:9090";
  backend.spec.targets_directory = "/prometheus/targets";
  backend.spec.rules_directory = "/prometheus/rules";
  return backend;
}

std::string condition_text(const api::Conditions& conditions, std::string_view type) {
  const api::Condition* found = api::find_condition(conditions, type);
  return found == nullptr ? "" : std::string(api::to_string(found->status)) + " " + found->reason;
}

std::string condition_message(const api::Conditions& conditions, std::string_view type) {
  const api::Condition* found = api::find_condition(conditions, type);
  return found == nullptr ? "" : found->message;
}

void put_condition(api::Conditions& conditions, std::string_view type,
                   api::ConditionStatus status) {
  api::Condition condition;
  condition.type = type;
  condition.status = status;
  condition.reason = status == api::ConditionStatus::True ? api::kSucceeded : api::kProgressing;
  condition.message = "said by the test";
  api::set_condition(conditions, std::move(condition), time_at(0));
}

void make_ready(Instance& instance) {
  for (const char* type : {"Ready", "Progressing", "InfrastructureReady", "BootstrapSucceeded",
                           "AgentsHealthy", "TargetPublished", "TargetScraped"}) {
    put_condition(instance.status.conditions, type, api::ConditionStatus::True);
  }
}

}  // namespace clickdeploy::reconcilers
