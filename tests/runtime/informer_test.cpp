#include "controller/runtime/reflector.h"
#include "tests/client/scripted_api.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>
#include <vector>

namespace clickdeploy::runtime {
namespace {

using namespace std::chrono_literals;

using client::event_line;
using client::list_body;
using client::named;
using client::Running;
using client::ScriptedApi;
using client::ScriptedReply;
using client::SimWorld;
using client::status_body;

// What is logged while it lives.
class CapturedLog {
 public:
  CapturedLog() : usual_(spdlog::default_logger()) {
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_st>(text_);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("captured", sink));
  }
  ~CapturedLog() { spdlog::set_default_logger(usual_); }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  std::size_t count(const std::string& words) const {
    const std::string text = text_.str();
    std::size_t times = 0;
    for (std::size_t at = text.find(words); at != std::string::npos;
         at = text.find(words, at + 1)) {
      ++times;
    }
    return times;
  }

 private:
  std::shared_ptr<spdlog::logger> usual_;
  std::ostringstream text_;
};

ScriptedReply list_of(std::vector<Json> items, const std::string& version,
                      const std::string& more = "") {
  return ScriptedReply::json(200, list_body(std::move(items), version, more));
}

ScriptedReply watch_of(std::vector<client::Piece> pieces, bool stays_open = true) {
  return ScriptedReply{200, std::move(pieces), stays_open};
}

struct Fixture {
  SimWorld world;
  ScriptedApi api{world};
  Informer<Json> informer{api.client(), world.clock, world.random, {"", "v1", "namespaces"}};
  std::vector<std::string> told;  // "a new", "a 1→2", "a gone"
  Running running{world};

  Fixture() {
    informer.listen([this](const ObjectKey& key, const auto& before, const auto& now) {
      const auto version = [](const auto& object) {
        return (*object)["metadata"]["resourceVersion"].as_string();
      };
      if (before == nullptr) {
        told.push_back(key.name + " new");
      } else if (now == nullptr) {
        told.push_back(key.name + " gone");
      } else {
        told.push_back(key.name + " " + version(before) + "→" + version(now));
      }
    });
  }

  void start() { running.tasks.start("informer", informer.run()); }
  bool wait_asked(std::size_t count) {
    return world.wait([this, count] { return api.asked.size() >= count; });
  }
  std::string names() const {
    std::string all;
    for (const auto& object : informer.list()) {
      all += (*object)["metadata"]["name"].as_string() + " ";
    }
    return all;
  }
};

TEST(Informer, ListsAllPagesThenFollowsTheWatch) {
  Fixture s;
  s.api.script = {list_of({named("a", "1"), named("b", "2")}, "5", "next"),
                  list_of({named("c", "3")}, "5"),
                  watch_of({{event_line("ADDED", named("d", "6"))},
                            {event_line("MODIFIED", named("a", "7"))},
                            {event_line("DELETED", named("b", "8"))}})};
  EXPECT_FALSE(s.informer.synced());
  s.start();
  s.world.context.run_for(1s);
  EXPECT_TRUE(s.informer.synced());
  EXPECT_EQ(s.names(), "a c d ");
  EXPECT_EQ(s.told,
            (std::vector<std::string>{"a new", "b new", "c new", "d new", "a 1→7", "b gone"}));
  ASSERT_EQ(s.api.asked.size(), 3u);
  EXPECT_NE(s.api.asked[2].target.find("resourceVersion=5"), std::string::npos);
  EXPECT_EQ(s.informer.get({"", "b"}), nullptr);
  EXPECT_EQ(s.informer.size(), 3u);
}

TEST(Informer, AWatchThatEndsIsContinuedFromTheLastBookmark) {
  Fixture s;
  s.api.script = {list_of({named("a", "1")}, "5"),
                  watch_of({{event_line("BOOKMARK", named("", "90")), 30s}, {"\n", 30s}}, false),
                  watch_of({})};
  s.start();
  ASSERT_TRUE(s.wait_asked(3));
  EXPECT_NE(s.api.asked[2].target.find("resourceVersion=90"), std::string::npos);
  EXPECT_EQ(s.api.asked[2].when, 60s);  // at once
  EXPECT_EQ(s.names(), "a ");
  EXPECT_EQ(s.told, (std::vector<std::string>{"a new"}));
}

TEST(Informer, AnExpiredVersionListsAgainAndNoticesWhatWentMeanwhile) {
  for (const ScriptedReply& expired :
       {watch_of({{event_line("ERROR", status_body(410, "Expired", "too old")), 10s}}),
        ScriptedReply::json(410, status_body(410, "Expired", "too old"))}) {
    Fixture s;
    s.api.script = {list_of({named("a", "1"), named("b", "2")}, "5"), expired,
                    list_of({named("b", "8"), named("c", "9")}, "9"), watch_of({})};
    s.start();
    ASSERT_TRUE(s.wait_asked(4));
    s.world.context.run_for(1s);
    EXPECT_EQ(s.names(), "b c ");
    EXPECT_EQ(s.told, (std::vector<std::string>{"a new", "b new", "b 2→8", "c new", "a gone"}));
    EXPECT_NE(s.api.asked[3].target.find("resourceVersion=9"), std::string::npos);
  }
}

TEST(Informer, ALostConnectionKeepsTheCopyAndTheVersion) {
  Fixture s;
  s.api.script = {list_of({named("a", "1")}, "5"),
                  watch_of({{event_line("ADDED", named("b", "6"))}, {"", 5s, true}}), watch_of({})};
  s.start();
  ASSERT_TRUE(s.wait_asked(3));
  EXPECT_NE(s.api.asked[2].target.find("resourceVersion=6"), std::string::npos);
  EXPECT_GT(s.api.asked[2].when, SteadyTime(5s));
  EXPECT_LE(s.api.asked[2].when, SteadyTime(5s + 200ms));
  EXPECT_EQ(s.names(), "a b ");
}

TEST(Informer, AServerThatIsDownIsAskedLessAndLess) {
  Fixture s;  // no script: 503
  s.start();
  ASSERT_TRUE(s.wait_asked(20));
  EXPECT_FALSE(s.informer.synced());
  for (std::size_t i = 1; i < s.api.asked.size(); ++i) {
    const auto gap = s.api.asked[i].when - s.api.asked[i - 1].when;
    const auto full = std::min<std::chrono::nanoseconds>(
        30s, std::chrono::milliseconds(200LL << std::min<std::size_t>(i - 1, 10)));
    EXPECT_GE(gap, full / 2) << i;
    EXPECT_LE(gap, full) << i;
  }
}

TEST(Informer, AServerThatEndsEachWatchAtOnceIsNotAskedInALoop) {
  Fixture s;
  s.api.handler = [](const ScriptedApi::Asked& asked) {
    return asked.target.find("watch=true") == std::string::npos ? list_of({}, "5")
                                                                : watch_of({}, false);
  };
  s.start();
  s.world.context.run_for(10min);
  EXPECT_LT(s.api.asked.size(), 60u);
  EXPECT_EQ(s.api.targets()[0].find("watch"), std::string::npos);
}

TEST(Informer, AListThatFailsHalfWayReplacesNothing) {
  Fixture s;
  s.api.script = {list_of({named("a", "1")}, "5"),
                  ScriptedReply::json(410, status_body(410, "Expired", "too old")),
                  list_of({named("b", "1")}, "7", "next"),
                  ScriptedReply::json(500, status_body(500, "InternalError", "disk"))};
  s.start();
  ASSERT_TRUE(s.wait_asked(4));
  s.world.context.run_for(50ms);
  EXPECT_EQ(s.names(), "a ");
}

Task<bool> wait_for(Informer<Json>& informer) {
  co_await informer.wait_synced();
  co_return true;
}

TEST(Informer, WaitSyncedEndsWithTheFirstList) {
  Fixture s;
  s.api.script = {ScriptedReply{503, {}}, list_of({}, "5"), watch_of({})};
  s.start();
  EXPECT_TRUE(s.world.run(wait_for(s.informer)));
  EXPECT_TRUE(s.informer.synced());
  EXPECT_EQ(s.informer.size(), 0u);
}

TEST(Informer, ObjectsOfOneNamespaceAreAPartOfAll) {
  Fixture s;
  std::vector<Json> items;
  for (const char* text : {"a/x", "b/x", "b/y", "ba/x"}) {
    const std::vector<std::string> parts = split(text, '/');
    Json item = named(parts[1], "1");
    item.member("metadata").set("namespace", parts[0]);
    items.push_back(item);
  }
  s.api.script = {list_of(items, "5"), watch_of({})};
  s.start();
  s.world.context.run_for(1s);
  EXPECT_EQ(s.informer.list("b").size(), 2u);
  EXPECT_EQ(s.informer.list("c").size(), 0u);
  EXPECT_NE(s.informer.get({"ba", "x"}), nullptr);
}

// Each watch fails, but not as an expired one does.
TEST(Informer, AWatchThatKeepsFailingListsAgainAndIsToldOnce) {
  const CapturedLog log;
  Fixture s;
  int lists = 0;
  s.api.handler = [&lists](const ScriptedApi::Asked& asked) {
    if (asked.target.find("watch=true") != std::string::npos) {
      return ScriptedReply::json(500, status_body(500, "InternalError", "no such revision"));
    }
    ++lists;
    return list_of({named(lists == 1 ? "a" : "b", "1")}, "5");
  };
  s.start();
  ASSERT_TRUE(s.world.wait([&lists] { return lists == 2; }));
  s.world.context.run_for(10ms);
  EXPECT_EQ(s.api.asked.size(), 8u);  // a list, five watches, a list, a watch
  EXPECT_EQ(s.names(), "b ");
  ASSERT_TRUE(s.world.wait([&lists] { return lists == 4; }));
  EXPECT_EQ(log.count("keeps failing resource=namespaces"), 1u);
  EXPECT_EQ(log.count("no such revision"), 1u);
}

TEST(Informer, ANewStreakOfFailuresIsToldAgain) {
  const CapturedLog log;
  Fixture s;
  bool broken = true;
  s.api.handler = [&broken](const ScriptedApi::Asked& asked) {
    if (broken) return ScriptedReply::json(500, status_body(500, "InternalError", "disk"));
    if (asked.target.find("watch=true") == std::string::npos) return list_of({}, "5");
    return watch_of({{event_line("ADDED", named("a", "6"))}, {"", 60s, true}});
  };
  s.start();
  ASSERT_TRUE(s.wait_asked(7));
  broken = false;
  ASSERT_TRUE(s.world.wait([&s] { return s.informer.size() == 1; }));
  EXPECT_EQ(log.count("keeps failing"), 1u);
  broken = true;
  ASSERT_TRUE(s.wait_asked(s.api.asked.size() + 7));
  EXPECT_EQ(log.count("keeps failing"), 2u);
}

TEST(Informer, AnObjectThatBecameUnreadableStaysAsItWas) {
  SimWorld world;
  ScriptedApi api(world);
  Informer<api::v1alpha1::Service> services(api.client(), world.clock, world.random,
                                            client::ResourcePath::of(api::v1alpha1::Service::kGvk));
  std::size_t gone = 0;
  services.listen(
      [&gone](const ObjectKey&, const auto&, const auto& now) { gone += now == nullptr; });
  Running running(world);
  Json good = named("web", "1");
  good.set("spec", Json::object({{"replicas", 3}}));
  Json bad = named("web", "2");
  bad.set("spec", Json::object({{"replicas", "many"}}));
  api.script = {list_of({good, named("old", "1")}, "5"),
                ScriptedReply::json(410, status_body(410, "Expired", "too old")),
                list_of({bad}, "9"), watch_of({})};
  running.tasks.start("informer", services.run());
  ASSERT_TRUE(world.wait([&api] { return api.asked.size() == 4; }));
  ASSERT_NE(services.get({"", "web"}), nullptr);
  EXPECT_EQ(services.get({"", "web"})->spec.replicas, 3);
  EXPECT_EQ(services.get({"", "old"}), nullptr);
  EXPECT_EQ(gone, 1u);
}

TEST(Informer, AnUnreadableObjectIsLeftOutAndTheRestStays) {
  SimWorld world;
  ScriptedApi api(world);
  Informer<api::v1alpha1::Service> services(api.client(), world.clock, world.random,
                                            client::ResourcePath::of(api::v1alpha1::Service::kGvk));
  Running running(world);
  Json bad = named("bad", "1");
  bad.set("spec", Json::object({{"replicas", "many"}}));
  Json good = named("good", "1");
  good.set("spec", Json::object({{"replicas", 3}}));
  api.script = {list_of({bad, good}, "5"), watch_of({})};
  running.tasks.start("informer", services.run());
  world.context.run_for(1s);
  EXPECT_TRUE(services.synced());
  ASSERT_EQ(services.size(), 1u);
  EXPECT_EQ(services.get({"", "good"})->spec.replicas, 3);
}

}  // namespace
}  // namespace clickdeploy::runtime
