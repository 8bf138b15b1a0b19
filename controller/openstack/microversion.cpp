#include "controller/openstack/microversion_internal.h"
#include "controller/openstack/words_internal.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace clickdeploy::openstack {
namespace {

struct Version {
  int major = 0;
  int minor = 0;
  auto operator<=>(const Version&) const = default;
};

constexpr Version kWanted{2, 90};
constexpr Version kNeeded{2, 52};

std::optional<Version> parse_version(std::string_view text) {
  Version version;
  const char* end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.major);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return std::nullopt;
  const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
  if (minor.ec != std::errc() || minor.ptr != end) return std::nullopt;
  return version;
}

std::string to_text(Version version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor);
}

// Where "/v2.1" or "/v2" ends in the endpoint's path; npos if it has none.
std::size_t version_end(std::string_view endpoint) {
  for (std::string_view name : {"/v2.1", "/v2"}) {
    const std::size_t at = endpoint.find(name);
    if (at == std::string_view::npos) continue;
    const std::size_t end = at + name.size();
    if (end == endpoint.size() || endpoint[end] == '/') return end;
  }
  return std::string_view::npos;
}

// The version that has microversions, of a document with one or several.
const Json* find_v21(const Json& document) {
  if (document["version"].is_object()) return document.find("version");
  for (const Json& version : document["versions"].as_array()) {
    if (version["id"].as_string() == "v2.1") return &version;
  }
  return nullptr;
}

}  // namespace

std::string version_document_url(std::string_view endpoint) {
  const std::size_t end = version_end(endpoint);
  return std::string(endpoint.substr(0, end)) + "/";
}

Result<ComputeDialect> choose_dialect(const std::string& endpoint, const Json& document) {
  const Json* version = find_v21(document);
  if (!version) return fail(ErrorCode::Unavailable, "compute: its version document has no v2.1");
  const std::string& offered = (*version)["version"].as_string();
  const std::string& oldest = (*version)["min_version"].as_string();
  const std::optional<Version> newest = parse_version(offered);
  if (!newest || *newest < kNeeded) {
    const std::string has = newest ? to_text(*newest) : "none";
    return fail(ErrorCode::InvalidArgument, "compute: microversion " + to_text(kNeeded) +
                                                " or newer is needed, the cloud offers " + has);
  }
  const Version chosen = std::min(*newest, kWanted);
  const std::optional<Version> least = parse_version(oldest);
  if (least && *least > chosen) {
    return fail(ErrorCode::InvalidArgument, "compute: microversion " + to_text(chosen) +
                                                " is no longer offered, the oldest is " +
                                                to_text(*least));
  }
  const bool has_version = version_end(endpoint) != std::string::npos;
  return ComputeDialect{.base = has_version ? endpoint : endpoint + "/v2.1",
                        .microversion = to_text(chosen)};
}

}  // namespace clickdeploy::openstack
