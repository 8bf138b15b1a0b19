// From the JSON of Nova, Neutron, Glance and Cinder to our values.
//
// Strict where it matters (ids are plain, a server has a status), lenient where clouds differ.
// Text that people will see is cleaned of control characters. Errors: Unavailable, naming what is
// missing; never a crash, whatever the cloud sends.

#pragma once

#include "controller/base/error.h"
#include "controller/base/json.h"
#include "controller/openstack/types.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace clickdeploy::openstack {

Result<Server> parse_server(const Json& json);
Result<Flavor> parse_flavor(const Json& json);
Result<Quota> parse_quota(const Json& limits);  // "absolute" of GET /limits
Result<Network> parse_network(const Json& json);
Result<SecurityGroup> parse_security_group(const Json& json);
Result<Subnet> parse_subnet(const Json& json);
Result<Port> parse_port(const Json& json);
Result<FloatingIP> parse_floating_ip(const Json& json);
Result<ServerGroup> parse_server_group(const Json& json);
Result<NetworkQuota> parse_network_quota(const Json& quota);  // of GET /quotas/ID/details.json
Result<Image> parse_image(const Json& json);
Result<Volume> parse_volume(const Json& json);
Result<VolumeQuota> parse_volume_quota(const Json& limits);  // "absolute" of GET /limits

// The id of a created thing; Unavailable if it is not plain.
Result<std::string> parse_id(const Json& json, const char* kind);

// An IPv4 or IPv6 address in its usual form: no octal, no IPv4 inside IPv6.
bool is_usable_address(const std::string& text);

// Each item once: one that two pages have (the list moved under us) is taken from the first.
template <class T>
Result<std::vector<T>> parse_items(const std::vector<Json>& items,
                                   Result<T> (*parse)(const Json&)) {
  std::vector<T> out;
  std::set<std::string> seen;
  for (const Json& item : items) {
    Result<T> value = parse(item);
    if (!value) return std::unexpected(std::move(value).error());
    if (seen.insert(value->id).second) out.push_back(std::move(*value));
  }
  return out;
}

}  // namespace clickdeploy::openstack
