#include "controller/agents/install_internal.h"
#include "controller/base/text.h"
#include "controller/base/utf8.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::agents {

namespace {

constexpr std::size_t kArgumentBytesMax = 1024;
constexpr std::size_t kReferenceBytesMax = 1024;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Begins alphanumeric and holds only what references and versions hold: never an option, a space or
// a quote.
bool is_reference(std::string_view text, std::string_view also) {
  return !text.empty() && text.size() <= kReferenceBytesMax && is_alphanumeric(text.front()) &&
         std::ranges::all_of(text, [also](char c) {
           return is_alphanumeric(c) || also.find(c) != std::string_view::npos;
         });
}

bool is_url(std::string_view url) {
  if (!url.starts_with("https://") && !url.starts_with("http://")) return false;
  return url.size() <= kReferenceBytesMax && std::ranges::all_of(url, [](char c) {
           return c > ' ' && c < 0x7F && c != '"' && c != '\\';
         });
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

bool is_argument(std::string_view text) {
  return !text.empty() && text.size() <= kArgumentBytesMax && is_valid_utf8(text) &&
         std::ranges::none_of(
             text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::InvalidArgument, std::move(message));
}

Result<void> validate_own(const Agent& agent) {
  const Install& install = agent.install;
  if (agent.port == 0) return refuse("port: required for an agent of your own");
  if (install.method == InstallMethod::Container && install.image.empty()) {
    return refuse("install.image: required for an agent of your own");
  }
  if (!install.package.empty() && !is_reference(install.package, "-+.")) {
    return refuse("install.package: not the name of a package");
  }
  if (!install.binary.empty() && !is_reference(install.binary, "-_.")) {
    return refuse("install.binary: not the name of a file");
  }
  return {};
}

Result<void> validate_install(const Agent& agent, const CatalogEntry& entry) {
  const Install& install = agent.install;
  switch (install.method) {
    case InstallMethod::Container:
      if (!install.image.empty() && !is_reference(install.image, "./:@_-")) {
        return refuse(
            fmt::format("install.image: {} is not the name of an image", go_quote(install.image)));
      }
      return {};
    case InstallMethod::Package:
      if (entry.package.empty()) {
        return refuse(fmt::format("install.method: there is no package of {}", agent.name));
      }
      return {};
    case InstallMethod::Archive:
      if (agent.name == "caddy") {
        return refuse("install.method: caddy comes as Package or Container");
      }
      if (!is_url(install.url)) return refuse("install.url: not an http or https address");
      if (!is_sha256(install.sha256)) return refuse("install.sha256: not 64 hexadecimal digits");
      return {};
    case InstallMethod::Prebuilt:
    case InstallMethod::None:
      if (!install.unit.empty() && !is_reference(install.unit, "-_.@")) {
        return refuse("install.unit: not the name of a unit");
      }
      return {};
  }
  return refuse("install.method: unknown");
}

}  // namespace

Result<void> validate_agent(const Agent& agent) {
  const CatalogEntry entry = describe(agent);
  const bool known = find_catalog_entry(agent.name) != nullptr;
  if (!known && !is_reference(agent.name, "-")) {
    return refuse(fmt::format("name: {} is not the name of an agent", go_quote(agent.name)));
  }
  if (!agent.version.empty() && !is_reference(agent.version, ".+~_-")) {
    return refuse(fmt::format("version: {} is not a version", go_quote(agent.version)));
  }
  for (const std::string& argument : agent.extra_args) {
    if (!is_argument(argument)) {
      return refuse(fmt::format("extraArgs: {} is empty, too long or has control characters",
                                go_quote(argument.substr(0, 64))));
    }
  }
  // Whoever installs them decides on their arguments; a package's own unit takes none of ours.
  const InstallMethod method = agent.install.method;
  const bool takes_arguments = method == InstallMethod::Container ||
                               method == InstallMethod::Archive ||
                               (method == InstallMethod::Package && agent.name == "node-exporter");
  if (!takes_arguments && !agent.extra_args.empty()) {
    return refuse("extraArgs: not possible with this install.method");
  }
  const bool ours = agent.name == "node-exporter" || method == InstallMethod::Prebuilt ||
                    method == InstallMethod::None;
  if (is_locked(agent) && !ours) {
    return refuse(fmt::format(
        "tls and auth: of {} only with install.method Prebuilt or None, where somebody else has "
        "locked it; node-exporter is locked with every method",
        agent.name));
  }
  if (!known) {
    Result<void> own = validate_own(agent);
    if (!own) return own;
  }
  return validate_install(agent, entry);
}

}  // namespace clickdeploy::agents
