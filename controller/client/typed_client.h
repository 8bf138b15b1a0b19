// TypedClient<K>: a thin shell around Client for a kind of ours.

#pragma once

#include "api/v1alpha1/codec.h"
#include "controller/client/client.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

  // Puts finalizers on the object of this metadata, or takes them off, and brings the metadata up
  // to date. Nothing is sent if that is so already. Conflict when the object has changed since it
  // was read; taking them off one that is gone is a success.
  Task<Result<void>> add_finalizers(api::ObjectMeta& metadata,
                                    std::vector<std::string_view> finalizers) {
    std::vector<std::string> wanted = metadata.finalizers;
    for (std::string_view finalizer : finalizers) {
      if (!metadata.has_finalizer(finalizer)) wanted.emplace_back(finalizer);
    }
    Result<void> set = co_await set_finalizers(metadata, std::move(wanted));
    co_return set;
  }
  Task<Result<void>> drop_finalizers(api::ObjectMeta& metadata,
                                     std::vector<std::string_view> finalizers) {
    std::vector<std::string> wanted = metadata.finalizers;
    std::erase_if(wanted, [&](const std::string& finalizer) {
      return std::ranges::find(finalizers, finalizer) != finalizers.end();
    });
    Result<void> set = co_await set_finalizers(metadata, std::move(wanted));
    if (!set && set.error().code() == ErrorCode::NotFound) co_return Result<void>{};
    co_return set;
  }

  Task<Result<void>> remove(api::ObjectKey key, std::string uid) {
    Result<void> done = co_await client_.remove(path(), std::move(key), std::move(uid));
    co_return done;
  }

 private:
  Task<Result<void>> set_finalizers(api::ObjectMeta& metadata, std::vector<std::string> wanted) {
    if (wanted == metadata.finalizers) co_return Result<void>{};
    Json list = Json::array();
    for (std::string& finalizer : wanted) list.push_back(std::move(finalizer));
    Json change = Json::object(
        {{"finalizers", std::move(list)}, {"resourceVersion", metadata.resource_version}});
    Json patch = Json::object({{"metadata", std::move(change)}});
    Result<Kind> patched = co_await merge_patch(metadata.key(), std::move(patch));
    if (!patched) co_return std::unexpected(std::move(patched).error().with_context("finalizers"));
    metadata = std::move(patched->metadata);
    co_return Result<void>{};
  }

  static ResourcePath path() { return ResourcePath::of(Kind::kGvk); }
  static Result<Kind> decoded(Result<Json> json) {
    if (!json) return std::unexpected(std::move(json).error());
    return api::decode<Kind>(*json);
  }

  Client& client_;
};

}  // namespace clickdeploy::client
