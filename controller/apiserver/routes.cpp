#include "controller/apiserver/routes_internal.h"

#include <span>

namespace clickdeploy::apiserver {

std::optional<Target> find_target(const api::Scheme& scheme, const ApiRequest& request) {
  std::span<const std::string> rest(request.segments);
  std::string group;
  if (rest.size() >= 3 && rest[0] == "api") {
    rest = rest.subspan(1);
  } else if (rest.size() >= 4 && rest[0] == "apis") {
    group = rest[1];
    rest = rest.subspan(2);
  } else {
    return std::nullopt;
  }
  const std::string version = rest[0];
  rest = rest.subspan(1);

  Target target;
  if (rest[0] == "watch" && rest.size() > 1) {
    target.old_watch_path = true;
    rest = rest.subspan(1);
  }
  // "namespaces/NS/PLURAL…" is inside a namespace; "namespaces[/NAME[/SUB]]" is about Namespaces.
  if (rest[0] == "namespaces" && rest.size() >= 3) {
    const api::ResourceInfo* inside = scheme.find_resource(group, version, rest[2]);
    if (inside != nullptr && inside->namespaced) {
      target.namespace_name = rest[1];
      rest = rest.subspan(2);
    }
  }
  target.info = scheme.find_resource(group, version, rest[0]);
  if (target.info == nullptr || rest.size() > 3) return std::nullopt;
  if (rest.size() > 1) {
    target.name = rest[1];
    if (target.all_namespaces()) return std::nullopt;
  }
  if (rest.size() > 2) target.subresource = rest[2];
  return target;
}

bool is_namespace(const api::ResourceInfo& info) {
  return info.group.empty() && info.plural == "namespaces";
}
bool is_secret(const api::ResourceInfo& info) {
  return info.group.empty() && info.plural == "secrets";
}
bool is_event(const api::ResourceInfo& info) {
  return info.group.empty() && info.plural == "events";
}

}  // namespace clickdeploy::apiserver
