#include "api/meta/field_selector.h"

#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::api {
namespace {

// Cuts at commas that are not escaped.
std::vector<std::string> terms_of(std::string_view text) {
  std::vector<std::string> terms(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      terms.back() += text[i++];
      terms.back() += text[i];
    } else if (text[i] == ',') {
      terms.emplace_back();
    } else {
      terms.back() += text[i];
    }
  }
  return terms;
}

std::string unescape(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    result += text[i];
  }
  return result;
}

std::string value_at(const Json& object, std::string_view path) {
  const Json* value = &object;
  while (!path.empty() && value) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    value = value->find(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  if (!value || value->is_null()) return "";
  return value->is_string() ? value->as_string() : to_json(*value);
}

}  // namespace

Result<FieldSelector> FieldSelector::parse(std::string_view text) {
  FieldSelector selector;
  for (const std::string& term : terms_of(text)) {
    if (term.empty()) continue;
    const std::size_t equals = term.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("invalid selector: '{}'; can't understand '{}'", text, term));
    }
    Requirement requirement;
    requirement.equal = term[equals - 1] != '!';
    requirement.path = term.substr(0, requirement.equal ? equals : equals - 1);
    std::string_view value = std::string_view(term).substr(equals + 1);
    if (requirement.equal && value.starts_with('=')) value.remove_prefix(1);
    requirement.value = unescape(value);
    selector.requirements_.push_back(std::move(requirement));
  }
  return selector;
}

Result<void> FieldSelector::check_supported(const std::vector<std::string>& fields) const {
  for (const Requirement& one : requirements_) {
    if (std::find(fields.begin(), fields.end(), one.path) == fields.end()) {
      return fail(ErrorCode::InvalidArgument, "field label not supported: " + one.path);
    }
  }
  return {};
}

bool FieldSelector::matches(const Json& object) const {
  return std::all_of(requirements_.begin(), requirements_.end(), [&](const Requirement& one) {
    return (value_at(object, one.path) == one.value) == one.equal;
  });
}

}  // namespace clickdeploy::api
