// Paged lists of Nova, Neutron and Glance: all items or an error.
//
// Of the link to the next page only the query is used, on the path that was asked for first: a
// token never goes where a body points to, and proxies that turn https into http do no harm.

#pragma once

#include "controller/base/json.h"
#include "controller/base/text.h"
#include "controller/http/message.h"
#include "controller/openstack/session.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::openstack {

inline constexpr std::size_t kPagesMax = 1000;
inline constexpr std::size_t kItemsMax = 200'000;

struct ListRequest {
  std::string service;
  std::string path;    // "/servers/detail"
  std::string query;   // "limit=1000"
  std::string member;  // that holds the items: "servers"
};

struct Listing {
  std::vector<Json> items;
  std::optional<WallTime> as_of;  // the cloud's own time when it began; nullopt: it does not tell
};

// Every item of every page, in order. Unavailable for a page that makes no sense, a link to another
// host or to a page seen before, too many pages or items, and a page after the first that is
// refused (what its marker names may be gone).
Task<Result<Listing>> list_with_time(Session& session, ListRequest request);
Task<Result<std::vector<Json>>> list_all(Session& session, ListRequest request);

// The same of lists that are expected to be short: nullopt if there is more than one page.
Task<Result<std::optional<std::vector<Json>>>> list_one_page(Session& session, ListRequest request);

// The query of the link to the next page; "" on the last one. `host` is the authority of the
// endpoint. Unavailable for a link to another host.
Result<std::string> next_query(const Json& page, const std::string& member,
                               const std::string& host);

}  // namespace clickdeploy::openstack
