// The command line itself: help, mistakes, exit codes, and a server that is not there.

#include "controller/base/text.h"
#include "tests/cli/cli_fixture.h"
#include "tests/http/certificate.h"
#include "tests/testing/free_address.h"

namespace clickdeploy::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(CliTest, HelpGoesToStandardOutput) {
  EXPECT_THAT(good({"--help"}), AllOf(HasSubstr("apply"), HasSubstr("why")));
  EXPECT_THAT(good({"get", "--help"}), HasSubstr("--field-selector"));
}

TEST_F(CliTest, MistakesInTheCommandLineAreCodeTwo) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"fly"},
                                             {"get"},
                                             {"get", "nonsense"},
                                             {"get", "csvc", "-o", "xml"},
                                             {"get", "csvc", "--bogus"},
                                             {"apply"},
                                             {"wait", "csvc/web"},
                                             {"delete", "csvc/web", "--timeout", "soon"},
                                             {"get", "csvc/web", "csvc"}}) {
    const Finished run = clickctl(arguments);
    EXPECT_EQ(run.code, 2) << ::testing::PrintToString(arguments);
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, StartsWith("error: "));
    EXPECT_EQ(std::ranges::count(run.err, '\n'), 1) << run.err;
  }
}

TEST_F(CliTest, AServerThatIsNotThereIsOneLineThatSaysWhatToDo) {
  const std::string address = "http://" + clickdeploy::testing::free_address();
  const Finished run = clickctl({"get", "csvc", "--server", address});
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.err, AllOf(StartsWith("error: the API server " + address + " cannot be reached"),
                             HasSubstr("Is clickdeployd running?")));
}

TEST_F(CliTest, ApplyStopsWhenTheServerCannotBeReached) {
  const std::string address = "http://" + clickdeploy::testing::free_address();
  const std::string map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
  const Finished run = clickctl({"apply", "-f", "-", "--server", address}, map + "---\n" + map);
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(std::ranges::count(run.err, '\n'), 1) << run.err;
}

// Answers, with a refusal, after a while.
Task<http::Reply> answer_late(Clock& clock) {
  co_await clock.sleep(std::chrono::milliseconds(1'500));
  http::Reply reply;
  reply.response.status = 404;
  co_return reply;
}

TEST_F(CliTest, ASlowAnswerIsAnnouncedAndATimeoutExplained) {
  auto slow = http::HttpServer::start({}, [this](http::Request) { return answer_late(clock_); });
  ASSERT_TRUE(slow.has_value());
  const std::string address = "http://127.0.0.1:" + std::to_string((*slow)->port());
  const Finished late = clickctl({"get", "csvc", "--server", address});
  EXPECT_EQ(late.code, 1);
  EXPECT_EQ(late.err, "waiting for an answer of " + address + "\nerror: the API answered 404. Is " +
                          address + " an API server of Click Deploy or Kubernetes?\n");
  const Finished cut = clickctl({"get", "csvc", "--server", address, "--request-timeout", "1s"});
  EXPECT_EQ(cut.code, 1);
  EXPECT_THAT(cut.err, HasSubstr("More time: --request-timeout"));
}

Task<http::Reply> answer_version(http::Request request) {
  const std::string* who = http::find_header(request.headers, "Authorization");
  http::Reply reply;
  reply.response.status = who != nullptr && *who == "Bearer s3cret" ? 200 : 401;
  reply.response.body = R"({"gitVersion":"v1.2.3"})";
  co_return reply;
}

TEST_F(CliTest, SpeaksTlsWithTheAuthorityAndTheTokenOfTheKubeconfig) {
  const http::testing::Certificate certificate = http::testing::make_certificate();
  http::ServerOptions options;
  options.certificate_pem = certificate.pem;
  options.key_pem = certificate.key_pem;
  auto server = http::HttpServer::start(options, answer_version);
  ASSERT_TRUE(server.has_value());
  const std::string address = "https://127.0.0.1:" + std::to_string((*server)->port());
  const std::string config =
      write("tls", "current-context: c\nclusters:\n- name: c\n  cluster:\n    server: " + address +
                       "\n    certificate-authority-data: " + base64_encode(certificate.pem) +
                       "\ncontexts:\n- name: c\n  context: {cluster: c, user: u}\n"
                       "users:\n- name: u\n  user: {token: s3cret}\n");
  EXPECT_THAT(good({"version", "--kubeconfig", config}), HasSubstr("Server Version: v1.2.3"));
  EXPECT_EQ(clickctl({"version", "--server", address}).code, 1);  // an authority nobody trusts
}

}  // namespace
}  // namespace clickdeploy::cli
