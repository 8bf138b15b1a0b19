// CredentialBook: which credentials each Cloud object has been given, from the Secret that it
// names, and what it allows; and whose token is whose. What was allowed once stays allowed: work
// that had begun ends later.

#pragma once

#include "controller/base/json.h"
#include "controller/http/message.h"
#include "controller/store/object_store.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace clickdeploy::simulation {

inline constexpr const char* kCloudOfSimulation = "http://cloud.sim";

class CredentialBook {
 public:
  using Key = std::pair<std::string, std::string>;  // namespace, name

  struct CloudEntry {
    Key secret;
    std::set<std::string> users;       // named by that Secret, ever
    std::set<std::string> namespaces;  // that may use it, ever
    double requests_per_second = 10;
    std::int64_t burst = 20;
  };

  void changed(const store::Event& event, const Json& object);
  // Of a log-in that succeeded.
  void logged_in(const http::Request& request, const http::Response& response);

  const std::map<Key, CloudEntry>& clouds() const { return clouds_; }
  // Grows when the credentials or limits of a Cloud change.
  std::uint64_t changes() const { return changes_; }
  // "" if nobody is known to have it.
  std::string owner_of_token(const std::string& token) const;

 private:
  void cloud_changed(const Key& key, const Json& object);
  void refresh();

  std::map<Key, CloudEntry> clouds_;
  std::map<Key, Json> cloud_specs_;
  std::map<Key, std::set<std::string>> secret_users_;
  std::map<std::string, Json> namespace_labels_;
  std::map<std::string, std::string> token_users_;
  std::uint64_t changes_ = 0;
};

bool is_log_in(const http::Request& request);
// The user that a log-in names.
std::string user_of_log_in(const http::Request& request);

}  // namespace clickdeploy::simulation
