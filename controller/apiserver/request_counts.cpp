#include "controller/apiserver/request_counts_internal.h"

#include <algorithm>

namespace clickdeploy::apiserver {
namespace {

std::string_view verb_of(const Call& call) {
  const std::string& method = call.request.method;
  const bool one = !call.target.name.empty();
  if (method == "GET" || method == "HEAD") {
    if (call.request.flag("watch") || call.target.old_watch_path) return "WATCH";
    return one ? "GET" : "LIST";
  }
  if (method == "POST") return "POST";
  if (method == "PUT") return "PUT";
  if (method == "PATCH") {
    return call.request.media_type() == "application/apply-patch+yaml" ? "APPLY" : "PATCH";
  }
  if (method == "DELETE") return one ? "DELETE" : "DELETECOLLECTION";
  return "other";
}

}  // namespace

Asked asked_of(const Call& call) {
  const std::string& subresource = call.target.subresource;
  const std::string_view known = subresource == "status"  ? "status"
                                 : subresource == "scale" ? "scale"
                                                          : "";
  return {call.target.info, known, verb_of(call)};
}

void RequestCounts::add(const Asked& asked, int code) {
  const std::lock_guard lock(mutex_);
  ++counts_[{asked.info, asked.subresource, asked.verb, code}];
}

std::vector<RequestCount> RequestCounts::all() const {
  std::vector<RequestCount> result;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, count] : counts_) {
      const auto& [info, subresource, verb, code] = key;
      result.push_back({info->group, info->version, info->plural, std::string(subresource),
                        std::string(verb), code, count});
    }
  }
  std::sort(result.begin(), result.end(), [](const RequestCount& a, const RequestCount& b) {
    return std::tie(a.group, a.resource, a.subresource, a.verb, a.code) <
           std::tie(b.group, b.resource, b.subresource, b.verb, b.code);
  });
  return result;
}

}  // namespace clickdeploy::apiserver
