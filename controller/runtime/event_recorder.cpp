#include "controller/runtime/event_recorder.h"

#include "controller/base/text.h"
#include "controller/base/utf8.h"

#include <spdlog/spdlog.h>

namespace clickdeploy::runtime {

namespace {
constexpr std::size_t kPendingMax = 1000;
constexpr std::size_t kMessageMax = 1024;
const client::ResourcePath kEvents{"", "v1", "events"};
}  // namespace

EventRecorder::EventRecorder(client::Client& client, Clock& clock, std::string component)
    : client_(client), clock_(clock), component_(std::move(component)) {}

void EventRecorder::record(const api::GroupVersionKind& gvk, const api::ObjectMeta& about,
                           EventKind kind, std::string_view reason, std::string message) {
  message.resize(utf8_prefix(message, kMessageMax).size());
  // The log tells the same story for whoever has no API at hand; of quoted output only the first
  // line.
  const std::string first_line = message.substr(0, message.find('\n'));
  spdlog::log(kind == EventKind::Normal ? spdlog::level::info : spdlog::level::warn,
              "{} kind={} key={} message=\"{}\"", reason, gvk.kind, about.key().text(), first_line);
  const std::string now = format_time(clock_.wall_now());
  // The name is the identity of "the same event again".
  const std::string hash =
      sha256_hex(about.uid + "\n" + std::string(reason) + "\n" + message).substr(0, 16);
  Pending pending;
  pending.namespace_name = about.namespace_name;
  pending.name = about.name.substr(0, 200) + "." + hash;
  pending.event = Json::object({
      {"apiVersion", "v1"},
      {"kind", "Event"},
      {"metadata", Json::object({{"name", pending.name}, {"namespace", about.namespace_name}})},
      {"involvedObject", Json::object({{"apiVersion", gvk.api_version()},
                                       {"kind", gvk.kind},
                                       {"name", about.name},
                                       {"namespace", about.namespace_name},
                                       {"uid", about.uid}})},
      {"type", kind == EventKind::Normal ? "Normal" : "Warning"},
      {"reason", reason},
      {"message", message},
      {"source", Json::object({{"component", component_}})},
      {"reportingComponent", component_},
      {"firstTimestamp", now},
      {"lastTimestamp", now},
      {"count", 1},
  });
  if (pending_.size() == kPendingMax) {
    spdlog::warn("Dropped the oldest event: more than {} wait to be written", kPendingMax);
    pending_.pop_front();
  }
  pending_.push_back(std::move(pending));
  added_.notify();
}

Task<void> EventRecorder::run() {
  while (true) {
    if (pending_.empty()) {
      const std::uint64_t seen = added_.version();
      co_await added_.wait(seen);
      continue;
    }
    Pending next = std::move(pending_.front());
    pending_.pop_front();
    const std::string name = next.name;
    Result<void> written = co_await write(std::move(next));
    if (!written)
      spdlog::debug("Event not written name={} error={}", name, written.error().message());
  }
}

Task<Result<void>> EventRecorder::write(Pending pending) {
  const std::string last = pending.event["lastTimestamp"].as_string();
  api::ObjectKey key{pending.namespace_name, pending.name};
  Result<Json> created =
      co_await client_.create(kEvents, pending.namespace_name, std::move(pending.event));
  if (created) co_return Result<void>{};
  if (created.error().code() != ErrorCode::AlreadyExists) {
    co_return std::unexpected(std::move(created).error());
  }
  Result<std::optional<Json>> old = co_await client_.get(kEvents, key);
  if (!old) co_return std::unexpected(std::move(old).error());
  const std::int64_t count = *old ? (**old)["count"].as_int(1) : 1;
  Json patch = Json::object({{"count", count + 1}, {"lastTimestamp", last}});
  Result<Json> patched = co_await client_.merge_patch(kEvents, key, std::move(patch));
  if (!patched) co_return std::unexpected(std::move(patched).error());
  co_return Result<void>{};
}

}  // namespace clickdeploy::runtime
