// TargetFilesCheck (S13, S14): what Prometheus is told to scrape.
//
// One publish takes away no more than five targets, or a tenth of all, beyond those whose Instance
// is deleted or replaced, or that nobody wants monitored any more. Every address is that of the
// server which the target names, and that server is ours.

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

  std::size_t targets() const;

 private:
  using Targets = std::map<std::string, std::string>;  // address → server id

  bool is_explained(const std::string& server_id) const;
  void judge_addresses(const Targets& targets) const;

  const std::string folder_;
  const ServerAddresses addresses_;
  Report& report_;
  std::map<std::string, Targets> files_;
  std::map<std::string, std::string> server_of_;  // Instance's uid → server
  std::map<std::string, bool> leaves_;  // by server id: its Instance is deleted or replaced
  std::map<store::Key, Json> wishes_;   // what decides who is monitored
  bool wish_moved_ = false;             // since the last publish
};

}  // namespace clickdeploy::simulation
