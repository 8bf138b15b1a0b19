#include "controller/client/client.h"

#include "controller/base/text.h"

#include <algorithm>

namespace clickdeploy::client {

namespace {

// A real Kubernetes API passes over parameters that it does not know.
constexpr const char* kWithoutManagedFields = "application/json;managedFields=omit";
constexpr std::size_t kPageSize = 500;
constexpr std::size_t kWatchLineMax = 16 * 1024 * 1024;
constexpr std::size_t kStatusMax = 256 * 1024;
// The server sends bookmarks about once a minute; silence for longer means a dead connection.
constexpr std::chrono::milliseconds kWatchIdleMax{180'000};

std::string with_query(std::string url, const Query& query) {
  char separator = '?';
  for (const auto& [name, value] : query) {
    url += separator + escape_query(name) + "=" + escape_query(value);
    separator = '&';
  }
  return url;
}

class JsonLineStream final : public WatchStream {
 public:
  explicit JsonLineStream(std::unique_ptr<http::BodyStream> body) : body_(std::move(body)) {}

  Task<Result<std::optional<WatchEvent>>> next() override {
    while (true) {
      const std::size_t end = buffer_.find('\n', scanned_);
      if (end != std::string::npos) {
        const std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        scanned_ = 0;
        if (trim(line).empty()) continue;
        co_return parse(line);
      }
      scanned_ = buffer_.size();
      if (buffer_.size() > kWatchLineMax) {
        co_return fail(ErrorCode::Unavailable, "watch event is larger than 16 MiB");
      }
      Result<std::optional<std::string>> piece = co_await body_->next();
      if (!piece) co_return std::unexpected(std::move(piece).error().with_context("watch"));
      if (!piece->has_value()) co_return std::optional<WatchEvent>{};
      buffer_ += **piece;
    }
  }

 private:
  static Result<std::optional<WatchEvent>> parse(const std::string& line) {
    Result<Json> json = parse_json(line, answer_limits(line));
    if (!json) {
      return fail(ErrorCode::Unavailable, "watch event is not JSON: " + json.error().message());
    }
    const std::string& type = (*json)["type"].as_string();
    const Json& object = (*json)["object"];
    if (type == "ERROR") {
      return std::unexpected(error_of_status(static_cast<int>(object["code"].as_int(500)), object));
    }
    WatchEvent event;
    if (type == "ADDED") {
      event.type = WatchEventType::Added;
    } else if (type == "MODIFIED") {
      event.type = WatchEventType::Modified;
    } else if (type == "DELETED") {
      event.type = WatchEventType::Deleted;
    } else if (type == "BOOKMARK") {
      event.type = WatchEventType::Bookmark;
    } else {
      return fail(ErrorCode::Unavailable, "watch event has the unknown type " + go_quote(type));
    }
    event.object = object;
    return event;
  }

  std::unique_ptr<http::BodyStream> body_;
  std::string buffer_;
  std::size_t scanned_ = 0;
};

Result<Json> object_of(Result<http::Response> response) {
  if (!response) return std::unexpected(std::move(response).error());
  Result<Json> body = parse_json(response->body, answer_limits(response->body));
  if (response->status >= 400) {
    return std::unexpected(error_of_status(response->status, body ? *body : Json()));
  }
  if (!body) {
    return fail(ErrorCode::Unavailable, "the API's answer is not JSON: " + body.error().message());
  }
  return body;
}

api::ObjectKey key_of(const Json& object) {
  return {object["metadata"]["namespace"].as_string(), object["metadata"]["name"].as_string()};
}

}  // namespace

JsonLimits answer_limits(std::string_view text) {
  constexpr std::size_t kDepthMax = 80;
  constexpr std::size_t kBytesOfAValue = 2;  // itself and what parts it from the next
  const JsonLimits usual;
  return {.depth_max = kDepthMax,
          .nodes_max = std::max(usual.nodes_max, text.size() / kBytesOfAValue)};
}

Error error_of_status(int status, const Json& body) {
  ErrorCode code = ErrorCode::Unavailable;
  switch (status) {
    case 400:
    case 415:
    case 422:
      code = ErrorCode::InvalidArgument;
      break;
    case 401:
      code = ErrorCode::Unauthenticated;
      break;
    case 403:
      code = ErrorCode::PermissionDenied;
      break;
    case 404:
      code = ErrorCode::NotFound;
      break;
    case 409:
      code = body["reason"].as_string() == "AlreadyExists" ? ErrorCode::AlreadyExists
                                                           : ErrorCode::Conflict;
      break;
    case 410:
      code = ErrorCode::Expired;
      break;
    case 413:
    case 429:
      code = ErrorCode::ResourceExhausted;
      break;
    case 504:
      code = ErrorCode::DeadlineExceeded;
      break;
    default:
      break;
  }
  const std::string& message = body["message"].as_string();
  return {code, message.empty() ? "the API answered " + std::to_string(status) : message};
}

std::string ResourcePath::url(const std::string& namespace_name, const std::string& name,
                              const std::string& subresource) const {
  std::string text = group.empty() ? "/api/" + version : "/apis/" + group + "/" + version;
  if (!namespace_name.empty()) text += "/namespaces/" + escape_path_segment(namespace_name);
  text += "/" + plural;
  if (!name.empty()) text += "/" + escape_path_segment(name);
  if (!subresource.empty()) text += "/" + subresource;
  return text;
}

Client::Client(http::HttpClient& http, ClientOptions options)
    : http_(http), options_(std::move(options)) {}

http::Request Client::make_request(std::string method, std::string target) const {
  http::Request request;
  request.method = std::move(method);
  request.url = options_.server + target;
  request.deadline = options_.deadline;
  request.headers.push_back(
      {"Accept", options_.omit_managed_fields ? kWithoutManagedFields : "application/json"});
  request.headers.push_back({"User-Agent", options_.field_manager + "/" CLICKDEPLOY_VERSION});
  if (!options_.bearer_token.empty()) {
    request.headers.push_back({"Authorization", "Bearer " + options_.bearer_token.reveal()});
  }
  return request;
}

Task<Result<http::Response>> Client::raw(std::string method, std::string target,
                                         http::Headers headers, std::string body) {
  http::Request request = make_request(std::move(method), std::move(target));
  for (http::Header& header : headers) {
    if (header.name == "Accept") {
      request.headers[0] = std::move(header);
    } else {
      request.headers.push_back(std::move(header));
    }
  }
  request.body = std::move(body);
  Result<http::Response> response = co_await http_.send(std::move(request));
  co_return response;
}

Task<Result<http::StreamingResponse>> Client::raw_stream(std::string target,
                                                         http::Headers headers) {
  http::Request request = make_request("GET", std::move(target));
  for (http::Header& header : headers) {
    if (header.name == "Accept") request.headers[0] = std::move(header);
  }
  Result<http::StreamingResponse> response =
      co_await http_.stream(std::move(request), kWatchIdleMax);
  co_return response;
}

Task<Result<Json>> Client::send_object(std::string method, std::string target,
                                       std::string content_type, Json body) {
  http::Request request = make_request(std::move(method), std::move(target));
  request.headers.push_back({"Content-Type", std::move(content_type)});
  request.body = to_json(body);
  Result<http::Response> response = co_await http_.send(std::move(request));
  co_return object_of(std::move(response));
}

Task<Result<std::optional<Json>>> Client::get(ResourcePath path, api::ObjectKey key) {
  http::Request request = make_request("GET", path.url(key.namespace_name, key.name, ""));
  Result<http::Response> response = co_await http_.send(std::move(request));
  Result<Json> object = object_of(std::move(response));
  if (!object && object.error().code() == ErrorCode::NotFound) co_return std::optional<Json>{};
  if (!object) co_return std::unexpected(std::move(object).error());
  co_return std::optional<Json>(*std::move(object));
}

Task<Result<ObjectList>> Client::list(ResourcePath path, std::string namespace_name, Query query) {
  ObjectList list;
  query.emplace_back("limit", std::to_string(kPageSize));
  std::string token;
  do {
    Query page_query = query;
    if (!token.empty()) page_query.emplace_back("continue", token);
    std::string target = with_query(path.url(namespace_name, "", ""), page_query);
    http::Request request = make_request("GET", std::move(target));
    Result<http::Response> response = co_await http_.send(std::move(request));
    Result<Json> page = object_of(std::move(response));
    if (!page) co_return std::unexpected(std::move(page).error());
    // Lists of built-in kinds leave apiVersion and kind out of their items.
    const std::string& list_kind = (*page)["kind"].as_string();
    const std::string kind =
        list_kind.ends_with("List") ? list_kind.substr(0, list_kind.size() - 4) : "";
    for (const Json& item : (*page)["items"].as_array()) {
      list.items.push_back(item);
      Json& added = list.items.back();
      if (!added.contains("kind") && !kind.empty()) {
        added.set("kind", kind);
        added.set("apiVersion", (*page)["apiVersion"]);
      }
    }
    list.resource_version = (*page)["metadata"]["resourceVersion"].as_string();
    token = (*page)["metadata"]["continue"].as_string();
  } while (!token.empty());
  co_return list;
}

Task<Result<Json>> Client::create(ResourcePath path, std::string namespace_name, Json object) {
  std::string target =
      with_query(path.url(namespace_name, "", ""), {{"fieldManager", options_.field_manager}});
  Result<Json> created =
      co_await send_object("POST", std::move(target), "application/json", std::move(object));
  co_return created;
}

Task<Result<Json>> Client::update(ResourcePath path, Json object) {
  const api::ObjectKey key = key_of(object);
  std::string target = with_query(path.url(key.namespace_name, key.name, ""),
                                  {{"fieldManager", options_.field_manager}});
  Result<Json> updated =
      co_await send_object("PUT", std::move(target), "application/json", std::move(object));
  co_return updated;
}

Task<Result<Json>> Client::update_status(ResourcePath path, Json object) {
  const api::ObjectKey key = key_of(object);
  std::string target = with_query(path.url(key.namespace_name, key.name, "status"),
                                  {{"fieldManager", options_.field_manager}});
  Result<Json> updated =
      co_await send_object("PUT", std::move(target), "application/json", std::move(object));
  co_return updated;
}

Task<Result<Json>> Client::merge_patch(ResourcePath path, api::ObjectKey key, Json patch) {
  std::string target = with_query(path.url(key.namespace_name, key.name, ""),
                                  {{"fieldManager", options_.field_manager}});
  Result<Json> patched = co_await send_object("PATCH", std::move(target),
                                              "application/merge-patch+json", std::move(patch));
  co_return patched;
}

Task<Result<void>> Client::remove(ResourcePath path, api::ObjectKey key, std::string uid) {
  Json options = Json::object({{"propagationPolicy", "Background"}});
  if (!uid.empty()) options.set("preconditions", Json::object({{"uid", uid}}));
  std::string target = path.url(key.namespace_name, key.name, "");
  Result<Json> removed =
      co_await send_object("DELETE", std::move(target), "application/json", std::move(options));
  if (!removed && removed.error().code() != ErrorCode::NotFound) {
    co_return std::unexpected(std::move(removed).error());
  }
  co_return Result<void>{};
}

Task<Result<std::unique_ptr<WatchStream>>> Client::watch(ResourcePath path,
                                                         std::string namespace_name,
                                                         std::string resource_version,
                                                         Query query) {
  query.emplace_back("watch", "true");
  query.emplace_back("allowWatchBookmarks", "true");
  query.emplace_back("resourceVersion", resource_version);
  std::string target = with_query(path.url(namespace_name, "", ""), query);
  http::Request request = make_request("GET", std::move(target));
  Result<http::StreamingResponse> response =
      co_await http_.stream(std::move(request), kWatchIdleMax);
  if (!response) co_return std::unexpected(std::move(response).error());
  if (response->status != 200) {
    std::string body;
    while (body.size() < kStatusMax) {
      Result<std::optional<std::string>> piece = co_await response->body->next();
      if (!piece || !piece->has_value()) break;
      body += **piece;
    }
    Result<Json> status = parse_json(body);
    co_return std::unexpected(error_of_status(response->status, status ? *status : Json()));
  }
  co_return std::make_unique<JsonLineStream>(std::move(response->body));
}

}  // namespace clickdeploy::client
