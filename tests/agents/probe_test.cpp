#include "controller/agents/probe.h"

#include "controller/async/block_on.h"
#include "controller/async/clock.h"
#include "controller/async/disk.h"
#include "tests/agents/sample_agents.h"
#include "tests/testing/child_process.h"
#include "tests/testing/free_address.h"
#include "tests/testing/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace clickdeploy::agents {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Task<http::Reply> answer(const http::Response& response, http::Request request) {
  http::Reply reply;
  reply.response = response;
  if (request.url != "/metrics") reply.response.status = 404;
  co_return reply;
}

class Probe : public ::testing::Test {
 protected:
  Probe() {
    http_.route("http://192.0.2.1:9100",
                [this](http::Request request) { return answer(response_, std::move(request)); });
  }

  Result<ProbeResult> probe(int status, std::string body, Agent agent) {
    response_.status = status;
    response_.body = std::move(body);
    return block_on(probe_agent(http_, "192.0.2.1:9100", std::move(agent), access_, seconds(2)));
  }
  Result<ProbeResult> probe(int status, std::string body) {
    return probe(status, std::move(body), node_exporter(InstallMethod::Package));
  }

  AgentAccess access_;
  http::Response response_;
  http::LocalHttpClient http_;
};

TEST_F(Probe, ReadsVersionAndIdentity) {
  const Result<ProbeResult> result = probe(200,
                                           "# HELP click_deploy_agent_info x\n"
                                           "click_deploy_agent_info{instance_uid=\"u-1\"} 1\n"
                                           "node_exporter_build_info{branch=\"debian/"
                                           "sid\",goversion=\"go1.19.3\",version=\"1.5.0\"} 1\n");
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(*result, (ProbeResult{.version = "1.5.0", .instance_uid = "u-1"}));
}

TEST_F(Probe, CadvisorSaysItsVersionItsOwnWay) {
  const Result<ProbeResult> result =
      probe(200, "cadvisor_version_info{cadvisorVersion=\"v0.47.0\",kernelVersion=\"6.1\"} 1\n",
            cadvisor(InstallMethod::Container));
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(*result, (ProbeResult{.version = "v0.47.0", .instance_uid = ""}));
}

TEST_F(Probe, AgentThatSaysNothingOfItselfStillAnswers) {
  const Result<ProbeResult> result = probe(200, "up 1\n");
  ASSERT_TRUE(result);
  EXPECT_EQ(*result, ProbeResult());
}

TEST_F(Probe, SomethingElseIsQuotedAndCleaned) {
  const Result<ProbeResult> result =
      probe(200, "<html>\x1b[31m\"welcome\"" + std::string(5000, 'x') + "\nup 1\n");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::InvalidArgument);
  const std::string& message = result.error().message();
  EXPECT_NE(message.find("<html>"), std::string::npos) << message;
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
  EXPECT_LT(message.size(), 400u);
}

TEST_F(Probe, StatusTellsABrokenAgentFromAWrongOne) {
  EXPECT_EQ(probe(503, "").error().code(), ErrorCode::Unavailable);
  EXPECT_EQ(probe(301, "").error().code(), ErrorCode::InvalidArgument);
  EXPECT_EQ(probe(401, "Unauthorized").error().code(), ErrorCode::InvalidArgument);
  EXPECT_EQ(probe(200, "").error().code(), ErrorCode::InvalidArgument);
}

// One that asks for a password that the policy does not have may be another program altogether.
TEST_F(Probe, WhoRefusesOurPasswordRuns) {
  Agent agent = node_exporter(InstallMethod::Package);
  agent.basic_secret = "agents";
  const Result<ProbeResult> refused = probe(401, "Unauthorized", agent);
  EXPECT_EQ(refused.error().code(), ErrorCode::Unauthenticated);
  EXPECT_NE(refused.error().message().find("the password of Secret agents"), std::string::npos);
}

TEST_F(Probe, EndlessAnswerIsNoAgents) {
  EXPECT_EQ(probe(200, "up 1\n" + std::string(5 * 1024 * 1024, ' ')).error().code(),
            ErrorCode::InvalidArgument);
}

TEST_F(Probe, NobodyThereIsUnavailable) {
  const Result<ProbeResult> result = block_on(
      probe_agent(http_, "192.0.2.2:9100", node_exporter(InstallMethod::Package), {}, seconds(2)));
  EXPECT_EQ(result.error().code(), ErrorCode::Unavailable);
}

TEST(ProbeOfARealAgent, TellsWhoItIs) {
  const testing::TemporaryFolder folder;
  PosixDisk disk;
  ASSERT_TRUE(disk.write_atomic(folder / "click_deploy.prom",
                                "click_deploy_agent_info{instance_uid=\"u-1\"} 1\n", 0644));
  const std::string address = testing::free_address();
  const testing::ChildProcess exporter(
      {"prometheus-node-exporter", "--web.listen-address=" + address,
       "--collector.disable-defaults", "--collector.textfile",
       "--collector.textfile.directory=" + folder.path()},
      folder / "exporter.log");
  const std::unique_ptr<http::HttpClient> http = http::make_curl_client({});
  SystemClock clock;
  const SteadyTime end = clock.steady_now() + seconds(60);
  Result<ProbeResult> result = fail(ErrorCode::Unavailable, "not asked yet");
  while (!result && clock.steady_now() < end) {
    result = block_on(
        probe_agent(*http, address, node_exporter(InstallMethod::Package), {}, seconds(5)));
    if (!result) block_on(clock.sleep(milliseconds(50)));
  }
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->instance_uid, "u-1");
  EXPECT_TRUE(result->version.starts_with("1.")) << result->version;
}

}  // namespace
}  // namespace clickdeploy::agents
