// Which servers a list shows: Nova's filters.

#include "controller/base/text.h"
#include "controller/localcloud/face_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <regex>

namespace clickdeploy::localcloud {
namespace {

constexpr std::array<std::string_view, 37> kParameters{"access_ip_v4",
                                                       "access_ip_v6",
                                                       "all_tenants",
                                                       "auto_disk_config",
                                                       "availability_zone",
                                                       "changes-before",
                                                       "changes-since",
                                                       "config_drive",
                                                       "created_at",
                                                       "deleted",
                                                       "description",
                                                       "display_name",
                                                       "flavor",
                                                       "host",
                                                       "hostname",
                                                       "image",
                                                       "ip",
                                                       "ip6",
                                                       "key_name",
                                                       "limit",
                                                       "locked",
                                                       "marker",
                                                       "metadata",
                                                       "name",
                                                       "not-tags",
                                                       "not-tags-any",
                                                       "power_state",
                                                       "project_id",
                                                       "reservation_id",
                                                       "sort_dir",
                                                       "sort_key",
                                                       "status",
                                                       "tags",
                                                       "tags-any",
                                                       "tenant_id",
                                                       "user_id",
                                                       "uuid"};

struct Filter {
  bool all_projects = false;
  bool with_deleted = false;
  std::optional<WallTime> since;
  std::optional<WallTime> before;
  std::optional<std::regex> name;
  std::optional<std::regex> ip;
  std::vector<std::string> statuses;
  std::vector<std::string> tags_all;
  std::vector<std::string> tags_any;
  std::vector<std::string> tags_none;
  std::vector<std::string> tags_not_all;
};

Outcome<std::optional<WallTime>> read_time(const Call& call, std::string_view key) {
  const std::string text = call.parameter(key);
  if (text.empty()) return std::optional<WallTime>();
  std::optional<WallTime> time = parse_time(text);
  if (!time) {
    return refuse(400, fmt::format("Invalid input for query parameters {}. Value: {}. '{}' is not "
                                   "a 'date-time'",
                                   key, text, text));
  }
  return time;
}

// std::regex throws on a bad pattern, and only then.
Outcome<std::optional<std::regex>> read_pattern(const Call& call, std::string_view key) {
  const std::string text = call.parameter(key);
  if (text.empty()) return std::optional<std::regex>();
  try {
    return std::regex(text, std::regex::extended);
  } catch (const std::regex_error&) {
    return refuse(400, fmt::format("Invalid regular expression in {}.", key));
  }
}

std::vector<std::string> list_parameter(const Call& call, std::string_view key) {
  const std::string text = call.parameter(key);
  return text.empty() ? std::vector<std::string>() : split(text, ',');
}

Outcome<Filter> read_filter(const Call& call) {
  for (const auto& [key, value] : call.query) {
    if (call.microversion >= 75 && std::ranges::find(kParameters, key) == kParameters.end()) {
      return refuse(400, fmt::format("Invalid input for query parameters {}. Value: {}. Additional "
                                     "properties are not allowed ('{}' was unexpected)",
                                     key, value, key));
    }
  }
  Filter filter;
  const std::string all = call.parameter("all_tenants");
  filter.all_projects = all == "1" || to_lower(all) == "true";
  if (filter.all_projects && !call.admin) {
    return refuse(403,
                  "Policy doesn't allow os_compute_api:servers:index:get_all_tenants to be "
                  "performed.");
  }
  Outcome<std::optional<WallTime>> since = read_time(call, "changes-since");
  if (!since) return std::unexpected(std::move(since).error());
  Outcome<std::optional<WallTime>> before = read_time(call, "changes-before");
  if (!before) return std::unexpected(std::move(before).error());
  filter.since = *since;
  filter.before = *before;
  filter.with_deleted = filter.since.has_value() || filter.before.has_value() ||
                        (call.admin && to_lower(call.parameter("deleted")) == "true");
  Outcome<std::optional<std::regex>> name = read_pattern(call, "name");
  if (!name) return std::unexpected(std::move(name).error());
  Outcome<std::optional<std::regex>> ip = read_pattern(call, "ip");
  if (!ip) return std::unexpected(std::move(ip).error());
  filter.name = std::move(*name);
  filter.ip = std::move(*ip);
  for (const std::string& status : call.parameters("status")) {
    filter.statuses.push_back(to_lower(status));
  }
  if (call.microversion >= 26) {
    filter.tags_all = list_parameter(call, "tags");
    filter.tags_any = list_parameter(call, "tags-any");
    filter.tags_none = list_parameter(call, "not-tags-any");
    filter.tags_not_all = list_parameter(call, "not-tags");
  }
  return filter;
}

bool has_all(const Server& server, const std::vector<std::string>& tags) {
  return std::ranges::all_of(tags,
                             [&](const std::string& tag) { return server.tags.contains(tag); });
}

bool has_any(const Server& server, const std::vector<std::string>& tags) {
  return std::ranges::any_of(tags,
                             [&](const std::string& tag) { return server.tags.contains(tag); });
}

bool equal_or_absent(const Call& call, std::string_view key, const std::string& value) {
  const std::string wanted = call.parameter(key);
  return wanted.empty() || wanted == value;
}

bool has_address(const Cloud& cloud, const Server& server, const std::regex& pattern) {
  for (const Port* port : cloud.ports_of(server.id)) {
    for (const FixedIp& ip : port->fixed_ips) {
      if (std::regex_search(ip.address, pattern)) return true;
    }
  }
  return false;
}

bool passes(const Cloud& cloud, const Call& call, const Filter& filter, const Server& server) {
  if (!filter.all_projects && server.project_id != call.token.project_id) return false;
  if (server.vm_state == VmState::Deleted && !filter.with_deleted) return false;
  // The real database keeps whole seconds.
  const WallTime updated = std::chrono::floor<std::chrono::seconds>(server.updated);
  if (filter.since && updated < *filter.since) return false;
  if (filter.before && updated > *filter.before) return false;
  if (filter.name && !std::regex_search(server.name, *filter.name)) return false;
  if (filter.ip && !has_address(cloud, server, *filter.ip)) return false;
  if (!filter.statuses.empty() &&
      std::ranges::find(filter.statuses, to_lower(status_of(server))) == filter.statuses.end()) {
    return false;
  }
  if (!has_all(server, filter.tags_all)) return false;
  if (!filter.tags_any.empty() && !has_any(server, filter.tags_any)) return false;
  if (has_any(server, filter.tags_none)) return false;
  if (!filter.tags_not_all.empty() && has_all(server, filter.tags_not_all)) return false;
  return equal_or_absent(call, "uuid", server.id) &&
         equal_or_absent(call, "image", server.image_id) &&
         equal_or_absent(call, "flavor", server.flavor_id) &&
         equal_or_absent(call, "key_name", server.key_name);
}

}  // namespace

// Newest first, as Nova sorts by default; `metadata` and other filters that only administrators may
// use are ignored without a word, also as in Nova.
Outcome<std::vector<const Server*>> select_servers(const Cloud& cloud, const Call& call) {
  Outcome<Filter> filter = read_filter(call);
  if (!filter) return std::unexpected(std::move(filter).error());
  std::vector<const Server*> servers;
  for (const auto& [id, server] : cloud.state().servers) {
    if (passes(cloud, call, *filter, server)) servers.push_back(&server);
  }
  const std::string key = call.parameter("sort_key");
  if (key == "display_name") {
    std::ranges::sort(servers, std::ranges::greater(), &Server::name);
  } else if (key == "uuid") {
    std::ranges::sort(servers, std::ranges::greater(), &Server::id);
  } else if (key.empty() || key == "created_at") {
    std::ranges::sort(servers, std::ranges::greater(), &Server::sequence);
  } else {
    return refuse(400, fmt::format("Sort key supplied is invalid: {}", key));
  }
  if (call.parameter("sort_dir") == "asc") std::ranges::reverse(servers);
  return servers;
}

}  // namespace clickdeploy::localcloud
