#include "controller/prometheus/target_files.h"

#include "controller/base/json.h"
#include "controller/base/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace clickdeploy::prometheus {

namespace {

constexpr std::size_t kHostBytesMax = 253;
constexpr std::size_t kLabelBytesMax = 4096;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_label_name(std::string_view name) {
  if (name.empty() || is_digit(name.front())) return false;
  return std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

bool is_host(std::string_view host) {
  if (host.empty() || host.size() > kHostBytesMax) return false;
  if (host.front() == '[') {
    if (host.size() < 4 || host.back() != ']') return false;
    host = host.substr(1, host.size() - 2);
    return std::ranges::all_of(host,
                               [](char c) { return is_hex_digit(c) || c == ':' || c == '.'; });
  }
  return std::ranges::all_of(
      host, [](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_'; });
}

// Stricter than Prometheus, which takes an address without a port or with port 99999 and then
// scrapes something that nobody meant.
bool is_address(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || !is_host(address.substr(0, colon))) return false;
  const std::string_view digits = address.substr(colon + 1);
  unsigned port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return error == std::errc() && end == digits.data() + digits.size() && port >= 1 && port <= 65535;
}

Result<std::chrono::milliseconds> duration_of(const Labels& labels, const std::string& name) {
  const auto found = labels.find(name);
  if (found == labels.end()) return std::chrono::milliseconds(0);
  const std::optional<std::chrono::milliseconds> duration =
      parse_prometheus_duration(found->second);
  if (!duration || duration->count() <= 0) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("label {}: {} is not a duration", name, go_quote(found->second)));
  }
  return *duration;
}

// Prometheus would not create a target of which these are wrong, and would tell only its log.
Result<void> check_scrape_settings(const Labels& labels) {
  const Result<std::chrono::milliseconds> interval = duration_of(labels, "__scrape_interval__");
  if (!interval) return std::unexpected(interval.error());
  const Result<std::chrono::milliseconds> timeout = duration_of(labels, "__scrape_timeout__");
  if (!timeout) return std::unexpected(timeout.error());
  if (interval->count() > 0 && *timeout > *interval) {
    return fail(ErrorCode::InvalidArgument,
                "label __scrape_timeout__ is greater than __scrape_interval__");
  }
  const auto scheme = labels.find("__scheme__");
  if (scheme != labels.end() && scheme->second != "http" && scheme->second != "https") {
    return fail(
        ErrorCode::InvalidArgument,
        fmt::format("label __scheme__: {} is neither http nor https", go_quote(scheme->second)));
  }
  const auto path = labels.find("__metrics_path__");
  if (path != labels.end() && !path->second.starts_with('/')) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("label __metrics_path__: {} does not begin with a slash",
                            go_quote(path->second)));
  }
  return {};
}

Result<void> check_label(const std::string& name, const std::string& value) {
  constexpr std::array<std::string_view, 4> kSettings = {
      "__scheme__", "__metrics_path__", "__scrape_interval__", "__scrape_timeout__"};
  if (!is_label_name(name)) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} is not a valid label name", go_quote(name)));
  }
  const bool setting = std::ranges::find(kSettings, name) != kSettings.end() ||
                       (name.starts_with("__param_") && name.size() > 8);
  if (name.starts_with("__") && !setting) {
    return fail(ErrorCode::InvalidArgument, fmt::format("label {} is reserved", name));
  }
  if (!is_valid_utf8(value)) {
    return fail(ErrorCode::InvalidArgument, fmt::format("label {} is not valid UTF-8", name));
  }
  if (name.size() + value.size() > kLabelBytesMax) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("label {} has more than {} bytes", name, kLabelBytesMax));
  }
  return {};
}

Result<void> check_target(const Target& target) {
  if (!is_address(target.address)) {
    return fail(
        ErrorCode::InvalidArgument,
        fmt::format("{} is not an address of the form host:port", go_quote(target.address)));
  }
  for (const auto& [name, value] : target.labels) {
    Result<void> valid = check_label(name, value);
    if (!valid) return valid;
  }
  return check_scrape_settings(target.labels);
}

std::string group_of(const Target& target) {
  Json labels = Json::object();
  for (const auto& [name, value] : target.labels) labels.set(name, value);
  return to_json(
      Json::object({{"labels", std::move(labels)}, {"targets", Json::array({target.address})}}));
}

}  // namespace

Result<std::string> render_target_file(std::vector<Target> targets) {
  for (Target& target : targets) {
    Result<void> valid = check_target(target);
    if (!valid) {
      return std::unexpected(
          std::move(valid).error().with_context("target " + go_quote(target.address)));
    }
    // To Prometheus an empty label is none.
    std::erase_if(target.labels, [](const auto& label) { return label.second.empty(); });
  }
  std::ranges::sort(targets);
  const auto repeated = std::ranges::unique(targets);
  targets.erase(repeated.begin(), repeated.end());

  if (targets.empty()) return std::string(kNoTargets);
  // One group a line: a person can read the difference between two versions.
  std::vector<std::string> lines;
  lines.reserve(targets.size());
  for (const Target& target : targets) lines.push_back("  " + group_of(target));
  return "[\n" + join(lines, ",\n") + "\n]\n";
}

}  // namespace clickdeploy::prometheus
