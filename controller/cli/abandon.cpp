#include "controller/base/text.h"
#include "controller/cli/confirm_internal.h"
#include "controller/cli/targets_internal.h"

#include <algorithm>
#include <ostream>

namespace clickdeploy::cli {
namespace {

constexpr const char* kCloudFinalizer = "clickdeploy.io/cloud";
const client::ResourcePath kClouds{"clickdeploy.io", "v1alpha1", "clouds"};
const client::ResourcePath kServices{"clickdeploy.io", "v1alpha1", "services"};
const client::ResourcePath kInstances{"clickdeploy.io", "v1alpha1", "instances"};

struct Abandoned {
  client::ResourcePath path;
  std::string shown;  // "instance/web-1"
  Json object;

  api::ObjectKey key() const {
    return {object["metadata"]["namespace"].as_string(), object["metadata"]["name"].as_string()};
  }
};

api::ObjectKey cloud_of(const Json& object) {
  const Json& reference = object["spec"]["cloudRef"];
  const std::string& home = reference["namespace"].as_string();
  return {home.empty() ? object["metadata"]["namespace"].as_string() : home,
          reference["name"].as_string()};
}

// The object and what depends on it: those that name the Cloud, and the Service's Instances.
class Collector {
 public:
  explicit Collector(Session& session) : session_(session) {}

  Task<Result<void>> collect(FoundObject found) {
    const std::string& kind = found.info->kind;
    const api::ObjectKey key{found.namespace_name(), found.name()};
    const std::string home = kind == "Cloud" ? "" : key.namespace_name;
    Result<client::ObjectList> instances = co_await session_.client.list(kInstances, home);
    if (!instances) co_return std::unexpected(std::move(instances).error());
    for (Json& each : instances->items) {
      const bool mine = kind == "Cloud"     ? cloud_of(each) == key
                        : kind == "Service" ? each["spec"]["serviceName"].as_string() == key.name
                                            : each["metadata"]["name"].as_string() == key.name;
      if (mine) add(kInstances, "instance/", std::move(each));
    }
    if (kind == "Instance") co_return Result<void>{};
    if (kind == "Cloud") {
      Result<client::ObjectList> services = co_await session_.client.list(kServices, "");
      if (!services) co_return std::unexpected(std::move(services).error());
      for (Json& each : services->items) {
        if (cloud_of(each) == key) add(kServices, "service/", std::move(each));
      }
    }
    add(kind == "Cloud" ? kClouds : kServices, kind == "Cloud" ? "cloud/" : "service/",
        std::move(found.object));
    co_return Result<void>{};
  }

  // Services first, so that they make no new Instances.
  std::vector<Abandoned> in_order() {
    std::vector<Abandoned> ordered;
    for (const client::ResourcePath& path : {kServices, kInstances, kClouds}) {
      for (Abandoned& each : all_) {
        if (each.path == path) ordered.push_back(std::move(each));
      }
    }
    return ordered;
  }

 private:
  void add(const client::ResourcePath& path, const std::string& prefix, Json object) {
    const std::string shown = prefix + object["metadata"]["name"].as_string();
    all_.push_back({path, shown, std::move(object)});
  }

  Session& session_;
  std::vector<Abandoned> all_;
};

void list_leftovers(Session& session, const std::vector<Abandoned>& all) {
  std::ostream& out = session.console.out();
  out << "These are let go, and nothing in the cloud is deleted:\n";
  for (const Abandoned& each : all)
    out << "  " << each.key().namespace_name << " " << each.shown << "\n";
  std::size_t left = 0;
  for (const Abandoned& each : all) {
    const Json& status = each.object["status"];
    const std::string cloud = cloud_of(each.object).text();
    for (const Json& resource : status["resources"].as_array()) {
      if (left++ == 0) out << "What stays behind, to be removed by hand if its cloud comes back:\n";
      out << "  " << to_lower(resource["kind"].as_string()) << " " << resource["id"].as_string()
          << " (" << printable(resource["name"].as_string()) << ") in cloud " << cloud << "\n";
    }
    const std::string& state = status["claim"]["state"].as_string();
    if (state == "Uncertain") {
      ++left;
      out << "  perhaps a server of " << each.shown << " in cloud " << cloud
          << ": whether it was made is not known; its tag would be clickdeploy-claim-"
          << status["claim"]["token"].as_string() << "\n";
    }
  }
  if (left == 0) out << "Nothing is recorded in the cloud.\n";
  out << std::flush;
}

// Our duty in the cloud is dropped; other finalizers go on.
Task<Result<void>> let_go(Session& session, const Abandoned& each) {
  Result<void> removed = co_await session.client.remove(each.path, each.key(),
                                                        each.object["metadata"]["uid"].as_string());
  if (!removed) co_return removed;
  Result<std::optional<Json>> now = co_await session.client.get(each.path, each.key());
  if (!now) co_return std::unexpected(std::move(now).error());
  if (!now->has_value() || each.path == kServices) co_return Result<void>{};
  Json kept = Json::array();
  for (const Json& finalizer : (**now)["metadata"]["finalizers"].as_array()) {
    if (finalizer.as_string() != kCloudFinalizer) kept.push_back(finalizer);
  }
  Json patch = Json::object({{"metadata", Json::object({{"finalizers", std::move(kept)}})}});
  Result<Json> patched =
      co_await session.client.merge_patch(each.path, each.key(), std::move(patch));
  if (!patched && patched.error().code() != ErrorCode::NotFound) {
    co_return std::unexpected(std::move(patched).error());
  }
  co_return Result<void>{};
}

// Why an ordinary deletion would do; "" if it would not.
Task<std::string> usable_cloud(Session& session, const std::vector<Abandoned>& all) {
  for (const Abandoned& each : all) {
    const api::ObjectKey key = each.path == kClouds ? each.key() : cloud_of(each.object);
    Result<std::optional<Json>> cloud = co_await session.client.get(kClouds, key);
    if (!cloud || !cloud->has_value()) continue;
    if (condition_of(**cloud, "Ready")["status"].as_string() == "True") co_return key.text();
  }
  co_return std::string();
}

}  // namespace

Task<int> run_abandon(Session& session, AbandonOptions options) {
  Result<Target> target = parse_one_target(options.words);
  if (!target) {
    session.console.error(target.error().message());
    co_return kWrongUsage;
  }
  const std::string& kind = target->info->kind;
  if (kind != "Cloud" && kind != "Service" && kind != "Instance") {
    session.console.error("only a cloud, a service or an instance can be abandoned");
    co_return kWrongUsage;
  }
  std::vector<Target> targets{*target};
  FoundObjects found = co_await find_objects(session, std::move(targets), {});
  if (!found.errors.empty()) {
    report(session, found.errors.front());
    co_return kFailed;
  }
  Collector collector(session);
  Result<void> collected = co_await collector.collect(std::move(found.objects.front()));
  if (!collected) {
    report(session, collected.error());
    co_return kFailed;
  }
  const std::vector<Abandoned> all = collector.in_order();
  const std::string usable = co_await usable_cloud(session, all);
  if (!usable.empty() && !options.force) {
    session.console.error("cloud " + usable +
                          " is Ready, so an ordinary deletion would leave nothing behind: clickctl "
                          "delete. To abandon it all the same: --force");
    co_return kFailed;
  }
  list_leftovers(session, all);
  if (!confirm(session, "Let them go?", options.yes)) co_return kFailed;
  bool good = true;
  for (const Abandoned& each : all) {
    Result<void> gone = co_await let_go(session, each);
    if (!gone) {
      good = false;
      report(session, gone.error());
      continue;
    }
    session.console.out() << each.shown << " abandoned" << std::endl;
  }
  co_return good ? kDone : kFailed;
}

}  // namespace clickdeploy::cli
