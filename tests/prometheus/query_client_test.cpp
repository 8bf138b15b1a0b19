// The client against answers as a real Prometheus 2.42 gives them.

#include "controller/prometheus/query_client.h"

#include "controller/async/block_on.h"
#include "controller/prometheus/answers_internal.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace clickdeploy::prometheus {
namespace {

constexpr std::string_view kTargets =
    R"({"status":"success","data":{"activeTargets":[{"discoveredLabels":{"__address__":"127.77.1.1:9100","__meta_filepath":"sd/nodes/a.json","__metrics_path__":"/metrics","__scheme__":"http","__scrape_interval__":"5s","__scrape_timeout__":"5s","job":"nodes","service_id":"s1"},"labels":{"instance":"127.77.1.1:9100","job":"nodes","service_id":"s1"},"scrapePool":"nodes","scrapeUrl":"http://127.77.1.1:9100/metrics","globalUrl":"http://127.77.1.1:9100/metrics","lastError":"Get \"http://127.77.1.1:9100/metrics\": dial tcp 127.77.1.1:9100: connect: connection refused","lastScrape":"2026-11-22T09:56:49.528980209Z","lastScrapeDuration":0.000323985,"health":"down","scrapeInterval":"5s","scrapeTimeout":"5s"},{"discoveredLabels":{"__address__":"127.77.1.2:9100"},"labels":{"instance":"127.77.1.2:9100"},"scrapePool":"nodes","scrapeUrl":"http://127.77.1.2:9100/metrics","lastError":"","lastScrape":"0001-01-01T00:00:00Z","health":"unknown"}],"droppedTargets":[]}})";

constexpr std::string_view kRules =
    R"({"status":"success","data":{"groups":[{"name":"click_deploy_alerts","file":"b/rules/click_deploy.yml","rules":[{"state":"firing","name":"ClickDeployServiceDown","query":"up == 0","duration":10,"keepFiringFor":0,"labels":{"severity":"critical"},"annotations":{"summary":"down"},"alerts":[{"labels":{"alertname":"ClickDeployServiceDown"},"annotations":{},"state":"firing","activeAt":"2026-11-22T09:55:35Z","value":"0e+00"},{"labels":{},"annotations":{},"state":"pending","activeAt":"2026-11-22T09:55:35Z","value":"0e+00"}],"health":"ok","evaluationTime":0.25,"lastEvaluation":"2026-11-22T09:55:35.707087763Z","type":"alerting"}],"interval":5,"limit":0,"evaluationTime":0.000355507,"lastEvaluation":"2026-11-22T09:55:35.707087763Z"},{"name":"click_deploy_service","file":"b/rules/click_deploy.yml","rules":[{"name":"bad","query":"a / b","health":"err","lastError":"many-to-many matching not allowed: matching labels must be unique on one side","evaluationTime":0,"lastEvaluation":"0001-01-01T00:00:00Z","type":"recording"}],"interval":30,"limit":0}]}})";

struct Script {
  http::Response response;
  http::Request asked;
};

Task<http::Reply> answer(Script& script, http::Request request) {
  script.asked = std::move(request);
  http::Reply reply;
  reply.response = script.response;
  co_return reply;
}

class Client : public ::testing::Test {
 protected:
  Client() {
    http_.route("http://prom:9090",
                [this](http::Request request) { return answer(script_, std::move(request)); });
  }

  void answers(int status, std::string_view body) {
    script_.response.status = status;
    script_.response.body = body;
  }

  Script script_;
  http::LocalHttpClient http_;
  QueryClient client_{http_, "http://prom:9090/", std::chrono::seconds(5)};
};

TEST_F(Client, ReadsActiveTargets) {
  answers(200, kTargets);
  const auto targets = block_on(client_.active_targets());
  ASSERT_TRUE(targets) << targets.error().message();
  EXPECT_EQ(script_.asked.url, "/api/v1/targets?state=active");
  ASSERT_EQ(targets->size(), 2u);
  const ActiveTarget& down = targets->front();
  EXPECT_EQ(down.labels,
            (Labels{{"instance", "127.77.1.1:9100"}, {"job", "nodes"}, {"service_id", "s1"}}));
  EXPECT_EQ(down.discovered_labels.at("__meta_filepath"), "sd/nodes/a.json");
  EXPECT_EQ(down.scrape_pool, "nodes");
  EXPECT_EQ(down.scrape_url, "http://127.77.1.1:9100/metrics");
  EXPECT_EQ(down.health, "down");
  EXPECT_TRUE(down.last_error.ends_with("connect: connection refused"));
  ASSERT_TRUE(down.last_scrape);
  EXPECT_EQ(format_time(*down.last_scrape), "2026-11-22T09:56:49Z");
  EXPECT_EQ(targets->back().health, "unknown");
  EXPECT_FALSE(targets->back().last_scrape);
}

TEST_F(Client, ReadsRuleGroups) {
  answers(200, kRules);
  const auto groups = block_on(client_.rules());
  ASSERT_TRUE(groups) << groups.error().message();
  ASSERT_EQ(groups->size(), 2u);
  EXPECT_EQ(groups->front().file, "b/rules/click_deploy.yml");
  EXPECT_EQ(groups->front().interval_seconds, 5);
  const RuleStatus& alert = groups->front().rules.front();
  EXPECT_EQ(alert.name, "ClickDeployServiceDown");
  EXPECT_EQ(alert.type, "alerting");
  EXPECT_EQ(alert.state, "firing");
  EXPECT_EQ(alert.firing, 1u);
  EXPECT_EQ(alert.duration_seconds, 10);
  EXPECT_EQ(alert.evaluation_seconds, 0.25);
  EXPECT_EQ(alert.labels, (Labels{{"severity", "critical"}}));
  EXPECT_EQ(alert.annotations, (Labels{{"summary", "down"}}));
  const RuleStatus& bad = groups->back().rules.front();
  EXPECT_EQ(bad.health, "err");
  EXPECT_TRUE(bad.last_error.starts_with("many-to-many"));
  EXPECT_TRUE(bad.labels.empty());
}

TEST_F(Client, ReadsVectorsAndScalars) {
  answers(
      200,
      R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up","job":"n"},"value":[1795341342.203,"1"]},{"metric":{},"value":[1795341342,"NaN"]}]}})");
  const auto vector = block_on(client_.query("up{job=\"a b&c\"}"));
  ASSERT_TRUE(vector);
  EXPECT_EQ(script_.asked.method, "POST");
  EXPECT_EQ(script_.asked.body, "query=up%7Bjob%3D%22a%20b%26c%22%7D");
  ASSERT_EQ(vector->size(), 2u);
  EXPECT_EQ(vector->front(), (Sample{{{"__name__", "up"}, {"job", "n"}}, 1795341342.203, "1"}));
  EXPECT_EQ(vector->back().value, "NaN");

  answers(200,
          R"({"status":"success","data":{"resultType":"scalar","result":[1795341342.203,"1"]}})");
  const auto scalar = block_on(client_.query("1"));
  ASSERT_TRUE(scalar);
  EXPECT_EQ(*scalar, std::vector<Sample>{(Sample{{}, 1795341342.203, "1"})});

  answers(200, R"({"status":"success","data":{"resultType":"vector","result":[]}})");
  EXPECT_TRUE(block_on(client_.query("nothing"))->empty());
}

struct BadAnswer {
  int status = 0;
  std::string body;
  ErrorCode code = ErrorCode::Internal;
  std::string words;
};

TEST_F(Client, FailedQueriesKeepPrometheusWords) {
  const BadAnswer table[] = {
      {400,
       R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": 1:5: parse error: unclosed left parenthesis"})",
       ErrorCode::InvalidArgument, "1:5: parse error: unclosed left parenthesis"},
      {422,
       R"({"status":"error","errorType":"execution","error":"found duplicate series for the match group {} ..."})",
       ErrorCode::InvalidArgument, "found duplicate series"},
      {503,
       R"({"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"})",
       ErrorCode::Unavailable, "query timed out"},
      {503, "Service Unavailable", ErrorCode::Unavailable, "503: Service Unavailable"},
      {500, R"({"status":"error","errorType":"unavailable","error":"admin APIs disabled"})",
       ErrorCode::Unavailable, "admin APIs disabled"},
      {401, "Unauthorized\n", ErrorCode::Unauthenticated, "401: Unauthorized"},
      {404, "404 page not found\n", ErrorCode::NotFound, "404 page not found"},
      {502, "<html>\r\n\x1b[31mBad Gateway", ErrorCode::Unavailable, "Bad Gateway"},
      {200, "<html>a login page</html>", ErrorCode::Unavailable, "not Prometheus's"},
      {200, "", ErrorCode::Unavailable, "not Prometheus's"},
      {200, "[]", ErrorCode::Unavailable, "not Prometheus's"},
      {200, R"({"status":"error"})", ErrorCode::Unavailable, "not Prometheus's"},
      {200, R"({"status":"success"})", ErrorCode::Unavailable, "not Prometheus's"},
      {200, R"({"status":"success","data":[]})", ErrorCode::Unavailable, "not Prometheus's"},
      {200, R"({"status":"success","data":{"resultType":"vector","result":[{"value":[1]}]}})",
       ErrorCode::Unavailable, "not Prometheus's"}};
  for (const BadAnswer& row : table) {
    answers(row.status, row.body);
    const auto samples = block_on(client_.query("x"));
    ASSERT_FALSE(samples) << row.body;
    EXPECT_EQ(samples.error().code(), row.code) << row.body;
    const std::string& message = samples.error().message();
    EXPECT_NE(message.find(row.words), std::string::npos) << message;
    EXPECT_EQ(message.find_first_of("\r\n\x1b"), std::string::npos) << message;
  }
}

TEST_F(Client, AnswersOfTheWrongShapeAreUnavailable) {
  answers(200, R"({"status":"success","data":{"activeTargets":null,"groups":5}})");
  EXPECT_EQ(block_on(client_.active_targets()).error().code(), ErrorCode::Unavailable);
  EXPECT_EQ(block_on(client_.rules()).error().code(), ErrorCode::Unavailable);
  EXPECT_EQ(block_on(client_.runtime_info()).error().code(), ErrorCode::Unavailable);
  EXPECT_EQ(block_on(client_.canonical("up")).error().code(), ErrorCode::Unavailable);
  answers(200, R"({"status":"success","data":{"activeTargets":[5],"groups":[{"name":"x"}]}})");
  EXPECT_EQ(block_on(client_.active_targets()).error().code(), ErrorCode::Unavailable);
  EXPECT_EQ(block_on(client_.rules()).error().code(), ErrorCode::Unavailable);
}

TEST_F(Client, LongWordsAreCut) {
  answers(500, std::string(100'000, 'x'));
  EXPECT_LT(block_on(client_.query("x")).error().message().size(), 1200u);
}

TEST_F(Client, NobodyThereIsUnavailable) {
  QueryClient absent(http_, "http://elsewhere:9090", std::chrono::seconds(5));
  EXPECT_EQ(block_on(absent.query("up")).error().code(), ErrorCode::Unavailable);
  EXPECT_EQ(block_on(absent.ready()).error().code(), ErrorCode::Unavailable);
  EXPECT_EQ(block_on(absent.reload()).error().code(), ErrorCode::Unavailable);
}

TEST_F(Client, ReadinessIsTheStatus) {
  answers(200, "Prometheus Server is Ready.\n");
  EXPECT_TRUE(block_on(client_.ready()));
  EXPECT_EQ(script_.asked.url, "/-/ready");
  answers(503, "Service Unavailable");
  EXPECT_EQ(block_on(client_.ready()).error().code(), ErrorCode::Unavailable);
}

TEST_F(Client, ReloadTellsABadConfigurationFromADeadServer) {
  answers(200, "");
  EXPECT_TRUE(block_on(client_.reload()));
  EXPECT_EQ(script_.asked.method, "POST");
  EXPECT_EQ(script_.asked.url, "/-/reload");
  answers(500,
          "failed to reload config: one or more errors occurred while applying the new "
          "configuration (--config.file=\"d/prometheus.yml\")\n");
  const Result<void> bad = block_on(client_.reload());
  EXPECT_EQ(bad.error().code(), ErrorCode::InvalidArgument);
  EXPECT_NE(bad.error().message().find("failed to reload config"), std::string::npos);
  answers(403, "Lifecycle API is not enabled.\n");
  EXPECT_EQ(block_on(client_.reload()).error().code(), ErrorCode::PermissionDenied);
  answers(503, "Service Unavailable");
  EXPECT_EQ(block_on(client_.reload()).error().code(), ErrorCode::Unavailable);
}

TEST_F(Client, CanonicalFormIsOneLine) {
  answers(200, R"_({"status":"success","data":"sum by (x) (\n  rate(foo{a=\"b  c\"}[5m])\n)"})_");
  EXPECT_EQ(*block_on(client_.canonical("whatever")), R"(sum by (x) (rate(foo{a="b  c"}[5m])))");
}

TEST(SqueezeExpression, KeepsStringsAndJoinsTheRest) {
  EXPECT_EQ(squeeze_expression("  a\n+\n  b "), "a + b");
  EXPECT_EQ(squeeze_expression("f(\n  0.95,\n  x\n)"), "f(0.95, x)");
  EXPECT_EQ(squeeze_expression(R"({a="x \" (  y",b='  ',c=`\  `})"),
            R"({a="x \" (  y",b='  ',c=`\  `})");
  EXPECT_EQ(squeeze_expression("\"open  \\"), "\"open  \\");
  EXPECT_EQ(squeeze_expression(""), "");
}

}  // namespace
}  // namespace clickdeploy::prometheus
