// TypedClient<K>: a thin shell around Client for a kind of ours.

#pragma once

#include "api/v1alpha1/codec.h"
#include "controller/client/client.h"

#include <optional>
#include <string>
#include <utility>

namespace clickdeploy::client {

template <class Kind>
class TypedClient {
 public:
  explicit TypedClient(Client& client) : client_(client) {}

  Task<Result<std::optional<Kind>>> get(api::ObjectKey key) {
    Result<std::optional<Json>> json = co_await client_.get(path(), std::move(key));
    if (!json) co_return std::unexpected(std::move(json).error());
    if (!json->has_value()) co_return std::optional<Kind>{};
    Result<Kind> object = api::decode<Kind>(**json);
    if (!object) co_return std::unexpected(std::move(object).error());
    co_return std::optional<Kind>(*std::move(object));
  }

  Task<Result<Kind>> create(Kind object) {
    Json body = api::encode(object);
    Result<Json> json =
        co_await client_.create(path(), object.metadata.namespace_name, std::move(body));
    co_return decoded(std::move(json));
  }

  // Conflict when the object has changed since it was read.
  Task<Result<Kind>> update_status(Kind object) {
    Json body = api::encode(object);
    Result<Json> json = co_await client_.update_status(path(), std::move(body));
    co_return decoded(std::move(json));
  }

  Task<Result<Kind>> merge_patch(api::ObjectKey key, Json patch) {
    Result<Json> json = co_await client_.merge_patch(path(), std::move(key), std::move(patch));
    co_return decoded(std::move(json));
  }

  Task<Result<void>> remove(api::ObjectKey key, std::string uid) {
    Result<void> done = co_await client_.remove(path(), std::move(key), std::move(uid));
    co_return done;
  }

 private:
  static ResourcePath path() { return ResourcePath::of(Kind::kGvk); }
  static Result<Kind> decoded(Result<Json> json) {
    if (!json) return std::unexpected(std::move(json).error());
    return api::decode<Kind>(*json);
  }

  Client& client_;
};

}  // namespace clickdeploy::client
