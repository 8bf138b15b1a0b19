#include "controller/base/text.h"
#include "controller/openstack/catalog_internal.h"
#include "controller/openstack/words_internal.h"

#include <algorithm>
#include <set>

namespace clickdeploy::openstack {
namespace {

constexpr std::size_t kUrlBytesMax = 2048;
constexpr std::size_t kEndpointsMax = 10'000;

// Older names that clouds still use for a service, the official one first.
std::vector<std::string> types_of(const std::string& service) {
  if (service == "compute") return {"compute", "computev21", "compute_legacy"};
  if (service == "network") return {"network", "networking"};
  if (service == "image") return {"image", "imagev2"};
  if (service == "volume") return {"block-storage", "volumev3", "block-store"};
  return {service};
}

// What people look for in the catalog.
std::string official_name(const std::string& service) {
  return service == "volume" ? "block-storage or volumev3" : service;
}

std::string interface_of(std::string_view text) {
  if (text.ends_with("URL")) text.remove_suffix(3);
  return std::string(text);
}

// The last segment of the path if it is a version ("v2", "v2.0", "v2.1"), else "".
std::string_view version_segment(std::string_view url) {
  const std::string_view last = url.substr(url.rfind('/') + 1);
  const bool version =
      last.size() >= 2 && last[0] == 'v' && std::ranges::all_of(last.substr(1), [](char c) {
        return (c >= '0' && c <= '9') || c == '.';
      });
  return version ? last : std::string_view();
}

std::string with_version(std::string url, std::string_view version) {
  while (url.ends_with('/')) url.pop_back();
  const std::string_view last = version_segment(url);
  if (!last.empty()) url.resize(url.size() - last.size() - 1);
  return url + "/" + std::string(version);
}

std::string request_base(const std::string& service, std::string url) {
  if (service == "network") return with_version(std::move(url), "v2.0");
  if (service == "image") return with_version(std::move(url), "v2");
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::string list_of(const std::set<std::string>& names) {
  if (names.empty()) return "none";
  return join(std::vector<std::string>(names.begin(), names.end()), ", ");
}

std::string shown(const Json& text) {
  return clean_text(text.as_string(), 255);
}

}  // namespace

std::string authority_of(std::string_view url) {
  const bool secure = url.starts_with("https://");
  if (!secure && !url.starts_with("http://")) return "";
  url.remove_prefix(secure ? 8 : 7);
  const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
  const bool plain = !authority.empty() && std::ranges::all_of(authority, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(".-_:[]").contains(c);
  });
  return plain ? to_lower(authority) : "";
}

Catalog Catalog::parse(const Json& catalog) {
  Catalog result;
  for (const Json& service : catalog.as_array()) {
    for (const Json& item : service["endpoints"].as_array()) {
      const std::string& url = item["url"].as_string();
      const bool usable = url.size() <= kUrlBytesMax && !authority_of(url).empty() &&
                          std::ranges::all_of(url, [](char c) { return c > ' ' && c < 0x7F; }) &&
                          url.find_first_of("?#") == std::string::npos;
      if (!usable || result.endpoints_.size() >= kEndpointsMax) continue;
      const Json& region = item.contains("region") ? item["region"] : item["region_id"];
      result.endpoints_.push_back({.service = shown(service["type"]),
                                   .interface = interface_of(shown(item["interface"])),
                                   .region = shown(region),
                                   .url = url});
    }
  }
  return result;
}

Result<std::string> Catalog::endpoint(const std::string& service, const std::string& region,
                                      const std::string& interface) const {
  std::set<std::string> services;
  for (const Endpoint& e : endpoints_) services.insert(e.service);
  std::string type;
  for (const std::string& candidate : types_of(service)) {
    if (type.empty() && services.contains(candidate)) type = candidate;
  }
  if (type.empty()) {
    return fail(ErrorCode::NotFound, "the catalog has no service of type " +
                                         official_name(service) + "; it has: " + list_of(services));
  }

  std::set<std::string> regions;
  std::set<std::string> interfaces;
  std::vector<const Endpoint*> fitting;
  for (const Endpoint& e : endpoints_) {
    if (e.service != type) continue;
    regions.insert(e.region);
    if (!region.empty() && e.region != region) continue;
    interfaces.insert(e.interface);
    if (e.interface == interface) fitting.push_back(&e);
  }
  if (region.empty() && regions.size() > 1) {
    return fail(ErrorCode::NotFound, "no region is chosen, and the catalog has several for " +
                                         service + ": " + list_of(regions));
  }
  if (!region.empty() && !regions.contains(region)) {
    return fail(ErrorCode::NotFound, "the catalog has no " + service + " in region " + region +
                                         "; it has: " + list_of(regions));
  }
  if (fitting.empty()) {
    return fail(ErrorCode::NotFound, "the catalog has no " + interface + " interface of " +
                                         service + "; it has: " + list_of(interfaces));
  }
  return request_base(service, fitting.front()->url);
}

std::string Catalog::hash(const std::string& region, const std::string& interface) const {
  std::string all;
  for (const std::string service : {"compute", "image", "network", "volume"}) {
    Result<std::string> url = endpoint(service, region, interface);
    if (!url && service == "volume") continue;  // not every cloud has it
    all += service + "=" + (url ? *url : "") + "\n";
  }
  return sha256_hex(all).substr(0, 32);
}

}  // namespace clickdeploy::openstack
