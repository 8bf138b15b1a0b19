#include "api/core/event_columns.h"
#include "controller/cli/event_list_internal.h"
#include "controller/cli/follow_internal.h"
#include "controller/cli/object_table_internal.h"
#include "controller/cli/targets_internal.h"

#include <algorithm>
#include <ostream>

namespace clickdeploy::cli {
namespace {

const api::ResourceInfo& event_kind() {
  return *api::builtin_scheme().find_kind("v1", "Event");
}

// The last time it was seen, then the name, so that the order is always the same.
std::pair<std::string, std::string> order_of(const Json& event) {
  const std::string& name = event["metadata"]["name"].as_string();
  for (const Json* time :
       {&event["series"]["lastObservedTime"], &event["lastTimestamp"], &event["eventTime"]}) {
    if (!time->as_string().empty()) return {time->as_string(), name};
  }
  return {event["metadata"]["creationTimestamp"].as_string(), name};
}

}  // namespace

client::Query events_about(const api::ResourceInfo& info, const std::string& name) {
  return {{"fieldSelector", "involvedObject.kind=" + info.kind + ",involvedObject.apiVersion=" +
                                info.api_version() + ",involvedObject.name=" + name}};
}

Task<Result<client::ObjectList>> list_events(Session& session, std::string namespace_name,
                                             client::Query query) {
  Result<client::ObjectList> list = co_await session.client.list(
      path_of(event_kind()), std::move(namespace_name), std::move(query));
  if (list) std::ranges::sort(list->items, {}, order_of);
  co_return list;
}

Task<int> run_events(Session& session, EventsOptions options) {
  client::Query query;
  if (!options.about.empty()) {
    Result<Target> target = parse_one_target({options.about});
    if (!target) {
      session.console.error("--for: " + target.error().message());
      co_return kWrongUsage;
    }
    query = events_about(*target->info, target->name);
  }
  const std::string namespace_name = session.all_namespaces ? "" : session.namespace_name;
  Result<client::ObjectList> list = co_await list_events(session, namespace_name, query);
  if (!list) {
    report(session, list.error());
    co_return kFailed;
  }
  if (list->items.empty() && !options.watch) {
    session.console.note(session.all_namespaces
                             ? "No events found."
                             : "No events found in " + session.namespace_name + " namespace.");
    co_return kDone;
  }
  const ObjectTable table(event_kind(), {.with_namespace = session.all_namespaces});
  TextTable text;
  text.add(table.header());
  for (const Json& event : list->items) text.add(table.row(event, session.clock.wall_now()));
  text.write(session.console.out());
  session.console.out().flush();
  if (!options.watch) co_return kDone;
  Following what{path_of(event_kind()), namespace_name, list->resource_version, query};
  std::function<void(const Json&)> show = [&](const Json& event) {
    text.add(table.row(event, session.clock.wall_now()));
    text.write(session.console.out());
    session.console.out().flush();
  };
  Result<void> followed = co_await follow(session, std::move(what), std::move(show));
  if (followed) co_return kDone;
  report(session, followed.error());
  co_return kFailed;
}

}  // namespace clickdeploy::cli
