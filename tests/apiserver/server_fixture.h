// What the API server's tests share: a server over a real store in a temporary folder, everything
// in one thread on a virtual clock, entered at handle() as any client would.

#pragma once

#include "controller/apiserver/api_server.h"
#include "controller/async/task_group.h"
#include "controller/base/json.h"
#include "tests/simulation/sim_context.h"
#include "tests/testing/temporary_folder.h"

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace clickdeploy::apiserver {

inline constexpr std::string_view kServices =
    "/apis/clickdeploy.io/v1alpha1/namespaces/default/services";
inline constexpr std::string_view kSecrets = "/api/v1/namespaces/default/secrets";
inline constexpr std::string_view kConfigMaps = "/api/v1/namespaces/default/configmaps";

// One answer, whole.
struct Answered {
  int status = 0;
  http::Headers headers;
  std::string text;
  Json body;

  std::string header(std::string_view name) const;
  std::vector<std::string> warnings() const;
  std::string message() const { return body["message"].as_string(); }
  std::string revision() const { return body["metadata"]["resourceVersion"].as_string(); }
};

// An open watch, read event by event.
class OpenWatch;

class ServerTest : public ::testing::Test {
 protected:
  explicit ServerTest(std::uint64_t seed = 7);
  ~ServerTest() override;

  void open(ApiServerOptions options = {}, std::size_t log_events_max = 50'000);
  void close();
  void start_background();

  Answered send(http::Request request);
  Answered get(const std::string& url, http::Headers headers = {});
  Answered post(const std::string& url, const Json& body);
  Answered put(const std::string& url, const Json& body);
  Answered merge(const std::string& url, const Json& patch);
  Answered patch(const std::string& url, const std::string& type, const std::string& body);
  Answered remove(const std::string& url, const Json& options = {});

  OpenWatch watch(const std::string& url, http::Headers headers = {});

  // A valid Service; `post` it to kServices.
  static Json service(const std::string& name, std::int64_t replicas = 1);
  static Json config_map(const std::string& name, const std::string& value = "1");
  // service(name), stored.
  Json make_service(const std::string& name, const Json& metadata = {});

  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    std::exception_ptr thrown;
    boost::asio::co_spawn(context_.executor(), std::move(task),
                          [&value, &thrown](std::exception_ptr error, T result) {
                            thrown = std::move(error);
                            value.emplace(std::move(result));
                          });
    context_.run_until([&value] { return value.has_value(); },
                       context_.now() + std::chrono::hours(24));
    if (thrown) std::rethrow_exception(thrown);
    if (!value) throw std::runtime_error("the task did not end");
    return *std::move(value);
  }

  // Lets virtual time pass, and the background work with it.
  void pass(std::chrono::nanoseconds time) { context_.run_for(time); }

  clickdeploy::testing::TemporaryFolder folder_;
  simulation::SimContext context_;
  simulation::SimClock clock_{context_,
                              WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 22))};
  SeededRandom random_{11};
  std::unique_ptr<store::ObjectStore> store_;
  std::unique_ptr<ApiServer> server_;
  std::unique_ptr<TaskGroup> background_;
};

class OpenWatch {
 public:
  using Runner = std::function<std::optional<std::string>(http::BodyStream&)>;
  OpenWatch(http::Reply reply, Runner runner);

  int status() const { return reply_.response.status; }
  // The next event; null at the end of the stream.
  Json next();
  // "ADDED web 12" for each of the next `count` events.
  std::vector<std::string> next_texts(std::size_t count);

 private:
  http::Reply reply_;
  Runner runner_;
  std::vector<std::string> lines_;
  std::size_t read_ = 0;
};

}  // namespace clickdeploy::apiserver
