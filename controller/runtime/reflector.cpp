#include "controller/runtime/reflector.h"

#include "controller/base/backoff.h"
#include "controller/base/planted.h"

#include <spdlog/spdlog.h>

namespace clickdeploy::runtime {

namespace {
constexpr Backoff kReflectorBackoff{.first = std::chrono::milliseconds(200),
                                    .longest = std::chrono::milliseconds(30'000),
                                    .factor = 2.0,
                                    .jitter = 0.5};

// So many failures in a row are not a hiccup: they are told once, and the version is not trusted
// any more, whatever the server calls the trouble.
constexpr std::uint32_t kFailuresTold = 5;
}  // namespace

void log_unreadable(const std::string& resource, const ObjectKey& key, const Error& error) {
  spdlog::error("Ignored unreadable object resource={} key={} error={}", resource, key.text(),
                error.message());
}

Reflector::Reflector(client::Client& client, Clock& clock, Random& random,
                     client::ResourcePath path, ReflectorSink& sink)
    : client_(client), clock_(clock), random_(random), path_(std::move(path)), sink_(sink) {}

Task<void> Reflector::run() {
  while (true) {
    Result<void> ended = co_await list_and_watch();
    if (ended) {
      note_success();
      continue;
    }
    note_failure(ended.error());
    const std::chrono::milliseconds wait = kReflectorBackoff.after(failures_, random_.next());
    spdlog::debug("Reflector waits resource={} error={} wait_ms={}", path_.plural,
                  ended.error().message(), wait.count());
    co_await clock_.sleep(wait);
  }
}

void Reflector::note_success() {
  if (failures_ >= kFailuresTold) {
    spdlog::info("Reflector is back resource={} failures={}", path_.plural, failures_);
  }
  failures_ = 0;
}

void Reflector::note_failure(const Error& error) {
  ++failures_;
  if (failures_ == kFailuresTold) {
    spdlog::warn("Reflector keeps failing resource={} failures={} error={}", path_.plural,
                 failures_, error.message());
  }
  if (error.code() == ErrorCode::Expired || failures_ % kFailuresTold == 0) version_.clear();
}

Task<Result<void>> Reflector::list_and_watch() {
  if (version_.empty()) {
    Result<client::ObjectList> list = co_await client_.list(path_, "");
    if (!list) co_return std::unexpected(std::move(list).error());
    version_ = list->resource_version;
    sink_.replace(list->items);
  }
  Result<void> watched = co_await watch_once();
  co_return watched;
}

Task<Result<void>> Reflector::watch_once() {
  Result<std::unique_ptr<client::WatchStream>> stream = co_await client_.watch(path_, "", version_);
  if (!stream) co_return std::unexpected(std::move(stream).error());
  const SteadyTime opened = clock_.steady_now();
  while (true) {
    Result<std::optional<client::WatchEvent>> event = co_await (*stream)->next();
    if (!event) co_return std::unexpected(std::move(event).error());
    if (!event->has_value()) break;
    const Json& object = (**event).object;
    const std::string& version = object["metadata"]["resourceVersion"].as_string();
    if (!version.empty()) version_ = version;
    note_success();
    switch ((**event).type) {
      case client::WatchEventType::Added:
      case client::WatchEventType::Modified:
        if (planted(Bug::DeletionUnseen) && object["metadata"].contains("deletionTimestamp")) break;
        sink_.put(object);
        break;
      case client::WatchEventType::Deleted:
        sink_.erase(object);
        break;
      case client::WatchEventType::Bookmark:
        break;
    }
  }
  // A server that ends each watch at once must not be asked in a tight loop.
  if (clock_.steady_now() - opened < std::chrono::seconds(1)) {
    co_return fail(ErrorCode::Unavailable, "the watch ended at once");
  }
  co_return Result<void>{};
}

}  // namespace clickdeploy::runtime
