// decode(encode(x)) == x, also by way of text, for random values of all kinds.

#include "api/v1alpha1/codec.h"
#include "controller/async/random.h"

#include <gtest/gtest.h>

namespace clickdeploy::api {
namespace {

using namespace v1alpha1;

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t limit) { return random_.next() % limit; }
  bool chance() { return below(2) == 0; }
  std::int64_t number() {
    return chance() ? static_cast<std::int64_t>(below(1'000))
                    : static_cast<std::int64_t>(random_.next());
  }
  std::string text() {
    static const std::vector<std::string> kTexts{"",
                                                 "a",
                                                 "no",
                                                 "null",
                                                 "1e3",
                                                 "é😀",
                                                 "line\nline\n",
                                                 "\"'\\",
                                                 "{}",
                                                 "2026-11-22T10:00:00Z",
                                                 "\x01\x7F",
                                                 " ",
                                                 "#",
                                                 "100%",
                                                 std::string(300, 'x')};
    return kTexts[below(kTexts.size())];
  }
  // For what must be there to be read back at all.
  std::string word() { return "w" + std::to_string(below(50)); }
  std::map<std::string, std::string> map() {
    std::map<std::string, std::string> made;
    for (std::size_t i = below(3); i > 0; --i) made[word()] = text();
    return made;
  }
  template <class T>
  std::vector<T> list(T (Maker::*make)()) {
    std::vector<T> made;
    for (std::size_t i = below(3); i > 0; --i) made.push_back((this->*make)());
    return made;
  }

  ObjectMeta metadata() {
    ObjectMeta meta;
    meta.name = text();
    meta.generate_name = text();
    meta.namespace_name = text();
    meta.uid = text();
    meta.resource_version = text();
    meta.generation = number();
    meta.creation_timestamp = text();
    meta.deletion_timestamp = text();
    meta.labels = map();
    meta.annotations = map();
    meta.finalizers = list(&Maker::word);
    meta.owner_references = list(&Maker::owner);
    return meta;
  }
  OwnerReference owner() { return {text(), text(), text(), text(), chance(), chance()}; }
  Condition condition() {
    return {word(), static_cast<ConditionStatus>(below(3)), text(), text(), number(), text()};
  }
  NamespacedRef ref() { return {text(), text()}; }
  SecretKeyRef secret() { return {text(), text()}; }
  CloudThing thing() {
    CloudThing made{text(), text()};
    if (chance()) made.filter = ThingFilter{map(), list(&Maker::word)};
    return made;
  }
  AddressPair pair() { return {text(), text()}; }
  LabelSelector selector() {
    static const std::vector<std::string> kSelectors{"", "a=b", "a in (b,c),!d", "e,f!=g",
                                                     "h notin (i)"};
    return *LabelSelector::parse(kSelectors[below(kSelectors.size())]);
  }
  std::optional<LabelSelector> maybe_selector() {
    if (chance()) return std::nullopt;
    return selector();
  }
  NetworkAttachment network() {
    NetworkAttachment made;
    made.name = text();
    made.network = thing();
    if (chance()) made.subnet = thing();
    made.security_groups = list(&Maker::thing);
    made.allowed_address_pairs = list(&Maker::pair);
    made.scrape = chance();
    return made;
  }
  VolumeSpec volume() { return {text(), number(), text(), word()}; }
  ServerTemplate server() {
    ServerTemplate made;
    made.image = thing();
    made.flavors = list(&Maker::thing);
    made.availability_zones = list(&Maker::word);
    made.networks = list(&Maker::network);
    if (chance()) made.floating_ip = FloatingIPSpec{thing(), text()};
    if (chance()) made.root_volume = VolumeSpec{"", number(), text(), word()};
    made.volumes = list(&Maker::volume);
    if (chance()) made.server_group = ServerGroupSpec{text(), text()};
    if (chance()) made.config_drive = chance();
    made.key_name = text();
    made.user_data = {text(), secret()};
    made.metadata = map();
    return made;
  }
  AgentSpec agent() {
    AgentSpec made;
    made.name = text();
    made.install = {word(), text(), text(), text(), text(), text(), text()};
    made.version = text();
    made.port = number();
    made.path = text();
    made.extra_args = list(&Maker::word);
    if (chance()) made.memory_mib = number();
    made.cpus = text();
    if (chance()) made.tls = AgentTls{word(), text(), secret(), text()};
    made.basic_secret = text();
    return made;
  }
  RemediationSpec remediation() {
    return {chance(), number(), number(), number(), {word()}, std::to_string(below(9)),
            number(), number()};
  }
  QuotaStatus quota() { return {number(), number()}; }

  Cloud cloud() {
    Cloud made;
    made.metadata = metadata();
    made.spec.credentials = {secret(), text()};
    made.spec.region = text();
    made.spec.identity_project_id = text();
    made.spec.allowed_namespaces = maybe_selector();
    made.spec.limits = {static_cast<double>(below(100)) / 8, number(), number()};
    made.spec.poll_seconds = number();
    made.status.observed_generation = number();
    made.status.identity = {text(), text(), text()};
    made.status.token_expires_at = text();
    if (chance()) made.status.quota = {{word(), quota()}, {word(), quota()}};
    made.status.services = map();
    made.status.servers = number();
    if (chance()) made.status.orphans = {{text(), text(), text(), text(), text()}};
    made.status.instances_summary = text();
    made.status.last_sync_time = text();
    made.status.conditions = list(&Maker::condition);
    return made;
  }
  MetricsBackend backend() {
    MetricsBackend made;
    made.metadata = metadata();
    made.spec.url = text();
    made.spec.access = {text(), secret(), text(), secret()};
    made.spec.scrapes_from = list(&Maker::word);
    if (chance()) {
      made.spec.alertmanager = AlertmanagerSpec{word(), {text(), secret(), text(), secret()}};
    }
    made.spec.allowed_namespaces = maybe_selector();
    made.spec.targets_directory = text();
    made.spec.rules_directory = text();
    made.spec.verify_seconds = number();
    made.spec.query_timeout_seconds = number();
    made.status.observed_generation = number();
    made.status.version = text();
    made.status.cluster_id = text();
    if (chance()) made.status.last_reload = LastReload{text(), chance(), text()};
    made.status.targets = {number(), number(), number(), number()};
    made.status.rules = {number(), number(), number(), number()};
    made.status.targets_summary = text();
    made.status.rules_summary = text();
    made.status.last_sync_time = text();
    made.status.conditions = list(&Maker::condition);
    return made;
  }
  EndpointSpec endpoint() {
    return {text(), word(), number(), text(), text(), map(), text(), text()};
  }
  ServiceAlert alert() { return {text(), text(), text(), text(), text(), text(), text(), map()}; }
  Service service() {
    Service made;
    made.metadata = metadata();
    made.spec.cloud_ref = ref();
    made.spec.project_id = text();
    made.spec.paused = chance();
    made.spec.replicas = number();
    made.spec.template_labels = map();
    made.spec.template_spec = server();
    made.spec.management_policy = word();
    made.spec.adopt_filter = {text(), map(), list(&Maker::word)};
    made.spec.template_annotations = map();
    made.spec.endpoints = list(&Maker::endpoint);
    made.spec.rollout = {number(), number(), number(), list(&Maker::word),
                         chance(), number(), word(),   number()};
    made.spec.deletion = {word(), word()};
    made.spec.remediation = remediation();
    made.status.observed_generation = number();
    made.status.revision = text();
    made.status.replicas = number();
    made.status.updated_replicas = number();
    made.status.ready_replicas = number();
    made.status.available_replicas = number();
    made.status.monitored_replicas = number();
    made.status.selector = text();
    if (chance()) made.status.policies = {{text(), number()}};
    made.status.remediation = {number(), number(), chance()};
    if (chance()) made.status.resources = {{text(), text(), text(), text()}};
    made.status.rollout = {text(), text(), number(), text(), text(), text(), number(), text()};
    made.status.planned_steps = list(&Maker::word);
    made.status.alerts = {number(), number(), list(&Maker::alert)};
    made.status.last_sync_time = text();
    made.status.conditions = list(&Maker::condition);
    return made;
  }
  Instance instance() {
    Instance made;
    made.metadata = metadata();
    made.spec.cloud_ref = ref();
    made.spec.service_name = text();
    made.spec.project_id = text();
    made.spec.server = server();
    made.spec.agents = list(&Maker::agent);
    made.spec.remediation = remediation();
    made.spec.availability_zone = text();
    made.spec.adopt = {text(), text(), text()};
    made.spec.deletion_policy = text();
    InstanceStatus& status = made.status;
    status.observed_generation = number();
    status.phase = text();
    status.claim = {text(), text(), text(), number(), text()};
    status.server = {text(), text(), text(), text(), text()};
    if (chance()) status.resources = {{text(), text(), text(), text()}};
    if (chance()) status.addresses = {{text(), text(), text()}};
    status.address = text();
    status.adopted = chance();
    status.ssh_host_key = text();
    status.resolved = {text(), text(), text(), text(), {}, text(), {}};
    if (chance()) status.resolved.attachments = {{text(), text(), text(), list(&Maker::word)}};
    if (chance()) status.resolved.failed_placements = {{text(), text(), text(), text()}};
    status.bootstrap = {text(), number(), text()};
    status.booted_at = text();
    if (chance()) status.agents = {{text(), text(), text(), text(), text(), text(), text()}};
    status.agents_summary = text();
    status.scraped = text();
    status.alerts = {number(), number()};
    status.remediation = {text(), number(), text(), text(), text()};
    status.last_sync_time = text();
    status.conditions = list(&Maker::condition);
    return made;
  }
  RuleSpec rule() { return {text(), text(), text(), text(), map(), map()}; }
  RuleGroupSpec group() { return {text(), text(), list(&Maker::rule)}; }
  RuleTestSpec rule_test() {
    RuleTestSpec made;
    made.name = text();
    made.interval = word();
    made.input_series = {{text(), text()}};
    if (chance()) made.alerts = {{text(), text(), {{map(), map()}}}};
    if (chance()) made.expressions = {{text(), text(), {{text(), 0.5}}}};
    return made;
  }
  SloSpec slo() {
    SloSpec made;
    made.name = text();
    made.objective = text();
    made.window = word();
    made.errors = text();
    made.total = text();
    made.page = {chance(), text()};
    made.ticket = {chance(), text()};
    made.zero_traffic = word();
    made.minimum_requests = number();
    return made;
  }
  MonitoringPolicy policy() {
    MonitoringPolicy made;
    made.metadata = metadata();
    made.spec.service_selector = selector();
    made.spec.namespace_selector = maybe_selector();
    made.spec.priority = number();
    made.spec.backend_ref = ref();
    made.spec.agents = list(&Maker::agent);
    made.spec.scrape = {word(), word(), word(), std::nullopt, std::nullopt, map()};
    if (chance()) made.spec.scrape.sample_limit = number();
    if (chance()) made.spec.scrape.label_limit = number();
    if (chance()) made.spec.ssh = SshSpec{text(), secret(), number()};
    if (chance()) made.spec.on_drift = word();
    made.spec.metrics_mapping = chance() ? "Enabled" : "Disabled";
    if (chance()) made.spec.metrics_retention = text();
    made.spec.rule_groups = list(&Maker::group);
    made.spec.scope_to_services = chance();
    made.spec.rule_tests = list(&Maker::rule_test);
    made.spec.back_test = {chance(), word()};
    if (chance()) made.spec.default_alerts["diskFull"] = {chance(), text(), text(), number()};
    made.spec.slos = list(&Maker::slo);
    made.spec.alert_labels = map();
    made.spec.inhibit_during_actions = chance();
    made.spec.silence_during_actions = chance();
    MonitoringPolicyStatus& status = made.status;
    status.observed_generation = number();
    status.services = {number(), number()};
    if (chance()) status.agents = {{text(), text(), {{text(), number()}}}};
    status.services_summary = text();
    status.targets = {number(), number()};
    status.targets_summary = text();
    status.rules_summary = text();
    status.firing = number();
    if (chance()) status.rules = {{text(), text(), text(), text(), text(), text(), 0.25, number()}};
    if (!status.rules.empty() && chance()) {
      status.rules[0].back_test = {text(), text(), text(), number(), number(), text()};
    }
    if (chance()) status.warnings = {text()};
    status.retention = text();
    if (chance()) status.bindings = {{text(), text()}};
    status.last_sync_time = text();
    status.conditions = list(&Maker::condition);
    return made;
  }

 private:
  SeededRandom random_;
};

template <class Kind>
void expect_round_trip(const Kind& value, std::uint64_t seed) {
  const std::string text = to_json(encode(value));
  const Result<Json> json = parse_json(text);
  ASSERT_TRUE(json) << "seed " << seed;
  const Result<Kind> back = decode<Kind>(*json);
  ASSERT_TRUE(back) << "seed " << seed << ": " << back.error().message();
  ASSERT_TRUE(*back == value) << "seed " << seed << "\n" << text << "\n" << to_json(encode(*back));
}

TEST(Codec, WhatIsEncodedIsDecodedTheSame) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Maker make(seed);
    expect_round_trip(make.cloud(), seed);
    expect_round_trip(make.backend(), seed);
    expect_round_trip(make.service(), seed);
    expect_round_trip(make.instance(), seed);
    expect_round_trip(make.policy(), seed);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(Codec, DefaultsAreDecodedTheSame) {
  expect_round_trip(Cloud(), 0);
  expect_round_trip(MetricsBackend(), 0);
  expect_round_trip(Service(), 0);
  expect_round_trip(Instance(), 0);
  expect_round_trip(MonitoringPolicy(), 0);
}

}  // namespace
}  // namespace clickdeploy::api
