// A real Prometheus behind TLS, client certificates and passwords, as its web.config.file has them.

#include "controller/async/block_on.h"
#include "controller/async/clock.h"
#include "controller/async/disk.h"
#include "controller/base/text.h"
#include "controller/prometheus/query_client.h"
#include "tests/http/certificate.h"
#include "tests/testing/child_process.h"
#include "tests/testing/free_address.h"
#include "tests/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <crypt.h>

namespace clickdeploy::prometheus {
namespace {

using http::testing::Certificate;
using http::testing::make_certificate;

constexpr const char* kPassword = "correct horse";

std::string bcrypt(const std::string& password) {
  crypt_data data{};
  return crypt_r(password.c_str(), "$2b$04$abcdefghijklmnopqrstuu", &data);
}

class SecuredPrometheus : public ::testing::Test {
 protected:
  SecuredPrometheus() {
    server_ = make_certificate(address_.substr(0, address_.find(':')));
    write("server.crt", server_.pem);
    write("server.key", server_.key_pem.reveal());
    write("client.crt", client_.pem);
    write("web.yml",
          "tls_server_config:\n"
          "  {cert_file: server.crt, key_file: server.key, client_ca_file: client.crt,\n"
          "   client_auth_type: RequireAndVerifyClientCert}\n"
          "basic_auth_users: {click-deploy: '" +
              bcrypt(kPassword) + "'}\n");
    write("prometheus.yml", "global: {scrape_interval: 1s}\n");
    prometheus_ = std::make_unique<testing::ChildProcess>(
        std::vector<std::string>{"prometheus", "--config.file=" + (folder_ / "prometheus.yml"),
                                 "--web.config.file=" + (folder_ / "web.yml"),
                                 "--storage.tsdb.path=" + (folder_ / "data"),
                                 "--web.listen-address=" + address_, "--web.enable-lifecycle"},
        folder_ / "prometheus.log");
    const SteadyTime end = clock_.steady_now() + std::chrono::seconds(60);
    while (!ask(good()) && clock_.steady_now() < end) {
      block_on(clock_.sleep(std::chrono::milliseconds(50)));
    }
  }

  void write(const std::string& name, std::string_view text) {
    EXPECT_TRUE(disk_.write_atomic(folder_ / name, text, 0644));
  }

  Access good() const {
    Access access;
    access.url = "https://" + address_ + "/";
    access.deadline = std::chrono::seconds(10);
    access.authorization =
        SecretString("Basic " + base64_encode(std::string("click-deploy:") + kPassword));
    access.tls = {
        .ca_pem = server_.pem, .certificate_pem = client_.pem, .key_pem = client_.key_pem};
    return access;
  }

  Result<RuntimeInfo> ask(const Access& access) {
    const auto http = http::make_curl_client({.tls = access.tls});
    return block_on(QueryClient(*http, access).runtime_info());
  }

  testing::TemporaryFolder folder_;
  PosixDisk disk_;
  SystemClock clock_;
  std::string address_ = testing::free_address();
  Certificate server_;
  Certificate client_ = make_certificate();
  std::unique_ptr<testing::ChildProcess> prometheus_;
};

TEST_F(SecuredPrometheus, AnswersWhoHasAllThatItAsksFor) {
  const Result<RuntimeInfo> info = ask(good());
  ASSERT_TRUE(info) << info.error().message();
  EXPECT_TRUE(info->reload_config_success);
  const auto http = http::make_curl_client({.tls = good().tls});
  QueryClient client(*http, good());
  EXPECT_TRUE(block_on(client.ready()));
  EXPECT_TRUE(block_on(client.query("1")));
  EXPECT_TRUE(block_on(client.rules()));
  const Result<void> reloaded = block_on(client.reload());
  EXPECT_TRUE(reloaded) << reloaded.error().message();
}

TEST_F(SecuredPrometheus, SaysWhatIsMissing) {
  ASSERT_TRUE(ask(good()));

  Access wrong = good();
  wrong.authorization = SecretString("Basic " + base64_encode("click-deploy:wrong"));
  Result<RuntimeInfo> refused = ask(wrong);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::Unauthenticated) << refused.error().message();
  EXPECT_EQ(refused.error().message().find("wrong"), std::string::npos);

  Access untrusting = good();
  untrusting.tls.ca_pem.clear();
  refused = ask(untrusting);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::Unavailable);
  EXPECT_NE(refused.error().message().find("certificate"), std::string::npos)
      << refused.error().message();

  Access nameless = good();
  nameless.tls.certificate_pem.clear();
  nameless.tls.key_pem = SecretString();
  refused = ask(nameless);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::Unavailable) << refused.error().message();

  Access plain = good();
  plain.url = "http://" + address_;
  refused = ask(plain);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::InvalidArgument) << refused.error().message();
}

TEST(AccessWithAProblem, FailsWithItAndAsksNobody) {
  http::LocalHttpClient nobody;
  Access access;
  access.url = "http://prom:9090";
  access.problem = Error(ErrorCode::InvalidArgument, "auth.basic: Secret shop/x does not exist");
  const Result<RuntimeInfo> info = block_on(QueryClient(nobody, access).runtime_info());
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code(), ErrorCode::InvalidArgument);
  EXPECT_NE(info.error().message().find("shop/x"), std::string::npos);
}

}  // namespace
}  // namespace clickdeploy::prometheus
