#include "controller/reconcilers/metrics_backend/monitoring_plan.h"

#include "controller/base/json.h"
#include "controller/reconcilers/metrics_backend/address_policy.h"
#include "tests/reconcilers/samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace clickdeploy::reconcilers {
namespace {

using api::v1alpha1::AgentSpec;
using api::v1alpha1::MetricsBackend;
using api::v1alpha1::MonitoringPolicy;
using api::v1alpha1::Service;

const api::ObjectKey kMain{"shop", "main"};

MonitoringPolicy policy_named(const std::string& name, std::int64_t priority) {
  MonitoringPolicy policy = sample_policy();
  policy.metadata.name = name;
  policy.spec.priority = priority;
  return policy;
}

MonitoringPolicy policy_with_rules() {
  MonitoringPolicy policy = sample_policy();
  policy.spec.rule_groups = {
      {"node", "30s", {{.alert = "HighCPU", .expr = "up == 0"}, {.record = "a:b", .expr = "up"}}}};
  return policy;
}

MonitoringInput world() {
  MonitoringInput input;
  input.policies = {shared(sample_policy())};
  input.services = {shared(sample_service())};
  input.instances = {shared(running_instance())};
  input.backends = {shared(sample_backend())};
  input.namespace_labels = {{"shop", {{"team", "web"}}}, {"platform", {{"team", "sre"}}}};
  return input;
}

std::string applied(const MonitoringInput& input) {
  const auto policy = applied_policy(*input.services.front(), input);
  return policy == nullptr ? "" : policy->metadata.key().text();
}

TEST(PlanBindings, TheHighestPriorityAppliesThenTheFirstName) {
  MonitoringInput input = world();
  input.policies = {shared(policy_named("b", 100)), shared(policy_named("a", 100)),
                    shared(policy_named("z", 99))};
  EXPECT_EQ(applied(input), "shop/a");
  input.policies.push_back(shared(policy_named("y", 101)));
  EXPECT_EQ(applied(input), "shop/y");
  MonitoringPolicy going = policy_named("first", 1'000);
  going.metadata.deletion_timestamp = time_at(0);
  input.policies.push_back(shared(going));
  EXPECT_EQ(applied(input), "shop/y");
}

TEST(PlanBindings, SelectorsChooseServicesAndNamespaces) {
  struct Row {
    std::string name;
    std::string home;
    std::string services;
    std::optional<std::string> namespaces;
    bool matches;
  };
  for (const Row& row : {
           Row{"OwnNamespace", "shop", "tier=front", std::nullopt, true},
           Row{"OtherLabels", "shop", "tier=back", std::nullopt, false},
           Row{"EverythingInItsNamespace", "shop", "", std::nullopt, true},
           Row{"NotOtherNamespaces", "platform", "", std::nullopt, false},
           Row{"SelectedNamespace", "platform", "", "team=web", true},
           Row{"AllNamespaces", "platform", "", "", true},
           Row{"OtherNamespaces", "platform", "", "team=sre", false},
           Row{"ItsOwnIsNotSpecial", "shop", "", "team=sre", false},
       }) {
    SCOPED_TRACE(row.name);
    MonitoringPolicy policy = sample_policy();
    policy.metadata.namespace_name = row.home;
    policy.spec.service_selector = *api::LabelSelector::parse(row.services);
    if (row.namespaces) {
      policy.spec.namespace_selector = *api::LabelSelector::parse(*row.namespaces);
    }
    EXPECT_EQ(policy_matches(policy, sample_service(), world()), row.matches);
  }
}

TEST(PlanBindings, ABackendIsInThePolicysNamespaceByDefault) {
  MonitoringInput input = world();
  MonitoringPolicy policy = sample_policy();
  policy.metadata.namespace_name = "platform";
  policy.spec.namespace_selector = api::LabelSelector();
  input.policies = {shared(policy)};
  ASSERT_EQ(plan_bindings(input).size(), 1u);
  EXPECT_EQ(plan_bindings(input)[0].backend, (api::ObjectKey{"platform", "main"}));
  policy.spec.backend_ref.namespace_name = "shop";
  input.policies = {shared(policy)};
  EXPECT_EQ(plan_bindings(input)[0].backend, kMain);
}

TEST(PlanBackend, ATargetCarriesExactlyTheLabelsOfTheContract) {
  MonitoringInput input = world();
  MonitoringPolicy policy = sample_policy();
  policy.spec.scrape.target_labels = {{"env", "prod"}, {"service_id", "forged"}};
  input.policies = {shared(policy)};
  const BackendPlan plan = plan_backend(kMain, input);
  ASSERT_EQ(plan.targets.size(), 1u);
  EXPECT_EQ(plan.targets[0].address, "10.0.0.5:9100");
  EXPECT_EQ(plan.targets[0].labels, (prometheus::Labels{{"project_id", "project-1"},
                                                        {"service_id", "service-uid"},
                                                        {"instance_id", "server-1"},
                                                        {"service", "web"},
                                                        {"namespace", "shop"},
                                                        {"instance_name", "web-1"},
                                                        {"agent", "node-exporter"},
                                                        {"managed_by", "click-deploy"},
                                                        {"env", "prod"},
                                                        {"__scrape_interval__", "30s"},
                                                        {"__scrape_timeout__", "10s"}}));
  ASSERT_TRUE(plan.target_files.contains("clickdeploy-shop_web.json"));
  const Result<Json> file = parse_json(plan.target_files.at("clickdeploy-shop_web.json"));
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)[0]["targets"][0].as_string(), "10.0.0.5:9100");
}

TEST(PlanBackend, AShortIntervalShortensTheTimeoutThatNobodySet) {
  const auto timeout = [](const std::string& interval, const std::string& set) {
    MonitoringInput input = world();
    MonitoringPolicy policy = sample_policy();
    policy.spec.scrape.interval = interval;
    policy.spec.scrape.timeout = set;
    input.policies = {shared(policy)};
    return plan_backend(kMain, input).targets.at(0).labels.at("__scrape_timeout__");
  };
  EXPECT_EQ(timeout("5s", ""), "5s");
  EXPECT_EQ(timeout("1m", ""), "10s");
  EXPECT_EQ(timeout("1m", "20s"), "20s");
}

TEST(PlanBackend, EndpointsOfTheServiceAreTargetsWithTheirOwnSettings) {
  MonitoringInput input = world();
  Service service = sample_service();
  service.spec.endpoints = {
      {.name = "app",
       .type = "Application",
       .port = 8080,
       .path = "/stats",
       .scheme = "https",
       .params = {{"format", "prometheus"}},
       .interval = "5s"},
      {.name = "proxy", .type = "Caddy", .port = 2019, .interval = "60s", .timeout = "20s"}};
  input.services = {shared(service)};
  const BackendPlan plan = plan_backend(kMain, input);
  EXPECT_TRUE(plan.problems.empty());
  ASSERT_EQ(plan.targets.size(), 3u);  // the agent's besides
  const auto target = [&](const std::string& address) {
    return *std::ranges::find(plan.targets, address, &prometheus::Target::address);
  };
  const prometheus::Labels app = target("10.0.0.5:8080").labels;
  EXPECT_EQ(app.at("agent"), "app");
  EXPECT_EQ(app.at("service_id"), "service-uid");
  EXPECT_EQ(app.at("__metrics_path__"), "/stats");
  EXPECT_EQ(app.at("__scheme__"), "https");
  EXPECT_EQ(app.at("__param_format"), "prometheus");
  EXPECT_EQ(app.at("__scrape_interval__"), "5s");
  EXPECT_EQ(app.at("__scrape_timeout__"), "5s");  // the policy's 10s would be longer
  const prometheus::Labels proxy = target("10.0.0.5:2019").labels;
  EXPECT_EQ(proxy.at("__scrape_interval__"), "60s");
  EXPECT_EQ(proxy.at("__scrape_timeout__"), "20s");
  EXPECT_FALSE(proxy.contains("__metrics_path__"));
}

TEST(PlanBackend, AnAgentOfTheUsersOwnIsATarget) {
  MonitoringInput input = world();
  Instance instance = running_instance();
  instance.spec.agents = {{.name = "redis", .port = 9121, .path = "/scrape"}};
  MonitoringPolicy policy = sample_policy();
  policy.spec.agents = instance.spec.agents;
  input.instances = {shared(instance)};
  input.policies = {shared(policy)};
  const BackendPlan plan = plan_backend(kMain, input);
  ASSERT_EQ(plan.targets.size(), 1u);
  EXPECT_EQ(plan.targets[0].address, "10.0.0.5:9121");
  EXPECT_EQ(plan.targets[0].labels.at("__metrics_path__"), "/scrape");
}

TEST(PlanBackend, LimitsMoveTheTargetsToAFileOfAnotherJob) {
  MonitoringInput input = world();
  MonitoringPolicy policy = sample_policy();
  policy.spec.scrape.sample_limit = 5'000;
  policy.spec.scrape.label_limit = 40;
  input.policies = {shared(policy)};
  const BackendPlan plan = plan_backend(kMain, input);
  ASSERT_EQ(plan.target_files.size(), 1u);
  EXPECT_EQ(plan.target_files.begin()->first, "clickdeploy-shop_web.samples-5000-labels-40.yml");
  EXPECT_EQ(prometheus::scrape_job_of(policy).name(), "click-deploy-samples-5000-labels-40");
}

// Certificates and passwords are a job's; the endpoints of the Service stay in the other.
TEST(PlanBackend, LockedAgentsGoToAJobOfTheirOwn) {
  MonitoringInput input = world();
  MonitoringPolicy policy = sample_policy();
  policy.spec.agents[0].basic_secret = "agents";
  policy.spec.agents[0].tls = api::v1alpha1::AgentTls{.mode = "Server"};
  const prometheus::ScrapeJob plain = prometheus::scrape_job_of(policy);
  const prometheus::ScrapeJob locked = prometheus::scrape_job_of(policy, policy.spec.agents.data());
  EXPECT_EQ(plain.name(), "click-deploy");
  EXPECT_TRUE(locked.name().starts_with("click-deploy-access-")) << locked.name();
  EXPECT_EQ(locked.access.basic_secret, "shop/agents");
  input.policies = {shared(policy)};

  // The server was installed before the policy asked for it: it is scraped as it is.
  const std::string plain_file = target_file_name({"shop", "web"}, plain);
  const std::string locked_file = target_file_name({"shop", "web"}, locked);
  BackendPlan plan = plan_backend(kMain, input);
  ASSERT_EQ(plan.target_files.size(), 2u);
  EXPECT_NE(plan.target_files.at(plain_file), prometheus::kNoTargets);
  EXPECT_EQ(plan.target_files.at(locked_file), prometheus::kNoTargets);

  Instance instance = *input.instances[0];
  instance.spec.agents = policy.spec.agents;
  input.instances = {shared(instance)};
  plan = plan_backend(kMain, input);
  EXPECT_EQ(plan.target_files.at(plain_file), prometheus::kNoTargets);
  EXPECT_NE(plan.target_files.at(locked_file), prometheus::kNoTargets);
  EXPECT_EQ(plan.file_jobs.at(locked_file), locked.name());

  // What differs in access is another job; what does not is the same.
  api::v1alpha1::AgentSpec other = policy.spec.agents[0];
  other.version = "9";
  EXPECT_EQ(prometheus::scrape_job_of(policy, &other), locked);
  other.tls->server_name = "agents.internal";
  EXPECT_NE(prometheus::scrape_job_of(policy, &other), locked);
}

TEST(PlanBackend, PublicAddressesAreLeftOutUnlessThePolicyAllowsThem) {
  struct Row {
    std::string address;
    bool is_private;
  };
  for (const Row& row :
       {Row{"10.0.0.5", true}, Row{"172.16.0.1", true}, Row{"172.31.9.9", true},
        Row{"172.32.0.1", false}, Row{"192.168.7.7", true}, Row{"192.169.0.1", false},
        Row{"100.64.0.1", true}, Row{"100.128.0.1", false}, Row{"127.9.9.9", true},
        Row{"169.254.1.1", true}, Row{"203.0.113.5", false}, Row{"8.8.8.8", false},
        Row{"fd12::5", true}, Row{"fe80::1", true}, Row{"2001:db8::5", false}, Row{"::1", true},
        Row{"::ffff:10.0.0.1", true}, Row{"::ffff:8.8.8.8", false}, Row{"web.example", false}}) {
    SCOPED_TRACE(row.address);
    MonitoringInput input = world();
    Instance instance = running_instance();
    instance.status.address = row.address;
    input.instances = {shared(instance)};
    EXPECT_EQ(plan_backend(kMain, input).targets.size(), row.is_private ? 1u : 0u);
    EXPECT_EQ(address_refusal("PrivateOnly", row.address).empty(), row.is_private);
    MonitoringPolicy policy = sample_policy();
    policy.spec.scrape.address_policy = "Any";
    input.policies = {shared(policy)};
    EXPECT_EQ(plan_backend(kMain, input).targets.size(), 1u);
  }
}

// web-1 is gone, by somebody else's hand, and still on record; web-2 has been given its address.
TEST(PlanBackend, OfSeveralWithOneAddressOnlyTheNewestIsATargetAndOnlyOnceItsAgentSaysSo) {
  Instance gone = running_instance();
  gone.status.claim.since = time_at(0);
  Instance heir = running_instance();
  heir.metadata.name = "web-2";
  heir.metadata.uid = "heir-uid";
  heir.status.server.id = "server-2";
  heir.status.claim.since = time_at(100);
  heir.status.agents[0].state = "Pending";
  heir.status.agents[0].reported_id.clear();
  MonitoringInput input = world();
  const auto published = [&] {
    input.instances = {shared(gone), shared(heir)};
    std::string ids;
    for (const prometheus::Target& target : plan_backend(kMain, input).targets) {
      ids += target.labels.at("instance_id") + " ";
    }
    return ids;
  };
  EXPECT_EQ(published(), "");
  heir.status.agents[0].reported_id = "instance-uid";  // the old one still answers there
  heir.status.agents[0].state = "IdentityMismatch";
  EXPECT_EQ(published(), "server-1 ");  // the heir does not claim the address any more
  heir.status.agents[0].reported_id = "heir-uid";
  heir.status.agents[0].state = "Up";
  EXPECT_EQ(published(), "server-2 ");
  heir.spec.adopt.identity = heir.status.agents[0].reported_id = "earlier-uid";
  EXPECT_EQ(published(), "server-2 ");  // its server was made for an Instance that is not known
  gone.metadata.deletion_timestamp = time_at(200);
  heir.status.agents[0].state = "Pending";
  EXPECT_EQ(published(), "server-2 ");  // nobody else claims it
  heir.status.address = "10.0.0.6";
  gone.metadata.deletion_timestamp.clear();
  EXPECT_EQ(published(), "server-1 server-2 ");
}

TEST(PlanBackend, FilesAreNamedByNamespaceAndName) {
  EXPECT_EQ(target_file_name({"shop", "web"}), "clickdeploy-shop_web.json");
  EXPECT_EQ(rule_file_name({"shop", "base"}), "clickdeploy-shop_base.yml");
  EXPECT_NE(target_file_name({"a-b", "c"}), target_file_name({"a", "b-c"}));
}

TEST(PlanBackend, AddressesHaveTheAgentsPort) {
  Instance instance = running_instance();
  AgentSpec agent = instance.spec.agents[0];
  EXPECT_EQ(agent_address(instance, agent), "10.0.0.5:9100");
  agent.port = 0;  // the catalog's
  EXPECT_EQ(agent_address(instance, agent), "10.0.0.5:9100");
  agent.port = 9200;
  instance.status.address = "2001:db8::5";
  EXPECT_EQ(agent_address(instance, agent), "[2001:db8::5]:9200");
  instance.status.address.clear();
  EXPECT_EQ(agent_address(instance, agent), "");
}

TEST(PlanBackend, TargetsArePublishedFromTheAddressToTheEnd) {
  struct Row {
    std::string name;
    void (*change)(Instance&);
    bool published;
  };
  for (const Row& row : {
           Row{"Running", [](Instance&) {}, true},
           Row{"Rebooting", [](Instance& i) { i.status.server.state = "REBOOT"; }, true},
           Row{"Error", [](Instance& i) { i.status.server.state = "ERROR"; }, true},
           Row{"AgentDown", [](Instance& i) { i.status.agents[0].state = "Down"; }, true},
           Row{"SoftReboot", [](Instance& i) { i.status.remediation.step = "SoftReboot"; }, true},
           Row{"Deleting", [](Instance& i) { i.metadata.deletion_timestamp = time_at(0); }, false},
           Row{"NoServer", [](Instance& i) { i.status.server.id.clear(); }, false},
           Row{"Uncertain", [](Instance& i) { i.status.claim.state = "Uncertain"; }, false},
           Row{"NoAddress", [](Instance& i) { i.status.address.clear(); }, false},
           Row{"Replaced", [](Instance& i) { i.status.remediation.step = "Replace"; }, false},
           Row{"Shutoff", [](Instance& i) { i.status.server.state = "SHUTOFF"; }, false},
           Row{"Paused", [](Instance& i) { i.status.server.state = "PAUSED"; }, false},
           Row{"Suspended", [](Instance& i) { i.status.server.state = "SUSPENDED"; }, false},
           Row{"Shelved", [](Instance& i) { i.status.server.state = "SHELVED_OFFLOADED"; }, false},
           Row{"Deleted", [](Instance& i) { i.status.server.state = "DELETED"; }, false},
           Row{"SomebodyElse", [](Instance& i) { i.status.agents[0].state = "IdentityMismatch"; },
               false},
       }) {
    SCOPED_TRACE(row.name);
    Instance instance = running_instance();
    row.change(instance);
    EXPECT_EQ(is_published(instance), row.published);
    MonitoringInput input = world();
    input.instances = {shared(instance)};
    const BackendPlan plan = plan_backend(kMain, input);
    EXPECT_EQ(plan.targets.size(), row.published ? 1u : 0u);
    EXPECT_TRUE(plan.target_files.contains("clickdeploy-shop_web.json"));
  }
}

TEST(PlanBackend, OnlyAgentsThatThePolicyWantsAreTargets) {
  MonitoringInput input = world();
  Instance instance = running_instance();
  instance.spec.agents.push_back({.name = "cadvisor", .version = "0.44", .port = 8080});
  input.instances = {shared(instance)};
  EXPECT_EQ(plan_backend(kMain, input).targets.size(), 1u);
  MonitoringPolicy policy = sample_policy();
  policy.spec.agents = instance.spec.agents;
  input.policies = {shared(policy)};
  EXPECT_EQ(plan_backend(kMain, input).targets.size(), 2u);
}

TEST(PlanBackend, InstancesOfAnotherServiceWithTheSameNameAreNotIts) {
  MonitoringInput input = world();
  Instance other = running_instance();
  other.metadata.owner_references[0].uid = "an-earlier-service";
  input.instances = {shared(other)};
  EXPECT_TRUE(plan_backend(kMain, input).targets.empty());
}

TEST(PlanBackend, ABackendServesOnlyThoseItAllows) {
  MonitoringInput input = world();
  MonitoringPolicy policy = policy_with_rules();
  policy.metadata.namespace_name = "platform";
  policy.spec.namespace_selector = api::LabelSelector();
  policy.spec.backend_ref.namespace_name = "shop";
  input.policies = {shared(policy)};
  const BackendPlan refused = plan_backend(kMain, input);
  EXPECT_TRUE(refused.target_files.empty());
  EXPECT_TRUE(refused.policy_rules.empty());
  MetricsBackend backend = sample_backend();
  backend.spec.allowed_namespaces = *api::LabelSelector::parse("team=sre");
  input.backends = {shared(backend)};
  const BackendPlan allowed = plan_backend(kMain, input);
  EXPECT_EQ(allowed.targets.size(), 1u);
  EXPECT_EQ(allowed.policy_rules.size(), 1u);
  backend.spec.allowed_namespaces = *api::LabelSelector::parse("team=web");
  input.backends = {shared(backend)};
  EXPECT_TRUE(plan_backend(kMain, input).target_files.empty());
}

TEST(PlanBackend, WhatIsDeletedIsNotPublished) {
  MonitoringInput input = world();
  MetricsBackend backend = sample_backend();
  backend.metadata.deletion_timestamp = time_at(0);
  input.backends = {shared(backend)};
  EXPECT_TRUE(plan_backend(kMain, input).target_files.empty());
  input = world();
  input.backends.clear();
  EXPECT_TRUE(plan_backend(kMain, input).target_files.empty());
  input = world();
  input.policies.clear();
  EXPECT_TRUE(plan_backend(kMain, input).target_files.empty());
}

TEST(PlanBackend, AServiceThatGoesTakesItsFileAlongWithItsLastInstance) {
  MonitoringInput input = world();
  Service service = sample_service();
  service.metadata.deletion_timestamp = time_at(0);
  input.services = {shared(service)};
  input.policies = {shared(policy_with_rules())};
  EXPECT_EQ(plan_backend(kMain, input).target_files.size(), 1u);
  EXPECT_EQ(plan_backend(kMain, input).policy_rules.size(), 1u);
  input.instances.clear();
  EXPECT_TRUE(plan_backend(kMain, input).target_files.empty());
  EXPECT_TRUE(plan_backend(kMain, input).policy_rules.empty());
  EXPECT_EQ(plan_backend(kMain, input).mapping_file_name, "");
}

TEST(PlanBackend, RulesAreAFileForEachPolicyAndOneForTheMapping) {
  MonitoringInput input = world();
  input.policies = {shared(policy_with_rules())};
  input.cluster_id = "0123456789abcdef";
  const BackendPlan plan = plan_backend(kMain, input);
  EXPECT_EQ(plan.rules_owner, "01234567/shop/main");
  ASSERT_EQ(plan.policy_rules.size(), 1u);
  EXPECT_EQ(plan.policy_rules[0]->file_name, "clickdeploy-shop_base.yml");
  EXPECT_EQ(plan.policy_rules[0]->entries.size(), 2u);
  EXPECT_NE(plan.policy_rules[0]->file.text.find("shop/base/node"), std::string::npos);
  EXPECT_EQ(plan.policy_rules[0]->file,
            make_policy_rules(input.policies[0], input.services, "01234567/shop/main")->file);
  EXPECT_EQ(plan.mapping_file_name, "clickdeploy-mapping.yml");
  EXPECT_GT(plan.mapping_rules, 0u);
  EXPECT_NE(plan.mapping.text.find("01234567/shop/main"), std::string::npos);
  MonitoringPolicy plain = sample_policy();
  plain.spec.metrics_mapping = "Disabled";
  input.policies = {shared(plain)};
  EXPECT_TRUE(plan_backend(kMain, input).policy_rules.empty());
  EXPECT_EQ(plan_backend(kMain, input).mapping_file_name, "");
}

TEST(PlanBackend, ABadLabelSpoilsOnlyItsOwnFile) {
  MonitoringInput input = world();
  MonitoringPolicy bad = sample_policy();
  bad.metadata.name = "bad";
  bad.spec.service_selector = *api::LabelSelector::parse("tier=back");
  bad.spec.scrape.target_labels = {{"not a name", "x"}};
  input.policies.push_back(shared(bad));
  Service second = sample_service();
  second.metadata.name = "back";
  second.metadata.uid = "second-uid";
  second.metadata.labels = {{"tier", "back"}};
  input.services.push_back(shared(second));
  Instance instance = running_instance();
  instance.metadata.owner_references[0].uid = "second-uid";
  instance.status.address = "10.0.0.6";
  input.instances.push_back(shared(instance));
  const BackendPlan plan = plan_backend(kMain, input);
  ASSERT_EQ(plan.problems.size(), 1u);
  EXPECT_NE(plan.problems[0].find("shop/back"), std::string::npos);
  EXPECT_EQ(plan.target_files.size(), 1u);
  EXPECT_EQ(plan.targets.size(), 1u);
  EXPECT_EQ(plan.unwritten_files, std::set<std::string>{"clickdeploy-shop_back.json"});
}

// A fleet of `count`, of which the first `stopped` are shut off.
MonitoringInput fleet(int count, int stopped) {
  MonitoringInput input = world();
  input.instances.clear();
  for (int i = 0; i < count; ++i) {
    api::v1alpha1::Instance instance = running_instance();
    instance.metadata.name = "web-" + std::to_string(i);
    instance.status.server.id = "server-" + std::to_string(i);
    instance.status.address = "10.0.1." + std::to_string(i);
    if (i < stopped) instance.status.server.state = "SHUTOFF";
    input.instances.push_back(shared(instance));
  }
  return input;
}

std::size_t held_of(int count, int stopped) {
  const BackendPlan plan = plan_backend(kMain, fleet(count, stopped));
  EXPECT_EQ(plan.targets.size(), static_cast<std::size_t>(count - stopped));
  return plan.held.size();
}

TEST(StoppedServers, AreNotScrapedWhileTheyAreFew) {
  EXPECT_EQ(held_of(10, 5), 0U);
  EXPECT_EQ(held_of(60, 6), 0U);
  EXPECT_EQ(held_of(160, 16), 0U);
  const BackendPlan plan = plan_backend(kMain, fleet(2, 1));
  const std::string& file = plan.target_files.at("clickdeploy-shop_web.json");
  EXPECT_FALSE(file.contains("10.0.1.0:"));
  EXPECT_TRUE(file.contains("10.0.1.1:"));
}

// However many at a time: what was written before does not count.
TEST(StoppedServers, AreScrapedOnWhenTheyAreMany) {
  EXPECT_EQ(held_of(10, 6), 6U);
  EXPECT_EQ(held_of(60, 7), 7U);
  EXPECT_EQ(held_of(160, 17), 17U);
  EXPECT_EQ(held_of(60, 60), 60U);
  EXPECT_EQ(plan_backend(kMain, fleet(60, 30)).target_files,
            plan_backend(kMain, fleet(60, 0)).target_files);
}

TEST(StoppedServers, AreCountedOverAllServicesOfTheBackend) {
  MonitoringInput input = fleet(10, 4);
  Service second = sample_service();
  second.metadata.name = "back";
  second.metadata.uid = "second-uid";
  input.services.push_back(shared(second));
  for (int i = 0; i < 2; ++i) {
    Instance instance = running_instance();
    instance.metadata.name = "back-" + std::to_string(i);
    instance.metadata.owner_references[0].uid = "second-uid";
    instance.status.server.id = "back-server-" + std::to_string(i);
    instance.status.address = "10.0.2." + std::to_string(i);
    instance.status.server.state = "SHUTOFF";
    input.instances.push_back(shared(instance));
  }
  EXPECT_EQ(plan_backend(kMain, input).held.size(), 6U);
  // Stopped on purpose: these go, and then the others are few.
  second.spec.paused = true;
  input.services[1] = shared(second);
  const BackendPlan plan = plan_backend(kMain, input);
  EXPECT_TRUE(plan.held.empty());
  EXPECT_EQ(plan.targets.size(), 6U);
}

TEST(StoppedServers, OfAPausedServiceAreNotScrapedHoweverMany) {
  MonitoringInput input = fleet(20, 20);
  Service paused = sample_service();
  paused.spec.paused = true;
  input.services = {shared(paused)};
  EXPECT_TRUE(plan_backend(kMain, input).held.empty());
  EXPECT_TRUE(plan_backend(kMain, input).targets.empty());
}

TEST(TargetFilesToHave, OnlyAFileThatCannotBeWrittenKeepsItsOldText) {
  const prometheus::Files current = {{"clickdeploy-shop_back.json", "old"},
                                     {"clickdeploy-shop_gone.json", "old"},
                                     {"clickdeploy-shop_web.json", "old"}};
  const prometheus::Files expected = {{"clickdeploy-shop_back.json", "old"},
                                      {"clickdeploy-shop_web.json", "new"}};
  EXPECT_EQ(
      target_files_to_have({{"clickdeploy-shop_web.json", "new"}},
                           {"clickdeploy-shop_back.json", "clickdeploy-shop_never.json"}, current),
      expected);
}

TEST(PlanBackend, EqualObjectsInAnyOrderGiveEqualBytes) {
  MonitoringInput input = world();
  Instance second = running_instance();
  second.metadata.name = "web-2";
  second.status.server.id = "server-2";
  second.status.address = "10.0.0.4";
  input.instances.push_back(shared(second));
  const BackendPlan plan = plan_backend(kMain, input);
  std::swap(input.instances[0], input.instances[1]);
  EXPECT_EQ(plan_backend(kMain, input).target_files, plan.target_files);
  EXPECT_EQ(plan_backend(kMain, input).targets, plan.targets);
}

}  // namespace
}  // namespace clickdeploy::reconcilers
