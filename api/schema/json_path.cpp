#include "api/schema/json_path.h"

#include <charconv>

namespace clickdeploy::api {

// Reads left to right; every function consumes what it understood.
class JsonPath::Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<JsonPath> parse() {
    if (text_.starts_with('{') && text_.ends_with('}')) text_ = text_.substr(1, text_.size() - 2);
    if (text_.starts_with('$')) text_.remove_prefix(1);
    JsonPath path;
    while (!text_.empty()) {
      Result<Step> step = text_.front() == '[' ? bracket() : member();
      if (!step) return std::unexpected(step.error());
      path.steps_.push_back(std::move(*step));
    }
    return path;
  }

 private:
  std::unexpected<Error> malformed(std::string_view why) const {
    return fail(ErrorCode::InvalidArgument, "JSONPath: " + std::string(why));
  }

  static std::string unescape(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\' && i + 1 < text.size()) ++i;
      result += text[i];
    }
    return result;
  }

  // A name up to an unescaped dot or bracket.
  std::string name() {
    std::string result;
    while (!text_.empty() && text_.front() != '.' && text_.front() != '[') {
      if (text_.front() == '\\' && text_.size() > 1) text_.remove_prefix(1);
      result += text_.front();
      text_.remove_prefix(1);
    }
    return result;
  }

  Result<Step> member() {
    if (text_.front() == '.') text_.remove_prefix(1);
    Step step;
    step.name = name();
    if (step.name.empty()) return malformed("a name is missing after a dot");
    if (step.name == "*") step.kind = Step::Kind::All;
    return step;
  }

  Result<Step> bracket() {
    const std::size_t end = closing();
    if (end == std::string_view::npos) return malformed("a bracket is not closed");
    std::string_view inside = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);

    Step step;
    if (inside == "*") {
      step.kind = Step::Kind::All;
      return step;
    }
    if (inside.starts_with("?(") && inside.ends_with(')')) {
      return filter(inside.substr(2, inside.size() - 3));
    }
    if (inside.size() >= 2 && (inside.front() == '\'' || inside.front() == '"') &&
        inside.back() == inside.front()) {
      step.name = unescape(inside.substr(1, inside.size() - 2));
      return step;
    }
    step.kind = Step::Kind::Index;
    const auto [rest, error] =
        std::from_chars(inside.data(), inside.data() + inside.size(), step.index);
    if (error != std::errc() || rest != inside.data() + inside.size()) {
      return malformed("an index is not a number");
    }
    return step;
  }

  // The bracket that closes the one the text starts with; brackets in quotes do not count.
  std::size_t closing() const {
    char quote = 0;
    for (std::size_t i = 1; i < text_.size(); ++i) {
      if (quote != 0) {
        if (text_[i] == quote) quote = 0;
      } else if (text_[i] == '\'' || text_[i] == '"') {
        quote = text_[i];
      } else if (text_[i] == ']') {
        return i;
      }
    }
    return std::string_view::npos;
  }

  Result<Step> filter(std::string_view expression) {
    Step step;
    step.kind = Step::Kind::Filter;
    std::size_t at = expression.find("==");
    if (at == std::string_view::npos) {
      at = expression.find("!=");
      step.filter_equal = false;
    }
    if (at == std::string_view::npos || !expression.starts_with("@.")) {
      return malformed("a filter must be @.name == \"value\"");
    }
    std::string_view left = expression.substr(2, at - 2);
    std::string_view right = expression.substr(at + 2);
    while (left.ends_with(' ')) left.remove_suffix(1);
    while (right.starts_with(' ')) right.remove_prefix(1);
    while (right.ends_with(' ')) right.remove_suffix(1);
    if (right.size() >= 2 && (right.front() == '"' || right.front() == '\'') &&
        right.back() == right.front()) {
      right = right.substr(1, right.size() - 2);
    }
    Parser below(left);
    while (!below.text_.empty()) {
      if (below.text_.front() == '.') below.text_.remove_prefix(1);
      std::string part = below.name();
      if (part.empty()) return malformed("a filter names no field");
      step.filter_path.push_back(std::move(part));
    }
    step.filter_value = std::string(right);
    return step;
  }

  std::string_view text_;
};

Result<JsonPath> JsonPath::parse(std::string_view text) {
  return Parser(text).parse();
}

const Json* JsonPath::first(const Json& root) const {
  return first_from(root, 0);
}

const Json* JsonPath::child(const Json& value, const Step& step) {
  if (step.kind == Step::Kind::Member) return value.find(step.name);
  const auto size = static_cast<std::int64_t>(value.as_array().size());
  const std::int64_t index = step.index < 0 ? step.index + size : step.index;
  if (index < 0 || index >= size) return nullptr;
  return &value.as_array()[static_cast<std::size_t>(index)];
}

const Json* JsonPath::first_from(const Json& value, std::size_t step_index) const {
  if (step_index == steps_.size()) return &value;
  const Step& step = steps_[step_index];

  if (step.kind == Step::Kind::Member || step.kind == Step::Kind::Index) {
    const Json* next = child(value, step);
    return next ? first_from(*next, step_index + 1) : nullptr;
  }
  for (const Json& item : value.as_array()) {
    if (step.kind == Step::Kind::Filter && !passes(item, step)) continue;
    if (const Json* found = first_from(item, step_index + 1)) return found;
  }
  for (const auto& [name, member] : value.as_object()) {
    if (step.kind == Step::Kind::Filter) break;
    if (const Json* found = first_from(member, step_index + 1)) return found;
  }
  return nullptr;
}

std::vector<std::string> JsonPath::leading_members() const {
  std::vector<std::string> names;
  for (const Step& step : steps_) {
    if (step.kind != Step::Kind::Member) break;
    names.push_back(step.name);
  }
  return names;
}

std::vector<const Json*> JsonPath::all(const Json& root) const {
  std::vector<const Json*> found;
  collect(root, 0, found);
  return found;
}

void JsonPath::collect(const Json& value, std::size_t step_index,
                       std::vector<const Json*>& found) const {
  if (step_index == steps_.size()) {
    found.push_back(&value);
    return;
  }
  const Step& step = steps_[step_index];
  if (step.kind == Step::Kind::Member || step.kind == Step::Kind::Index) {
    if (const Json* next = child(value, step)) collect(*next, step_index + 1, found);
    return;
  }
  for (const Json& item : value.as_array()) {
    if (step.kind == Step::Kind::All || passes(item, step)) collect(item, step_index + 1, found);
  }
  if (step.kind == Step::Kind::Filter) return;
  for (const auto& [name, member] : value.as_object()) collect(member, step_index + 1, found);
}

bool JsonPath::passes(const Json& item, const Step& step) {
  const Json* value = &item;
  for (const std::string& name : step.filter_path) {
    value = value->find(name);
    if (!value) return false;
  }
  const std::string text = value->is_string() ? value->as_string() : to_json(*value);
  return (text == step.filter_value) == step.filter_equal;
}

}  // namespace clickdeploy::api
