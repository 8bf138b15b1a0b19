#include "tests/scenarios/hosts_bed.h"

#include "controller/base/yaml.h"

#include <gtest/gtest.h>

#include <fstream>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace clickdeploy::scenarios {

using std::chrono::seconds;

namespace {

constexpr int kPort = 2222;

void make_key(const std::string& file) {
  SystemProcessRunner processes;
  EXPECT_TRUE(
      processes.run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file}, seconds(60)));
}

std::string read(const std::string& path) {
  PosixDisk disk;
  return disk.read(path).value_or("");
}

void write(const std::string& path, const std::string& text, unsigned mode) {
  PosixDisk disk;
  EXPECT_TRUE(disk.write_atomic(path, text, mode));
}

}  // namespace

HostsBed::HostsBed(int machines) : bed({.prometheus = true}) {
  make_key(bed.folder() + "/user");
  if (::getuid() == 0) ::mkdir("/run/sshd", 0755);
  for (int number = 1; number <= machines; ++number) {
    // Beside those of localcloud's servers, which it counts from the beginning of the /16.
    const std::string address =
        "127." + std::to_string(128 + ::getpid() % 120) + ".250." + std::to_string(number);
    Part part{.name = "web-" + std::to_string(number)};
    part.machine = std::make_unique<testing::Machine>(bed.folder() + "/" + part.name, address);
    make_key(part.machine->path("host"));
    // Whatever is asked for, by root or through sudo, is done as root of the machine.
    std::string enter;
    for (const std::string& word : part.machine->enter()) enter += word + " ";
    write(part.machine->path("command.sh"),
          "#!/bin/sh\ncase $SSH_ORIGINAL_COMMAND in\n*'sh -s')\n  script=$(mktemp)\n"
          "  cat >$script\n  " +
              enter + "sh -s <$script\n  status=$?\n  deadly=" + bed.folder() +
              "/deadly\n  if [ -f $deadly ] && grep -qF -f $deadly $script; then\n"
              "    rm $deadly\n    kill -9 $(cat " +
              bed.folder() + "/daemon.pid)\n  fi\n  rm $script\n  exit $status ;;\n*) exec " +
              enter + "${SSH_ORIGINAL_COMMAND#sudo -n } ;;\nesac\n",
          0755);
    write(part.machine->path("sshd_config"),
          "ListenAddress " + address + "\nPort " + std::to_string(kPort) + "\nHostKey " +
              part.machine->path("host") + "\nAuthorizedKeysFile " + bed.folder() +
              "/user.pub\nForceCommand " + part.machine->path("command.sh") +
              "\nPidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\n"
              "MaxStartups 100\n",
          0600);
    parts_.push_back(std::move(part));
    start_sshd(number);
  }
}

void HostsBed::start_sshd(int number) {
  Part& part = parts_.at(number_of(number));
  part.sshd = std::make_unique<testing::ChildProcess>(
      std::vector<std::string>{"/usr/sbin/sshd", "-D", "-e", "-f",
                               part.machine->path("sshd_config")},
      part.machine->path("sshd.log"));
}

void HostsBed::stop_sshd(int number) {
  parts_.at(number_of(number)).sshd.reset();
}

std::string HostsBed::host_key(int number) const {
  const std::string line = read(parts_.at(number_of(number)).machine->path("host.pub"));
  return line.substr(0, line.find(' ', line.find(' ') + 1));
}

void HostsBed::kill_daemon_after(const std::string& words) {
  write(bed.folder() + "/daemon.pid", std::to_string(bed.daemon_pid()), 0644);
  write(bed.folder() + "/deadly", words + "\n", 0644);
}

int HostsBed::count_marks(const std::string& words) {
  int count = 0;
  for (Part& part : parts_) {
    const std::string mark = part.machine->mark();
    if (!mark.empty() && mark.find(words) != std::string::npos) ++count;
  }
  return count;
}

Json HostsBed::hosts(const std::vector<int>& numbers) const {
  Json list = Json::array();
  for (const int number : numbers) {
    const Part& part = parts_.at(number_of(number));
    list.push_back(
        Json::object({{"name", part.name},
                      {"address", part.machine->address()},
                      {"labels", Json::object({{"rack", number % 2 == 0 ? "b" : "a"}})}}));
  }
  return list;
}

void HostsBed::create_key() {
  bed.create(Json::object(
      {{"apiVersion", "v1"},
       {"kind", "Secret"},
       {"metadata", Json::object({{"name", "lab-key"}, {"namespace", "demo"}})},
       {"stringData", Json::object({{"ssh-privatekey", read(bed.folder() + "/user")}})}}));
}

void HostsBed::apply_basics() {
  bed.apply_basics();
  create_key();
  std::vector<int> all;
  for (int number = 1; number <= static_cast<int>(parts_.size()); ++number) all.push_back(number);
  Json ssh = Json::object({{"user", ::getpwuid(::getuid())->pw_name},
                           {"port", kPort},
                           {"keySecretRef", Json::object({{"name", "lab-key"}})}});
  bed.create(Json::object({{"apiVersion", "clickdeploy.io/v1alpha1"},
                           {"kind", "Cloud"},
                           {"metadata", Json::object({{"name", "lab"}, {"namespace", "demo"}})},
                           {"spec", Json::object({{"type", "Hosts"},
                                                  {"hosts", hosts(all)},
                                                  {"ssh", std::move(ssh)},
                                                  {"pollSeconds", 1}})}}));
}

void HostsBed::apply_tutorial(bool db) {
  if (!db)
    bed.create(Json::object({{"apiVersion", "v1"},
                             {"kind", "Namespace"},
                             {"metadata", Json::object({{"name", "demo"}})}}));
  if (!db) create_key();
  const std::string page =
      read(testing::source_folder() + "/docs/tutorials/machines-without-openstack.md");
  const std::string user = ::getpwuid(::getuid())->pw_name;
  std::size_t objects = 0;
  constexpr std::string_view kOpen = "```yaml\n";
  for (std::size_t at = page.find(kOpen); at != std::string::npos; at = page.find(kOpen, at + 1)) {
    std::string text = page.substr(at + kOpen.size(), page.find("```", at + 3) - at - kOpen.size());
    for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
             {"namespace: lab", "namespace: demo"},
             {"192.0.2.11", machine(1).address()},
             {"192.0.2.12", machine(2).address()},
             {"user: deploy", "user: " + user + "\n    port: " + std::to_string(kPort)},
             {"http://127.0.0.1:9090", bed.prometheus_url()},
             {"/var/lib/clickdeploy-prometheus", bed.folder()},
             {"type: Hosts", "type: Hosts\n  pollSeconds: 1"}}) {
      for (std::size_t found = text.find(from); found != std::string::npos;
           found = text.find(from, found + to.size())) {
        text.replace(found, from.size(), to);
      }
    }
    const Result<std::vector<YamlDocument>> documents = parse_yaml(text);
    ASSERT_TRUE(documents) << documents.error().message();
    for (const YamlDocument& document : *documents) {
      if (db == (document.value["metadata"]["name"].as_string() == "db")) {
        bed.create(document.value);
        ++objects;
      }
    }
  }
  EXPECT_EQ(objects, db ? 1U : 4U);
}

void HostsBed::set_hosts(const std::vector<int>& numbers) {
  bed.patch("clouds", "lab", Json::object({{"spec", Json::object({{"hosts", hosts(numbers)}})}}));
}

Json HostsBed::service(const std::string& name, int replicas) const {
  Result<Json> object = parse_single_yaml(R"(
apiVersion: clickdeploy.io/v1alpha1
kind: Service
metadata: {namespace: demo, labels: {tier: front}}
spec:
  cloudRef: {name: lab}
  template: {spec: {}}
  rollout: {minReadySeconds: 0}
  remediation: {unhealthyAfterSeconds: 3, stepTimeoutSeconds: 20, startupTimeoutSeconds: 60}
)");
  EXPECT_TRUE(object);
  object->member("metadata").set("name", name);
  object->member("spec").set("replicas", replicas);
  return *object;
}

}  // namespace clickdeploy::scenarios
