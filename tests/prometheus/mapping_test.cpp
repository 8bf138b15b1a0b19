// The mapping's rules, evaluated by the real promtool on series as exporters give them.

#include "controller/async/disk.h"
#include "controller/async/process.h"
#include "controller/base/json.h"
#include "controller/base/yaml.h"
#include "controller/prometheus/rule_files.h"
#include "tests/testing/golden.h"
#include "tests/testing/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace clickdeploy::prometheus {
namespace {

constexpr std::string_view kFirst =
    R"(managed_by="click-deploy",project_id="p",service_id="s",instance_id="i-1",agent="node-exporter")";
constexpr std::string_view kSecond =
    R"(managed_by="click-deploy",project_id="p",service_id="s",instance_id="i-2",agent="node-exporter")";
constexpr std::string_view kForeign = R"(project_id="p",service_id="s",instance_id="i-9")";

Json series(std::string_view metric, std::string_view labels, std::string_view more,
            std::string_view values) {
  return Json::object(
      {{"series", fmt::format("{}{{{}{}}}", metric, labels, more)}, {"values", values}});
}

struct Expected {
  std::string labels;
  double value = 0;
};

class Mapping : public ::testing::Test {
 protected:
  void given(Json one_series) { series_.push_back(std::move(one_series)); }

  // Eight minutes on, `metric` has exactly these samples.
  void expect(const std::string& metric, const std::vector<Expected>& samples) {
    Json wanted = Json::array();
    for (const Expected& sample : samples) {
      wanted.push_back(Json::object(
          {{"labels", fmt::format("{}{{{}}}", metric, sample.labels)}, {"value", sample.value}}));
    }
    expectations_.push_back(
        Json::object({{"expr", metric}, {"eval_time", "8m"}, {"exp_samples", std::move(wanted)}}));
  }

  void TearDown() override {
    PosixDisk disk;
    const RuleFile rules =
        render_rule_file("clickdeploy-mapping.yml", "c1/shop/main", mapping_rule_groups("15s"));
    ASSERT_TRUE(disk.write_atomic(folder_ / "rules.yml", rules.text, 0644));
    const Json test = Json::object(
        {{"interval", "15s"}, {"input_series", series_}, {"promql_expr_test", expectations_}});
    const Json file = Json::object({{"rule_files", Json::array({"rules.yml"})},
                                    {"evaluation_interval", "15s"},
                                    {"tests", Json::array({test})}});
    ASSERT_TRUE(disk.write_atomic(folder_ / "test.yml", to_yaml(file), 0644));
    SystemProcessRunner processes;
    const Result<ProcessResult> result = processes.run(
        {"promtool", "test", "rules", folder_ / "test.yml"}, std::chrono::seconds(60));
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_EQ(result->exit_code, 0) << result->out << result->err;
  }

  testing::TemporaryFolder folder_;
  Json series_ = Json::array();
  Json expectations_ = Json::array();
};

constexpr const char* kService = R"(project_id="p",service_id="s")";
constexpr const char* kInstance1 = R"(project_id="p",service_id="s",instance_id="i-1")";
constexpr const char* kInstance2 = R"(project_id="p",service_id="s",instance_id="i-2")";

TEST_F(Mapping, CpuIsTheShareThatIsNotIdle) {
  given(series("node_cpu_seconds_total", kFirst, R"(,cpu="0",mode="idle")", "0+7.5x40"));
  given(series("node_cpu_seconds_total", kFirst, R"(,cpu="1",mode="idle")", "0+15x40"));
  given(series("node_cpu_seconds_total", kFirst, R"(,cpu="1",mode="user")", "0+15x40"));
  given(series("node_cpu_seconds_total", kSecond, R"(,cpu="0",mode="idle")", "0+0x40"));
  given(series("node_cpu_seconds_total", kForeign, R"(,cpu="0",mode="idle")", "0+15x40"));
  expect("click_deploy_service_cpu_usage_percent", {{kService, 50}});
  expect("click_deploy_instance_cpu_usage_percent", {{kInstance1, 25}, {kInstance2, 100}});
}

TEST_F(Mapping, CpuIsNeverBelowZero) {
  given(series("node_cpu_seconds_total", kFirst, R"(,cpu="0",mode="idle")", "0+15.1x40"));
  expect("click_deploy_instance_cpu_usage_percent", {{kInstance1, 0}});
}

TEST_F(Mapping, MemoryIsWhatIsNotAvailable) {
  given(series("node_memory_MemTotal_bytes", kFirst, "", "1000x40"));
  given(series("node_memory_MemAvailable_bytes", kFirst, "", "400x40"));
  given(series("node_memory_MemTotal_bytes", kSecond, "", "2000x40"));
  given(series("node_memory_MemAvailable_bytes", kSecond, "", "2000x40"));
  given(series("node_memory_MemTotal_bytes", kForeign, "", "5000x40"));
  given(series("node_memory_MemAvailable_bytes", kForeign, "", "1x40"));
  expect("click_deploy_service_memory_usage_bytes", {{kService, 600}});
  expect("click_deploy_instance_memory_usage_bytes", {{kInstance1, 600}, {kInstance2, 0}});
}

TEST_F(Mapping, NetworkCountsRealDevicesOnly) {
  for (const char* device : {"eth0", "ens3", "bond0"}) {
    given(series("node_network_receive_bytes_total", kFirst, fmt::format(",device=\"{}\"", device),
                 "0+1000x40"));
  }
  for (const char* device :
       {"lo", "veth12ab", "docker0", "br-1f", "cni0", "virbr0", "ifb0", "tun0", "tap1"}) {
    given(series("node_network_receive_bytes_total", kFirst, fmt::format(",device=\"{}\"", device),
                 "0+77777x40"));
  }
  given(series("node_network_receive_bytes_total", kSecond, R"(,device="eth0")", "5x40"));
  given(series("node_network_transmit_bytes_total", kSecond, R"(,device="eth0")", "7x40"));
  expect("click_deploy_service_network_traffic_in_bytes_total", {{kService, 96005}});
  expect("click_deploy_service_network_traffic_out_bytes_total", {{kService, 7}});
  expect("click_deploy_instance_network_traffic_in_bytes_total",
         {{kInstance1, 96000}, {kInstance2, 5}});
  expect("click_deploy_instance_network_traffic_out_bytes_total", {{kInstance2, 7}});
}

TEST_F(Mapping, SilenceIsZeroAndAbsenceIsNothing) {
  given(series("node_network_receive_bytes_total", kFirst, R"(,device="eth0")", "0x40"));
  expect("click_deploy_instance_network_traffic_in_bytes_total", {{kInstance1, 0}});
  expect("click_deploy_instance_network_traffic_out_bytes_total", {});
  expect("click_deploy_service_cpu_usage_percent", {});
  expect("click_deploy_service_memory_usage_bytes", {});
  expect("click_deploy_agent_memory_bytes", {});
}

TEST_F(Mapping, AgentsTellWhatTheyUseThemselves) {
  given(series("process_resident_memory_bytes", kFirst, "", "20000000x40"));
  given(series("process_cpu_seconds_total", kFirst, "", "0+15x40"));
  given(series("process_resident_memory_bytes", kForeign, "", "1x40"));
  const std::string labels = std::string(kInstance1) + R"(,agent="node-exporter")";
  expect("click_deploy_agent_memory_bytes", {{labels, 20000000}});
  expect("click_deploy_agent_cpu_usage_percent", {{labels, 100}});
}

TEST_F(Mapping, ContainersAreCountedOnceAndWithoutTheTreeAboveThem) {
  const auto container = [this](const char* name, const char* more, const char* metric,
                                const char* values) {
    given(series(metric, kFirst,
                 fmt::format(R"(,id="/docker/{0}",name="{0}",image="web:1"{1})", name, more),
                 values));
  };
  container("a", R"(,cpu="total")", "container_cpu_usage_seconds_total", "0+7.5x40");
  container("b", R"(,cpu="total")", "container_cpu_usage_seconds_total", "0+3x40");
  given(series("container_cpu_usage_seconds_total", kFirst, R"(,id="/",cpu="total")", "0+30x40"));
  given(series("container_cpu_usage_seconds_total", kForeign, R"(,image="x")", "0+30x40"));
  container("a", "", "container_memory_usage_bytes", "100x40");
  container("b", "", "container_memory_usage_bytes", "20x40");
  given(series("container_memory_usage_bytes", kFirst, R"(,id="/system.slice")", "5000x40"));
  container("a", "", "container_memory_working_set_bytes", "90x40");
  container("a", R"(,interface="eth0")", "container_network_receive_bytes_total", "0+10x40");
  container("a", R"(,interface="lo")", "container_network_receive_bytes_total", "0+99x40");
  container("a", R"(,interface="eth0")", "container_network_transmit_bytes_total", "7x40");
  const std::string a = std::string(kInstance1) + R"(,name="a")";
  const std::string b = std::string(kInstance1) + R"(,name="b")";
  expect("click_deploy_service_container_cpu_usage_percent", {{kService, 70}});
  expect("click_deploy_instance_container_cpu_usage_percent", {{kInstance1, 70}});
  expect("click_deploy_container_cpu_usage_percent", {{a, 50}, {b, 20}});
  expect("click_deploy_service_container_memory_bytes", {{kService, 120}});
  expect("click_deploy_container_memory_bytes", {{a, 100}, {b, 20}});
  expect("click_deploy_service_container_memory_working_set_bytes", {{kService, 90}});
  expect("click_deploy_service_container_network_in_bytes_total", {{kService, 320}});
  expect("click_deploy_service_container_network_out_bytes_total", {{kService, 7}});
}

TEST_F(Mapping, RequestsOfAnApplication) {
  given(series("http_requests_total", kFirst, R"(,code="200",method="get")", "0+60x40"));
  given(series("http_requests_total", kFirst, R"(,code="500",method="get")", "0+15x40"));
  given(series("http_requests_total", kSecond, R"(,status="200")", "0+60x40"));
  given(series("http_requests_total", kSecond, R"(,status="503")", "0+15x40"));
  given(series("http_requests_total", kForeign, R"(,code="500")", "0+900x40"));
  for (const auto& [le, values] :
       {std::pair{"0.1", "0+30x40"}, {"0.2", "0+60x40"}, {"+Inf", "0+60x40"}}) {
    given(series("http_request_duration_seconds_bucket", kFirst, fmt::format(",le=\"{}\"", le),
                 values));
  }
  const std::string source = R"(,source="application")";
  expect("click_deploy_service_request_rate", {{kService + source, 10}});
  expect("click_deploy_service_request_error_ratio", {{kService + source, 0.2}});
  expect("click_deploy_instance_request_error_ratio",
         {{kInstance1 + source, 0.2}, {kInstance2 + source, 0.2}});
  expect("click_deploy_service_request_duration_seconds",
         {{kService + source + R"(,quantile="0.5")", 0.1},
          {kService + source + R"(,quantile="0.9")", 0.18000000000000002},
          {kService + source + R"(,quantile="0.95")", 0.19},
          {kService + source + R"(,quantile="0.99")", 0.198}});
}

// As Caddy 2.6 was measured: of 100 requests 40 are 200, 20 are `respond 500`, and 20 each are 502
// and 404, which are in no histogram.
TEST_F(Mapping, RequestsOfCaddyCountTheErrorsThatNoHistogramHas) {
  const std::string handler = R"(,handler="subroute",server="srv1")";
  given(series("caddy_http_requests_total", kFirst, handler, "0+100x40"));
  given(series("caddy_http_request_errors_total", kFirst, handler, "0+40x40"));
  given(series("caddy_http_request_duration_seconds_count", kFirst,
               handler + R"(,code="200",method="GET")", "0+40x40"));
  given(series("caddy_http_request_duration_seconds_count", kFirst,
               handler + R"(,code="500",method="GET")", "0+20x40"));
  const std::string source = R"(,source="caddy")";
  expect("click_deploy_service_request_error_ratio", {{kService + source, 0.6}});
  expect("click_deploy_instance_request_error_ratio", {{kInstance1 + source, 0.6}});
}

TEST_F(Mapping, NoRequestsAreNoErrorsAndNoDuration) {
  given(series("http_requests_total", kFirst, R"(,code="200")", "5x40"));
  given(series("caddy_http_requests_total", kFirst, R"(,handler="subroute")", "5x40"));
  given(series("http_request_duration_seconds_bucket", kFirst, R"(,le="0.1")", "5x40"));
  given(series("http_request_duration_seconds_bucket", kFirst, R"(,le="+Inf")", "5x40"));
  const std::string application = std::string(kService) + R"(,source="application")";
  const std::string caddy = std::string(kService) + R"(,source="caddy")";
  expect("click_deploy_service_request_rate", {{application, 0}, {caddy, 0}});
  expect("click_deploy_service_request_error_ratio", {{application, 0}, {caddy, 0}});
  expect("click_deploy_service_request_duration_seconds", {});
}

TEST(MappingText, IsAsReviewed) {
  testing::expect_golden(
      "prometheus/mapping.yml",
      render_rule_file("clickdeploy-mapping.yml", "c1/shop/main", mapping_rule_groups("30s")).text);
}

}  // namespace
}  // namespace clickdeploy::prometheus
