// The HTTP API of the fake, as far as anybody asks it.

#include "controller/base/text.h"
#include "tests/fakes/fake_prometheus.h"

namespace clickdeploy::fakes {

namespace {

// The time until rules are evaluated for the first time.
constexpr std::chrono::seconds kFirstEvaluation{15};

http::Reply text_reply(int status, std::string text) {
  http::Reply reply;
  reply.response.status = status;
  reply.response.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
  reply.response.body = std::move(text);
  return reply;
}

http::Reply json_reply(int status, const Json& body) {
  http::Reply reply;
  reply.response.status = status;
  reply.response.headers = {{"Content-Type", "application/json"}};
  reply.response.body = to_json(body);
  return reply;
}

http::Reply success(Json data) {
  return json_reply(200, Json::object({{"status", "success"}, {"data", std::move(data)}}));
}

Json to_object(const std::map<std::string, std::string>& labels) {
  Json object = Json::object();
  for (const auto& [name, value] : labels) object.set(name, value);
  return object;
}

std::string form_value(const http::Request& request, std::string_view name) {
  const auto pairs = parse_query(request.body);
  if (!pairs) return "";
  for (const auto& [key, value] : *pairs) {
    if (key == name) return value;
  }
  return "";
}

}  // namespace

http::Reply FakePrometheus::handle(const http::Request& request) {
  const std::string path = request.url.substr(0, request.url.find('?'));
  const bool is_post = request.method == "POST";
  if (path == "/-/ready") return text_reply(200, "Prometheus Server is Ready.\n");
  if (path == "/-/reload") {
    if (!is_post) return text_reply(405, "Method Not Allowed");
    ++reloads_;
    look_at_targets(true);
    if (load_rules()) return text_reply(200, "");
    return text_reply(500,
                      "failed to reload config: one or more errors occurred while applying the "
                      "new configuration (--config.file=\"prometheus.yml\")\n");
  }
  if (path == "/api/v1/targets") return success(targets_json());
  if (path == "/api/v1/rules") return success(rules_json());
  if (path == "/api/v1/status/runtimeinfo") {
    return success(Json::object({{"reloadConfigSuccess", reload_success_},
                                 {"lastConfigTime", format_time(configured_)},
                                 {"storageRetention", "15d"}}));
  }
  if (path == "/api/v1/status/buildinfo") return success(Json::object({{"version", "2.42.0+ds"}}));
  if (path == "/api/v1/format_query" && is_post) return success(form_value(request, "query"));
  if (path == "/api/v1/query_range" && is_post) {
    // Nothing is remembered of what was.
    return success(Json::object({{"resultType", "matrix"}, {"result", Json::array()}}));
  }
  if (path == "/api/v1/query" && is_post) {
    const std::string expression = form_value(request, "query");
    if (expression.empty()) {
      return json_reply(400, Json::object({{"status", "error"},
                                           {"errorType", "bad_data"},
                                           {"error",
                                            "invalid parameter \"query\": 1:1: parse error: no "
                                            "expression found in input"}}));
    }
    return success(query_json(expression));
  }
  return text_reply(404, "404 page not found\n");
}

Json FakePrometheus::targets_json() const {
  Json active = Json::array();
  for (const auto& [key, target] : targets_) {
    Json discovered = to_object(target.discovered);
    discovered.set(ask_ ? "__meta_url" : "__meta_filepath", target.source);
    active.push_back(Json::object({
        {"discoveredLabels", std::move(discovered)},
        {"labels", to_object(target.labels)},
        {"scrapePool", target.labels.at("job")},
        {"scrapeUrl", target.url},
        {"lastError", target.scraped.error},
        {"lastScrape",
         target.scraped.ever ? format_micro_time(target.scraped.at) : "0001-01-01T00:00:00Z"},
        {"health", target.scraped.health},
    }));
  }
  return Json::object({{"activeTargets", std::move(active)}, {"droppedTargets", Json::array()}});
}

Json FakePrometheus::rules_json() const {
  const bool evaluated = clock_.steady_now() - rules_loaded_ >= kFirstEvaluation;
  Json groups = Json::array();
  for (const RuleFile& file : rules_) {
    for (const Json& group : file.document["groups"].as_array()) {
      Json rules = Json::array();
      for (const Json& rule : group["rules"].as_array()) {
        const bool is_alert = rule.contains("alert");
        Json shown = Json::object({
            {"name", rule[is_alert ? "alert" : "record"]},
            {"query", rule["expr"]},
            {"type", is_alert ? "alerting" : "recording"},
            {"health", evaluated ? "ok" : "unknown"},
            {"labels", rule["labels"].is_null() ? Json::object() : rule["labels"]},
        });
        if (is_alert) {
          shown.set("state", "inactive");
          shown.set("annotations",
                    rule["annotations"].is_null() ? Json::object() : rule["annotations"]);
          shown.set("alerts", Json::array());
        }
        rules.push_back(std::move(shown));
      }
      groups.push_back(Json::object({{"name", group["name"]},
                                     {"file", file.path},
                                     {"interval", 15},
                                     {"rules", std::move(rules)}}));
    }
  }
  return Json::object({{"groups", std::move(groups)}});
}

// Only `up` has values here; everything else is a metric that nobody knows.
Json FakePrometheus::query_json(const std::string& expression) const {
  Json result = Json::array();
  if (expression == "up") {
    for (const auto& [key, target] : targets_) {
      if (!target.scraped.ever) continue;
      Json metric = to_object(target.labels);
      metric.set("__name__", "up");
      const double seconds =
          std::chrono::duration<double>(target.scraped.at.time_since_epoch()).count();
      result.push_back(Json::object(
          {{"metric", std::move(metric)},
           {"value", Json::array({seconds, target.scraped.health == "up" ? "1" : "0"})}}));
    }
  }
  return Json::object({{"resultType", "vector"}, {"result", std::move(result)}});
}

}  // namespace clickdeploy::fakes
