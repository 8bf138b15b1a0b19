#include "controller/base/planted.h"
#include "controller/base/text.h"
#include "controller/openstack/catalog_internal.h"
#include "controller/openstack/paging_internal.h"
#include "controller/openstack/retry_after_internal.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace clickdeploy::openstack {
namespace {

constexpr std::size_t kQueryBytesMax = 4096;

std::unexpected<Error> nonsense(const std::string& what) {
  return fail(ErrorCode::Unavailable, "a page of the list " + what);
}

// Nova and Neutron: {"servers_links": [{"rel": "next", "href"}]}. Glance: {"next"}.
const std::string& next_link(const Json& page, const std::string& member) {
  for (const Json& link : page[member + "_links"].as_array()) {
    if (link["rel"].as_string() == "next") return link["href"].as_string();
  }
  return page["next"].as_string();
}

// What makes a page the same as one seen before: its marker, if it names one.
std::string page_key(const std::string& query) {
  const auto pairs = parse_query(query);
  if (!pairs) return query;
  for (const auto& [name, value] : *pairs) {
    if (name == "marker") return "marker=" + value;
  }
  return query;
}

// A marker that is gone is refused with 400 or 404. The caller asked for nothing wrong.
Error page_error(Error error, std::size_t page) {
  const bool refused =
      error.code() == ErrorCode::InvalidArgument || error.code() == ErrorCode::NotFound;
  if (page == 0 || !refused) return error;
  return Error(ErrorCode::Unavailable, "the list changed while it was read: " + error.message());
}

}  // namespace

Result<std::string> next_query(const Json& page, const std::string& member,
                               const std::string& host) {
  const std::string& link = next_link(page, member);
  if (link.empty()) return "";
  const bool relative = link.starts_with('?') || (link.starts_with('/') && !link.starts_with("//"));
  if (!relative && authority_of(link) != host) return nonsense("links to another host");
  const std::size_t at = link.find('?');
  std::string query = at == std::string::npos ? "" : link.substr(at + 1);
  query.erase(std::min(query.find('#'), query.size()));
  const bool printable = std::ranges::all_of(query, [](char c) { return c > ' ' && c < 0x7F; });
  if (query.empty() || query.size() > kQueryBytesMax || !printable) {
    return nonsense("links to a malformed next one");
  }
  return query;
}

namespace {

struct Page {
  std::vector<Json> items;
  std::string next;  // the query of the next one; "" on the last one
  std::optional<WallTime> as_of;
};

Task<Result<Page>> read_page(Session& session, ListRequest request, std::size_t number) {
  ApiRequest api_request;
  api_request.service = request.service;
  api_request.path = request.path + (request.query.empty() ? "" : "?" + request.query);
  api_request.priority = Priority::Background;
  Result<ApiResponse> answer = co_await session.request(std::move(api_request));
  if (!answer) co_return std::unexpected(page_error(std::move(answer).error(), number));
  Json* list = answer->body.find(request.member);
  if (!list || !list->is_array()) co_return nonsense("has no \"" + request.member + "\"");
  Result<std::string> endpoint = co_await session.endpoint(request.service);
  if (!endpoint) co_return std::unexpected(std::move(endpoint).error());
  Result<std::string> next = next_query(answer->body, request.member, authority_of(*endpoint));
  if (!next) co_return std::unexpected(std::move(next).error());
  Page page;
  JsonArray& members = list->array_ref();
  page.items.assign(std::make_move_iterator(members.begin()),
                    std::make_move_iterator(members.end()));
  page.next = *std::move(next);
  const std::string* date = http::find_header(answer->headers, "Date");
  if (date != nullptr) page.as_of = parse_http_date(*date);
  co_return page;
}

}  // namespace

Task<Result<Listing>> list_with_time(Session& session, ListRequest request) {
  Listing listing;
  std::set<std::string> seen;
  for (std::size_t number = 0; number < kPagesMax; ++number) {
    Result<Page> page = co_await read_page(session, request, number);
    if (!page) co_return std::unexpected(std::move(page).error());
    if (listing.items.size() + page->items.size() > kItemsMax) {
      co_return nonsense("passes the limit of items");
    }
    listing.items.insert(listing.items.end(), std::make_move_iterator(page->items.begin()),
                         std::make_move_iterator(page->items.end()));
    if (number == 0) listing.as_of = page->as_of;
    if (page->next.empty() || planted(Bug::PageMarkerIgnored)) co_return listing;
    if (!seen.insert(page_key(page->next)).second) co_return nonsense("links to one seen before");
    request.query = std::move(page->next);
  }
  co_return nonsense("is one of more than " + std::to_string(kPagesMax));
}

Task<Result<std::vector<Json>>> list_all(Session& session, ListRequest request) {
  Result<Listing> listing = co_await list_with_time(session, std::move(request));
  if (!listing) co_return std::unexpected(std::move(listing).error());
  co_return std::move(listing->items);
}

Task<Result<std::optional<std::vector<Json>>>> list_one_page(Session& session,
                                                             ListRequest request) {
  Result<Page> page = co_await read_page(session, std::move(request), 0);
  if (!page) co_return std::unexpected(std::move(page).error());
  if (!page->next.empty()) co_return std::optional<std::vector<Json>>();
  co_return std::optional(std::move(page->items));
}

}  // namespace clickdeploy::openstack
