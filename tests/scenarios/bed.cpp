#include "tests/scenarios/bed.h"

#include "controller/async/block_on.h"
#include "controller/async/process.h"
#include "controller/base/text.h"
#include "controller/base/yaml.h"
#include "tests/http/certificate.h"
#include "tests/testing/free_address.h"
#include "tests/testing/paths.h"

#include <gtest/gtest.h>

#include <crypt.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace clickdeploy::scenarios {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

// The line of a web.yml that lets in clickdeploy with the password "secret".
std::string login_line() {
  crypt_data scratch{};
  return "basic_auth_users: {clickdeploy: '" +
         std::string(crypt_r("secret", "$2b$04$abcdefghijklmnopqrstuu", &scratch)) + "'}\n";
}

std::string program(const std::string& name) {
  return testing::build_folder() + "/bin/" + name;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

std::string collection(const Json& object) {
  const std::string& kind = object["kind"].as_string();
  if (kind == "Namespace") return "/api/v1/namespaces";
  const std::string home = "namespaces/" + object["metadata"]["namespace"].as_string("demo") + "/";
  if (kind == "Secret") return "/api/v1/" + home + "secrets";
  if (kind == "ConfigMap") return "/api/v1/" + home + "configmaps";
  if (kind == "Event") return "/api/v1/" + home + "events";
  const std::string group = "/apis/clickdeploy.io/v1alpha1/" + home;
  if (kind == "Cloud") return group + "clouds";
  if (kind == "MetricsBackend") return group + "metricsbackends";
  if (kind == "MonitoringPolicy") return group + "monitoringpolicies";
  if (kind == "Instance") return group + "instances";
  return group + "services";
}

std::string object_path(const std::string& plural, const std::string& name) {
  return "/apis/clickdeploy.io/v1alpha1/namespaces/demo/" + plural +
         (name.empty() ? "" : "/" + name);
}

Json metadata(const std::string& name) {
  return Json::object({{"name", name}, {"namespace", "demo"}});
}

}  // namespace

Bed::Bed(BedOptions options) : options_(std::move(options)), http_(http::make_curl_client({})) {
  const std::string cloud = testing::free_address();
  cloud_url_ = "http://" + cloud;
  // The servers' addresses: a /16 of 127.128/9, away from those of free_address().
  const auto second = 128 + ::getpid() % 120;
  std::vector<std::string> argv = {program("localcloud"),
                                   "--listen",
                                   cloud,
                                   "--cidr",
                                   "127." + std::to_string(second) + ".0.0/16",
                                   "--guests",
                                   options_.guests,
                                   "--guests-dir",
                                   folder() + "/guests",
                                   "--state",
                                   folder() + "/cloud.json",
                                   "--build-seconds",
                                   "1",
                                   "--quota-instances",
                                   std::to_string(options_.quota_instances),
                                   "--write-clouds",
                                   folder() + "/clouds.yaml"};
  if (!options_.rootfs.empty()) argv.insert(argv.end(), {"--rootfs", options_.rootfs});
  cloud_ = std::make_unique<testing::ChildProcess>(argv, folder() + "/localcloud.log");
  api_address_ = testing::free_address();
  api_url_ = "http://" + api_address_;
  if (options_.prometheus) {
    const std::string address = testing::free_address();
    prometheus_url_ = (options_.secured ? "https://" : "http://") + address;
    std::filesystem::create_directories(folder() + "/targets");
    std::filesystem::create_directories(folder() + "/rules");
    std::string alerting;
    if (options_.alertmanager) {
      alertmanager_address_ = testing::free_address();
      alerting = "alerting: {alertmanagers: [{static_configs: [{targets: ['" +
                 alertmanager_address_ + "']}]}]}\n";
      write_file(folder() + "/alertmanager.yml",
                 "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n");
      start_alertmanager();
    }
    write_file(folder() + "/prometheus.yml",
               "global: {scrape_interval: 2s, evaluation_interval: 2s}\n"
               "rule_files: ['rules/clickdeploy-*.yml']\n"
               "scrape_configs:\n- job_name: click-deploy\n"
               "  file_sd_configs: [{files: ['targets/clickdeploy-*.json']}]\n" +
                   alerting);
    if (options_.secured) {
      const auto made = http::testing::make_certificate(address.substr(0, address.find(':')));
      certificate_ = made.pem;
      write_file(folder() + "/prometheus.crt", made.pem);
      write_file(folder() + "/prometheus.key", made.key_pem.reveal());
      write_file(folder() + "/web.yml",
                 "tls_server_config: {cert_file: prometheus.crt, key_file: prometheus.key}\n" +
                     login_line());
      http::CurlOptions trusting;
      trusting.tls.ca_pem = made.pem;
      http_ = http::make_curl_client(trusting);
    }
    start_prometheus();
  }
  wait_for("clouds.yaml", seconds(20), [this] {
    return std::filesystem::exists(folder() + "/clouds.yaml") ? "" : "not written yet";
  });
}

void Bed::start_prometheus() {
  std::vector<std::string> argv = {
      "prometheus", "--config.file=" + folder() + "/prometheus.yml",
      "--storage.tsdb.path=" + folder() + "/tsdb",
      "--web.listen-address=" + prometheus_url_.substr(prometheus_url_.rfind('/') + 1),
      "--web.enable-lifecycle"};
  if (options_.secured) argv.push_back("--web.config.file=" + folder() + "/web.yml");
  if (options_.discovered_targets) {
    argv.insert(argv.begin(),
                {"env", "OS_AUTH_URL=" + cloud_url_ + "/identity/v3", "OS_USERNAME=controller",
                 "OS_PASSWORD=openstack", "OS_PROJECT_NAME=demo", "OS_DOMAIN_NAME=Default"});
  }
  prometheus_process_ = std::make_unique<testing::ChildProcess>(argv, folder() + "/prometheus.log");
}

std::string Bed::configure_prometheus() {
  std::string config = clickctl({"prometheus-config", "metricsbackend/local"});
  const auto replace_all = [&config](const std::string& from, const std::string& to) {
    for (std::size_t at = config.find(from); at != std::string::npos;
         at = config.find(from, at + to.size())) {
      config.replace(at, from.size(), to);
    }
  };
  replace_all("/etc/prometheus/click-deploy", folder() + "/secrets");
  for (const char* slow : {"refresh_interval: 10s", "refresh_interval: 30s"}) {
    replace_all(slow, "refresh_interval: 2s");
  }
  std::string lead = "global: {scrape_interval: 2s, evaluation_interval: 2s}\n";
  if (options_.alertmanager) {
    lead += "alerting: {alertmanagers: [{static_configs: [{targets: ['" + alertmanager_address_ +
            "']}]}]}\n";
  }
  write_file(folder() + "/prometheus.yml", lead + config);
  wait_for("the new configuration", seconds(30), [this]() -> std::string {
    int status = 0;
    send("POST", prometheus_url_ + "/-/reload", Json(), &status);
    return status == 200 ? "" : "reload answers " + std::to_string(status);
  });
  return config;
}

double Bed::prometheus_counter(const std::string& name) {
  return counter_of(prometheus_url_, name);
}

double Bed::own_counter(const std::string& name) {
  return counter_of(api_url_, name);
}

double Bed::counter_of(const std::string& url, const std::string& name) {
  http::Request request;
  request.url = url + "/metrics";
  request.deadline = seconds(20);
  Result<http::Response> response = block_on(http_->send(std::move(request)));
  double sum = 0;
  for (const std::string& line : split(response ? response->body : "", '\n')) {
    if (line.starts_with(name)) sum += std::stod(line.substr(line.rfind(' ') + 1));
  }
  return sum;
}

void Bed::start_alertmanager() {
  std::vector<std::string> argv = {
      "prometheus-alertmanager", "--config.file=" + folder() + "/alertmanager.yml",
      "--storage.path=" + folder() + "/alertmanager",
      "--web.listen-address=" + alertmanager_address_, "--cluster.listen-address="};
  if (options_.alertmanager_login) {
    write_file(folder() + "/alertmanager-web.yml", login_line());
    argv.push_back("--web.config.file=" + folder() + "/alertmanager-web.yml");
  }
  alertmanager_process_ =
      std::make_unique<testing::ChildProcess>(argv, folder() + "/alertmanager.log");
  // One that has ended at once says why.
  wait_for("Alertmanager answers", seconds(30), [this]() -> std::string {
    int status = 0;
    send("GET", "http://" + alertmanager_address_ + "/-/ready", Json(), &status);
    return status != 0 ? "" : read_file(folder() + "/alertmanager.log");
  });
}

void Bed::kill_alertmanager() {
  alertmanager_process_.reset();
}

Json Bed::alertmanager(const std::string& path) {
  return send("GET", "http://" + alertmanager_address_ + "/api/v2/" + path, Json(), nullptr);
}

int Bed::post_alertmanager(const std::string& path, const Json& body) {
  int status = 0;
  send("POST", "http://" + alertmanager_address_ + "/api/v2/" + path, body, &status);
  return status;
}

std::string Bed::clickctl(std::vector<std::string> arguments) {
  std::vector<std::string> argv = {program("clickctl"), "--server", api_url_, "-n", "demo"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  SystemProcessRunner processes;
  const Result<ProcessResult> done = processes.run(argv, seconds(60));
  EXPECT_TRUE(done.has_value() && done->exit_code == 0) << (done ? done->err : "");
  return done ? done->out : "";
}

void Bed::kill_prometheus() {
  prometheus_process_.reset();
}

Bed::~Bed() {
  if (::testing::Test::HasFailure()) {
    const std::string log = read_file(folder() + "/clickdeployd.log");
    std::cerr << "The daemon's last words:\n"
              << (log.size() > 4000 ? log.substr(log.size() - 4000) : log) << "\n";
  }
  daemon_.reset();
  // localcloud ends its guests when it is asked to go.
  if (cloud_) ::kill(cloud_->pid(), SIGTERM);
  const auto until = steady_clock::now() + seconds(5);
  while (cloud_ && ::waitpid(cloud_->pid(), nullptr, WNOHANG) == 0 && steady_clock::now() < until) {
    std::this_thread::sleep_for(milliseconds(20));
  }
}

void Bed::start_daemon() {
  daemon_ = std::make_unique<testing::ChildProcess>(
      std::vector<std::string>{program("clickdeployd"), "--data", folder() + "/data", "--listen",
                               api_address_},
      folder() + "/clickdeployd.log");
  wait_for("the API", seconds(30), [this]() -> std::string {
    int status = 0;
    send("GET", api_url_ + "/readyz", Json(), &status);
    return status == 200 ? "" : "answers " + std::to_string(status);
  });
}

void Bed::kill_daemon() {
  daemon_.reset();
}

void Bed::apply_basics() {
  create(Json::object({{"apiVersion", "v1"},
                       {"kind", "Namespace"},
                       {"metadata", Json::object({{"name", "demo"}})}}));
  create(Json::object(
      {{"apiVersion", "v1"},
       {"kind", "Secret"},
       {"metadata", metadata("local")},
       {"stringData", Json::object({{"clouds.yaml", read_file(folder() + "/clouds.yaml")}})}}));
  Json credentials =
      Json::object({{"secretRef", Json::object({{"name", "local"}})}, {"cloudName", "localcloud"}});
  create(
      Json::object({{"apiVersion", "clickdeploy.io/v1alpha1"},
                    {"kind", "Cloud"},
                    {"metadata", metadata("local")},
                    {"spec", Json::object({{"credentials", credentials}, {"pollSeconds", 1}})}}));
  if (!options_.prometheus) return;
  Json spec = Json::object({{"url", prometheus_url_},
                            {"targets", Json::object({{"directory", folder() + "/targets"}})},
                            {"rules", Json::object({{"directory", folder() + "/rules"}})}});
  if (options_.served_targets) {
    create(Json::object({{"apiVersion", "v1"},
                         {"kind", "Secret"},
                         {"metadata", metadata("targets")},
                         {"stringData", Json::object({{"token", "open-sesame\n"}})}}));
    Json ref = Json::object({{"name", "targets"}});
    spec.set("targets", Json::object({{"type", "HTTPSD"}, {"tokenSecretRef", std::move(ref)}}));
  }
  if (options_.discovered_targets) {
    spec.set("targets", Json::object({{"type", "OpenStackSD"}}));
  }
  if (options_.alertmanager) {
    spec.set("alertmanager", Json::object({{"url", "http://" + alertmanager_address_}}));
  }
  if (options_.secured) {
    auto secret = [](const char* name) {
      return Json::object({{"secretRef", Json::object({{"name", name}})}});
    };
    spec.set("auth", Json::object({{"basic", secret("prometheus-login")}}));
    spec.set("tls", Json::object({{"caSecretRef", Json::object({{"name", "prometheus-ca"}})}}));
  }
  create(Json::object({{"apiVersion", "clickdeploy.io/v1alpha1"},
                       {"kind", "MetricsBackend"},
                       {"metadata", metadata("local")},
                       {"spec", std::move(spec)}}));
  Result<Json> policy = parse_single_yaml(R"(
apiVersion: clickdeploy.io/v1alpha1
kind: MonitoringPolicy
metadata: {name: base, namespace: demo}
spec:
  serviceSelector: {matchLabels: {tier: front}}
  backendRef: {name: local}
  agents: [{name: node-exporter, install: {method: Package}}]
  scrape: {interval: 2s, timeout: 1s}
  rules: {groups: [{name: node, interval: 2s, rules: [{alert: InstanceDown, expr: up == 0, for: 30s}]}]}
)");
  ASSERT_TRUE(policy) << policy.error().message();
  create(*policy);
}

Json Bed::service(const std::string& name, int replicas) const {
  Result<Json> object = parse_single_yaml(R"(
apiVersion: clickdeploy.io/v1alpha1
kind: Service
metadata: {namespace: demo, labels: {tier: front}}
spec:
  cloudRef: {name: local}
  template:
    spec:
      image: {name: debian-12}
      flavors: [{name: m1.tiny}]
      networks: [{name: app, network: {name: app-net}, scrape: true}]
  remediation: {unhealthyAfterSeconds: 3, stepTimeoutSeconds: 30, startupTimeoutSeconds: 60}
)");
  EXPECT_TRUE(object);
  object->member("metadata").set("name", name);
  object->member("spec").set("replicas", replicas);
  return *object;
}

Json Bed::remediation(const std::string& field, Json value) {
  Json settings = Json::object({{field, std::move(value)}});
  return Json::object({{"spec", Json::object({{"remediation", std::move(settings)}})}});
}

void Bed::patch_policy(const std::string& spec) {
  Result<Json> merge_patch = parse_single_yaml("spec: " + spec);
  ASSERT_TRUE(merge_patch) << merge_patch.error().message();
  patch("monitoringpolicies", "base", *merge_patch);
}

void Bed::alert_at_once(const std::string& expr) {
  Json rule = Json::object(
      {{"alert", "Wrong"}, {"expr", expr}, {"labels", Json::object({{"severity", "page"}})}});
  Json group = Json::object(
      {{"name", "node"}, {"interval", "2s"}, {"rules", Json::array({std::move(rule)})}});
  Json rules = Json::object({{"groups", Json::array({std::move(group)})}});
  patch("monitoringpolicies", "base",
        Json::object({{"spec", Json::object({{"rules", std::move(rules)}})}}));
}

bool Bed::wait_until_monitored(const std::string& service, int replicas) {
  return wait_for("monitored servers", seconds(120), [&]() -> std::string {
    const std::optional<Json> object = get("services", service);
    if (!object) return "no Service";
    const Json status = (*object)["status"];
    return status["monitoredReplicas"].as_int() == replicas &&
                   condition("services", service, "RulesLoaded").starts_with("True")
               ? ""
               : to_json(status);
  });
}

bool Bed::wait_for_alert(const std::string& instance) {
  return wait_for("an alert about " + instance, seconds(90), [&]() -> std::string {
    const Json alerts = alertmanager("alerts");
    for (const Json& alert : alerts.as_array()) {
      if (alert["labels"]["instance_name"].as_string() == instance) return "";
    }
    return to_json(alerts);
  });
}

bool Bed::wait_for_no_alert() {
  return wait_for("the end of all alerts", seconds(90), [&]() -> std::string {
    const Json alerts = alertmanager("alerts");
    return alerts.is_array() && alerts.empty() ? "" : to_json(alerts);
  });
}

Json Bed::send(const std::string& method, const std::string& url, const Json& body, int* status) {
  http::Request request;
  request.method = method;
  request.url = url;
  request.deadline = seconds(20);
  if (options_.secured && url.starts_with(prometheus_url_)) {
    request.headers.push_back({"Authorization", "Basic " + base64_encode("clickdeploy:secret")});
  }
  if (!body.is_null()) {
    request.headers.push_back(
        {"Content-Type", method == "PATCH" ? "application/merge-patch+json" : "application/json"});
    request.body = to_json(body);
  }
  Result<http::Response> response = block_on(http_->send(std::move(request)));
  if (!response) {
    if (status != nullptr) *status = 0;
    return Json();
  }
  if (status != nullptr) *status = response->status;
  Result<Json> json = parse_json(response->body);
  return json ? *json : Json();
}

http::Response Bed::post(const Json& object) {
  int status = 0;
  Json body =
      send("POST", api_url_ + collection(object) + "?fieldValidation=Strict", object, &status);
  return {.status = status, .headers = {}, .body = to_json(body)};
}

int Bed::get_status(const std::string& path, http::Headers headers) {
  http::Request request;
  request.url = api_url_ + path;
  request.headers = std::move(headers);
  request.deadline = seconds(20);
  Result<http::Response> response = block_on(http_->send(std::move(request)));
  return response ? response->status : 0;
}

Json Bed::create(const Json& object) {
  int status = 0;
  Json answer = send("POST", api_url_ + collection(object), object, &status);
  EXPECT_EQ(status, 201) << to_json(answer);
  return answer;
}

std::optional<Json> Bed::get(const std::string& plural, const std::string& name) {
  int status = 0;
  Json answer = send("GET", api_url_ + object_path(plural, name), Json(), &status);
  if (status != 200) return std::nullopt;
  return answer;
}

std::vector<Json> Bed::list(const std::string& plural) {
  return send("GET", api_url_ + object_path(plural, ""), Json(), nullptr)["items"].as_array();
}

void Bed::patch(const std::string& plural, const std::string& name, const Json& merge_patch) {
  int status = 0;
  Json answer = send("PATCH", api_url_ + object_path(plural, name), merge_patch, &status);
  EXPECT_EQ(status, 200) << to_json(answer);
}

void Bed::patch_secret(const std::string& name, const Json& merge_patch) {
  int status = 0;
  Json answer =
      send("PATCH", api_url_ + "/api/v1/namespaces/demo/secrets/" + name, merge_patch, &status);
  EXPECT_EQ(status, 200) << to_json(answer);
}

void Bed::remove(const std::string& plural, const std::string& name) {
  int status = 0;
  Json answer = send("DELETE", api_url_ + object_path(plural, name), Json(), &status);
  EXPECT_EQ(status, 200) << to_json(answer);
}

bool Bed::wait_for(const std::string& what, seconds at_most,
                   const std::function<std::string()>& problem) {
  const auto until = steady_clock::now() + at_most;
  std::string last;
  while (true) {
    last = problem();
    if (last.empty()) return true;
    if (steady_clock::now() > until) break;
    std::this_thread::sleep_for(milliseconds(100));
  }
  ADD_FAILURE() << what << " within " << at_most.count() << " s: " << last;
  return false;
}

std::string Bed::condition(const std::string& plural, const std::string& name,
                           const std::string& type) {
  std::optional<Json> object = get(plural, name);
  if (!object) return "no such object";
  for (const Json& item : (*object)["status"]["conditions"].as_array()) {
    if (item["type"].as_string() != type) continue;
    return item["status"].as_string() + " " + item["reason"].as_string() + " " +
           item["message"].as_string();
  }
  return "no such condition";
}

Json Bed::cloud_state() {
  return send("GET", cloud_url_ + "/localcloud/v1/state", Json(), nullptr);
}

Json Bed::cloud_call(const std::string& method, const std::string& path, const Json& body) {
  int status = 0;
  Json answer = send(method, cloud_url_ + path, body, &status);
  EXPECT_LT(status, 300) << path << ": " << to_json(answer);
  return answer;
}

Json Bed::prometheus(const std::string& path) {
  return send("GET", prometheus_url_ + "/api/v1/" + path, Json(), nullptr)["data"];
}

}  // namespace clickdeploy::scenarios
