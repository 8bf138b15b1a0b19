#include "api/meta/label_selector.h"

#include "controller/base/text.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>

namespace clickdeploy::api {
namespace {

using Operator = LabelSelector::Operator;
using Requirement = LabelSelector::Requirement;
using Lookup = std::function<const std::string*(const std::string& key)>;

std::optional<std::int64_t> to_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || rest != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

bool holds(const Requirement& requirement, const Lookup& lookup) {
  const std::string* value = lookup(requirement.key);
  const auto listed = [&] {
    return std::binary_search(requirement.values.begin(), requirement.values.end(), *value);
  };
  const auto compared = [&](auto compare) {
    const std::optional<std::int64_t> have = value ? to_integer(*value) : std::nullopt;
    const std::optional<std::int64_t> want = to_integer(requirement.values.front());
    return have && want && compare(*have, *want);
  };
  switch (requirement.op) {
    case Operator::In:
      return value && listed();
    case Operator::NotIn:
      return !value || !listed();
    case Operator::Exists:
      return value != nullptr;
    case Operator::DoesNotExist:
      return value == nullptr;
    case Operator::GreaterThan:
      return compared(std::greater<>());
    case Operator::LessThan:
      return compared(std::less<>());
  }
  return false;
}

bool all_hold(const std::vector<Requirement>& requirements, const Lookup& lookup) {
  return std::all_of(requirements.begin(), requirements.end(),
                     [&](const Requirement& one) { return holds(one, lookup); });
}

}  // namespace

Result<LabelSelector> LabelSelector::from_json(const Json& selector) {
  LabelSelector result;
  for (const auto& [key, value] : selector["matchLabels"].as_object()) {
    result.requirements_.push_back({key, Operator::In, {value.as_string()}});
  }
  for (const Json& expression : selector["matchExpressions"].as_array()) {
    Requirement requirement;
    requirement.key = expression["key"].as_string();
    const std::string& op = expression["operator"].as_string();
    if (op == "In") {
      requirement.op = Operator::In;
    } else if (op == "NotIn") {
      requirement.op = Operator::NotIn;
    } else if (op == "Exists") {
      requirement.op = Operator::Exists;
    } else if (op == "DoesNotExist") {
      requirement.op = Operator::DoesNotExist;
    } else {
      return fail(ErrorCode::InvalidArgument,
                  go_quote(op) + " is not a valid label selector operator");
    }
    for (const Json& value : expression["values"].as_array()) {
      requirement.values.push_back(value.as_string());
    }
    const bool takes_values = requirement.op == Operator::In || requirement.op == Operator::NotIn;
    if (takes_values == requirement.values.empty()) {
      return fail(ErrorCode::InvalidArgument,
                  takes_values ? "for 'in', 'notin' operators, values set can't be empty"
                               : "values set must be empty for exists and does not exist");
    }
    std::sort(requirement.values.begin(), requirement.values.end());
    result.requirements_.push_back(std::move(requirement));
  }
  std::sort(result.requirements_.begin(), result.requirements_.end());
  return result;
}

bool LabelSelector::matches(const Json& labels) const {
  return all_hold(requirements_, [&](const std::string& key) -> const std::string* {
    const Json* value = labels.find(key);
    return value ? &value->as_string() : nullptr;
  });
}

bool LabelSelector::matches(const std::map<std::string, std::string>& labels) const {
  return all_hold(requirements_, [&](const std::string& key) -> const std::string* {
    const auto found = labels.find(key);
    return found == labels.end() ? nullptr : &found->second;
  });
}

bool LabelSelector::matches(const std::map<std::string, std::string, std::less<>>& labels) const {
  return all_hold(requirements_, [&](const std::string& key) -> const std::string* {
    const auto found = labels.find(key);
    return found == labels.end() ? nullptr : &found->second;
  });
}

bool LabelSelector::matches(const std::vector<std::pair<std::string, std::string>>& labels) const {
  return all_hold(requirements_, [&](const std::string& key) -> const std::string* {
    for (const auto& [name, value] : labels) {
      if (name == key) return &value;
    }
    return nullptr;
  });
}

std::string to_string(const LabelSelector& selector) {
  std::vector<std::string> terms;
  for (const Requirement& one : selector.requirements()) {
    const bool single = one.values.size() == 1;
    switch (one.op) {
      case Operator::In:
        terms.push_back(single ? one.key + "=" + one.values.front()
                               : one.key + " in (" + join(one.values, ",") + ")");
        break;
      case Operator::NotIn:
        terms.push_back(single ? one.key + "!=" + one.values.front()
                               : one.key + " notin (" + join(one.values, ",") + ")");
        break;
      case Operator::Exists:
        terms.push_back(one.key);
        break;
      case Operator::DoesNotExist:
        terms.push_back("!" + one.key);
        break;
      case Operator::GreaterThan:
        terms.push_back(one.key + ">" + one.values.front());
        break;
      case Operator::LessThan:
        terms.push_back(one.key + "<" + one.values.front());
        break;
    }
  }
  return join(terms, ",");
}

}  // namespace clickdeploy::api
