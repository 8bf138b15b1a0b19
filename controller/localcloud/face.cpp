#include "controller/base/text.h"
#include "controller/localcloud/face_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace clickdeploy::localcloud {

std::string Call::header(std::string_view name) const {
  const std::string* value = http::find_header(*headers, name);
  return value == nullptr ? "" : *value;
}

std::string Call::parameter(std::string_view key) const {
  for (const auto& [name, value] : query) {
    if (name == key) return value;
  }
  return "";
}

std::vector<std::string> Call::parameters(std::string_view key) const {
  std::vector<std::string> values;
  for (const auto& [name, value] : query) {
    if (name == key) values.push_back(value);
  }
  return values;
}

bool matches(const Call& call, std::string_view method,
             std::initializer_list<std::string_view> path) {
  if (call.method != method || call.path.size() != path.size()) return false;
  return std::equal(
      path.begin(), path.end(), call.path.begin(),
      [](std::string_view want, const std::string& have) { return want == "*" || want == have; });
}

Outcome<PageRequest> page_request(const Call& call, std::size_t limit_max) {
  PageRequest page;
  page.marker = call.parameter("marker");
  page.limit = limit_max;
  const std::string limit = call.parameter("limit");
  if (limit.empty()) return page;
  std::size_t value = 0;
  const char* end = limit.data() + limit.size();
  auto [stop, problem] = std::from_chars(limit.data(), end, value);
  if (problem != std::errc() || stop != end) {
    return refuse(400, fmt::format("Invalid input for query parameters limit. Value: {}. '{}' "
                                   "does not match '^[0-9]*$'",
                                   limit, limit));
  }
  page.limit_given = true;
  if (value > 0) page.limit = std::min(value, limit_max);
  return page;
}

std::string query_with_marker(const Query& query, std::string_view marker) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : query) {
    if (key == "marker") continue;
    parts.push_back(escape_query(key) + "=" + escape_query(value));
  }
  parts.push_back("marker=" + escape_query(marker));
  return join(parts, "&");
}

std::unexpected<ApiError> invalid_field(std::string_view field, const Json& value,
                                        std::string_view problem) {
  std::string shown = to_json(value);
  if (shown.size() > 200) shown = shown.substr(0, 200) + "...";
  return refuse(400, fmt::format("Invalid input for field/attribute {}. Value: {}. {}", field,
                                 shown, problem));
}

Json strings_json(const std::vector<std::string>& strings) {
  JsonArray items;
  for (const std::string& text : strings) items.emplace_back(text);
  return items;
}

}  // namespace clickdeploy::localcloud
