#include "controller/base/text.h"
#include "controller/base/yaml.h"
#include "controller/cli/api_call_internal.h"
#include "controller/cli/rollout_text_internal.h"
#include "controller/cli/targets_internal.h"
#include "controller/cli/text_table_internal.h"

#include <algorithm>
#include <ostream>

namespace clickdeploy::cli {
namespace {

constexpr std::chrono::milliseconds kFirstLook{50};
constexpr std::chrono::milliseconds kLookEvery{500};

const client::ResourcePath kServices{"clickdeploy.io", "v1alpha1", "services"};
const client::ResourcePath kConfigMaps{"", "v1", "configmaps"};

// One template that a Service had; see controller/reconcilers/service/history.h.
struct Record {
  std::int64_t number = 0;
  std::string hash;
  std::string cause;
  Json spec;
};

Result<std::vector<Target>> service_targets(const ObjectArguments& objects) {
  Result<std::vector<Target>> targets = parse_chosen_targets(objects);
  if (!targets) return targets;
  for (const Target& target : *targets) {
    if (target.info->kind != "Service") {
      return fail(ErrorCode::InvalidArgument, "only a service has a rollout, not a " +
                                                  target.info->singular + "; write service/NAME");
    }
  }
  return targets;
}

Task<Result<std::vector<Record>>> read_records(Session& session, const Json& service) {
  const std::string name = service["metadata"]["name"].as_string();
  const std::string home = service["metadata"]["namespace"].as_string();
  const std::string uid = service["metadata"]["uid"].as_string();
  client::Query query{{"labelSelector", "clickdeploy.io/service=" + name}};
  Result<client::ObjectList> list =
      co_await session.client.list(kConfigMaps, home, std::move(query));
  if (!list) co_return std::unexpected(std::move(list).error());
  std::vector<Record> records;
  for (const Json& item : list->items) {
    const Json& metadata = item["metadata"];
    const std::string& hash = metadata["labels"]["clickdeploy.io/template"].as_string();
    const bool ours =
        std::ranges::any_of(metadata["ownerReferences"].as_array(),
                            [&](const Json& owner) { return owner["uid"].as_string() == uid; });
    Result<Json> spec = parse_json(item["data"]["spec.json"].as_string());
    if (!ours || hash.empty() || !spec) continue;
    const std::string& number =
        metadata["annotations"]["clickdeploy.io/revision-number"].as_string();
    records.push_back({.number = number.empty() ? 0 : std::atoll(number.c_str()),
                       .hash = hash,
                       .cause = metadata["annotations"]["kubernetes.io/change-cause"].as_string(),
                       .spec = *std::move(spec)});
  }
  std::ranges::sort(records, {}, &Record::number);
  co_return records;
}

std::string shown(const Json& service) {
  return "service.clickdeploy.io/" + service["metadata"]["name"].as_string();
}

// Follows one Service until its rollout has ended. False if it did not end well.
Task<bool> follow_rollout(Session& session, Json service, RolloutOptions options,
                          SteadyTime until) {
  const api::ObjectKey key{service["metadata"]["namespace"].as_string(),
                           service["metadata"]["name"].as_string()};
  const std::int64_t asked_for = options.revision;
  std::string told;
  std::chrono::milliseconds pause = kFirstLook;
  while (true) {
    const RolloutView view = view_rollout(service);
    const std::int64_t number = service["status"]["rollout"]["number"].as_int();
    if (asked_for > 0 && number != 0 && number != asked_for) {
      session.console.error("desired revision (" + std::to_string(asked_for) +
                            ") is different from the running revision (" + std::to_string(number) +
                            ")");
      co_return false;
    }
    if (view.failed) {
      session.console.error(view.text);
      co_return false;
    }
    if (view.text != told) session.console.out() << printable(view.text) << std::endl;
    told = view.text;
    if (view.done || !options.watch) co_return true;
    if (session.clock.steady_now() >= until) {
      session.console.error("timed out waiting for the condition: " +
                            condition_of(service, "Progressing")["message"].as_string());
      co_return false;
    }
    co_await session.clock.sleep(pause);
    pause = std::min(kLookEvery, pause * 2);
    Result<std::optional<Json>> now = co_await session.client.get(kServices, key);
    if (!now) {
      report(session, now.error());
      co_return false;
    }
    if (!now->has_value()) {
      session.console.error("service \"" + key.name + "\" was deleted while we waited for it");
      co_return false;
    }
    service = std::move(**now);
  }
}

Task<bool> show_history(Session& session, const Json& service, const RolloutOptions& options) {
  Result<std::vector<Record>> records = co_await read_records(session, service);
  if (!records) {
    report(session, records.error());
    co_return false;
  }
  if (options.revision > 0) {
    const auto found = std::ranges::find(*records, options.revision, &Record::number);
    if (found == records->end()) {
      session.console.error("unable to find the specified revision");
      co_return false;
    }
    session.console.out() << shown(service) << " with revision #" << options.revision << "\n"
                          << to_yaml(found->spec);
    co_return true;
  }
  session.console.out() << shown(service) << " \n";
  TextTable table;
  table.add({"REVISION", "CHANGE-CAUSE"});
  for (const Record& record : *records) {
    table.add(
        {std::to_string(record.number), record.cause.empty() ? "<none>" : printable(record.cause)});
  }
  table.write(session.console.out());
  session.console.out() << std::endl;
  co_return true;
}

// Sends a change of one Service and says what was done.
Task<bool> change(Session& session, const Json& service, std::string content_type, Json patch,
                  std::string done) {
  const api::ObjectKey key{service["metadata"]["namespace"].as_string(),
                           service["metadata"]["name"].as_string()};
  std::string target = kServices.url(key.namespace_name, key.name, "") + "?fieldManager=clickctl";
  Result<ApiAnswer> answer = co_await call_api(session, "PATCH", std::move(target),
                                               std::move(content_type), std::move(patch));
  if (!answer || !answer->ok()) {
    report(session, answer ? answer->error() : answer.error());
    co_return false;
  }
  session.console.out() << shown(service) << " " << done << std::endl;
  co_return true;
}

Task<bool> set_paused(Session& session, const Json& service, bool paused) {
  const std::string name = service["metadata"]["name"].as_string();
  if (service["spec"]["rollout"]["paused"].as_bool() == paused) {
    session.console.error("services.clickdeploy.io \"" + name + "\" is " +
                          (paused ? "already paused" : "not paused"));
    co_return false;
  }
  Json patch =
      Json::object({{"spec", Json::object({{"rollout", Json::object({{"paused", paused}})}})}});
  const bool done = co_await change(session, service, "application/merge-patch+json",
                                    std::move(patch), paused ? "paused" : "resumed");
  co_return done;
}

Task<bool> restart(Session& session, const Json& service) {
  if (service["spec"]["rollout"]["paused"].as_bool()) {
    session.console.error("can't restart paused service (run rollout resume first)");
    co_return false;
  }
  const std::string now = format_time(session.clock.wall_now());
  Json annotations = Json::object({{"clickdeploy.io/restartedAt", now}});
  Json metadata = Json::object({{"annotations", std::move(annotations)}});
  Json made_from = Json::object({{"metadata", std::move(metadata)}});
  Json patch = Json::object({{"spec", Json::object({{"template", std::move(made_from)}})}});
  const bool done = co_await change(session, service, "application/merge-patch+json",
                                    std::move(patch), "restarted");
  co_return done;
}

Task<bool> undo(Session& session, const Json& service, const RolloutOptions& options) {
  if (service["spec"]["rollout"]["paused"].as_bool()) {
    session.console.error(
        "you cannot rollback a paused service; resume it first with \"clickctl rollout resume\" "
        "and try again");
    co_return false;
  }
  Result<std::vector<Record>> records = co_await read_records(session, service);
  if (!records) {
    report(session, records.error());
    co_return false;
  }
  const std::string current = service["status"]["rollout"]["templateHash"].as_string();
  const Record* wanted = nullptr;
  for (const Record& record : *records) {
    if (options.revision > 0 ? record.number == options.revision : record.hash != current) {
      wanted = &record;  // the last of them
    }
  }
  if (wanted == nullptr) {
    session.console.error(options.revision > 0
                              ? "unable to find specified revision " +
                                    std::to_string(options.revision) + " in history"
                              : "no rollout history found for service \"" +
                                    service["metadata"]["name"].as_string() + "\"");
    co_return false;
  }
  if (wanted->spec["template"] == service["spec"]["template"] &&
      wanted->spec["cloudRef"] == service["spec"]["cloudRef"]) {
    session.console.out() << shown(service) << " skipped rollback (current template already "
                          << "matches revision " << wanted->number << ")" << std::endl;
    co_return true;
  }
  Json patch = Json::array();
  for (const char* part : {"template", "cloudRef"}) {
    patch.push_back(Json::object({{"op", "replace"},
                                  {"path", std::string("/spec/") + part},
                                  {"value", wanted->spec[part]}}));
  }
  // Not over a change that came in between.
  patch.push_back(Json::object({{"op", "test"},
                                {"path", "/metadata/generation"},
                                {"value", service["metadata"]["generation"]}}));
  const bool done = co_await change(session, service, "application/json-patch+json",
                                    std::move(patch), "rolled back");
  co_return done;
}

}  // namespace

Task<int> run_rollout(Session& session, RolloutOptions options) {
  Result<std::vector<Target>> targets = service_targets(options.objects);
  if (!targets) {
    session.console.error(targets.error().message());
    co_return kWrongUsage;
  }
  client::Query query;
  if (!options.objects.selector.empty()) {
    query.emplace_back("labelSelector", options.objects.selector);
  }
  const SteadyTime until = options.timeout.count() == 0
                               ? SteadyTime::max()
                               : session.clock.steady_now() + options.timeout;
  FoundObjects found = co_await find_objects(session, *targets, std::move(query));
  bool good = found.errors.empty();
  for (const Error& error : found.errors) report(session, error);
  for (FoundObject& each : found.objects) {
    bool done = false;
    switch (options.action) {
      case RolloutAction::Status:
        done = co_await follow_rollout(session, std::move(each.object), options, until);
        break;
      case RolloutAction::History:
        done = co_await show_history(session, each.object, options);
        break;
      case RolloutAction::Undo:
        done = co_await undo(session, each.object, options);
        break;
      case RolloutAction::Pause:
      case RolloutAction::Resume:
        done = co_await set_paused(session, each.object, options.action == RolloutAction::Pause);
        break;
      case RolloutAction::Restart:
        done = co_await restart(session, each.object);
        break;
    }
    good = good && done;
  }
  co_return good ? kDone : kFailed;
}

}  // namespace clickdeploy::cli
