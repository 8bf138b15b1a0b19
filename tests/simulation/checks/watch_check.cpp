#include "tests/simulation/checks/watch_check.h"

#include "tests/simulation/checks/lost_update_check.h"

#include <algorithm>
#include <set>

namespace clickdeploy::simulation {

using namespace std::chrono_literals;

namespace {

constexpr auto kSleepLeast = 500ms;
constexpr std::uint64_t kSleepMoreMs = 8000;
constexpr std::uint64_t kPiecesMax = 40;  // until the watch is cut

std::string_view type_of(store::EventType type) {
  switch (type) {
    case store::EventType::Added:
      return "ADDED";
    case store::EventType::Modified:
      return "MODIFIED";
    case store::EventType::Deleted:
      return "DELETED";
  }
  return "";
}

Task<std::string> body_of(http::Reply reply) {
  if (reply.stream == nullptr) {
    co_return reply.shared ? *reply.shared : std::move(reply.response.body);
  }
  std::string body;
  while (true) {
    Result<std::optional<std::string>> piece = co_await reply.stream->next();
    if (!piece || !*piece) co_return body;
    body += **piece;
  }
}

}  // namespace

WatchCheck::WatchCheck(std::string resource, std::string path, const History& history,
                       const Clock& clock, Report& report, std::uint64_t seed,
                       std::function<void()> catch_up)
    : resource_(std::move(resource)),
      path_(std::move(path)),
      history_(history),
      clock_(clock),
      report_(report),
      random_(seed),
      catch_up_(std::move(catch_up)) {}

void WatchCheck::tell(const std::string& what) const {
  report_.add("S9", "a watcher of " + resource_ + " at version " +
                        std::to_string(position_.value_or(0)) + " " + what);
}

Task<void> WatchCheck::run(http::Handler serve, Clock& clock,
                           std::function<store::Revision()> oldest) {
  serving_ = true;
  served_since_ = clock_.steady_now();
  while (true) {
    if (!position_) {
      co_await list(serve);
    } else {
      co_await watch(serve, oldest);
    }
    co_await clock.sleep(kSleepLeast + 1ms * (random_.next() % kSleepMoreMs));
  }
}

Task<void> WatchCheck::list(const http::Handler& serve) {
  http::Request request;
  request.url = path_;
  http::Reply reply = co_await serve(std::move(request));
  if (reply.response.status != 200) co_return;
  std::string body = co_await body_of(std::move(reply));
  const Result<Json> list = parse_json(body);
  if (!list) co_return tell("gets a list that is not JSON");
  listed(*list);
}

void WatchCheck::listed(const Json& list) {
  if (catch_up_) catch_up_();
  const std::string& text = list["metadata"]["resourceVersion"].as_string();
  const store::Revision revision = text.empty() ? 0 : std::stoull(text);
  if (revision == 0 || revision > history_.revision()) {
    return tell("gets a list of version \"" + text + "\"");
  }
  std::size_t there = 0;
  std::set<store::Key> keys;
  for (const Version& version : history_.of_resource(resource_)) keys.insert(version.document->key);
  for (const store::Key& key : keys) {
    if (history_.current_at(key, revision) != 0) ++there;
  }
  for (const Json& item : list["items"].as_array()) {
    const Json& metadata = item["metadata"];
    const store::Key key{resource_, metadata["namespace"].as_string(),
                         metadata["name"].as_string()};
    const std::string wanted = std::to_string(history_.current_at(key, revision));
    if (metadata["resourceVersion"].as_string() != wanted) {
      tell("gets a list of version " + text + " with " + key.name + " at " +
           metadata["resourceVersion"].as_string() + " instead of " + wanted);
    }
  }
  if (list["items"].size() != there) {
    tell("gets a list of version " + text + " with " + std::to_string(list["items"].size()) +
         " objects instead of " + std::to_string(there));
  }
  position_ = revision;
  expired_ = false;
}

Task<void> WatchCheck::watch(const http::Handler& serve, std::function<store::Revision()> oldest) {
  http::Request request;
  request.url =
      path_ + "?watch=true&allowWatchBookmarks=true&resourceVersion=" + std::to_string(*position_);
  http::Reply reply = co_await serve(std::move(request));
  if (reply.response.status == 410) {
    refused(oldest());
    co_return;
  }
  if (reply.response.status != 200 || reply.stream == nullptr) co_return;
  const std::uint64_t pieces = 1 + random_.next() % kPiecesMax;
  for (std::uint64_t i = 0; i < pieces; ++i) {
    Result<std::optional<std::string>> piece = co_await reply.stream->next();
    if (!piece || !*piece) co_return;
    std::string_view rest = **piece;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      take_line(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (expired_) {
      refused(oldest());
      co_return;
    }
  }
}

void WatchCheck::refused(store::Revision oldest) {
  ++refusals_;
  if (position_ && *position_ >= oldest) {
    tell("is refused as too old, though the log reaches back to " + std::to_string(oldest));
  }
  position_.reset();
}

void WatchCheck::take_line(std::string_view line) {
  constexpr std::string_view kType = R"({"type":")";
  constexpr std::string_view kObject = R"(","object":)";
  const std::size_t type_end = line.find('"', kType.size());
  if (!line.starts_with(kType) || !line.ends_with("}") || type_end == std::string_view::npos ||
      !line.substr(type_end).starts_with(kObject)) {
    return tell("gets a line that is no event");
  }
  if (catch_up_) catch_up_();
  const std::string_view type = line.substr(kType.size(), type_end - kType.size());
  std::string_view object = line.substr(type_end + kObject.size());
  object.remove_suffix(1);
  if (type == "BOOKMARK") return take_bookmark(object);
  if (type != "ERROR") return take_event(type, object);
  expired_ = object.contains("\"code\":410");
  if (!expired_) tell("gets an error: " + std::string(object.substr(0, 200)));
}

const Version* WatchCheck::next_expected() const {
  const std::vector<Version>& versions = history_.of_resource(resource_);
  const auto next = std::ranges::upper_bound(versions, *position_, {}, &Version::revision);
  return next == versions.end() ? nullptr : &*next;
}

void WatchCheck::take_event(std::string_view type, std::string_view object) {
  const store::Revision revision = version_in(object);
  const Version* wanted = next_expected();
  ++delivered_;
  if (wanted == nullptr || wanted->revision != revision) {
    tell("gets " + std::string(type) + " at " + std::to_string(revision) + " instead of " +
         (wanted == nullptr ? "nothing" : std::to_string(wanted->revision)));
  } else if (type != type_of(wanted->type)) {
    tell("gets " + std::string(type) + " at " + std::to_string(revision) + " for " +
         std::string(type_of(wanted->type)));
  } else if (object != wanted->document->bytes) {
    tell("gets other bytes at " + std::to_string(revision) + " than were committed");
  }
  position_ = std::max(*position_, revision);
}

void WatchCheck::take_bookmark(std::string_view object) {
  const store::Revision revision = version_in(object);
  const Version* next = next_expected();
  if (revision > history_.revision() || revision < *position_) {
    tell("gets a bookmark at " + std::to_string(revision));
  }
  if (next != nullptr && next->revision <= revision) {
    tell("gets a bookmark at " + std::to_string(revision) + " before the event at " +
         std::to_string(next->revision));
  }
  position_ = std::max(*position_, revision);
}

void WatchCheck::look(SteadyTime fair_since) {
  const SteadyTime now = clock_.steady_now();
  if (!position_ || !serving_) return;
  const Version* next = next_expected();
  if (next == nullptr) return;
  const SteadyTime since = std::max({next->seen, served_since_, fair_since});
  if (now - since <= kBehindMax) return;
  report_.add("L5", "a watcher of " + resource_ + " has waited for the change at " +
                        std::to_string(next->revision) + " for " +
                        std::to_string((now - since) / 1s) + " s");
}

}  // namespace clickdeploy::simulation
