// The files that lock an exporter, and the script that makes its certificate, run by the real sh
// and openssl.

#include "controller/agents/web_config.h"

#include "controller/async/disk.h"
#include "controller/async/process.h"
#include "controller/base/json.h"
#include "controller/base/yaml.h"
#include "tests/agents/sample_agents.h"
#include "tests/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <crypt.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace clickdeploy::agents {
namespace {

constexpr const char* kSalt = "000102030405060708090a0b0c0d0e0f";

TEST(BcryptHash, IsOneThatCryptKnows) {
  const Result<std::string> hash = bcrypt_hash(SecretString("swordfish"), kSalt);
  ASSERT_TRUE(hash) << hash.error().message();
  EXPECT_TRUE(hash->starts_with("$2b$10$")) << *hash;
  crypt_data scratch{};
  EXPECT_EQ(crypt_r("swordfish", hash->c_str(), &scratch), *hash);
  EXPECT_NE(crypt_r("swordfisch", hash->c_str(), &scratch), *hash);
  EXPECT_NE(bcrypt_hash(SecretString("swordfish"), std::string(32, 'f')).value(), *hash);
}

TEST(BcryptHash, RefusesWhatItWouldCut) {
  EXPECT_FALSE(bcrypt_hash(SecretString(""), kSalt));
  EXPECT_TRUE(bcrypt_hash(SecretString(std::string(72, 'x')), kSalt));
  EXPECT_FALSE(bcrypt_hash(SecretString(std::string(73, 'x')), kSalt));
}

Agent locked(InstallMethod method) {
  Agent agent = node_exporter(method);
  agent.tls = true;
  agent.basic_secret = "agents";
  return agent;
}

UserDataInput locked_input(InstallMethod method) {
  UserDataInput input = input_with({locked(method)});
  input.locks["node-exporter"] = {.username = "prometheus", .password_hash = "$2b$10$abc"};
  return input;
}

Json file_of(const Json& config, const std::string& path) {
  for (const Json& file : config["write_files"].as_array()) {
    if (file["path"].as_string() == path) return file;
  }
  return Json();
}

TEST(Lock, IsInTheUserDataWithoutAnythingSecret) {
  for (InstallMethod method :
       {InstallMethod::Package, InstallMethod::Container, InstallMethod::Archive}) {
    const Result<std::string> text = render_user_data(locked_input(method));
    ASSERT_TRUE(text) << text.error().message();
    const Json config = parse_single_yaml(*text).value();
    const Json web = file_of(config, "/etc/click-deploy/node-exporter-web.yml");
    EXPECT_EQ(web["permissions"].as_string(), "0600");
    const Json parsed = parse_single_yaml(web["content"].as_string()).value();
    EXPECT_EQ(parsed["basic_auth_users"]["prometheus"].as_string(), "$2b$10$abc");
    EXPECT_EQ(parsed["tls_server_config"]["cert_file"].as_string(),
              "/etc/click-deploy/node-exporter.crt");
    EXPECT_TRUE(file_of(config, "/etc/click-deploy/node-exporter.key").is_null());
    EXPECT_NE(text->find("--web.config.file=/etc/click-deploy/node-exporter-web.yml"),
              std::string::npos);
  }
}

TEST(Lock, OfAGivenCertificateHasItsFiles) {
  UserDataInput input = locked_input(InstallMethod::Package);
  input.agents[0].certificate_secret = "agents-tls";
  input.locks["node-exporter"].certificate_pem = "CERT";
  input.locks["node-exporter"].key_pem = SecretString("KEY");
  const Json config = parse_single_yaml(render_user_data(input).value()).value();
  EXPECT_EQ(file_of(config, "/etc/click-deploy/node-exporter.crt")["content"].as_string(), "CERT");
  const Json key = file_of(config, "/etc/click-deploy/node-exporter.key");
  EXPECT_EQ(key["content"].as_string(), "KEY");
  EXPECT_EQ(key["permissions"].as_string(), "0600");
}

TEST(Lock, IsForExportersThatHaveOne) {
  Agent agent = cadvisor(InstallMethod::Container);
  agent.tls = true;
  const Result<std::string> refused = render_user_data(input_with({agent}));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("tls and auth"), std::string::npos);
  agent.install.method = InstallMethod::Prebuilt;  // somebody else has locked it
  EXPECT_TRUE(render_user_data(input_with({agent})));
}

class MakeCertificate : public ::testing::Test {
 protected:
  MakeCertificate() {
    EXPECT_TRUE(disk_.write_atomic(folder_ / "make.sh", std::string(kMakeCertificateText), 0755));
    EXPECT_TRUE(disk_.write_atomic(folder_ / "web.yml", "{}", 0644));
  }
  ProcessResult run(const std::string& certificate, const std::string& key) {
    return processes_
        .run({"sh", folder_ / "make.sh", certificate, key, ::getpwuid(::getuid())->pw_name,
              folder_ / "web.yml"},
             std::chrono::seconds(30))
        .value();
  }
  unsigned mode_of(const std::string& name) {
    struct stat status{};
    return ::stat((folder_ / name).c_str(), &status) == 0 ? status.st_mode & 0777 : 0;
  }

  testing::TemporaryFolder folder_;
  PosixDisk disk_;
  SystemProcessRunner processes_;
};

TEST_F(MakeCertificate, OfTheServersOwnOnce) {
  const ProcessResult done = run(folder_ / "a.crt", folder_ / "a.key");
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(mode_of("a.key"), 0400u);
  EXPECT_EQ(mode_of("a.crt"), 0644u);
  EXPECT_EQ(mode_of("web.yml"), 0400u);
  const ProcessResult shown =
      processes_
          .run({"openssl", "x509", "-in", folder_ / "a.crt", "-noout", "-ext", "subjectAltName"},
               std::chrono::seconds(30))
          .value();
  EXPECT_NE(shown.out.find("DNS:"), std::string::npos) << shown.out << shown.err;
  // A second run, as after a reboot, keeps it.
  const std::string before = disk_.read(folder_ / "a.crt").value();
  ASSERT_EQ(run(folder_ / "a.crt", folder_ / "a.key").exit_code, 0);
  EXPECT_EQ(disk_.read(folder_ / "a.crt").value(), before);
}

TEST_F(MakeCertificate, IsNotMadeForAPasswordAlone) {
  ASSERT_EQ(run("", "").exit_code, 0);
  EXPECT_EQ(mode_of("web.yml"), 0400u);
}

}  // namespace
}  // namespace clickdeploy::agents
