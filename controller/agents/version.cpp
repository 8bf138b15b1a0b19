#include "controller/agents/version.h"

#include "controller/agents/exposition_internal.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

namespace clickdeploy::agents {

namespace {

constexpr std::size_t kVersionBytesMax = 64;
constexpr std::size_t kAgentsMax = 16;
constexpr std::string_view kBuildInfo = "_build_info";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view without_v(std::string_view version) {
  if (version.size() > 1 && version[0] == 'v' && is_digit(version[1])) version.remove_prefix(1);
  return version;
}

// "1.5" of "1.5.0", "1.5.0" of "1.5.0-1+b6": up to where a part of a version ends.
bool begins_with_parts(std::string_view text, std::string_view parts) {
  if (!text.starts_with(parts)) return false;
  return text.size() == parts.size() ||
         std::string_view(".-+~").find(text[parts.size()]) != std::string_view::npos;
}

// The line in which `at` is; nullopt if it holds no sample.
std::optional<ExpositionSample> sample_around(std::string_view text, std::size_t at) {
  const std::size_t before = text.rfind('\n', at);
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  return parse_sample_line(text.substr(begin, text.find('\n', at) - begin));
}

std::string label_of(const ExpositionSample& sample, const std::string& name) {
  const auto found = sample.labels.find(name);
  return found == sample.labels.end() ? "" : found->second.substr(0, kVersionBytesMax);
}

std::string_view method_name(InstallMethod method) {
  switch (method) {
    case InstallMethod::Container:
      return "Container";
    case InstallMethod::Package:
      return "Package";
    case InstallMethod::Archive:
      return "Archive";
    case InstallMethod::Prebuilt:
      return "Prebuilt";
    case InstallMethod::None:
      return "None";
  }
  return "";
}

std::string metric_prefix(std::string name) {
  std::ranges::replace(name, '-', '_');
  return name;
}

std::string version_of_unknown(std::string_view exposition, const CatalogEntry& entry) {
  std::set<std::string> versions;
  for (std::size_t at = exposition.find(kBuildInfo); at != std::string_view::npos;
       at = exposition.find(kBuildInfo, at + 1)) {
    const auto sample = sample_around(exposition, at);
    if (!sample || !sample->name.ends_with(kBuildInfo) || sample->name == "go_build_info") continue;
    const std::string version = label_of(*sample, "version");
    if (version.empty()) continue;
    for (const std::string& own : {metric_prefix(entry.name), metric_prefix(entry.binary)}) {
      if (sample->name.starts_with(own)) return version;
    }
    versions.insert(version);
  }
  return versions.size() == 1 ? *versions.begin() : "";
}

}  // namespace

std::string wanted_version(const Agent& agent) {
  std::string version = agent.version;
  if (version.empty() && agent.install.method == InstallMethod::Container &&
      agent.install.image.empty()) {
    version = describe(agent).default_version;
  }
  const std::string_view bare = without_v(version);
  return bare.empty() || !is_digit(bare.front()) ? "" : version;
}

bool is_version(std::string_view told, std::string_view wanted) {
  told = without_v(told);
  wanted = without_v(wanted);
  return begins_with_parts(told, wanted) || begins_with_parts(wanted, told);
}

std::string settings_mark(const Agent& agent) {
  std::string text;
  const auto add = [&text](std::string_view name, std::string_view value) {
    if (!value.empty()) text += fmt::format("{}={}:{}\n", name, value.size(), value);
  };
  const Install& install = agent.install;
  add("method", method_name(install.method));
  add("image", install.image);
  add("url", install.url);
  add("sha256", to_lower(install.sha256));
  add("package", install.package);
  add("binary", install.binary);
  add("unit", install.unit);
  add("version", agent.version);
  add("port", std::to_string(agent.port != 0 ? agent.port : describe(agent).default_port));
  add("path", agent.path);
  for (const std::string& argument : agent.extra_args) add("argument", argument);
  if (agent.memory_mib != 0) add("memory", std::to_string(agent.memory_mib));
  add("cpus", agent.cpus);
  if (agent.tls) add("tls", "Server");
  add("certificate", agent.certificate_secret);
  add("basic", agent.basic_secret);
  return sha256_hex(text).substr(0, 8);
}

std::string told_version(std::string_view exposition, const Agent& agent) {
  const CatalogEntry entry = describe(agent);
  if (entry.build_info_metric.empty()) return version_of_unknown(exposition, entry);
  const auto labels = find_labels(exposition, entry.build_info_metric);
  if (!labels) return "";
  return label_of({entry.build_info_metric, *labels}, entry.version_label);
}

std::map<std::string, std::string> told_settings(std::string_view exposition) {
  std::map<std::string, std::string> settings;
  for (std::size_t at = exposition.find(kAgentConfigMetric);
       at != std::string_view::npos && settings.size() < kAgentsMax;
       at = exposition.find(kAgentConfigMetric, at + 1)) {
    const auto sample = sample_around(exposition, at);
    if (!sample || sample->name != kAgentConfigMetric) continue;
    const std::string agent = label_of(*sample, "agent");
    if (!agent.empty()) settings[agent] = label_of(*sample, "config");
  }
  return settings;
}

}  // namespace clickdeploy::agents
