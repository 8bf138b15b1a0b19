#include "controller/reconcilers/metrics_backend/rule_choice.h"

#include <gtest/gtest.h>

namespace clickdeploy::reconcilers {
namespace {

using prometheus::Rule;
using prometheus::RuleGroup;

Rule alert(std::string name, std::string expr) {
  Rule rule;
  rule.alert = std::move(name);
  rule.expr = std::move(expr);
  return rule;
}

Rule record(std::string name, std::string expr) {
  Rule rule;
  rule.record = std::move(name);
  rule.expr = std::move(expr);
  return rule;
}

std::vector<RuleGroup> group(std::vector<Rule> rules) {
  return {{.name = "g", .interval = "30s", .rules = std::move(rules)}};
}

// "A: up == 1, b: up"
std::string text_of(const RuleChoice& choice) {
  std::string text;
  for (const RuleGroup& one : choice.groups) {
    for (const Rule& rule : one.rules) {
      text += (text.empty() ? "" : ", ") + rule.alert + rule.record + ": " + rule.expr;
    }
  }
  return text;
}

// One letter for each fate: w, g or -.
std::string fates_of(const RuleChoice& choice) {
  std::string text;
  for (const RuleFate& fate : choice.fates) {
    text += fate.version == RuleVersion::Wanted     ? 'w'
            : fate.version == RuleVersion::LastGood ? 'g'
                                                    : '-';
  }
  return text;
}

TEST(ChooseRules, GoodOnesAreTaken) {
  const auto wanted = group({alert("A", "up == 1"), record("b", "up")});
  const RuleChoice choice = choose_rules(wanted, {"", ""}, {});
  EXPECT_EQ(choice.groups, wanted);
  EXPECT_EQ(fates_of(choice), "ww");
}

TEST(ChooseRules, ABadOneStaysAsItWas) {
  const RuleChoice choice =
      choose_rules(group({alert("A", "bad"), alert("B", "up == 2")}), {"no", ""},
                   group({alert("A", "up == 1"), alert("B", "up == 1")}));
  EXPECT_EQ(text_of(choice), "A: up == 1, B: up == 2");
  EXPECT_EQ(fates_of(choice), "gw");
  EXPECT_EQ(choice.fates[0].why, "no");
}

TEST(ChooseRules, ABadOneThatNeverWasIsLeftOut) {
  const RuleChoice choice =
      choose_rules(group({alert("A", "bad"), alert("B", "up == 2")}), {"no", ""}, {});
  EXPECT_EQ(text_of(choice), "B: up == 2");
  EXPECT_EQ(fates_of(choice), "-w");
  EXPECT_EQ(choice.fates[1].at, 0u);
  EXPECT_TRUE(choose_rules(group({alert("A", "bad")}), {"no"}, {}).groups.empty());
}

TEST(ChooseRules, AlertsOfOneNameAreToldApart) {
  const RuleChoice choice = choose_rules(
      group({alert("A", "up == 1"), alert("A", "bad"), alert("A", "up == 3")}), {"", "no", ""},
      group({alert("A", "x == 1"), alert("A", "x == 2"), alert("A", "x == 3")}));
  EXPECT_EQ(text_of(choice), "A: up == 1, A: x == 2, A: up == 3");
}

TEST(ChooseRules, ARenamedBadOneKeepsWhatWasInItsPlace) {
  const RuleChoice choice =
      choose_rules(group({alert("New", "bad"), alert("B", "up == 1")}), {"no", ""},
                   group({alert("Old", "up == 1"), alert("B", "up == 1")}));
  EXPECT_EQ(text_of(choice), "Old: up == 1, B: up == 1");
  EXPECT_EQ(fates_of(choice), "gw");
}

TEST(ChooseRules, DependantsAreHeldTogether) {
  const auto before =
      group({record("a", "up"), record("b", "sum(a)"), alert("C", "b > 1"), alert("D", "up == 0")});
  const auto wanted = group(
      {record("a", "bad"), record("b", "avg(a)"), alert("C", "b > 0.5"), alert("D", "up == 5")});
  const RuleChoice choice = choose_rules(wanted, {"no", "", "", ""}, before);
  EXPECT_EQ(text_of(choice), "a: up, b: sum(a), C: b > 1, D: up == 5");
  EXPECT_EQ(fates_of(choice), "gggw");
  EXPECT_NE(choice.fates[2].why.find("records b"), std::string::npos);
  // New ones have no version to be held at.
  EXPECT_EQ(fates_of(choose_rules(wanted, {"no", "", "", ""}, {})), "---w");
}

TEST(ChooseRules, ADependantThatDidNotChangeIsAsItIsWanted) {
  const RuleChoice choice =
      choose_rules(group({record("a", "bad"), alert("C", "a > 1")}), {"no", ""},
                   group({record("a", "up"), alert("C", "a > 1")}));
  EXPECT_EQ(text_of(choice), "a: up, C: a > 1");
  EXPECT_EQ(fates_of(choice), "gw");
}

TEST(ChooseRules, WhatAHeldVersionAsksForStays) {
  const RuleChoice choice = choose_rules(
      group({alert("C", "bad"), record("new", "up")}), {"no", ""},
      group({record("x", "up"), record("old", "x"), alert("C", "old > 1"), record("y", "up")}));
  EXPECT_EQ(text_of(choice), "C: old > 1, new: up, old: x, x: up");
  EXPECT_EQ(choice.fates[0].at, 0u);
  EXPECT_EQ(choice.fates[1].at, 1u);
}

TEST(ChooseRules, LoopsOfRecordsEnd) {
  const auto loop = group({record("a", "b"), record("b", "a")});
  EXPECT_EQ(fates_of(choose_rules(loop, {"no", ""}, {})), "--");
  EXPECT_EQ(
      fates_of(choose_rules(loop, {"no", ""}, group({record("a", "b + 1"), record("b", "a")}))),
      "gw");
}

}  // namespace
}  // namespace clickdeploy::reconcilers
