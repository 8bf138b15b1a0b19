// Discovery and OpenAPI: what kinds there are. Made once from the scheme; immutable afterwards.

#pragma once

#include "controller/apiserver/core_internal.h"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace clickdeploy::apiserver {

class Discovery {
 public:
  explicit Discovery(const api::Scheme& scheme);

  // The reply for /api…, /apis… and /openapi…; nullopt if the path is none of these.
  std::optional<http::Reply> reply(const ApiRequest& request, Clock& clock) const;

 private:
  // Its bytes, and what they are in gzip if they are many: compressed once, not for each client.
  struct Body {
    std::shared_ptr<const std::string> plain;
    std::shared_ptr<const std::string> packed;
  };
  struct Document {
    Body body;
    std::string hash;
  };
  struct DocumentV2 {
    Body json;
    Body protobuf;
    std::string hash;
  };

  std::optional<http::Reply> reply_discovery(const ApiRequest& request) const;
  http::Reply reply_aggregated(const ApiRequest& request, const std::string& version,
                               bool core_group) const;
  std::optional<http::Reply> reply_openapi(const ApiRequest& request, Clock& clock) const;
  http::Reply reply_openapi_v2(const ApiRequest& request) const;
  const std::map<std::string, Document>& documents() const;
  const DocumentV2& document_v2() const;
  static Body make_body(std::string bytes);
  static void put_body(const ApiRequest& request, const Body& body, http::Reply& reply);

  const api::Scheme& scheme_;
  std::map<std::string, std::string> legacy_;  // path → JSON
  Json core_items_;                            // of the aggregated form
  Json group_items_;
  std::string core_etag_;
  std::string group_etag_;

  // OpenAPI documents are large and many servers never serve one: made at the first request.
  mutable std::once_flag documents_made_;
  mutable std::map<std::string, Document> documents_;  // "apis/clickdeploy.io/v1alpha1" → document
  mutable std::once_flag document_v2_made_;
  mutable DocumentV2 document_v2_;
};

}  // namespace clickdeploy::apiserver
