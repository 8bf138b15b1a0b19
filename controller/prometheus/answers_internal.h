// What Prometheus's answers mean: pure functions from a response to values.
//
// Error codes as query_client.h promises.

#pragma once

#include "controller/base/json.h"
#include "controller/http/message.h"
#include "controller/prometheus/alertmanager_client.h"
#include "controller/prometheus/query_client.h"

#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::prometheus {

// The error that a status other than 2xx stands for, with the server's words, cleaned and cut.
Error error_from_response(const http::Response& response, std::string_view who = "Prometheus");

// `data` of {"status":"success","data":…}.
Result<Json> data_of(const http::Response& response);

Result<std::vector<Sample>> parse_samples(const Json& data);
Result<std::vector<Presence>> parse_presences(const Json& data);
Result<std::vector<ActiveTarget>> parse_active_targets(const Json& data);
Result<std::vector<RuleGroupStatus>> parse_rule_groups(const Json& data);
Result<RuntimeInfo> parse_runtime_info(const Json& runtime, const Json& build);

// Of Alertmanager's /api/v2/alerts.
Result<std::vector<SentAlert>> parse_sent_alerts(const http::Response& response);

// Of Alertmanager's /api/v2/silences, and what is sent there.
Result<std::vector<Silence>> parse_silences(const http::Response& response);
Json silence_body(const Silence& silence);

// format_query breaks long expressions over lines; /api/v1/rules does not. Brings the first to the
// form of the second. White space inside string literals stays.
std::string squeeze_expression(std::string_view expression);

}  // namespace clickdeploy::prometheus
