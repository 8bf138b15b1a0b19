// The checks of the API and its store: each is shown what it must not let pass.

#include "controller/base/text.h"
#include "tests/simulation/checks/condition_check.h"
#include "tests/simulation/checks/history.h"
#include "tests/simulation/checks/lost_update_check.h"
#include "tests/simulation/checks/still_world.h"
#include "tests/simulation/checks/watch_check.h"

namespace clickdeploy::simulation {
namespace {

using namespace std::chrono_literals;

// web is made at 1 and changed at 2; db is made at 3; web goes at 4.
std::vector<store::Event> small_history() {
  std::vector<store::Event> events;
  events.push_back(event_of(store::EventType::Added, kServices, "web", 1));
  events.push_back(
      event_of(store::EventType::Modified, kServices, "web", 2, events.back().document));
  events.push_back(event_of(store::EventType::Added, kServices, "db", 3));
  events.push_back(event_of(store::EventType::Deleted, kServices, "web", 4, events[1].document));
  return events;
}

using ChecksHistory = Checks;

TEST_F(ChecksHistory, TellsARevisionThatIsLeftOutOrComesTwice) {
  for (const store::Revision second : {store::Revision{1}, store::Revision{3}}) {
    Report report(clock_);
    report.sink = [](const Violation&) {};
    History history(clock_, report);
    history.append(event_of(store::EventType::Added, kServices, "web", 1));
    history.append(event_of(store::EventType::Added, kServices, "db", second));
    ASSERT_FALSE(report.empty());
    EXPECT_EQ(report.violations()[0].invariant, "S7");
  }
}

TEST_F(ChecksHistory, TellsAChangeThatFollowsAnotherVersionThanTheNewest) {
  History history(clock_, report_);
  const std::vector<store::Event> events = small_history();
  history.append(events[0]);
  history.append(events[1]);
  history.append(event_of(store::EventType::Modified, kServices, "web", 3, events[0].document));
  EXPECT_EQ(broken(), "S8");
}

TEST_F(ChecksHistory, KnowsWhatWasTheNewestWhen) {
  History history(clock_, report_);
  for (const store::Event& event : small_history()) history.append(event);
  const store::Key web{kServices, "shop", "web"};
  EXPECT_EQ(history.current_at(web, 0), 0U);
  EXPECT_EQ(history.current_at(web, 3), 2U);
  EXPECT_EQ(history.current_at(web, 4), 0U);
  EXPECT_TRUE(history.was_current(web, 1, 0, 2));
  EXPECT_FALSE(history.was_current(web, 1, 2, 4));
  EXPECT_EQ(broken(), "");
}

class ChecksLostUpdate : public Checks {
 protected:
  ChecksLostUpdate() {
    for (const store::Event& event : small_history()) history_.append(event);
  }

  // One request for web, with or without a version in it and in its answer.
  std::string answered(const std::string& method, store::Revision based_on, int status,
                       store::Revision seen, store::Revision asked, store::Revision until) {
    auto text = [](store::Revision version) {
      return R"({"metadata":{"resourceVersion":")" + std::to_string(version) + "\"}}";
    };
    const std::string answer = status == 409 ? R"({"reason":"Conflict"})" : text(seen);
    check_.answered({.method = method,
                     .url = "/apis/clickdeploy.io/v1alpha1/namespaces/shop/services/web",
                     .body = based_on == 0 ? "" : text(based_on),
                     .asked = asked,
                     .answered = until,
                     .status = status,
                     .answer = answer});
    return broken();
  }

  History history_{clock_, report_};
  LostUpdateCheck check_{history_, report_};
};

TEST_F(ChecksLostUpdate, IsContentWithWhatIsRight) {
  EXPECT_EQ(answered("PUT", 1, 200, 2, 1, 2), "");
  EXPECT_EQ(answered("PUT", 1, 409, 0, 2, 2), "");
  EXPECT_EQ(answered("PUT", 1, 409, 0, 1, 2), "");
  EXPECT_EQ(answered("GET", 0, 200, 1, 1, 2), "");
  EXPECT_EQ(answered("GET", 0, 200, 2, 1, 2), "");
  EXPECT_EQ(answered("GET", 0, 404, 0, 4, 4), "");
}

TEST_F(ChecksLostUpdate, TellsAWriteThatReplacedAnotherVersionThanItNamed) {
  // Based on a version that was none of web's, and answered all the same.
  EXPECT_EQ(answered("PUT", 7, 200, 2, 1, 2), "S8");
}

TEST_F(ChecksLostUpdate, TellsARefusalWithoutAReason) {
  EXPECT_EQ(answered("PUT", 2, 409, 0, 2, 3), "S8");
}

TEST_F(ChecksLostUpdate, TellsAReadOfWhatWasOldWhenItWasAskedFor) {
  EXPECT_EQ(answered("GET", 0, 200, 1, 2, 3), "S8");
}

TEST_F(ChecksLostUpdate, TellsAReadOfWhatWasGone) {
  EXPECT_EQ(answered("GET", 0, 200, 2, 4, 4), "S8");
}

TEST(ChecksLostUpdatePaths, AreUnderstood) {
  const auto service =
      named_by("/apis/clickdeploy.io/v1alpha1/namespaces/shop/services/web/status");
  ASSERT_TRUE(service);
  EXPECT_EQ(service->key, (store::Key{kServices, "shop", "web"}));
  EXPECT_EQ(service->subresource, "status");
  const auto space = named_by("/api/v1/namespaces/shop?dryRun=All");
  ASSERT_TRUE(space);
  EXPECT_EQ(space->key, (store::Key{"namespaces", "", "shop"}));
  EXPECT_FALSE(named_by("/healthz"));
}

class ChecksWatch : public Checks {
 protected:
  ChecksWatch() {
    for (const store::Event& event : small_history()) history_.append(event);
    const Json metadata = Json::object({{"resourceVersion", "1"}});
    const Json item = Json::object(
        {{"metadata",
          Json::object({{"name", "web"}, {"namespace", "shop"}, {"resourceVersion", "1"}})}});
    check_.listed(Json::object({{"metadata", metadata}, {"items", Json::array({item})}}));
  }

  std::string take(const std::string& type, const store::Event& event) {
    check_.take_line(R"({"type":")" + type + R"(","object":)" + event.document->bytes + "}");
    return broken();
  }
  std::string bookmark(store::Revision revision) {
    check_.take_line(R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":")" +
                     std::to_string(revision) + "\"}}}");
    return broken();
  }

  const std::vector<store::Event> events_ = small_history();
  History history_{clock_, report_};
  WatchCheck check_{kServices, "/services", history_, clock_, report_, 1};
};

TEST_F(ChecksWatch, IsContentWithEachChangeOnceAndInOrder) {
  EXPECT_EQ(broken(), "");
  EXPECT_EQ(take("MODIFIED", events_[1]), "");
  EXPECT_EQ(bookmark(2), "");
  EXPECT_EQ(take("ADDED", events_[2]), "");
  EXPECT_EQ(take("DELETED", events_[3]), "");
  EXPECT_EQ(bookmark(4), "");
}

TEST_F(ChecksWatch, TellsAChangeThatIsLeftOut) {
  EXPECT_EQ(take("ADDED", events_[2]), "S9");
}

TEST_F(ChecksWatch, TellsAChangeThatComesTwice) {
  EXPECT_EQ(take("MODIFIED", events_[1]), "");
  EXPECT_EQ(take("MODIFIED", events_[1]), "S9");
}

TEST_F(ChecksWatch, TellsAChangeFromBefore) {
  EXPECT_EQ(take("ADDED", events_[0]), "S9");
}

TEST_F(ChecksWatch, TellsAnotherTypeOrOtherBytes) {
  EXPECT_EQ(take("ADDED", events_[1]), "S9");
  Report report(clock_);
  report.sink = [](const Violation&) {};
  WatchCheck other(kServices, "/services", history_, clock_, report, 1);
  other.listed(Json::object(
      {{"metadata", Json::object({{"resourceVersion", "2"}})},
       {"items",
        Json::array({Json::object({{"metadata", Json::object({{"name", "web"},
                                                              {"namespace", "shop"},
                                                              {"resourceVersion", "2"}})}})})}}));
  EXPECT_TRUE(report.empty());
  other.take_line(R"({"type":"ADDED","object":{"metadata":{"resourceVersion":"3"},"x":1}})");
  EXPECT_FALSE(report.empty());
}

TEST_F(ChecksWatch, TellsABookmarkAheadOfTheEvents) {
  EXPECT_EQ(bookmark(3), "S9");
}

TEST_F(ChecksWatch, TellsABookmarkFromTheFuture) {
  EXPECT_EQ(take("MODIFIED", events_[1]), "");
  EXPECT_EQ(take("ADDED", events_[2]), "");
  EXPECT_EQ(take("DELETED", events_[3]), "");
  EXPECT_EQ(bookmark(5), "S9");
}

TEST_F(ChecksWatch, TellsAListThatIsNotTheStateOfItsVersion) {
  check_.listed(Json::object(
      {{"metadata", Json::object({{"resourceVersion", "3"}})}, {"items", Json::array()}}));
  EXPECT_EQ(broken(), "S9");
}

TEST_F(ChecksWatch, TellsARefusalWithoutCompaction) {
  check_.refused(1);
  EXPECT_EQ(broken(), "S9");
}

TEST_F(ChecksWatch, ListsAgainAfterARefusalByCompaction) {
  check_.refused(2);
  EXPECT_EQ(broken(), "");
  EXPECT_FALSE(check_.position());
}

TEST_F(ChecksWatch, TellsThatItIsLeftBehind) {
  clock_.now = 29s;
  check_.look();
  EXPECT_EQ(broken(), "");
  clock_.now = 31s;
  check_.look();
  EXPECT_EQ(broken(), "L5");
}

class ChecksConditions : public Checks {
 protected:
  std::string changed(const std::string& status, const std::string& time,
                      const ConditionCheck::Wall& wall, std::int64_t observed = 1,
                      std::int64_t generation = 1) {
    const Json condition = Json::object({{"type", "Ready"},
                                         {"status", status},
                                         {"lastTransitionTime", time},
                                         {"observedGeneration", observed}});
    const Json object =
        Json::object({{"metadata", Json::object({{"uid", "u"}, {"generation", generation}})},
                      {"status", Json::object({{"observedGeneration", observed},
                                               {"conditions", Json::array({condition})}})}});
    check_.changed(event_of(store::EventType::Modified, kServices, "web", 1), object, wall);
    return broken();
  }

  const ConditionCheck::Wall wall_{.now = *parse_time("2026-01-01T01:00:00Z")};
  ConditionCheck check_{report_};
};

TEST_F(ChecksConditions, TellATimeThatMovesWithoutTheStatus) {
  EXPECT_EQ(changed("True", "2026-01-01T00:00:00Z", wall_), "");
  EXPECT_EQ(changed("False", "2026-01-01T00:00:05Z", wall_), "");
  EXPECT_EQ(changed("False", "2026-01-01T00:00:06Z", wall_), "S11");
}

TEST_F(ChecksConditions, TellATimeThatGoesBack) {
  EXPECT_EQ(changed("True", "2026-01-01T00:00:05Z", wall_), "");
  EXPECT_EQ(changed("False", "2026-01-01T00:00:00Z", wall_), "S11");
}

TEST_F(ChecksConditions, LetATimeGoBackWithTheClock) {
  EXPECT_EQ(changed("True", "2026-01-01T00:00:05Z", wall_), "");
  EXPECT_EQ(changed("False", "2026-01-01T00:00:00Z", {.now = wall_.now, .jumps = 1, .settled = 0}),
            "");
}

TEST_F(ChecksConditions, TellATimeToCome) {
  EXPECT_EQ(changed("True", "2026-01-01T02:00:00Z", wall_), "S11");
}

TEST_F(ChecksConditions, TellAGenerationThatRisesWithAStatus) {
  EXPECT_EQ(changed("True", "2026-01-01T00:00:00Z", wall_, 1, 1), "");
  EXPECT_EQ(changed("True", "2026-01-01T00:00:00Z", wall_, 1, 2), "S11");
}

TEST_F(ChecksConditions, TellAGenerationThatStaysWithANewSpec) {
  Json object = Json::object({{"metadata", Json::object({{"uid", "u"}, {"generation", 1}})},
                              {"spec", Json::object({{"replicas", 1}})}});
  const store::Event event = event_of(store::EventType::Modified, kServices, "web", 1);
  check_.changed(event, object, wall_);
  object.set("spec", Json::object({{"replicas", 2}}));
  check_.changed(event, object, wall_);
  EXPECT_EQ(broken(), "S11");
}

TEST_F(ChecksConditions, TellAGenerationThatFallsOrIsAhead) {
  EXPECT_EQ(changed("True", "2026-01-01T00:00:00Z", wall_, 2, 2), "");
  EXPECT_EQ(changed("True", "2026-01-01T00:00:00Z", wall_, 1, 2), "S11");
  Report report(clock_);
  report.sink = [](const Violation&) {};
  ConditionCheck other(report);
  const Json ahead = Json::object({{"metadata", Json::object({{"uid", "u"}, {"generation", 1}})},
                                   {"status", Json::object({{"observedGeneration", 2}})}});
  other.changed(event_of(store::EventType::Added, kServices, "web", 1), ahead, wall_);
  EXPECT_FALSE(report.empty());
}

}  // namespace
}  // namespace clickdeploy::simulation
