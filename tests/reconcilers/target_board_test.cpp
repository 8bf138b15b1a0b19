#include "controller/reconcilers/metrics_backend/target_board.h"

#include "controller/base/json.h"
#include "controller/prometheus/target_files.h"

#include <gtest/gtest.h>

namespace clickdeploy::reconcilers {
namespace {

const api::ObjectKey kMain{"shop", "main"};

std::string list_of(std::vector<std::string> addresses) {
  std::vector<prometheus::Target> targets;
  for (std::string& address : addresses) targets.push_back({std::move(address), {{"a", "b"}}});
  return prometheus::render_target_file(std::move(targets)).value();
}

std::size_t size_of(const Result<std::string>& body) {
  const Result<Json> list = parse_json(body.value());
  return list.value().size();
}

TEST(TargetBoard, WhatNobodyHasPlannedIsNotKnown) {
  TargetBoard board;
  EXPECT_EQ(board.targets(kMain, "click-deploy").error().code(), ErrorCode::Unavailable);
  board.put(kMain, {}, {}, {});
  // One group without targets: no group at all would be no news to Prometheus after a reload.
  EXPECT_EQ(board.targets(kMain, "click-deploy").value(), "[\n  {\"targets\":[]}\n]\n");
  board.remove(kMain);
  EXPECT_FALSE(board.targets(kMain, "click-deploy"));
}

TEST(TargetBoard, GivesTheListsOfOneJobAsOne) {
  TargetBoard board;
  const std::map<std::string, std::string> jobs{{"a", "x"}, {"b", "x"}, {"c", "y"}, {"d", "x"}};
  prometheus::Files files{{"a", list_of({"10.0.0.1:9100", "10.0.0.2:9100"})},
                          {"b", list_of({})},
                          {"c", list_of({"10.0.0.3:9100"})},
                          {"d", list_of({"10.0.0.4:9100"})}};
  EXPECT_TRUE(board.put(kMain, files, jobs, {}));
  EXPECT_FALSE(board.put(kMain, files, jobs, {}));  // nothing new
  EXPECT_EQ(size_of(board.targets(kMain, "x")), 3u);
  EXPECT_EQ(size_of(board.targets(kMain, "y")), 1u);
  EXPECT_EQ(board.targets(kMain, "z").value(), "[\n  {\"targets\":[]}\n]\n");
  files["a"] = list_of({"10.0.0.1:9100"});
  EXPECT_TRUE(board.put(kMain, files, jobs, {}));
  EXPECT_EQ(size_of(board.targets(kMain, "x")), 2u);
}

// A list that cannot be written must not look like one that is empty.
TEST(TargetBoard, OfAListThatCannotBeWrittenTheLastOneStays) {
  TargetBoard board;
  const std::map<std::string, std::string> jobs{{"a", "x"}, {"b", "x"}};
  const prometheus::Files both{{"a", list_of({"10.0.0.1:9100"})},
                               {"b", list_of({"10.0.0.2:9100"})}};
  board.put(kMain, {{"a", both.at("a")}}, jobs, {"b"});
  EXPECT_FALSE(board.targets(kMain, "x"));  // of b nobody knows anything
  board.put(kMain, both, jobs, {});
  board.put(kMain, {{"a", both.at("a")}}, jobs, {"b"});
  EXPECT_EQ(size_of(board.targets(kMain, "x")), 2u);
}

TEST(TargetBoard, TokensAreComparedWhole) {
  const std::string right = "Bearer open-sesame";
  EXPECT_TRUE(carries_token(&right, "open-sesame"));
  for (const std::string& wrong :
       {std::string("Bearer open-sesam"), std::string("Bearer open-sesame "),
        std::string("Bearer "), std::string("open-sesame"), std::string("Basic open-sesame")}) {
    EXPECT_FALSE(carries_token(&wrong, "open-sesame")) << wrong;
  }
  EXPECT_FALSE(carries_token(nullptr, "open-sesame"));
  const std::string empty = "Bearer ";
  EXPECT_FALSE(carries_token(&empty, ""));  // a backend without a token is open to nobody
}

}  // namespace
}  // namespace clickdeploy::reconcilers
