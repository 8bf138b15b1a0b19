#include "controller/base/utf8.h"
#include "controller/prometheus/answers_internal.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::prometheus {

namespace {

constexpr std::size_t kWordsBytesMax = 1000;

// A target has some forty values; this is room for 50 000 of them.
constexpr JsonLimits kLimits{.depth_max = 32, .nodes_max = 2'000'000};

std::unexpected<Error> not_understood(std::string_view what) {
  return fail(ErrorCode::Unavailable, fmt::format("the answer is not Prometheus's: {}", what));
}

// Fit for a status or a log: one line, valid UTF-8, no control characters, not endless.
std::string clean_words(std::string_view text) {
  std::string words = to_valid_utf8(trim(text).substr(0, kWordsBytesMax));
  std::ranges::replace_if(
      words, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return words;
}

std::string words_of(const http::Response& response) {
  const Result<Json> body = parse_json(response.body);
  std::string error = body ? (*body)["error"].as_string() : response.body;
  if (body && error.empty()) error = (*body)["message"].as_string();
  return clean_words(error.empty() ? response.body : error);
}

ErrorCode code_of(int status) {
  switch (status) {
    case 400:
    case 422:
      return ErrorCode::InvalidArgument;
    case 401:
      return ErrorCode::Unauthenticated;
    case 403:
      return ErrorCode::PermissionDenied;
    case 404:
      return ErrorCode::NotFound;
    case 429:
      return ErrorCode::ResourceExhausted;
    default:
      return status >= 500 ? ErrorCode::Unavailable : ErrorCode::Internal;
  }
}

Labels parse_labels(const Json& object) {
  Labels labels;
  for (const auto& [name, value] : object.as_object()) labels.emplace(name, value.as_string());
  return labels;
}

Result<Sample> parse_sample(const Json& metric, const Json& point) {
  if (point.size() != 2 || !point[0].is_number() || !point[1].is_string()) {
    return not_understood("a sample is not a pair of time and text");
  }
  return Sample{.labels = parse_labels(metric),
                .time_seconds = point[0].as_double(),
                .value = point[1].as_string()};
}

// Before the first scrape Prometheus says year 1, which no nanosecond clock can hold.
std::optional<WallTime> parse_scrape_time(const std::string& text) {
  if (text.starts_with("0001-")) return std::nullopt;
  return parse_time(text);
}

ActiveTarget parse_target(const Json& target) {
  return ActiveTarget{.labels = parse_labels(target["labels"]),
                      .discovered_labels = parse_labels(target["discoveredLabels"]),
                      .scrape_pool = target["scrapePool"].as_string(),
                      .scrape_url = target["scrapeUrl"].as_string(),
                      .health = target["health"].as_string(),
                      .last_error = clean_words(target["lastError"].as_string()),
                      .last_scrape = parse_scrape_time(target["lastScrape"].as_string())};
}

Labels clean_labels(const Json& object) {
  Labels labels;
  for (const auto& [name, value] : object.as_object()) {
    labels.emplace(clean_words(name), clean_words(value.as_string()));
  }
  return labels;
}

std::string whole_seconds(const std::string& text) {
  const std::optional<WallTime> time = parse_scrape_time(text);
  return time ? format_time(*time) : "";
}

Alert parse_alert(const Json& alert) {
  return Alert{.labels = clean_labels(alert["labels"]),
               .state = alert["state"].as_string(),
               .since = whole_seconds(alert["activeAt"].as_string()),
               .summary = clean_words(alert["annotations"]["summary"].as_string())};
}

RuleStatus parse_rule(const Json& rule) {
  RuleStatus status{.name = rule["name"].as_string(),
                    .type = rule["type"].as_string(),
                    .query = rule["query"].as_string(),
                    .health = rule["health"].as_string(),
                    .last_error = clean_words(rule["lastError"].as_string()),
                    .state = rule["state"].as_string(),
                    .duration_seconds = rule["duration"].as_double(),
                    .last_evaluation = whole_seconds(rule["lastEvaluation"].as_string()),
                    .evaluation_seconds = rule["evaluationTime"].as_double(),
                    .labels = parse_labels(rule["labels"]),
                    .annotations = parse_labels(rule["annotations"])};
  status.firing = static_cast<std::size_t>(std::ranges::count_if(
      rule["alerts"].as_array(),
      [](const Json& alert) { return alert["state"].as_string() == "firing"; }));
  for (const Json& alert : rule["alerts"].as_array()) {
    const Json& labels = alert["labels"];
    const std::string& service = labels["service_id"].as_string();
    if (!service.empty()) status.alerts.push_back(parse_alert(alert));
    if (alert["state"].as_string() == "firing" && labels["severity"].as_string() == "page" &&
        !service.empty() && std::ranges::count(status.paging, service) == 0) {
      status.paging.push_back(service);
    }
  }
  return status;
}

}  // namespace

Error error_from_response(const http::Response& response, std::string_view who) {
  const std::string words = words_of(response);
  return Error(code_of(response.status),
               words.empty() ? fmt::format("{} answers {}", who, response.status)
                             : fmt::format("{} answers {}: {}", who, response.status, words));
}

const std::string& Alert::label(const std::string& name) const {
  static const std::string kNone;
  const auto found = labels.find(name);
  return found == labels.end() ? kNone : found->second;
}

Result<std::vector<SentAlert>> parse_sent_alerts(const http::Response& response) {
  if (response.status != 200) {
    return std::unexpected(error_from_response(response, "Alertmanager"));
  }
  const Result<Json> body = parse_json(response.body, kLimits);
  if (!body || !body->is_array()) {
    return fail(ErrorCode::Unavailable, "the answer is not Alertmanager's: no list of alerts");
  }
  std::vector<SentAlert> alerts;
  for (const Json& item : body->as_array()) {
    if (!item["labels"].is_object() || !item["status"].is_object()) {
      return fail(ErrorCode::Unavailable,
                  "the answer is not Alertmanager's: an alert without labels or status");
    }
    alerts.push_back({.labels = clean_labels(item["labels"]),
                      .silenced = item["status"]["silencedBy"].size() > 0,
                      .inhibited = item["status"]["inhibitedBy"].size() > 0});
  }
  return alerts;
}

Result<std::vector<Silence>> parse_silences(const http::Response& response) {
  if (response.status != 200) {
    return std::unexpected(error_from_response(response, "Alertmanager"));
  }
  const Result<Json> body = parse_json(response.body, kLimits);
  if (!body || !body->is_array()) {
    return fail(ErrorCode::Unavailable, "the answer is not Alertmanager's: no list of silences");
  }
  std::vector<Silence> silences;
  for (const Json& item : body->as_array()) {
    const std::optional<WallTime> ends = parse_time(item["endsAt"].as_string());
    const std::optional<WallTime> starts = parse_time(item["startsAt"].as_string());
    if (!item["id"].is_string() || !item["matchers"].is_array() || !ends || !starts) {
      return fail(ErrorCode::Unavailable,
                  "the answer is not Alertmanager's: a silence without id, matchers or times");
    }
    Silence silence{.id = item["id"].as_string(),
                    .starts_at = *starts,
                    .ends_at = *ends,
                    .created_by = item["createdBy"].as_string(),
                    .comment = item["comment"].as_string(),
                    .state = item["status"]["state"].as_string()};
    for (const Json& matcher : item["matchers"].as_array()) {
      silence.matchers.push_back({matcher["name"].as_string(), matcher["value"].as_string(),
                                  matcher["isRegex"].as_bool(), matcher["isEqual"].as_bool(true)});
    }
    std::ranges::sort(silence.matchers);
    silences.push_back(std::move(silence));
  }
  return silences;
}

Json silence_body(const Silence& silence) {
  Json matchers = Json::array();
  for (const Matcher& matcher : silence.matchers) {
    matchers.push_back(Json::object({{"name", matcher.name},
                                     {"value", matcher.value},
                                     {"isRegex", matcher.is_regex},
                                     {"isEqual", matcher.is_equal}}));
  }
  Json body = Json::object({{"matchers", std::move(matchers)},
                            {"startsAt", format_micro_time(silence.starts_at)},
                            {"endsAt", format_micro_time(silence.ends_at)},
                            {"createdBy", silence.created_by},
                            {"comment", silence.comment}});
  if (!silence.id.empty()) body.set("id", silence.id);
  return body;
}

Result<Json> data_of(const http::Response& response) {
  if (response.status != 200) return std::unexpected(error_from_response(response));
  Result<Json> body = parse_json(response.body, kLimits);
  if (!body) return not_understood(body.error().message());
  if ((*body)["status"].as_string() != "success") return not_understood("no status \"success\"");
  Json* data = body->find("data");
  if (data == nullptr) return not_understood("no data");
  return std::move(*data);
}

Result<std::vector<Sample>> parse_samples(const Json& data) {
  const std::string& type = data["resultType"].as_string();
  const Json& result = data["result"];
  std::vector<Sample> samples;
  if (type == "scalar" || type == "string") {
    Result<Sample> sample = parse_sample(Json::object(), result);
    if (!sample) return std::unexpected(sample.error());
    samples.push_back(*std::move(sample));
    return samples;
  }
  if (type == "matrix") {
    return fail(ErrorCode::InvalidArgument, "the expression is a range, not an instant");
  }
  if (type != "vector" || !result.is_array()) return not_understood("no vector");
  samples.reserve(result.size());
  for (const Json& item : result.as_array()) {
    Result<Sample> sample = parse_sample(item["metric"], item["value"]);
    if (!sample) return std::unexpected(sample.error());
    samples.push_back(*std::move(sample));
  }
  return samples;
}

Result<std::vector<Presence>> parse_presences(const Json& data) {
  if (data["resultType"].as_string() != "matrix" || !data["result"].is_array()) {
    return not_understood("no matrix");
  }
  std::vector<Presence> series;
  for (const Json& item : data["result"].as_array()) {
    Presence one{.labels = clean_labels(item["metric"]), .times = {}};
    for (const Json& point : item["values"].as_array()) {
      if (!point.is_array() || point.size() != 2 || !point[0].is_number()) {
        return not_understood("a point without a time");
      }
      one.times.push_back(static_cast<std::int64_t>(point[0].as_double()));
    }
    if (!std::ranges::is_sorted(one.times)) return not_understood("points out of order");
    series.push_back(std::move(one));
  }
  return series;
}

Result<std::vector<ActiveTarget>> parse_active_targets(const Json& data) {
  const Json& list = data["activeTargets"];
  if (!list.is_array()) return not_understood("no list of active targets");
  std::vector<ActiveTarget> targets;
  targets.reserve(list.size());
  for (const Json& target : list.as_array()) {
    if (!target["labels"].is_object() || !target["health"].is_string()) {
      return not_understood("a target without labels or health");
    }
    targets.push_back(parse_target(target));
  }
  return targets;
}

Result<std::vector<RuleGroupStatus>> parse_rule_groups(const Json& data) {
  const Json& list = data["groups"];
  if (!list.is_array()) return not_understood("no list of rule groups");
  std::vector<RuleGroupStatus> groups;
  groups.reserve(list.size());
  for (const Json& item : list.as_array()) {
    if (!item["name"].is_string() || !item["rules"].is_array()) {
      return not_understood("a rule group without a name or rules");
    }
    RuleGroupStatus group{.name = item["name"].as_string(),
                          .file = item["file"].as_string(),
                          .interval_seconds = item["interval"].as_double()};
    for (const Json& rule : item["rules"].as_array()) group.rules.push_back(parse_rule(rule));
    groups.push_back(std::move(group));
  }
  return groups;
}

Result<RuntimeInfo> parse_runtime_info(const Json& runtime, const Json& build) {
  if (!runtime["reloadConfigSuccess"].is_bool() || !build["version"].is_string()) {
    return not_understood("no version or no result of the last reload");
  }
  return RuntimeInfo{.version = build["version"].as_string(),
                     .reload_config_success = runtime["reloadConfigSuccess"].as_bool(),
                     .last_config_time = runtime["lastConfigTime"].as_string(),
                     .storage_retention = runtime["storageRetention"].as_string()};
}

std::string squeeze_expression(std::string_view expression) {
  constexpr std::string_view kSpaces = " \t\r\n";
  std::string out;
  std::size_t at = 0;
  while (at < expression.size()) {
    const char c = expression[at];
    if (kSpaces.find(c) != std::string_view::npos) {
      at = std::min(expression.find_first_not_of(kSpaces, at), expression.size());
      const bool at_edge = out.empty() || at == expression.size();
      // A break after "(" or before ")" is only layout.
      if (!at_edge && std::string_view("([{").find(out.back()) == std::string_view::npos &&
          std::string_view(")]}").find(expression[at]) == std::string_view::npos) {
        out += ' ';
      }
      continue;
    }
    std::size_t end = at + 1;
    if (c == '"' || c == '\'' || c == '`') {
      while (end < expression.size() && expression[end] != c) {
        end += expression[end] == '\\' && c != '`' ? 2 : 1;
      }
      end = std::min(end + 1, expression.size());
    }
    out += expression.substr(at, end - at);
    at = end;
  }
  return out;
}

}  // namespace clickdeploy::prometheus
