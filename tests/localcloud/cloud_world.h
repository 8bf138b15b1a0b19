// CloudWorld: a cloud with its HTTP face in one thread, on a clock that the test moves.

#pragma once

#include "controller/async/random.h"
#include "controller/base/json.h"
#include "controller/http/http_client.h"
#include "controller/localcloud/cloud.h"
#include "tests/testing/manual_clock.h"

#include <memory>
#include <string>
#include <vector>

namespace clickdeploy::localcloud {

// Remembers what it was told: "start web First", "stop ID", "destroy ID".
class RecordingGuests final : public GuestDriver {
 public:
  std::vector<std::string> events;
  std::vector<GuestFacts> started;
  std::string console = "one\ntwo\nthree\n";
  std::string refuse_with;  // not empty: start() fails with it

  Result<void> start(const GuestFacts& facts, Boot boot) override;
  void stop(const std::string& id) override { events.push_back("stop " + id); }
  void destroy(const std::string& id) override { events.push_back("destroy " + id); }
  std::string console_output(const std::string&) override { return console; }
  std::vector<RunningGuest> running() override { return {}; }
  void poll() override {}
};

struct Answered {
  int status = 0;
  Json body;
  std::string text;
  http::Headers headers;
  bool broken = false;  // the connection broke in the middle

  std::string header(std::string_view name) const;
};

class CloudWorld {
 public:
  explicit CloudWorld(CloudOptions options = {}, std::uint64_t seed = 1);
  ~CloudWorld();

  testing::ManualClock clock;
  SeededRandom random;
  RecordingGuests guests;
  Cloud cloud;
  std::string token;             // sent with each call; logged in at the start
  std::string version = "2.93";  // "" sends none

  Answered call(std::string method, std::string url, Json body = {}, http::Headers extra = {});
  Answered get(std::string url) { return call("GET", std::move(url)); }
  std::string log_in(const std::string& user, const std::string& project);

  void pass(std::chrono::milliseconds time);

  std::string image() const;
  std::string network(std::string_view name = "private") const;
  // A body for POST /servers.
  Json server_body(std::string name) const;
  // The id of a new server, in BUILD.
  std::string create(std::string name);
  // The same, ACTIVE.
  std::string create_active(std::string name);
  Json server(const std::string& id);

 private:
  struct Loop;
  std::unique_ptr<Loop> loop_;
  http::Handler handler_;
};

}  // namespace clickdeploy::localcloud
