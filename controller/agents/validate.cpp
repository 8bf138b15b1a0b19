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
      if (!is_url(install.url)) return refuse("install.url: not an http or https address");
      if (!is_sha256(install.sha256)) return refuse("install.sha256: not 64 hexadecimal digits");
      return {};
  }
  return refuse("install.method: unknown");
}

}  // namespace

Result<void> validate_agent(const Agent& agent) {
  const CatalogEntry* entry = find_catalog_entry(agent.name);
  if (entry == nullptr) return refuse(fmt::format("name: unknown agent {}", go_quote(agent.name)));
  if (!agent.version.empty() && !is_reference(agent.version, ".+~_-")) {
    return refuse(fmt::format("version: {} is not a version", go_quote(agent.version)));
  }
  for (const std::string& argument : agent.extra_args) {
    if (!is_argument(argument)) {
      return refuse(fmt::format("extraArgs: {} is empty, too long or has control characters",
                                go_quote(argument.substr(0, 64))));
    }
  }
  return validate_install(agent, *entry);
}

}  // namespace clickdeploy::agents
