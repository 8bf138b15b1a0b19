// How many requests were answered, by what they asked and how it went: what
// apiserver_request_total of Kubernetes says.

#pragma once

#include "controller/apiserver/api_server.h"
#include "controller/apiserver/core_internal.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <string_view>
#include <tuple>
#include <vector>

namespace clickdeploy::apiserver {

// What kind of request it is, without its object.
struct Asked {
  const api::ResourceInfo* info = nullptr;
  std::string_view subresource;  // "", "status", "scale"
  std::string_view verb;         // as Kubernetes counts: "LIST", "POST", "APPLY"
};

Asked asked_of(const Call& call);

class RequestCounts {
 public:
  void add(const Asked& asked, int code);
  std::vector<RequestCount> all() const;

 private:
  // The views are of literals, so that counting copies no text.
  using Key = std::tuple<const api::ResourceInfo*, std::string_view, std::string_view, int>;

  mutable std::mutex mutex_;
  std::map<Key, std::uint64_t> counts_;
};

}  // namespace clickdeploy::apiserver
