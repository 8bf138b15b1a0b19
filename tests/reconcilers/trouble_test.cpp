#include "controller/reconcilers/trouble.h"

#include <gtest/gtest.h>

namespace clickdeploy::reconcilers {
namespace {

api::Conditions progressing(std::string_view reason, const std::string& message = "the words") {
  return {{.type = "Progressing",
           .status = api::ConditionStatus::True,
           .reason = std::string(reason),
           .message = message}};
}

TEST(NewTrouble, IsWhatWaitsForAPersonOrForRoom) {
  for (std::string_view reason : {api::kInvalidConfiguration, api::kQuotaExceeded,
                                  api::kUnauthorized, api::kBlocked, api::kFailed}) {
    SCOPED_TRACE(reason);
    const auto found = new_trouble(progressing(api::kProgressing), progressing(reason));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->reason, reason);
    EXPECT_EQ(found->message, "the words");
    EXPECT_TRUE(new_trouble({}, progressing(reason)));
    EXPECT_FALSE(new_trouble(progressing(reason), progressing(reason)));
  }
  for (std::string_view reason : {api::kSucceeded, api::kProgressing, api::kWaiting,
                                  api::kTransientError, api::kPaused, api::kObservationFailed}) {
    EXPECT_FALSE(new_trouble({}, progressing(reason))) << reason;
  }
  EXPECT_FALSE(new_trouble({}, {}));
}

TEST(NewTrouble, OtherNumbersAreNoNewsButAnotherMistakeIs) {
  EXPECT_FALSE(new_trouble(progressing(api::kQuotaExceeded, "47 of 50 used"),
                           progressing(api::kQuotaExceeded, "48 of 50 used")));
  EXPECT_TRUE(new_trouble(progressing(api::kInvalidConfiguration, "no image"),
                          progressing(api::kInvalidConfiguration, "no flavor")));
}

}  // namespace
}  // namespace clickdeploy::reconcilers
