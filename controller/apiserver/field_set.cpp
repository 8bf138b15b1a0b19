#include "controller/apiserver/field_set_internal.h"
#include "controller/base/text.h"

#include <charconv>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

constexpr std::string_view kSelf = ".";

// Go's JSON encoder escapes what could end a script element, so these stand so in stored keys.
std::string escape_html(std::string text) {
  if (text.find_first_of("<>&") == std::string::npos) return text;
  std::string escaped;
  for (const char c : text) {
    if (c == '<') {
      escaped += "\\u003c";
    } else if (c == '>') {
      escaped += "\\u003e";
    } else if (c == '&') {
      escaped += "\\u0026";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

// 1.0 and 1 are one value and must give one key.
Json plain_number(const Json& value) {
  if (!value.is_double()) return value;
  const double number = value.as_double();
  const bool whole = number > -9e15 && number < 9e15 &&
                     static_cast<double>(static_cast<std::int64_t>(number)) == number;
  return whole ? Json(static_cast<std::int64_t>(number)) : value;
}

// Visits the keys of two sets in order, once each; a side without the key is null.
template <class Visit>
void zip(const FieldSet& a, const FieldSet& b, Visit visit) {
  auto i = a.as_object().begin();
  auto j = b.as_object().begin();
  const auto i_end = a.as_object().end();
  const auto j_end = b.as_object().end();
  while (i != i_end || j != j_end) {
    const int order = i == i_end ? 1 : j == j_end ? -1 : i->first.compare(j->first);
    const std::string& key = order <= 0 ? i->first : j->first;
    if (key != kSelf) {
      visit(key, order <= 0 ? &i->second : nullptr, order >= 0 ? &j->second : nullptr);
    }
    if (order <= 0) ++i;
    if (order >= 0) ++j;
  }
}

void each_below(const FieldSet& set, std::vector<std::string>& keys,
                const std::function<void(const std::vector<std::string>&)>& visit) {
  for (const auto& [key, node] : set.as_object()) {
    if (key == kSelf || !is_member(node)) continue;
    keys.push_back(key);
    visit(keys);
    keys.pop_back();
  }
  for (const auto& [key, node] : set.as_object()) {
    if (key == kSelf || node.empty()) continue;
    keys.push_back(key);
    each_below(node, keys, visit);
    keys.pop_back();
  }
}

bool is_index(std::string_view text) {
  int index = 0;
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  return error == std::errc() && stop == text.data() + text.size();
}

// The key in the form in which we write it; nullopt if it has none.
std::optional<std::string> canonical_key(const std::string& key) {
  if (key.size() < 2 || key[1] != ':') return std::nullopt;
  const std::string_view rest = std::string_view(key).substr(2);
  if (key[0] == 'f') return key;
  if (key[0] == 'i') return is_index(rest) ? std::optional(key) : std::nullopt;
  if (key[0] != 'k' && key[0] != 'v') return std::nullopt;
  Result<Json> value = parse_json(rest);
  if (!value || (key[0] == 'k' && !value->is_object())) return std::nullopt;
  return key[0] == 'k' ? item_key(*value) : value_key(*value);
}

std::string scalar_text(const Json& value) {
  return value.is_string() ? go_quote(value.as_string()) : to_json(value);
}

}  // namespace

std::string field_key(std::string_view name) {
  std::string key = "f:";
  key += name;
  return key;
}

std::string value_key(const Json& value) {
  return "v:" + escape_html(to_json(plain_number(value)));
}

std::string item_key(const Json& keys) {
  Json plain = Json::object();
  for (const auto& [name, value] : keys.as_object()) plain.set(name, plain_number(value));
  return "k:" + escape_html(to_json(plain));
}

bool is_member(const FieldSet& node) {
  return node.empty() || node.contains(kSelf);
}

void add_node(FieldNodes& nodes, std::string key, bool member, FieldSet children) {
  if (children.empty()) {
    if (member) nodes.emplace_back(std::move(key), Json::object());
    return;
  }
  if (member) children.set(kSelf, Json::object());
  nodes.emplace_back(std::move(key), std::move(children));
}

FieldSet make_set(FieldNodes nodes) {
  return JsonObject::from_members(std::move(nodes));
}

FieldSet unite(const FieldSet& a, const FieldSet& b) {
  FieldNodes nodes;
  zip(a, b, [&](const std::string& key, const Json* x, const Json* y) {
    if (x == nullptr || y == nullptr) {
      nodes.emplace_back(key, x != nullptr ? *x : *y);
    } else {
      add_node(nodes, key, is_member(*x) || is_member(*y), unite(*x, *y));
    }
  });
  return make_set(std::move(nodes));
}

FieldSet intersect(const FieldSet& a, const FieldSet& b) {
  FieldNodes nodes;
  zip(a, b, [&](const std::string& key, const Json* x, const Json* y) {
    if (x == nullptr || y == nullptr) return;
    add_node(nodes, key, is_member(*x) && is_member(*y), intersect(*x, *y));
  });
  return make_set(std::move(nodes));
}

FieldSet subtract(const FieldSet& a, const FieldSet& b) {
  FieldNodes nodes;
  zip(a, b, [&](const std::string& key, const Json* x, const Json* y) {
    if (x == nullptr) return;
    if (y == nullptr) {
      nodes.emplace_back(key, *x);
    } else {
      add_node(nodes, key, is_member(*x) && !is_member(*y), subtract(*x, *y));
    }
  });
  return make_set(std::move(nodes));
}

bool has_common(const FieldSet& a, const FieldSet& b) {
  if (a.size() < b.size()) return has_common(b, a);
  for (const auto& [key, node] : b.as_object()) {
    if (key == kSelf) continue;
    const Json* other = a.find(key);
    if (other == nullptr) continue;
    if (is_member(node) && is_member(*other)) return true;
    if (has_common(*other, node)) return true;
  }
  return false;
}

bool covers(const FieldSet& a, const FieldSet& b) {
  for (const auto& [key, node] : b.as_object()) {
    if (key == kSelf) continue;
    const Json* other = a.find(key);
    if (other == nullptr) return false;
    if (is_member(node) && !is_member(*other)) return false;
    if (!covers(*other, node)) return false;
  }
  return true;
}

std::optional<FieldSet> read_field_set(const Json& fields_v1) {
  FieldNodes nodes;
  for (const auto& [key, value] : fields_v1.as_object()) {
    if (key == kSelf) continue;
    std::optional<std::string> canonical = canonical_key(key);
    if (!canonical || !value.is_object()) return std::nullopt;
    std::optional<FieldSet> children = read_field_set(value);
    if (!children) return std::nullopt;
    add_node(nodes, std::move(*canonical), is_member(value), std::move(*children));
  }
  return make_set(std::move(nodes));
}

void each_field(const FieldSet& set,
                const std::function<void(const std::vector<std::string>& keys)>& visit) {
  std::vector<std::string> keys;
  each_below(set, keys, visit);
}

std::string key_text(std::string_view key) {
  const std::string_view rest = key.substr(2);
  if (key[0] == 'f') return "." + std::string(rest);
  if (key[0] == 'i') return "[" + std::string(rest) + "]";
  const Result<Json> value = parse_json(rest);
  if (key[0] == 'v') return "[=" + scalar_text(value.value_or(Json())) + "]";
  std::vector<std::string> parts;
  for (const auto& [name, part] : value.value_or(Json()).as_object()) {
    parts.push_back(name + "=" + scalar_text(part));
  }
  return "[" + join(parts, ",") + "]";
}

std::string path_text(const std::vector<std::string>& keys) {
  std::string text;
  for (const std::string& key : keys) text += key_text(key);
  return text;
}

}  // namespace clickdeploy::apiserver
