// TargetFilesCheck (S13, S14): what Prometheus is told to scrape.
//
// One publish (all files that one reconcile writes) takes away no more than five targets, or a
// tenth of all, beyond those whose Instance is deleted or replaced, or that nobody wants monitored
// any more: a change of a Service's labels excuses the next loss of its file, that of a namespace's
// the files in it, that of what a policy or a backend selects every file. Every address is that of
// the server which the target names, and that server is ours.

#pragma once

#include "controller/base/json.h"
#include "controller/store/object_store.h"
#include "tests/simulation/sim_report.h"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace clickdeploy::simulation {

class TargetFilesCheck {
 public:
  // What the cloud says of a server: nullopt if it has none of our servers by that id, else its
  // addresses; none if it is gone.
  using ServerAddresses =
      std::function<std::optional<std::set<std::string>>(const std::string& server_id)>;

  TargetFilesCheck(std::string folder, ServerAddresses addresses, Report& report)
      : folder_(std::move(folder)), addresses_(std::move(addresses)), report_(report) {}

  void changed(const store::Event& event, const Json& object);
  void file(const std::string& path, std::optional<std::string_view> bytes);
  // What Prometheus, which asks for the targets of this job, was given; it is one publish.
  void served(const std::string& job, const std::string& list);
  void published();  // the reconcile that wrote files is over, or was cut off

  std::size_t targets() const;

 private:
  using Targets = std::map<std::string, std::string>;  // address → server id

  bool is_explained(const std::string& server_id) const;
  void judge_addresses(const Targets& targets) const;
  void excuse(const store::Key& changed);

  const std::string folder_;
  const ServerAddresses addresses_;
  Report& report_;
  std::map<std::string, Targets> files_;
  std::map<std::string, std::string> server_of_;  // Instance's uid → server
  std::map<std::string, bool> leaves_;  // by server id: its Instance is deleted or replaced
  std::map<store::Key, Json> wishes_;   // what decides who is monitored
  std::set<std::string> excused_;       // files whose next loss is what somebody asked for
  std::optional<std::size_t> before_;   // targets before this publish
  std::size_t unexplained_ = 0;         // of those that this publish has taken away
};

}  // namespace clickdeploy::simulation
