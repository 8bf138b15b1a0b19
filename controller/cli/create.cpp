#include "controller/cli/manifest_answer_internal.h"
#include "controller/cli/targets_internal.h"

#include <ostream>

namespace clickdeploy::cli {

Task<int> run_create(Session& session, ApplyOptions options) {
  ManifestSet set = read_manifests(options.files, session.in);
  bool failed = !set.errors.empty();
  for (const std::string& error : set.errors) session.console.error(error);
  for (Manifest& manifest : set.manifests) {
    const std::string wrong = check_manifest(session, manifest);
    if (!wrong.empty()) {
      session.console.error(wrong);
      failed = true;
      continue;
    }
    const std::string name = display_name(*manifest.info, manifest.name());
    if (options.dry_run == DryRun::Client) {
      session.console.out() << name << " created (dry run)\n";
      continue;
    }
    const bool dry = options.dry_run == DryRun::Server;
    std::string target = path_of(*manifest.info).url(manifest.namespace_name(), "", "") +
                         (dry ? "?dryRun=All&" : "?") +
                         "fieldManager=kubectl-create&fieldValidation=Strict";
    Result<ApiAnswer> answer =
        co_await call_api(session, "POST", std::move(target), "application/json", manifest.object);
    if (!answer) {
      report(session, answer.error());
      co_return kFailed;
    }
    if (!answer->ok()) {
      failed = true;
      for (const std::string& line : explain_refusal(manifest, *answer)) {
        session.console.error(line);
      }
      continue;
    }
    session.console.out() << name << (dry ? " created (server dry run)" : " created") << std::endl;
  }
  co_return failed ? kFailed : kDone;
}

}  // namespace clickdeploy::cli
