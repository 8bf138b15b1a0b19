#include "controller/apiserver/core_internal.h"
#include "controller/apiserver/health_internal.h"
#include "controller/apiserver/render_internal.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

// kubectl compares this with its own version and warns when they are far apart.
constexpr std::string_view kKubernetesMajor = "1";
constexpr std::string_view kKubernetesMinor = "32";

http::Reply reply_version(const ApiRequest& request) {
  Call call;
  call.request = request;
  call.format.pretty = true;
  const Json version =
      Json::object({{"major", kKubernetesMajor},
                    {"minor", kKubernetesMinor},
                    {"gitVersion", fmt::format("v{}.{}.0+clickdeploy.{}", kKubernetesMajor,
                                               kKubernetesMinor, CLICKDEPLOY_VERSION)},
                    {"gitCommit", ""},
                    {"gitTreeState", "clean"},
                    {"buildDate", "1970-01-01T00:00:00Z"},
                    {"goVersion", ""},
                    {"compiler", "clang"},
                    {"platform", "linux/amd64"}});
  return reply_json(call, 200, to_json(version));
}

}  // namespace

std::optional<http::Reply> reply_health(const ApiRequest& request) {
  const std::vector<std::string>& path = request.segments;
  if (path.size() == 1 && path[0] == "version") return reply_version(request);
  if (path.empty() || path.size() > 2) return std::nullopt;
  if (path[0] != "healthz" && path[0] != "livez" && path[0] != "readyz") return std::nullopt;
  // The store answers from memory: a server that can answer this is ready.
  if (path.size() == 2) {
    return path[1] == "ping" ? std::optional(reply_text(200, "ok")) : std::nullopt;
  }
  if (!request.has_parameter("verbose")) return reply_text(200, "ok");
  return reply_text(200, fmt::format("[+]ping ok\n{} check passed\n", path[0]));
}

}  // namespace clickdeploy::apiserver
