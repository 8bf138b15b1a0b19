// Core: what every part of the server works with. Call: one request on its way.

#pragma once

#include "controller/apiserver/api_error_internal.h"
#include "controller/apiserver/api_server.h"
#include "controller/apiserver/request_internal.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace clickdeploy::apiserver {

class BuiltinObjects;
class ParsedDocuments;
class RequestCounts;

struct Core {
  store::ObjectStore& store;
  const api::Scheme& scheme;
  Clock& clock;
  Random& random;
  ApiServerOptions options;
  std::shared_ptr<std::atomic<std::size_t>> watches;  // open ones
  std::shared_ptr<const BuiltinObjects> builtins;
  std::shared_ptr<RequestCounts> counts;
  std::shared_ptr<ParsedDocuments> parsed;
};

// What a path names, once it is known to name something of the scheme.
struct Target {
  const api::ResourceInfo* info = nullptr;
  std::string namespace_name;  // "" for cluster-scoped things and for all namespaces
  std::string name;            // "" for a collection
  std::string subresource;     // "", "status", "scale"
  bool old_watch_path = false;

  store::Key key() const { return {info->group_resource(), namespace_name, name}; }
  ObjectName object_name() const { return {info->group, info->plural, name}; }
  bool all_namespaces() const { return info->namespaced && namespace_name.empty(); }
};

struct Call {
  ApiRequest request;
  Target target;
  Format format;
  std::vector<std::string> warnings;  // become Warning headers
};

bool is_namespace(const api::ResourceInfo& info);
bool is_secret(const api::ResourceInfo& info);
bool is_event(const api::ResourceInfo& info);

inline constexpr std::size_t kBodyBytesMax = 3 * 1024 * 1024;
inline constexpr std::size_t kObjectBytesMax = 3 * 512 * 1024;
inline constexpr int kWriteTries = 5;

// As Kubernetes does: answers above 128 KiB are compressed for whom takes gzip; smaller ones are
// not worth it. The thread that compresses is the one that serves everybody, at 10 ms for each MiB:
// what is larger than these 4 MiB goes out as it is, which costs bandwidth and keeps nobody
// waiting.
inline constexpr std::size_t kCompressedBytesMin = 128 * 1024;
inline constexpr std::size_t kCompressedBytesMax = 4 * 1024 * 1024;

}  // namespace clickdeploy::apiserver
