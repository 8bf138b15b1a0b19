// /openapi/v3 and /openapi/v2.

#include "api/schema/openapi.h"

#include "api/schema/openapi_v2.h"
#include "controller/apiserver/discovery_internal.h"
#include "controller/apiserver/render_internal.h"
#include "controller/base/text.h"
#include "controller/http/gzip.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

constexpr std::chrono::days kImmutableFor{365};

// RFC 9110: "Sun, 22 Nov 2026 10:17:17 GMT".
std::string http_date(WallTime time) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(
                         std::chrono::time_point_cast<std::chrono::system_clock::duration>(time))));
}

std::string document_url(const std::string& path, const std::string& hash) {
  return fmt::format("/openapi/v3/{}?hash={}", path, hash);
}

constexpr std::string_view kProtobufV2 =
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

// The first clause of Accept that means one of the two forms decides; clients spell the one of
// protobuf with "v2@v1.0".
bool wants_protobuf(const ApiRequest& request) {
  for (const AcceptClause& clause : parse_accept(request.header("Accept"))) {
    if (clause.media_type.starts_with("application/com.github.proto-openapi.spec.v2")) return true;
    if (clause.media_type == "application/json" || clause.media_type == "*/*") return false;
  }
  return false;
}

}  // namespace

const std::map<std::string, Discovery::Document>& Discovery::documents() const {
  std::call_once(documents_made_, [this] {
    for (const auto& [group, version] : scheme_.group_versions()) {
      api::OpenApiDocument document = api::build_openapi(scheme_, group, version);
      const std::string path = group.empty() ? "api/" + version : "apis/" + group + "/" + version;
      if (!document.bytes.ends_with('\n')) document.bytes += '\n';
      documents_[path] = {make_body(std::move(document.bytes)), std::move(document.hash)};
    }
  });
  return documents_;
}

const Discovery::DocumentV2& Discovery::document_v2() const {
  std::call_once(document_v2_made_, [this] {
    api::OpenApiV2Document document = api::build_openapi_v2(scheme_);
    document_v2_ = {make_body(std::move(document.json)), make_body(std::move(document.protobuf)),
                    std::move(document.hash)};
  });
  return document_v2_;
}

Discovery::Body Discovery::make_body(std::string bytes) {
  Body body;
  if (bytes.size() >= kCompressedBytesMin) {
    body.packed = std::make_shared<const std::string>(http::gzip(bytes));
  }
  body.plain = std::make_shared<const std::string>(std::move(bytes));
  return body;
}

void Discovery::put_body(const ApiRequest& request, const Body& body, http::Reply& reply) {
  reply.shared = body.plain;
  if (body.packed == nullptr) return;
  reply.response.headers.push_back({"Vary", "Accept-Encoding"});
  if (request.method != "GET" || !http::accepts_gzip(request.header("Accept-Encoding"))) return;
  reply.shared = body.packed;
  reply.response.headers.push_back({"Content-Encoding", "gzip"});
}

http::Reply Discovery::reply_openapi_v2(const ApiRequest& request) const {
  const DocumentV2& document = document_v2();
  const std::string etag = "\"" + document.hash + "\"";
  http::Reply reply;
  http::Headers& headers = reply.response.headers;
  headers.push_back({"ETag", etag});
  headers.push_back({"Vary", "Accept"});
  if (request.header("If-None-Match") == etag) {
    reply.response.status = 304;
    return reply;
  }
  const bool protobuf = wants_protobuf(request);
  headers.push_back({"Content-Type", protobuf ? std::string(kProtobufV2) : "application/json"});
  put_body(request, protobuf ? document.protobuf : document.json, reply);
  return reply;
}

std::optional<http::Reply> Discovery::reply_openapi(const ApiRequest& request, Clock& clock) const {
  const std::vector<std::string>& segments = request.segments;
  if (segments.size() == 2 && segments[1] == "v2") return reply_openapi_v2(request);
  if (segments.size() < 2 || segments[1] != "v3") return std::nullopt;
  Call call;
  call.request = request;
  if (segments.size() == 2) {
    Json paths = Json::object();
    for (const auto& [path, document] : documents()) {
      paths.set(path, Json::object({{"serverRelativeURL", document_url(path, document.hash)}}));
    }
    return reply_json(call, 200, to_json(Json::object({{"paths", std::move(paths)}})));
  }
  std::vector<std::string> rest(segments.begin() + 2, segments.end());
  const auto found = documents().find(join(rest, "/"));
  if (found == documents().end()) return std::nullopt;
  const auto& [path, document] = *found;
  const std::string hash = request.parameter("hash");
  if (!hash.empty() && hash != document.hash) {
    http::Reply moved;
    moved.response.status = 301;
    moved.response.headers.push_back({"Location", document_url(path, document.hash)});
    return moved;
  }
  const std::string etag = "\"" + document.hash + "\"";
  http::Reply reply;
  http::Headers& headers = reply.response.headers;
  headers.push_back({"Content-Type", "application/json"});
  if (request.header("If-None-Match") == etag) {
    reply.response.status = 304;
  } else {
    put_body(request, document.body, reply);
  }
  headers.push_back({"ETag", etag});
  headers.push_back({"Vary", "Accept"});
  if (!hash.empty()) {
    headers.push_back({"Cache-Control", "public, immutable"});
    headers.push_back({"Expires", http_date(clock.wall_now() + kImmutableFor)});
  }
  return reply;
}

}  // namespace clickdeploy::apiserver
