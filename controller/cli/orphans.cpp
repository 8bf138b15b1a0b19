#include "controller/base/text.h"
#include "controller/cli/api_call_internal.h"
#include "controller/cli/confirm_internal.h"
#include "controller/cli/targets_internal.h"
#include "controller/cli/text_table_internal.h"

#include <algorithm>
#include <ostream>

namespace clickdeploy::cli {
namespace {

constexpr std::chrono::milliseconds kLookEvery{1000};
constexpr const char* kAnnotation = "clickdeploy.io/delete-orphans";
const client::ResourcePath kClouds{"clickdeploy.io", "v1alpha1", "clouds"};

api::ObjectKey key_of(const Json& cloud) {
  return {cloud["metadata"]["namespace"].as_string(), cloud["metadata"]["name"].as_string()};
}

std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// The clouds in sight, and what cannot be said of those that are not observed.
void show(Session& session, const std::vector<Json>& clouds) {
  TextTable table;
  table.add({"CLOUD", "KIND", "ID", "NAME", "BELONGED-TO", "AGE"});
  std::size_t count = 0;
  for (const Json& cloud : clouds) {
    for (const Json& orphan : cloud["status"]["orphans"].as_array()) {
      const std::optional<WallTime> since = parse_time(orphan["since"].as_string());
      table.add({key_of(cloud).text(), orphan["kind"].as_string(), orphan["id"].as_string(),
                 printable(orphan["name"].as_string()), orphan["belongedTo"].as_string(),
                 since ? human_duration(std::chrono::floor<std::chrono::seconds>(
                             session.clock.wall_now() - *since))
                       : "<unknown>"});
      ++count;
    }
  }
  if (count > 0) table.write(session.console.out());
  if (count == 0) session.console.out() << "No orphans found" << std::endl;
  for (const Json& cloud : clouds) {
    const Json& observed = condition_of(cloud, "FleetObserved");
    if (observed["status"].as_string() == "True") continue;
    session.console.warning(
        "cloud " + key_of(cloud).text() +
        " is not observed, so its orphans are not known: " + observed["message"].as_string());
  }
}

// Asks for one Cloud's orphans to be deleted, and waits until that is done.
Task<bool> delete_of(Session& session, const Json& cloud, SteadyTime until) {
  std::string ids;
  for (const Json& orphan : cloud["status"]["orphans"].as_array()) {
    ids += (ids.empty() ? "" : ",") + orphan["id"].as_string();
  }
  const std::string name = "cloud " + key_of(cloud).text();
  Json annotations = Json::object({{kAnnotation, ids}});
  Json patch =
      Json::object({{"metadata", Json::object({{"annotations", std::move(annotations)}})}});
  Result<Json> patched =
      co_await session.client.merge_patch(kClouds, key_of(cloud), std::move(patch));
  if (!patched) {
    report(session, patched.error());
    co_return false;
  }
  while (true) {
    Result<std::optional<Json>> now = co_await session.client.get(kClouds, key_of(cloud));
    if (!now) {
      report(session, now.error());
      co_return false;
    }
    if (!now->has_value()) {
      session.console.error(name + " was deleted while we waited for it");
      co_return false;
    }
    if (!(**now)["metadata"]["annotations"].contains(kAnnotation)) break;
    if (session.clock.steady_now() >= until) {
      session.console.error(name + ": some are still there; see clickctl events --for cloud/" +
                            key_of(cloud).name + ". The deletion goes on without us");
      co_return false;
    }
    session.console.progress("waiting for " + name + " to delete its orphans");
    co_await session.clock.sleep(kLookEvery);
  }
  session.console.out() << name << ": orphans deleted" << std::endl;
  co_return true;
}

}  // namespace

Task<int> run_orphans(Session& session, OrphansOptions options) {
  // Whoever audits wants to see everything, unless they name a namespace.
  const std::string where = session.namespace_given ? session.namespace_name : "";
  Result<client::ObjectList> list = co_await session.client.list(kClouds, where);
  if (!list) {
    report(session, list.error());
    co_return kFailed;
  }
  show(session, list->items);
  std::size_t servers = 0;
  std::size_t volumes = 0;
  std::size_t others = 0;
  for (const Json& cloud : list->items) {
    for (const Json& orphan : cloud["status"]["orphans"].as_array()) {
      const std::string& kind = orphan["kind"].as_string();
      ++(kind == "Server" ? servers : kind == "Volume" ? volumes : others);
    }
  }
  if (!options.remove || servers + volumes + others == 0) co_return kDone;
  const std::string data =
      volumes == 0 ? "" : ", " + counted(volumes, "volume") + " with all that is on them,";
  const std::string question =
      "Delete " + counted(servers, "server") + data + " and " + counted(others, "other thing") +
      " for good? A Service with room for them would take its servers back instead.";
  if (!confirm(session, question, options.yes)) co_return kFailed;
  const SteadyTime until = options.timeout.count() == 0
                               ? SteadyTime::max()
                               : session.clock.steady_now() + options.timeout;
  bool good = true;
  for (const Json& cloud : list->items) {
    if (cloud["status"]["orphans"].empty()) continue;
    const bool deleted = co_await delete_of(session, cloud, until);
    good = good && deleted;
  }
  co_return good ? kDone : kFailed;
}

}  // namespace clickdeploy::cli
