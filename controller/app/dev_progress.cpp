#include "controller/app/dev_manifests_internal.h"
#include "controller/app/dev_progress_internal.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace clickdeploy::app {

namespace {

constexpr std::chrono::milliseconds kLookEvery{250};
constexpr std::chrono::seconds kReadyFor{1};
constexpr std::chrono::seconds kUnreadyFor{5};

const std::string& name_of(const Json& object) {
  return object["metadata"]["name"].as_string();
}

const Json* find_named(const std::vector<Json>& objects, const std::string& name) {
  for (const Json& object : objects) {
    if (name_of(object) == name) return &object;
  }
  return nullptr;
}

const Json& condition(const Json& object, std::string_view type) {
  static const Json kNone;
  for (const Json& each : object["status"]["conditions"].as_array()) {
    if (each["type"].as_string() == type) return each;
  }
  return kNone;
}

bool is_true(const Json& object, std::string_view type) {
  const Json& found = condition(object, type);
  return found["status"].as_string() == "True" &&
         found["observedGeneration"].as_int() >= object["metadata"]["generation"].as_int();
}

bool is_deleting(const Json& object) {
  return object["metadata"].contains("deletionTimestamp");
}

// "Ready is False: message"
std::string describe(const Json& found) {
  return found["type"].as_string() + " is " + found["status"].as_string() + ": " +
         (found["message"].empty() ? found["reason"] : found["message"]).as_string();
}

std::string phase_of(const Json& instance) {
  const std::string& phase = instance["status"]["phase"].as_string();
  return phase.empty() ? "Pending" : phase;
}

// What is worth knowing of a phase; "" for most.
std::string phase_detail(const std::string& old_phase, const Json& instance) {
  const std::string phase = phase_of(instance);
  const Json& remediation = instance["status"]["remediation"];
  if (phase == "Repairing") return remediation["step"].as_string();
  if (phase == "Unhealthy") return remediation["lastReason"].as_string();
  if (phase == "Failed") return condition(instance, "Progressing")["message"].as_string();
  const bool new_server = old_phase == "Creating" || old_phase == "Pending";
  if ((phase == "Booting" || phase == "Running") && new_server) {
    return fmt::format("server {} at {}", instance["status"]["server"]["id"].as_string(),
                       instance["status"]["address"].as_string());
  }
  return "";
}

void tell_instance(const Json* before, const Json& now, std::vector<std::string>& lines) {
  const std::string title = "Instance " + name_of(now) + ": ";
  const std::string phase = phase_of(now);
  const std::string old_phase = before == nullptr ? "" : phase_of(*before);
  const std::string detail = phase_detail(old_phase, now);
  const std::string more = detail.empty() ? "" : ", " + detail;
  if (before == nullptr) {
    lines.push_back(title + phase + more);
    return;
  }
  const bool was_scraped = is_true(*before, "TargetScraped");
  const bool is_scraped = is_true(now, "TargetScraped");
  const bool other_step =
      (*before)["status"]["remediation"]["step"] != now["status"]["remediation"]["step"];
  if (old_phase != phase) {
    lines.push_back(title + old_phase + " → " + phase + more);
  } else if (phase == "Repairing" && other_step) {
    lines.push_back(title + "the next step of the repair" + more);
  } else if (was_scraped && !is_scraped && !is_deleting(now)) {
    lines.push_back(title + condition(now, "TargetScraped")["message"].as_string());
  }
  if (!was_scraped && is_scraped && !is_deleting(now)) {
    lines.push_back(title + "scraped by Prometheus");
  }
}

void tell_service(const Json* before, const Json& now, std::vector<std::string>& lines) {
  const std::string summary = service_summary(now);
  if (is_deleting(now) && (before == nullptr || !is_deleting(*before))) {
    lines.push_back("Service " + name_of(now) + ": Deleting");
  } else if (!is_deleting(now) && (before == nullptr || service_summary(*before) != summary)) {
    lines.push_back("Service " + name_of(now) + ": " + summary);
  }
}

void tell_gone(const std::vector<Json>& before, const std::vector<Json>& now,
               std::vector<std::string>& lines) {
  for (const Json& object : before) {
    if (find_named(now, name_of(object)) != nullptr) continue;
    lines.push_back(object["kind"].as_string() + " " + name_of(object) + ": deleted");
  }
}

// What holds up one object: its first broken link, not the summary of all.
std::string problem_of(const Json& object) {
  const std::string title = object["kind"].as_string() + " " + name_of(object) + ": ";
  const JsonArray& conditions = object["status"]["conditions"].as_array();
  if (conditions.empty()) return title + "nobody has looked at it yet";
  const Json& progressing = condition(object, "Progressing");
  if (progressing["status"].as_string() == "False") {
    return title + progressing["message"].as_string();
  }
  for (const Json& each : conditions) {
    const std::string& type = each["type"].as_string();
    if (type == "Ready" || type == "Progressing" || each["status"].as_string() == "True") continue;
    if (!each["message"].empty()) return title + each["message"].as_string();
  }
  return title + condition(object, "Ready")["message"].as_string();
}

bool is_object_ready(const Json& object) {
  return is_true(object, "Ready") && !is_deleting(object);
}

bool is_service_ready(const Json& service) {
  return is_object_ready(service) && is_true(service, "RulesLoaded") &&
         service["status"]["monitoredReplicas"].as_int() == service["spec"]["replicas"].as_int();
}

}  // namespace

Task<Result<FleetView>> read_fleet(client::Client& client) {
  FleetView fleet;
  struct Part {
    const char* kind;
    std::vector<Json>* into;
  };
  const std::vector<Part> parts = {{"Cloud", &fleet.clouds},
                                   {"MetricsBackend", &fleet.backends},
                                   {"MonitoringPolicy", &fleet.policies},
                                   {"Service", &fleet.services},
                                   {"Instance", &fleet.instances}};
  for (const Part& part : parts) {
    Result<client::ObjectList> list = co_await client.list(dev_path(part.kind), kDevNamespace);
    if (!list) co_return std::unexpected(std::move(list).error());
    *part.into = std::move(list->items);
  }
  co_return fleet;
}

std::string service_summary(const Json& service) {
  const std::int64_t wanted = service["spec"]["replicas"].as_int();
  return fmt::format("READY {}/{} MONITORED {}/{}", service["status"]["readyReplicas"].as_int(),
                     wanted, service["status"]["monitoredReplicas"].as_int(), wanted);
}

std::vector<std::string> changes_between(const FleetView& before, const FleetView& now) {
  std::vector<std::string> lines;
  for (const Json& instance : now.instances) {
    tell_instance(find_named(before.instances, name_of(instance)), instance, lines);
  }
  tell_gone(before.instances, now.instances, lines);
  for (const Json& service : now.services) {
    tell_service(find_named(before.services, name_of(service)), service, lines);
  }
  tell_gone(before.services, now.services, lines);
  return lines;
}

bool is_fleet_ready(const FleetView& fleet) {
  for (auto part : {&FleetView::clouds, &FleetView::backends, &FleetView::policies}) {
    for (const Json& object : fleet.*part) {
      if (!is_object_ready(object)) return false;
    }
  }
  for (const Json& service : fleet.services) {
    if (!is_service_ready(service)) return false;
  }
  return !fleet.services.empty();
}

std::string first_problem(const FleetView& fleet) {
  for (auto part :
       {&FleetView::clouds, &FleetView::backends, &FleetView::instances, &FleetView::policies}) {
    for (const Json& object : fleet.*part) {
      if (!is_object_ready(object)) return problem_of(object);
    }
  }
  for (const Json& service : fleet.services) {
    if (!is_service_ready(service)) return problem_of(service);
  }
  return "";
}

std::vector<std::string> open_conditions(const FleetView& fleet) {
  std::vector<std::string> lines;
  for (auto part : {&FleetView::clouds, &FleetView::backends, &FleetView::policies,
                    &FleetView::instances, &FleetView::services}) {
    for (const Json& object : fleet.*part) {
      const std::string title = object["kind"].as_string() + " " + name_of(object) + ": ";
      if (object["status"]["conditions"].empty()) lines.push_back(title + "has no status");
      for (const Json& each : object["status"]["conditions"].as_array()) {
        if (each["status"].as_string() != "True") lines.push_back(title + describe(each));
      }
    }
  }
  return lines;
}

Task<void> FleetFollower::look() {
  Result<FleetView> now = co_await read_fleet(client_);
  if (!now) {
    screen_.wait_for("the API: " + now.error().message());
    co_return;
  }
  const std::vector<std::string> changes = changes_between(fleet_, *now);
  fleet_ = *std::move(now);
  tell_readiness(false);
  for (const std::string& line : changes) screen_.step(line);
}

void FleetFollower::tell_readiness(bool at_once) {
  const SteadyTime now = clock_.steady_now();
  for (auto part : {&FleetView::clouds, &FleetView::backends, &FleetView::policies}) {
    for (const Json& object : fleet_.*part) {
      const std::string title = object["kind"].as_string() + " " + name_of(object);
      Readiness& known = readiness_[title];
      const bool ready = is_object_ready(object);
      if (ready != known.now) known.since = now;
      known.now = ready;
      if (ready == known.told) continue;
      if (!at_once && now - known.since < (ready ? kReadyFor : kUnreadyFor)) continue;
      known.told = ready;
      const std::string& message = condition(object, "Ready")["message"].as_string();
      screen_.step(title + (ready ? ": Ready, " : ": no longer Ready: ") + message);
    }
  }
}

Task<bool> FleetFollower::until_ready(std::chrono::seconds deadline) {
  const SteadyTime end = clock_.steady_now() + deadline;
  std::optional<SteadyTime> ready_since;
  for (;;) {
    co_await look();
    const SteadyTime now = clock_.steady_now();
    if (!is_fleet_ready(fleet_)) {
      ready_since.reset();
    } else if (!ready_since) {
      ready_since = now;
    } else if (now - *ready_since >= kReadyFor) {
      screen_.wait_for("");
      tell_readiness(true);
      co_return true;
    }
    if (now >= end) co_return false;
    screen_.wait_for(ready_since ? "everything to stay Ready" : first_problem(fleet_));
    co_await clock_.sleep(kLookEvery);
  }
}

Task<void> FleetFollower::forever() {
  for (;;) {
    co_await look();
    screen_.wait_for(first_problem(fleet_));
    co_await clock_.sleep(kLookEvery);
  }
}

Task<Result<std::string>> read_table(client::Client& client, std::string kind) {
  http::Headers headers;
  headers.push_back({"Accept", "application/json;as=Table;v=v1;g=meta.k8s.io"});
  std::string target = dev_path(kind).url(kDevNamespace, "", "");
  Result<http::Response> response =
      co_await client.raw("GET", std::move(target), std::move(headers), "");
  if (!response) co_return std::unexpected(std::move(response).error());
  Result<Json> table = parse_json(response->body);
  if (!table) co_return std::unexpected(std::move(table).error());
  std::vector<std::vector<std::string>> rows(1);
  std::vector<std::size_t> shown;
  const JsonArray& columns = (*table)["columnDefinitions"].as_array();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i]["priority"].as_int() != 0) continue;
    shown.push_back(i);
    std::string name = columns[i]["name"].as_string();
    for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    rows.front().push_back(std::move(name));
  }
  for (const Json& row : (*table)["rows"].as_array()) {
    std::vector<std::string> cells;
    for (const std::size_t i : shown) {
      const Json& cell = row["cells"][i];
      cells.push_back(cell.is_null()     ? "<none>"
                      : cell.is_string() ? cell.as_string()
                                         : to_json(cell));
    }
    rows.push_back(std::move(cells));
  }
  co_return format_table(rows, "  ");
}

}  // namespace clickdeploy::app
