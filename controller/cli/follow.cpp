#include "controller/cli/follow_internal.h"

namespace clickdeploy::cli {

Task<Result<void>> follow(Session& session, Following what, std::function<void(const Json&)> show) {
  if (session.request_timeout) {
    what.query.emplace_back("timeoutSeconds", std::to_string(session.request_timeout->count()));
  }
  do {
    Result<std::unique_ptr<client::WatchStream>> stream =
        co_await session.client.watch(what.path, what.namespace_name, what.version, what.query);
    if (!stream) co_return std::unexpected(std::move(stream).error());
    bool open = true;
    while (open) {
      Result<std::optional<client::WatchEvent>> event = co_await (*stream)->next();
      if (!event) co_return std::unexpected(std::move(event).error());
      open = event->has_value();
      if (!open) continue;
      const Json& object = (*event)->object;
      what.version = object["metadata"]["resourceVersion"].as_string();
      if ((*event)->type != client::WatchEventType::Bookmark) show(object);
    }
  } while (!session.request_timeout);
  co_return Result<void>{};
}

}  // namespace clickdeploy::cli
