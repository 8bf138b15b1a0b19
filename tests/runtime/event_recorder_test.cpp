#include "controller/runtime/event_recorder.h"

#include "tests/client/scripted_api.h"

#include <gtest/gtest.h>

#include <map>

namespace clickdeploy::runtime {
namespace {

using namespace std::chrono_literals;

using client::Running;
using client::ScriptedApi;
using client::ScriptedReply;
using client::SimWorld;
using client::status_body;

constexpr api::GroupVersionKind kService{"clickdeploy.io", "v1alpha1", "Service", "services"};

// Keeps Events as an API server does.
struct Fixture {
  SimWorld world;
  ScriptedApi api{world};
  EventRecorder events{api.client(), world.clock, "clickdeployd"};
  std::map<std::string, Json> stored;  // by name
  std::vector<std::string> created;    // messages, in order
  Running running{world};

  Fixture() {
    api.handler = [this](const ScriptedApi::Asked& asked) { return serve(asked); };
  }

  ScriptedReply serve(const ScriptedApi::Asked& asked) {
    if (asked.method == "POST") {
      const std::string name = asked.body["metadata"]["name"].as_string();
      if (!stored.try_emplace(name, asked.body).second) {
        return ScriptedReply::json(409, status_body(409, "AlreadyExists", "there is one"));
      }
      created.push_back(asked.body["message"].as_string());
      return ScriptedReply::json(201, asked.body);
    }
    const std::string name = asked.target.substr(asked.target.rfind('/') + 1);
    auto found = stored.find(name.substr(0, name.find('?')));
    if (found == stored.end()) {
      return ScriptedReply::json(404, status_body(404, "NotFound", "gone"));
    }
    if (asked.method == "PATCH") apply_merge_patch(found->second, asked.body);
    return ScriptedReply::json(200, found->second);
  }

  void record(const std::string& reason, const std::string& message) {
    api::ObjectMeta meta;
    meta.name = "web";
    meta.namespace_name = "shop";
    meta.uid = "uid-1";
    events.record(kService, meta, EventKind::Warning, reason, message);
  }
  void run() {
    running.tasks.start("events", events.run());
    world.context.run_for(1s);
  }
};

TEST(EventRecorder, WritesAnEventAboutTheObject) {
  Fixture s;
  s.record("ServerFault", "no valid host");
  s.run();
  ASSERT_EQ(s.stored.size(), 1u);
  const Json& event = s.stored.begin()->second;
  EXPECT_EQ(event["metadata"]["namespace"].as_string(), "shop");
  EXPECT_TRUE(event["metadata"]["name"].as_string().starts_with("web."));
  EXPECT_EQ(event["involvedObject"]["kind"].as_string(), "Service");
  EXPECT_EQ(event["involvedObject"]["apiVersion"].as_string(), "clickdeploy.io/v1alpha1");
  EXPECT_EQ(event["involvedObject"]["uid"].as_string(), "uid-1");
  EXPECT_EQ(event["type"].as_string(), "Warning");
  EXPECT_EQ(event["reason"].as_string(), "ServerFault");
  EXPECT_EQ(event["message"].as_string(), "no valid host");
  EXPECT_EQ(event["count"].as_int(), 1);
  EXPECT_EQ(event["firstTimestamp"].as_string(), "2026-11-22T00:00:00Z");
}

TEST(EventRecorder, TheSameEventAgainRaisesTheCount) {
  Fixture s;
  s.record("ServerFault", "no valid host");
  s.run();
  s.world.context.run_for(59s);
  s.record("ServerFault", "no valid host");
  s.record("ServerFault", "no valid host");
  s.record("ServerFault", "another message");
  s.world.context.run_for(1s);
  ASSERT_EQ(s.stored.size(), 2u);
  for (const auto& [name, event] : s.stored) {
    const bool first = event["message"].as_string() == "no valid host";
    EXPECT_EQ(event["count"].as_int(), first ? 3 : 1);
    EXPECT_EQ(event["lastTimestamp"].as_string(), "2026-11-22T00:01:00Z");
    EXPECT_EQ(event["firstTimestamp"].as_string(),
              first ? "2026-11-22T00:00:00Z" : "2026-11-22T00:01:00Z");
  }
}

TEST(EventRecorder, KeepsTheNewestThousandWhileNothingCanBeWritten) {
  Fixture s;
  for (int i = 0; i < 1'005; ++i) s.record("Busy", "number " + std::to_string(i));
  s.run();
  ASSERT_EQ(s.created.size(), 1'000u);
  EXPECT_EQ(s.created.front(), "number 5");
  EXPECT_EQ(s.created.back(), "number 1004");
}

TEST(EventRecorder, AnEventThatIsRefusedDoesNotStopTheNext) {
  Fixture s;
  s.api.handler = [&s](const ScriptedApi::Asked& asked) {
    if (asked.body["message"].as_string() == "bad") return ScriptedReply{500, {}};
    return s.serve(asked);
  };
  s.record("A", "bad");
  s.record("B", "good");
  s.run();
  EXPECT_EQ(s.created, (std::vector<std::string>{"good"}));
}

TEST(EventRecorder, LongMessagesAreCutBetweenCharacters) {
  for (std::size_t shift = 0; shift < 4; ++shift) {
    Fixture s;
    std::string message(shift, 'x');
    for (int i = 0; i < 400; ++i) message += "😀";
    s.record("Long", message);
    s.run();
    ASSERT_EQ(s.created.size(), 1u) << "not UTF-8 when cut after " << shift;
    EXPECT_LE(s.created[0].size(), 1'024u);
    EXPECT_GT(s.created[0].size(), 1'016u);
    EXPECT_TRUE(message.starts_with(s.created[0]));
  }
}

}  // namespace
}  // namespace clickdeploy::runtime
