// LabelSelector: which objects are meant, by their labels.
//
// Two written forms: the text of a query ("app=web,tier in (a,b),!old,size>3") and the object of a
// spec ({matchLabels: …, matchExpressions: […]}). Requirements are joined by "and"; a selector
// without any matches everything. != and notin match objects that lack the key.

#pragma once

#include "controller/base/error.h"
#include "controller/base/json.h"

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clickdeploy::api {

class LabelSelector {
 public:
  enum class Operator : std::uint8_t { In, NotIn, Exists, DoesNotExist, GreaterThan, LessThan };

  struct Requirement {
    std::string key;
    Operator op = Operator::Exists;
    std::vector<std::string> values;  // sorted; one integer for GreaterThan, LessThan

    auto operator<=>(const Requirement&) const = default;
  };

  LabelSelector() = default;

  // InvalidArgument with Kubernetes' text: "unable to parse requirement: found 'b', expected: …".
  static Result<LabelSelector> parse(std::string_view text);
  // {matchLabels, matchExpressions}; null or {} matches everything.
  static Result<LabelSelector> from_json(const Json& selector);

  bool matches(const Json& labels) const;  // an object of strings, or null
  bool matches(const std::map<std::string, std::string>& labels) const;
  bool matches(const std::map<std::string, std::string, std::less<>>& labels) const;
  bool matches(const std::vector<std::pair<std::string, std::string>>& labels) const;

  bool empty() const { return requirements_.empty(); }
  const std::vector<Requirement>& requirements() const { return requirements_; }

  bool operator==(const LabelSelector&) const = default;

 private:
  std::vector<Requirement> requirements_;  // sorted
};

// The text form; parse(to_string(x)) == x.
std::string to_string(const LabelSelector& selector);

}  // namespace clickdeploy::api
