#include "tests/scenarios/guest.h"

#include "controller/async/process.h"
#include "controller/base/text.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <pwd.h>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace clickdeploy::scenarios {

using std::chrono::seconds;

namespace {

constexpr int kPort = 2222;

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_file(const std::string& path, const std::string& text, ::mode_t mode) {
  std::ofstream(path) << text;
  ::chmod(path.c_str(), mode);
}

}  // namespace

Exporter find_exporter(const std::string& address) {
  SystemProcessRunner processes;
  const Result<ProcessResult> found =
      processes.run({"pgrep", "-f", "web.listen-address=" + address + ":"}, seconds(30));
  if (!found || found->exit_code != 0) return {};
  Exporter exporter{.pid = std::stoi(found->out)};
  const std::string process = "/proc/" + std::to_string(exporter.pid);
  exporter.argv = split(read_file(process + "/cmdline"), '\0');
  if (!exporter.argv.empty() && exporter.argv.back().empty()) exporter.argv.pop_back();
  exporter.folder = std::filesystem::read_symlink(process + "/cwd").string();
  return exporter;
}

std::unique_ptr<testing::ChildProcess> start_in_place_of(const Exporter& exporter,
                                                         const std::string& program,
                                                         const std::string& log) {
  std::vector<std::string> argv = {"env", "-C", exporter.folder, program};
  argv.insert(argv.end(), exporter.argv.begin() + 1, exporter.argv.end());
  return std::make_unique<testing::ChildProcess>(argv, log);
}

GuestSsh::GuestSsh(Bed& bed, const std::string& address, const std::string& script) : bed_(bed) {
  SystemProcessRunner processes;
  for (const char* key : {"host", "user"}) {
    EXPECT_TRUE(processes.run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path(key)},
                              seconds(60)));
  }
  if (::getuid() == 0) ::mkdir("/run/sshd", 0755);
  write_file(path("restart.sh"),
             "#!/bin/sh\necho \"$SSH_ORIGINAL_COMMAND\" >>" + path("asked") + "\n" + script + "\n",
             0755);
  write_file(path("sshd_config"),
             "ListenAddress " + address + "\nPort " + std::to_string(kPort) + "\nHostKey " +
                 path("host") + "\nAuthorizedKeysFile " + path("user.pub") + "\nForceCommand " +
                 path("restart.sh") +
                 "\nPidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\n",
             0600);
  sshd_ = std::make_unique<testing::ChildProcess>(
      std::vector<std::string>{"/usr/sbin/sshd", "-D", "-e", "-f", path("sshd_config")},
      path("sshd.log"));
  bed.create(
      Json::object({{"apiVersion", "v1"},
                    {"kind", "Secret"},
                    {"metadata", Json::object({{"name", "repair-key"}, {"namespace", "demo"}})},
                    {"stringData", Json::object({{"ssh-privatekey", read_file(path("user"))}})}}));
  const Json ssh = Json::object({{"user", ::getpwuid(::getuid())->pw_name},
                                 {"port", kPort},
                                 {"keySecretRef", Json::object({{"name", "repair-key"}})}});
  bed.patch("monitoringpolicies", "base",
            Json::object({{"spec", Json::object({{"repair", Json::object({{"ssh", ssh}})}})}}));
}

std::string GuestSsh::path(const std::string& name) const {
  return bed_.folder() + "/" + name;
}

std::string GuestSsh::asked() const {
  return read_file(path("asked"));
}

std::string GuestSsh::host_key() const {
  return read_file(path("host.pub"));
}

std::string GuestSsh::sudo() {
  return ::getuid() == 0 ? "" : "sudo -n ";
}

}  // namespace clickdeploy::scenarios
