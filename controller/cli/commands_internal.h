// The commands of clickctl: what each is told, and how it is run. Each returns the exit code and
// has said on the console what went wrong.

#pragma once

#include "controller/async/task.h"
#include "controller/cli/session_internal.h"

#include <chrono>
#include <string>
#include <vector>

namespace clickdeploy::cli {

enum class DryRun : std::uint8_t { None, Client, Server };

// Which objects, by name or by labels.
struct ObjectArguments {
  std::vector<std::string> words;  // KIND NAME…, KIND/NAME…, KIND,KIND
  std::string selector;            // -l
  bool all = false;                // --all
};

struct FileArguments {
  std::vector<std::string> files;  // -f, "-" is the standard input
  bool recursive = false;
};

struct GetOptions {
  ObjectArguments objects;
  std::string output;  // "", wide, yaml, json, name, jsonpath=…
  std::string field_selector;
  bool watch = false;
  bool show_labels = false;
  bool no_headers = false;
};
Task<int> run_get(Session& session, GetOptions options);

struct ApplyOptions {
  FileArguments files;
  DryRun dry_run = DryRun::None;
};
Task<int> run_apply(Session& session, ApplyOptions options);
Task<int> run_create(Session& session, ApplyOptions options);

struct DeleteOptions {
  ObjectArguments objects;
  FileArguments files;
  bool ignore_not_found = false;
  bool wait = true;
  std::chrono::seconds timeout{0};  // 0: none
  std::string cascade = "background";
};
Task<int> run_delete(Session& session, DeleteOptions options);

Task<int> run_describe(Session& session, ObjectArguments objects);

struct WaitOptions {
  ObjectArguments objects;
  std::string condition;  // --for
  std::chrono::seconds timeout{30};
};
Task<int> run_wait(Session& session, WaitOptions options);

struct EventsOptions {
  std::string about;  // KIND/NAME; "" is everything
  bool watch = false;
};
Task<int> run_events(Session& session, EventsOptions options);

enum class RolloutAction : std::uint8_t { Status, History, Undo, Pause, Resume, Restart };
struct RolloutOptions {
  RolloutAction action = RolloutAction::Status;
  ObjectArguments objects;
  std::int64_t revision = 0;        // --revision, --to-revision; 0: none
  bool watch = true;                // status: until it has ended
  std::chrono::seconds timeout{0};  // 0: none
};
Task<int> run_rollout(Session& session, RolloutOptions options);

struct OrphansOptions {
  bool remove = false;  // --delete
  bool yes = false;
  std::chrono::seconds timeout{300};
};
Task<int> run_orphans(Session& session, OrphansOptions options);

struct AbandonOptions {
  std::vector<std::string> words;
  bool yes = false;
  bool force = false;  // though its cloud can be used
};
Task<int> run_abandon(Session& session, AbandonOptions options);

struct AlertsOptions {
  std::vector<std::string> services;  // NAME or service/NAME; none: all
  std::string output;                 // "", json, yaml
};
Task<int> run_alerts(Session& session, AlertsOptions options);

Task<int> run_why(Session& session, std::vector<std::string> words);
Task<int> run_prometheus_config(Session& session, std::vector<std::string> words);
Task<int> run_alertmanager_config(Session& session);
Task<int> run_api_resources(Session& session);

enum class VersionOf : std::uint8_t { Both, Client };
Task<int> run_version(Session& session, VersionOf of);

}  // namespace clickdeploy::cli
