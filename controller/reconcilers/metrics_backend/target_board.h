// TargetBoard: the targets of backends that ask us for them (HTTPSD), as they were planned last.
//
// A list that nobody has planned since this process started is not known, and never empty:
// Prometheus keeps its last targets when it gets an error. Nor is one that could not be written.
//
// Threads: the event loop's.

#pragma once

#include "api/meta/object_meta.h"
#include "controller/base/error.h"
#include "controller/prometheus/publisher.h"

#include <map>
#include <set>
#include <string>

namespace clickdeploy::reconcilers {

class TargetBoard {
 public:
  // `files` as for a folder, by name, and the job of each. Of a name in `unwritten` the last list
  // stays. True if anything is different now.
  bool put(const api::ObjectKey& backend, prometheus::Files files,
           const std::map<std::string, std::string>& jobs, const std::set<std::string>& unwritten);
  void remove(const api::ObjectKey& backend);

  // The targets of one job, as http_sd wants them. Unavailable if they are not known.
  Result<std::string> targets(const api::ObjectKey& backend, const std::string& job) const;

 private:
  struct Lists {
    std::map<std::string, prometheus::Files> jobs;  // job → its files
    std::set<std::string> unknown;                  // jobs of which a list is missing
    bool operator==(const Lists&) const = default;
  };
  std::map<api::ObjectKey, Lists> backends_;
};

// Does the header Authorization carry this token? It takes the same time whatever is wrong.
bool carries_token(const std::string* authorization, const std::string& token);

}  // namespace clickdeploy::reconcilers
