#include "controller/reconcilers/instance/record_ages.h"

#include <gtest/gtest.h>

namespace clickdeploy::reconcilers {
namespace {

using namespace std::chrono_literals;

const WallTime kNoon = *parse_time("2026-01-01T12:00:00Z");
const std::string kAtNoon = "2026-01-01T12:00:00Z";

TEST(RecordAges, GrowWithTheSteadyClock) {
  RecordAges ages;
  EXPECT_EQ(ages.look({kAtNoon}, kNoon, 100s).at(kAtNoon), 0s);
  EXPECT_EQ(ages.look({kAtNoon}, kNoon + 7s, 107s).at(kAtNoon), 7s);
}

TEST(RecordAges, DoNotJumpWithTheWallClock) {
  for (const std::chrono::seconds jump : {3600s, -3600s}) {
    RecordAges ages;
    ages.look({kAtNoon}, kNoon, 100s);
    EXPECT_EQ(ages.look({kAtNoon}, kNoon + 7s + jump, 107s).at(kAtNoon), 7s);
    EXPECT_EQ(ages.look({kAtNoon}, kNoon + 9s + jump, 109s).at(kAtNoon), 9s);
  }
}

TEST(RecordAges, OfWhatWasThereBeforeUsAreTheWallClocks) {
  RecordAges ages;
  EXPECT_EQ(ages.look({kAtNoon}, kNoon + 90s, 5s).at(kAtNoon), 90s);
  EXPECT_EQ(ages.look({kAtNoon}, kNoon + 95s, 10s).at(kAtNoon), 95s);
}

TEST(RecordAges, OfWhatCameSinceTheLastLookAreNoGreaterThanThat) {
  RecordAges ages;
  ages.look({}, kNoon, 100s);
  EXPECT_EQ(ages.look({kAtNoon}, kNoon + 3600s, 102s).at(kAtNoon), 2s);
}

TEST(RecordAges, OfATimeToComeCountFromNow) {
  RecordAges ages;
  EXPECT_EQ(ages.look({kAtNoon}, kNoon - 1h, 100s).at(kAtNoon), 0s);
  EXPECT_EQ(ages.look({kAtNoon}, kNoon - 1h + 30s, 130s).at(kAtNoon), 30s);
}

TEST(RecordAges, OfWhatIsNoTimeAreNone) {
  RecordAges ages;
  EXPECT_TRUE(ages.look({"", "noon"}, kNoon, 100s).empty());
}

}  // namespace
}  // namespace clickdeploy::reconcilers
