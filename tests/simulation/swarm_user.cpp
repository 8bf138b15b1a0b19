#include "tests/simulation/swarm_user.h"

#include "controller/base/text.h"
#include "controller/base/yaml.h"
#include "controller/prometheus/scrape_jobs.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::simulation {

namespace {

const api::ObjectKey kOtherCloud{"stock", "other"};
const api::ObjectKey kLab{"platform", "lab"};
constexpr const char* kAgentsUser = "prometheus";
constexpr const char* kAgentsPassword = "~canary-3b1f-password-of-agents";

constexpr const char* kOtherCloudManifests = R"(
apiVersion: v1
kind: Namespace
metadata: {name: stock, labels: {team: web}}
---
apiVersion: v1
kind: Secret
metadata: {name: other, namespace: stock}
type: Opaque
stringData:
  clouds.yaml: |
    clouds:
      other:
        auth:
          auth_url: http://cloud.sim/identity/v3
          username: admin
          password: ~canary-3b1f-password
          project_name: admin
          user_domain_id: default
          project_domain_id: default
        region_name: RegionOne
---
apiVersion: clickdeploy.io/v1alpha1
kind: Cloud
metadata: {name: other, namespace: stock}
spec:
  type: OpenStack
  credentials: {secretRef: {name: other, key: clouds.yaml}, cloudName: other}
  region: RegionOne
)";

constexpr const char* kLabManifests = R"(
apiVersion: v1
kind: Secret
metadata: {name: lab-key, namespace: platform}
stringData: {ssh-privatekey: ~canary-3b1f-password-of-lab}
---
apiVersion: clickdeploy.io/v1alpha1
kind: Cloud
metadata: {name: lab, namespace: platform}
spec:
  type: Hosts
  ssh: {user: root, keySecretRef: {name: lab-key}}
  allowedNamespaces: {matchLabels: {team: web}}
  hosts:
)";

Json secret(const std::string& name, Json values) {
  return Json::object({{"apiVersion", "v1"},
                       {"kind", "Secret"},
                       {"metadata", Json::object({{"name", name}, {"namespace", "platform"}})},
                       {"stringData", std::move(values)}});
}

Json second_policy(Json policy) {
  policy.member("metadata").set("name", "second");
  const Json rule = Json::object({{"alert", "SlowDisk"},
                                  {"expr", "click_deploy_service_memory_usage_bytes > 1"},
                                  {"for", "1m"}});
  const Json group = Json::object({{"name", "disk"}, {"rules", Json::array({rule})}});
  Json& spec = policy.member("spec");
  spec.set("rules", Json::object({{"groups", Json::array({group})}}));
  spec.set("priority", 50);
  return policy;
}

}  // namespace

// Small fleets as a rule: they are quick, and most mistakes need no more.
SwarmUser::SwarmUser(SimWorld& world, Story& story, Decisions& decisions)
    : world_(world), story_(story), decisions_(decisions), eagerness_(decisions.rate("user", 0.6)) {
  const std::vector<api::ObjectKey> keys = {kWeb, {"shop", "api"}, {"shop", "db"}};
  std::optional<Dice> more = decisions_.take("services", 0.25);
  const std::size_t count = more ? 2 + more->below(2) : 1;
  for (std::size_t i = 0; i < count; ++i) {
    ServiceWish service{.key = keys[i]};
    Dice dice = decisions_.dice("size", i);
    service.replicas =
        static_cast<int>(dice.chance(0.85) ? dice.between(1, 3) : dice.between(0, 8));
    if (std::optional<Dice> brakes = decisions_.take("brakes", "", i + 1, 0.7)) {
      service.brakes = draw_brakes(*brakes);
    }
    service.volumes = decisions_.take("volumes", "", i + 1, 0.25).has_value();
    wish_.services.push_back(std::move(service));
  }
  wish_.second_policy = decisions_.take("second-policy", 0.2).has_value();
  if (count > 1 && decisions_.take("second-cloud", 0.5)) {
    ServiceWish& last = wish_.services.back();
    last.key.namespace_name = kOtherCloud.namespace_name;
    last.cloud = kOtherCloud;
    wish_.clouds.push_back(kOtherCloud);
  }
  if (std::optional<Dice> dice = decisions_.take("machines", 0.2)) {
    ServiceWish farm{.key = {"shop", "farm"}, .cloud = kLab, .machines = true};
    farm.replicas =
        static_cast<int>(dice->chance(0.85) ? dice->between(1, 3) : dice->between(0, 8));
    if (dice->chance(0.7)) farm.brakes = draw_brakes(*dice);
    wish_.services.push_back(std::move(farm));
    wish_.clouds.push_back(kLab);
  }
  wish_.served = decisions_.take("httpsd", 0.2).has_value();
  if (std::optional<Dice> dice = decisions_.take("locked-agents", 0.2)) {
    wish_.tls = dice->chance(0.6);
    wish_.password = !wish_.tls || dice->chance(0.6);
  }
}

Brakes SwarmUser::draw_brakes(Dice& dice) {
  constexpr const char* kMost[] = {"10%", "20%", "40%", "60%", "100%"};
  return {.max_unhealthy = kMost[dice.below(std::size(kMost))],
          .max_retries = static_cast<int>(dice.between(1, 5)),
          .max_in_flight = static_cast<int>(dice.between(1, 2))};
}

Json SwarmUser::manifest(const ServiceWish& service) const {
  Json object =
      parse_single_yaml(service_manifest(service.replicas, service.image)).value_or(Json());
  Json& metadata = object.member("metadata");
  metadata.set("name", service.key.name);
  metadata.set("namespace", service.key.namespace_name);
  metadata.member("labels").set("tier", service.selected ? "front" : "back");
  Json& spec = object.member("spec");
  spec.set("cloudRef", Json::object({{"name", service.cloud.name},
                                     {"namespace", service.cloud.namespace_name}}));
  spec.set("paused", service.paused);
  Json& remediation = spec.member("remediation");
  remediation.set("maxUnhealthy", service.brakes.max_unhealthy);
  remediation.set("maxRetries", service.brakes.max_retries);
  remediation.set("maxInFlight", service.brakes.max_in_flight);
  Json& made = spec.member("template");
  made.member("spec").member("metadata").set("owner", service.metadata);
  made.member("metadata").member("labels").set("app", service.label);
  if (service.volumes) {
    made.member("spec").set("rootVolume", Json::object({{"sizeGiB", 10}}));
    const Json data = Json::object({{"name", "data"}, {"sizeGiB", 20}});
    made.member("spec").set("volumes", Json::array({data}));
  }
  if (service.machines) {
    made.set("spec", Json::object());
    remediation.set("steps", Json::array({"RestartAgent", "Reinstall", "Replace"}));
  }
  return object;
}

void SwarmUser::tell(const std::string& what) const {
  story_.tell("user", what, decisions_.last_taken());
}

void SwarmUser::expect(const Result<void>& done, const std::string& what) {
  if (done) return;
  const ErrorCode code = done.error().code();
  if (code == ErrorCode::NotFound || code == ErrorCode::AlreadyExists ||
      code == ErrorCode::Conflict) {
    return;
  }
  world_.report.add("run", what + ": " + done.error().message());
}

void SwarmUser::apply_yaml(const std::string& yaml) {
  Result<std::vector<YamlDocument>> documents = parse_yaml(yaml);
  if (!documents) return world_.report.add("run", documents.error().message());
  for (const YamlDocument& document : *documents) {
    expect(world_.try_apply(document.value), "apply");
  }
}

void SwarmUser::apply(ServiceWish& service, const std::string& what) {
  tell(service.key.name + ": " + what);
  service.exists = true;
  const Json& there = world_.object(kServices, service.key);
  // One that is going is left to go; pursue() makes the next one.
  if (!there["metadata"]["deletionTimestamp"].is_null()) return;
  expect(world_.try_apply(manifest(service)), "apply Service " + service.key.name);
}

Json SwarmUser::policy(const std::string& rule) const {
  Json made = parse_single_yaml(policy_manifest(rule)).value_or(Json());
  Json agent = made["spec"]["agents"][0];
  if (wish_.tls) agent.set("tls", Json::object({{"mode", "Server"}}));
  const Json named = Json::object({{"secretRef", Json::object({{"name", "agents"}})}});
  if (wish_.password) agent.set("auth", Json::object({{"basic", named}}));
  made.member("spec").set("agents", Json::array({std::move(agent)}));
  return made;
}

void SwarmUser::apply_policies() {
  expect(world_.try_apply(policy(wish_.rule)), "apply the policy");
  if (!wish_.second_policy) return;
  Json second = second_policy(policy("click_deploy_service_cpu_usage_percent > 99"));
  expect(world_.try_apply(second), "apply the second policy");
}

void SwarmUser::apply_platform() {
  const Result<std::vector<YamlDocument>> documents = parse_yaml(platform_manifests());
  if (!documents) return world_.report.add("run", documents.error().message());
  for (const YamlDocument& document : *documents) {
    Json object = document.value;
    const std::string kind = object["kind"].as_string();
    if (kind == "MonitoringPolicy") object = policy(wish_.rule);
    if (kind == "MetricsBackend" && wish_.served) {
      const Json ref = Json::object({{"name", "targets"}});
      object.member("spec").set("targets",
                                Json::object({{"type", "HTTPSD"}, {"tokenSecretRef", ref}}));
    }
    expect(world_.try_apply(object), "apply");
  }
  if (wish_.password) {
    const Json login = Json::object({{"username", kAgentsUser}, {"password", kAgentsPassword}});
    expect(world_.try_apply(secret("agents", login)), "apply the Secret of agents");
  }
  if (wish_.served) {
    const Json token = Json::object({{"token", kTargetsToken}});
    expect(world_.try_apply(secret("targets", token)), "apply the Secret of targets");
  }
}

void SwarmUser::make_machines() {
  story_.tell("user", fmt::format("has {} machines", kMachines));
  std::string yaml = kLabManifests;
  for (int number = 1; number <= kMachines + 1; ++number) {
    const std::string name = fmt::format("m{}", number);
    world_.machines.machines[machine_address(name)];
    yaml += fmt::format("  - {{name: {}, address: {}}}\n", name, machine_address(name));
  }
  world_.machines.machines.at(kForeignMachine).mark = kForeignMark;
  apply_yaml(yaml);
}

// As `clickctl prometheus-config` has it.
void SwarmUser::configure_prometheus() {
  if (!wish_.served && !wish_.tls && !wish_.password) return;
  prometheus::ScrapeJob locked;
  locked.access.tls = wish_.tls;
  if (wish_.password) locked.access.basic_secret = "platform/agents";
  std::vector<fakes::FakeScrapeJob> jobs;
  for (const prometheus::ScrapeJob& job : {prometheus::ScrapeJob{}, locked}) {
    if (!jobs.empty() && job == prometheus::ScrapeJob{}) continue;
    fakes::FakeScrapeJob made{.name = job.name(), .file_suffix = job.file_suffix()};
    if (job.access.tls) made.scheme = "https";
    if (!job.access.basic_secret.empty()) {
      made.authorization =
          "Basic " + base64_encode(std::string(kAgentsUser) + ":" + kAgentsPassword);
    }
    jobs.push_back(std::move(made));
  }
  fakes::FakePrometheus::ListSource ask;
  if (wish_.served) ask = [this](const std::string& job) { return world_.serve_targets(job); };
  story_.tell("user", fmt::format("lets Prometheus {} targets{}{}",
                                  wish_.served ? "ask for its" : "read its",
                                  wish_.tls ? ", agents speak TLS" : "",
                                  wish_.password ? ", agents want a password" : ""));
  world_.prometheus.configure(std::move(jobs), std::move(ask));
}

void SwarmUser::begin() {
  story_.tell("user", "applies the platform");
  configure_prometheus();
  apply_platform();
  if (std::ranges::count(wish_.clouds, kOtherCloud) > 0) apply_yaml(kOtherCloudManifests);
  if (std::ranges::count(wish_.clouds, kLab) > 0) make_machines();
  if (wish_.second_policy) apply_policies();
  for (ServiceWish& service : wish_.services) {
    apply(service, fmt::format("{} replicas; repairs stop at {} unhealthy, {} tries, {} at once",
                               service.replicas, service.brakes.max_unhealthy,
                               service.brakes.max_retries, service.brakes.max_in_flight));
  }
}

void SwarmUser::pursue() {
  for (ServiceWish& service : wish_.services) {
    if (service.exists && world_.object(kServices, service.key).is_null()) {
      apply(service, "is made anew");
    }
  }
}

void SwarmUser::act(std::uint64_t moment) {
  pursue();
  std::optional<Dice> dice = decisions_.take("user", "", moment, eagerness_);
  if (!dice) return;
  ServiceWish& service = wish_.services[dice->below(wish_.services.size())];
  const Act act = acts()[dice->below(acts().size())];
  (this->*act)(service, *dice);
}

void SwarmUser::settle() {
  for (ServiceWish& service : wish_.services) {
    service.paused = false;
    if (service.image == "no-such-image") service.image = "debian-12";
  }
  story_.tell("user", "settles for rule " + wish_.rule);
  apply_policies();
  for (const std::string& name : many_) {
    expect(world_.try_remove(kServices, {"shop", name}), "delete Service " + name);
  }
  for (ServiceWish& service : wish_.services) {
    if (service.exists) apply(service, fmt::format("settles for {} replicas", service.replicas));
  }
}

void SwarmUser::lift_brakes() {
  story_.tell("user", "lifts the brakes: whatever is broken may be repaired at once");
  const Json protection = Json::object({{"missingFleetThreshold", "100%"}});
  const Json spec = Json::object({{"protection", protection}});
  for (const api::ObjectKey& cloud : wish_.clouds) {
    expect(world_.try_patch(kClouds, cloud, Json::object({{"spec", spec}})), "patch Cloud");
  }
  for (ServiceWish& service : wish_.services) {
    service.brakes = {.max_unhealthy = "100%", .max_retries = 100, .max_in_flight = 2};
    if (service.exists) apply(service, "allows every repair");
  }
}

}  // namespace clickdeploy::simulation
