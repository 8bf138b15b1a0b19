// Targets that a real Prometheus asks us for: with the right token only, kept while we are away,
// and never an empty list before we know better.

#include "controller/async/block_on.h"
#include "tests/scenarios/bed.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

namespace clickdeploy::scenarios {
namespace {

using std::chrono::seconds;

class HttpSd : public ::testing::Test {
 protected:
  static constexpr const char* kPath = "/httpsd/v1/namespaces/demo/metricsbackends/local/targets";

  http::Response ask(const std::string& token) {
    const auto http = http::make_curl_client({});
    http::Request request;
    request.url = bed_.api() + kPath;
    request.deadline = seconds(10);
    if (!token.empty()) request.headers.push_back({"Authorization", "Bearer " + token});
    Result<http::Response> response = block_on(http->send(std::move(request)));
    return response ? *response : http::Response{.status = 0};
  }

  std::size_t known_targets() {
    return bed_.prometheus("targets?state=active")["activeTargets"].size();
  }

  Bed bed_{{.guests = "process", .prometheus = true, .served_targets = true}};
};

TEST_F(HttpSd, ServesWhatIsKnownAndNothingElse) {
  bed_.start_daemon();
  bed_.apply_basics();
  std::filesystem::create_directories(bed_.folder() + "/secrets");
  std::ofstream(bed_.folder() + "/secrets/demo_targets.token") << "open-sesame";
  bed_.configure_prometheus();
  bed_.create(bed_.service("web", 2));
  ASSERT_TRUE(bed_.wait_until_monitored("web", 2));
  EXPECT_EQ(known_targets(), 2u);
  EXPECT_TRUE(std::filesystem::is_empty(bed_.folder() + "/targets"));

  EXPECT_EQ(ask("").status, 401);
  EXPECT_EQ(ask("open-sesam").status, 401);
  const http::Response all = ask("open-sesame");
  EXPECT_EQ(all.status, 200);
  const Result<Json> list = parse_json(all.body);
  ASSERT_TRUE(list) << all.body;
  EXPECT_EQ(list->size(), 2u);
  EXPECT_EQ((*list)[0]["labels"]["service"].as_string(), "web");

  // Away for longer than two of its looks: Prometheus keeps what it has.
  bed_.kill_daemon();
  const double failed = bed_.prometheus_counter("prometheus_sd_http_failures_total");
  std::atomic<bool> over = false;
  std::vector<http::Response> seen;
  std::thread watcher([&] {
    while (!over) {
      seen.push_back(ask("open-sesame"));
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
  bed_.wait_for("two failed looks", seconds(60), [&]() -> std::string {
    const double now = bed_.prometheus_counter("prometheus_sd_http_failures_total");
    return now >= failed + 2 ? "" : "not yet";
  });
  EXPECT_EQ(known_targets(), 2u);
  bed_.start_daemon();
  bed_.wait_for("the list", seconds(60),
                [&] { return ask("open-sesame").status == 200 ? "" : "not yet"; });
  over = true;
  watcher.join();
  for (const http::Response& response : seen) {
    ASSERT_TRUE(response.status == 0 || response.status == 503 || response.status == 200)
        << response.status;
    if (response.status == 200) ASSERT_EQ(response.body, all.body);
  }
  EXPECT_EQ(known_targets(), 2u);

  bed_.remove("services", "web");
  bed_.wait_for("no targets", seconds(120), [&]() -> std::string {
    const std::size_t known = known_targets();
    return known == 0 ? "" : std::to_string(known);
  });
  const http::Response none = ask("open-sesame");
  EXPECT_EQ(none.body.find("__"), std::string::npos) << none.body;
}

}  // namespace
}  // namespace clickdeploy::scenarios
