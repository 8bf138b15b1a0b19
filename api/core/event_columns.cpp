#include "api/core/event_columns.h"

#include "api/schema/table.h"

namespace clickdeploy::api::core {
namespace {

// The first of the times that is set; events of older and newer reporters use different fields.
std::string age_of_first(std::initializer_list<const Json*> times, WallTime now) {
  for (const Json* time : times) {
    if (time->is_string() && !time->empty()) return age_since(time->as_string(), now);
  }
  return "<unknown>";
}

}  // namespace

Json event_last_seen(const Json& event, WallTime now) {
  return age_of_first(
      {&event["series"]["lastObservedTime"], &event["lastTimestamp"], &event["eventTime"]}, now);
}

Json event_first_seen(const Json& event, WallTime now) {
  return age_of_first({&event["firstTimestamp"], &event["eventTime"]}, now);
}

Json event_object(const Json& event, WallTime) {
  const Json& about = event["involvedObject"];
  const std::string kind = to_lower(about["kind"].as_string());
  return about["name"].empty() ? kind : kind + "/" + about["name"].as_string();
}

Json event_source(const Json& event, WallTime) {
  std::string component = event["source"]["component"].as_string();
  if (component.empty()) component = event["reportingComponent"].as_string();
  std::string host = event["source"]["host"].as_string();
  if (host.empty()) host = event["reportingInstance"].as_string();
  return host.empty() ? component : component + ", " + host;
}

Json event_count(const Json& event, WallTime) {
  if (event["series"]["count"].is_int()) return event["series"]["count"];
  const std::int64_t count = event["count"].as_int();
  return count == 0 ? Json(1) : Json(count);
}

}  // namespace clickdeploy::api::core
