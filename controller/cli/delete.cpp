#include "controller/base/text.h"
#include "controller/cli/api_call_internal.h"
#include "controller/cli/going_internal.h"
#include "controller/cli/manifest_files_internal.h"
#include "controller/cli/targets_internal.h"

#include <ostream>

namespace clickdeploy::cli {
namespace {

constexpr std::chrono::milliseconds kFirstLook{50};
constexpr std::chrono::milliseconds kLookEvery{500};
constexpr std::chrono::seconds kQuiet{1};  // what takes no longer needs no words

struct Doomed {
  const api::ResourceInfo* info = nullptr;
  api::ObjectKey key;
  std::string uid;  // of what was there when we asked; another one is not ours to wait for
};

class Deleter {
 public:
  Deleter(Session& session, const DeleteOptions& options) : session_(session), options_(options) {}

  bool failed() const { return failed_; }
  void fail_with(const Error& error) {
    failed_ = true;
    report(session_, error);
  }

  Task<void> remove(Doomed doomed) {
    Json body = Json::object({{"propagationPolicy", policy()}});
    std::string target = path_of(*doomed.info).url(doomed.key.namespace_name, doomed.key.name, "");
    Result<ApiAnswer> answer = co_await call_api(session_, "DELETE", std::move(target),
                                                 "application/json", std::move(body));
    if (!answer) {
      fail_with(answer.error());
      co_return;
    }
    if (answer->status == 404 && options_.ignore_not_found) co_return;
    if (!answer->ok()) {
      fail_with(answer->error());
      co_return;
    }
    const std::string kind =
        doomed.info->singular + (doomed.info->group.empty() ? "" : "." + doomed.info->group);
    session_.console.out() << kind << " \"" << doomed.key.name << "\" deleted" << std::endl;
    doomed.uid = answer->body["metadata"]["uid"].as_string();
    if (doomed.uid.empty()) co_return;  // a Status: it is gone already
    waiting_.push_back(std::move(doomed));
  }

  // Until every object is gone, or the time is up.
  Task<void> wait() {
    const SteadyTime begin = session_.clock.steady_now();
    std::chrono::milliseconds pause = kFirstLook;
    for (const Doomed& doomed : waiting_) {
      for (;;) {
        Result<std::optional<Json>> object =
            co_await session_.client.get(path_of(*doomed.info), doomed.key);
        if (!object) {
          fail_with(object.error());
          co_return;
        }
        if (!object->has_value() || (**object)["metadata"]["uid"].as_string() != doomed.uid) break;
        const std::string what =
            display_name(*doomed.info, doomed.key.name) + ": " + waits_for(**object);
        if (options_.timeout.count() > 0 &&
            session_.clock.steady_now() - begin >= options_.timeout) {
          failed_ = true;
          session_.console.error("after " + human_duration(options_.timeout) +
                                 " it is still there: " + what +
                                 ". The deletion goes on without us");
          co_return;
        }
        if (session_.clock.steady_now() - begin >= kQuiet) {
          session_.console.progress("waiting for " + what);
        }
        co_await session_.clock.sleep(pause);
        pause = std::min(kLookEvery, pause * 2);
      }
    }
  }

 private:
  std::string policy() const {
    if (options_.cascade == "foreground") return "Foreground";
    return options_.cascade == "orphan" ? "Orphan" : "Background";
  }

  Session& session_;
  const DeleteOptions& options_;
  std::vector<Doomed> waiting_;
  bool failed_ = false;
};

std::vector<Doomed> from_files(Session& session, const DeleteOptions& options, bool& failed) {
  std::vector<Doomed> doomed;
  ManifestSet set = read_manifests(options.files, session.in);
  failed = !set.errors.empty();
  for (const std::string& error : set.errors) session.console.error(error);
  for (Manifest& manifest : set.manifests) {
    const std::string wrong = check_manifest(session, manifest);
    if (wrong.empty()) {
      doomed.push_back({manifest.info, {manifest.namespace_name(), manifest.name()}, ""});
    } else {
      failed = true;
      session.console.error(wrong);
    }
  }
  return doomed;
}

}  // namespace

Task<int> run_delete(Session& session, DeleteOptions options) {
  Deleter deleter(session, options);
  std::vector<Doomed> doomed;
  bool failed = false;
  if (!options.files.files.empty() && options.objects.words.empty()) {
    doomed = from_files(session, options, failed);
  } else {
    Result<std::vector<Target>> targets = parse_chosen_targets(options.objects);
    if (!targets || !options.files.files.empty()) {
      session.console.error(targets ? "name objects or files, not both"
                                    : targets.error().message());
      co_return kWrongUsage;
    }
    for (const Target& target : *targets) {
      if (target.name.empty()) continue;
      doomed.push_back({target.info, {namespace_for(session, *target.info), target.name}, ""});
    }
    if (doomed.empty()) {
      client::Query query;
      if (!options.objects.selector.empty()) {
        query.emplace_back("labelSelector", options.objects.selector);
      }
      FoundObjects found = co_await find_objects(session, *targets, std::move(query));
      for (const Error& error : found.errors) deleter.fail_with(error);
      for (const FoundObject& object : found.objects) {
        doomed.push_back({object.info, {object.namespace_name(), object.name()}, ""});
      }
      if (doomed.empty() && found.errors.empty()) session.console.note("No resources found");
    }
  }
  for (const Doomed& one : doomed) co_await deleter.remove(one);
  if (options.wait) co_await deleter.wait();
  co_return failed || deleter.failed() ? kFailed : kDone;
}

}  // namespace clickdeploy::cli
