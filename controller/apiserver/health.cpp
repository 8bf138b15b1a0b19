#include "controller/apiserver/core_internal.h"
#include "controller/apiserver/health_internal.h"
#include "controller/apiserver/render_internal.h"
#include "controller/base/text.h"

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

struct Check {
  std::string_view name;
  bool passes = true;
};

std::vector<Check> checks_of(const Core& core, std::string_view endpoint) {
  std::vector<Check> checks = {{"ping"}};
  if (endpoint != "livez") {
    checks.push_back({"store", core.store.get({"namespaces", "", "default"}) != nullptr});
  }
  return checks;
}

// A line for each check, and one for them all.
http::Reply reply_checks(const Core& core, const ApiRequest& request) {
  const std::string& endpoint = request.segments[0];
  std::vector<std::string> excluded = request.parameters("exclude");
  std::string lines;
  bool all = true;
  for (const Check& check : checks_of(core, endpoint)) {
    if (std::erase(excluded, check.name) > 0) {
      lines += fmt::format("[+]{} excluded: ok\n", check.name);
      continue;
    }
    all = all && check.passes;
    lines += check.passes ? fmt::format("[+]{} ok\n", check.name)
                          : fmt::format("[-]{} failed: reason withheld\n", check.name);
  }
  for (const std::string& name : excluded) {
    lines += fmt::format("warn: some health checks cannot be excluded: no matches for {}\n",
                         go_quote(name));
  }
  if (!all) return reply_text(500, fmt::format("{}{} check failed\n", lines, endpoint));
  if (!request.has_parameter("verbose")) return reply_text(200, "ok");
  return reply_text(200, fmt::format("{}{} check passed\n", lines, endpoint));
}

}  // namespace

std::optional<http::Reply> reply_health(const Core& core, const ApiRequest& request) {
  const std::vector<std::string>& path = request.segments;
  if (path.size() == 1 && path[0] == "version") return reply_version(request);
  if (path.empty() || path.size() > 2) return std::nullopt;
  if (path[0] != "healthz" && path[0] != "livez" && path[0] != "readyz") return std::nullopt;
  if (path.size() == 1) return reply_checks(core, request);
  for (const Check& check : checks_of(core, path[0])) {
    if (check.name != path[1]) continue;
    return check.passes ? reply_text(200, "ok")
                        : reply_text(500, "internal server error: reason withheld\n");
  }
  return std::nullopt;
}

}  // namespace clickdeploy::apiserver
