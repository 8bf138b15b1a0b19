#include "api/v1alpha1/codec.h"
#include "controller/base/text.h"
#include "controller/cli/object_output_internal.h"
#include "controller/cli/targets_internal.h"
#include "controller/cli/text_table_internal.h"

#include <algorithm>
#include <ostream>

namespace clickdeploy::cli {
namespace {

using api::v1alpha1::Service;
using api::v1alpha1::ServiceAlert;

const api::ResourceInfo& service_kind() {
  return *api::builtin_scheme().find_by_name("services.clickdeploy.io");
}

Result<std::vector<Target>> targets_of(const std::vector<std::string>& words) {
  if (words.empty()) return std::vector<Target>{{&service_kind(), ""}};
  std::vector<Target> targets;
  for (const std::string& word : words) {
    if (!word.contains('/')) {
      targets.push_back({&service_kind(), word});
      continue;
    }
    Result<Target> target = parse_one_target({word});
    if (!target) return std::unexpected(std::move(target).error());
    if (target->info->kind != Service::kGvk.kind) {
      return fail(ErrorCode::InvalidArgument, "alerts are of services; name one, as service/web");
    }
    targets.push_back(*std::move(target));
  }
  return targets;
}

std::string age(const std::string& since, WallTime now) {
  const std::optional<WallTime> time = parse_time(since);
  if (!time) return "<unknown>";
  return human_duration(std::chrono::duration_cast<std::chrono::seconds>(now - *time));
}

std::string silenced_word(const ServiceAlert& alert) {
  if (alert.silenced == "True") return "yes";
  return alert.silenced == "False" ? "no" : alert.silenced.empty() ? "-" : "unknown";
}

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : printable(text);
}

bool is_observed(const Service& service) {
  return api::is_true(service.status.conditions, "AlertsObserved");
}

void print_table(Session& session, const std::vector<Service>& services, bool one_service) {
  TextTable table;
  TextTable::Row header;
  if (session.all_namespaces) header.push_back("NAMESPACE");
  if (!one_service) header.push_back("SERVICE");
  for (const char* name :
       {"SEVERITY", "ALERT", "INSTANCE", "STATE", "SINCE", "SILENCED", "SUMMARY"}) {
    header.push_back(name);
  }
  table.add(std::move(header));
  bool any = false;
  for (const Service& service : services) {
    for (const ServiceAlert& alert : service.status.alerts.worst) {
      TextTable::Row row;
      if (session.all_namespaces) row.push_back(service.metadata.namespace_name);
      if (!one_service) row.push_back(service.metadata.name);
      for (std::string cell :
           {or_dash(alert.severity), or_dash(alert.name), or_dash(alert.instance), alert.state,
            age(alert.since, session.clock.wall_now()), silenced_word(alert),
            or_dash(alert.summary)}) {
        row.push_back(std::move(cell));
      }
      table.add(std::move(row));
      any = true;
    }
  }
  if (any) table.write(session.console.out());
}

// What the table cannot say: alerts that are not known, or not shown.
void tell_limits(Session& session, const std::vector<Service>& services) {
  bool observed = true;
  std::int64_t all = 0;
  for (const Service& service : services) {
    const auto& alerts = service.status.alerts;
    const std::string name = service.metadata.key().text();
    const auto shown = static_cast<std::int64_t>(alerts.worst.size());
    all += shown;
    if (!is_observed(service)) {
      observed = false;
      const auto* condition = api::find_condition(service.status.conditions, "AlertsObserved");
      session.console.warning(
          "the alerts of service " + name + " are not known now" +
          (shown > 0 ? " and stand here as they were seen last" : "") + ": " +
          printable(condition == nullptr ? "no controller has looked yet" : condition->message));
    }
    const std::int64_t hidden = alerts.firing + alerts.pending - shown;
    if (hidden > 0) {
      session.console.note("service " + name + " has " + std::to_string(hidden) +
                           " more alerts than are shown");
    }
  }
  if (all == 0 && observed) {
    session.console.note(services.empty() ? "No services found" : "No alerts fire or are pending");
  }
}

Json as_alert_list(const std::vector<Service>& services) {
  Json items = Json::array();
  Json unknown = Json::array();
  for (const Service& service : services) {
    const Json encoded = api::encode(service);
    const Json where = Json::object(
        {{"namespace", service.metadata.namespace_name}, {"service", service.metadata.name}});
    for (const Json& alert : encoded["status"]["alerts"]["worst"].as_array()) {
      Json item = where;
      for (const auto& [name, value] : alert.as_object()) item.set(name, value);
      items.push_back(std::move(item));
    }
    if (!is_observed(service)) unknown.push_back(where);
  }
  return Json::object({{"apiVersion", "clickdeploy.io/v1alpha1"},
                       {"kind", "AlertList"},
                       {"items", std::move(items)},
                       {"unknown", std::move(unknown)}});
}

}  // namespace

Task<int> run_alerts(Session& session, AlertsOptions options) {
  Result<ObjectOutput> output = ObjectOutput::parse(options.output);
  const bool known =
      output && (options.output.empty() || output->form() == ObjectOutput::Form::Json ||
                 output->form() == ObjectOutput::Form::Yaml);
  Result<std::vector<Target>> targets = targets_of(options.services);
  if (!known || !targets) {
    session.console.error(known ? targets.error().message() : "-o takes json or yaml");
    co_return kWrongUsage;
  }
  FoundObjects found = co_await find_objects(session, *targets, {});
  std::vector<Service> services;
  for (const FoundObject& object : found.objects) {
    Result<Service> service = api::decode<Service>(object.object);
    if (service) {
      services.push_back(*std::move(service));
    } else {
      found.errors.push_back(std::move(service).error());
    }
  }
  if (!output->is_table()) {
    session.console.out() << output->print(as_alert_list(services));
  } else {
    const bool one_service = targets->size() == 1 && !targets->front().name.empty();
    print_table(session, services, one_service);
    if (found.errors.empty()) tell_limits(session, services);
  }
  for (const Error& error : found.errors) report(session, error);
  co_return found.errors.empty() ? kDone : kFailed;
}

}  // namespace clickdeploy::cli
