#include "controller/base/text.h"
#include "controller/cli/manifest_answer_internal.h"
#include "controller/cli/targets_internal.h"
#include "controller/cli/three_way_patch_internal.h"

#include <expected>
#include <ostream>

namespace clickdeploy::cli {
namespace {

// What became of one object: "created", "configured", "unchanged"; or lines that say what is wrong.
using Outcome = std::expected<std::string, std::vector<std::string>>;

// kubectl's own manager name: managed fields of both tools are then one owner's.
constexpr const char* kManager = "fieldManager=kubectl-client-side-apply&fieldValidation=Strict";

std::string with_options(std::string url, DryRun dry_run) {
  return std::move(url) + "?" + (dry_run == DryRun::Server ? "dryRun=All&" : "") + kManager;
}

std::unexpected<std::vector<std::string>> refuse(const Manifest& manifest,
                                                 const std::string& message) {
  return std::unexpected(std::vector{manifest.where("metadata.name") + ": " + message});
}

class Applier {
 public:
  Applier(Session& session, DryRun dry_run) : session_(session), dry_run_(dry_run) {}

  Task<Outcome> apply(const Manifest& manifest) {
    const client::ResourcePath path = path_of(*manifest.info);
    const std::string url = path.url(manifest.namespace_name(), manifest.name(), "");
    Result<ApiAnswer> live = co_await call_api(session_, "GET", url, "", Json());
    if (!live) co_return stop(manifest, live.error());
    if (live->status == 404) {
      Outcome created = co_await create(manifest);
      co_return created;
    }
    if (!live->ok()) co_return std::unexpected(explain_refusal(manifest, *live));
    Result<Json> original = last_applied_of(live->body);
    if (!original) co_return refuse(manifest, original.error().message());
    const Json modified = with_last_applied(manifest.object);
    Json patch = three_way_patch(*original, modified, live->body);
    if (patch.empty()) co_return "unchanged";
    if (dry_run_ == DryRun::Client) co_return "configured (dry run)";
    Result<ApiAnswer> answer = co_await call_api(session_, "PATCH", with_options(url, dry_run_),
                                                 "application/merge-patch+json", std::move(patch));
    if (!answer) co_return stop(manifest, answer.error());
    if (!answer->ok()) co_return std::unexpected(explain_refusal(manifest, *answer));
    // A list with defaults filled in differs from the file's, and patching it changes nothing.
    const bool same =
        answer->body["metadata"]["resourceVersion"] == live->body["metadata"]["resourceVersion"];
    if (dry_run_ == DryRun::Server) co_return "configured (server dry run)";
    co_return same ? "unchanged" : "configured";
  }

  // The server cannot be talked to: the objects that are left would fail in the same way.
  bool stopped() const { return stopped_; }

 private:
  Task<Outcome> create(const Manifest& manifest) {
    if (dry_run_ == DryRun::Client) co_return "created (dry run)";
    std::string url = path_of(*manifest.info).url(manifest.namespace_name(), "", "");
    Result<ApiAnswer> answer =
        co_await call_api(session_, "POST", with_options(std::move(url), dry_run_),
                          "application/json", with_last_applied(manifest.object));
    if (!answer) co_return stop(manifest, answer.error());
    if (!answer->ok()) co_return std::unexpected(explain_refusal(manifest, *answer));
    co_return dry_run_ == DryRun::Server ? "created (server dry run)" : "created";
  }

  std::unexpected<std::vector<std::string>> stop(const Manifest& manifest, const Error& error) {
    stopped_ = error.code() == ErrorCode::Unavailable;
    if (!stopped_) return refuse(manifest, error.message());
    report(session_, error);
    return std::unexpected(std::vector<std::string>{});
  }

  Session& session_;
  DryRun dry_run_;
  bool stopped_ = false;
};

}  // namespace

Task<int> run_apply(Session& session, ApplyOptions options) {
  ManifestSet set = read_manifests(options.files, session.in);
  bool failed = !set.errors.empty();
  for (const std::string& error : set.errors) session.console.error(error);
  Applier applier(session, options.dry_run);
  for (Manifest& manifest : set.manifests) {
    const std::string wrong = check_manifest(session, manifest);
    if (!wrong.empty()) {
      session.console.error(wrong);
      failed = true;
      continue;
    }
    Outcome outcome = co_await applier.apply(manifest);
    if (outcome) {
      session.console.out() << display_name(*manifest.info, manifest.name()) << ' ' << *outcome
                            << std::endl;
      continue;
    }
    failed = true;
    for (const std::string& line : outcome.error()) session.console.error(line);
    if (applier.stopped()) break;
  }
  co_return failed ? kFailed : kDone;
}

}  // namespace clickdeploy::cli
