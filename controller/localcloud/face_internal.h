// What the faces of the services share: one call taken apart, one answer, routing, paging.

#pragma once

#include "controller/base/json.h"
#include "controller/http/message.h"
#include "controller/localcloud/cloud.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clickdeploy::localcloud {

using Query = std::vector<std::pair<std::string, std::string>>;

struct Call {
  std::string method;
  std::vector<std::string> path;  // segments after the service's version prefix, unescaped
  Query query;
  Json body;
  const http::Headers* headers = nullptr;
  std::string base_url;
  Token token;  // of the caller; empty for Keystone's log-in and the version documents
  bool admin = false;
  int microversion = 1;  // 2.x; Nova only

  std::string header(std::string_view name) const;
  // The first value of that key; "" if there is none.
  std::string parameter(std::string_view key) const;
  std::vector<std::string> parameters(std::string_view key) const;
};

struct Answer {
  int status = 200;
  Json body;         // null: no body
  std::string html;  // instead of a JSON body, if not empty
  http::Headers headers;
};

using Reaction = Outcome<Answer>;

inline Answer answer(int status, Json body = {}) {
  return Answer{status, std::move(body), "", {}};
}

// "*" matches any one segment.
bool matches(const Call& call, std::string_view method,
             std::initializer_list<std::string_view> path);

// One page of a sorted list: what comes after `marker`, at most `limit`.
struct PageRequest {
  std::string marker;
  std::size_t limit = 0;
  bool limit_given = false;
};
Outcome<PageRequest> page_request(const Call& call, std::size_t limit_max);

// The same query with `marker` replaced, for "next" links.
std::string query_with_marker(const Query& query, std::string_view marker);

// Nova's form of a bad body: "Invalid input for field/attribute …".
std::unexpected<ApiError> invalid_field(std::string_view field, const Json& value,
                                        std::string_view problem);

Json strings_json(const std::vector<std::string>& strings);

// The services. Each gets calls under its prefix, with the prefix taken off.
Reaction identity_call(Cloud& cloud, const Call& call);
Reaction compute_call(Cloud& cloud, const Call& call);
Reaction network_call(Cloud& cloud, const Call& call);
Reaction image_call(Cloud& cloud, const Call& call);
Reaction volume_call(Cloud& cloud, const Call& call);
Reaction switches_call(Cloud& cloud, const Call& call);

Answer identity_versions(const Call& call, bool single);
Answer compute_versions(const Call& call, bool single);
Answer network_versions(const Call& call);
Answer image_versions(const Call& call, int status);
Answer volume_versions(const Call& call);

// Parts of the compute service.
Reaction servers_call(Cloud& cloud, const Call& call);
Reaction server_action(Cloud& cloud, const Call& call, Server& server);
Reaction server_metadata(Cloud& cloud, const Call& call, Server& server);
Reaction server_tags(Cloud& cloud, const Call& call, Server& server);
Outcome<std::vector<const Server*>> select_servers(const Cloud& cloud, const Call& call);
Reaction server_volumes(Cloud& cloud, const Call& call, Server& server);
Reaction server_groups_call(Cloud& cloud, const Call& call);
Outcome<NewServer> read_new_server(const Cloud& cloud, const Call& call);
Outcome<std::string> read_user_data(const Json& json);
Outcome<std::set<std::string>> read_tags(const Json& json);
Outcome<std::map<std::string, std::string>> read_metadata(const Json& json);

enum class Detail : std::uint8_t { Brief, InList, Full };
Json server_view(const Cloud& cloud, const Call& call, const Server& server, Detail detail);
Json flavor_view(const Call& call, const Flavor& flavor, Detail detail);
Json links_view(const Call& call, std::string_view resource, std::string_view id);

}  // namespace clickdeploy::localcloud
