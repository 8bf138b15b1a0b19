// Watches: a stream of the changes of one collection, as JSON documents, one a line.

#include "controller/apiserver/builtin_objects_internal.h"
#include "controller/apiserver/object_internal.h"
#include "controller/apiserver/render_internal.h"
#include "controller/apiserver/verbs_internal.h"
#include "controller/apiserver/wait_internal.h"
#include "controller/base/planted.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace clickdeploy::apiserver {
namespace {

constexpr std::size_t kEventsAtOnce = 256;
constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::chrono::seconds kBookmarkEvery{60};
constexpr std::chrono::seconds kBookmarkBeforeEnd{2};
constexpr std::chrono::seconds kShortestWatch{1800};  // without timeoutSeconds: 30 to 60 minutes

constexpr std::string_view kAdded = "ADDED";
constexpr std::string_view kModified = "MODIFIED";
constexpr std::string_view kDeleted = "DELETED";

// Counts an open watch for as long as it lives.
class WatchSlot {
 public:
  static std::unique_ptr<WatchSlot> take(const Core& core) {
    const std::size_t before = core.watches->fetch_add(1);
    auto slot = std::make_unique<WatchSlot>(core.watches);
    if (before >= core.options.watches_max) return nullptr;
    return slot;
  }
  explicit WatchSlot(std::shared_ptr<std::atomic<std::size_t>> count) : count_(std::move(count)) {}
  ~WatchSlot() { count_->fetch_sub(1); }
  WatchSlot(const WatchSlot&) = delete;
  WatchSlot& operator=(const WatchSlot&) = delete;

 private:
  std::shared_ptr<std::atomic<std::size_t>> count_;
};

struct WatchStart {
  std::vector<store::DocumentPtr> initial;  // become ADDED events
  bool mark_initial_end = false;            // then a bookmark says that these were all
  store::Revision from = 0;                 // the state that `initial` shows
  store::Revision skip_until = 0;           // events up to here are not the client's
  std::unique_ptr<store::Watch> watch;      // nullptr: `from` is too old
};

class EventStream final : public http::BodyStream {
 public:
  EventStream(const Core& core, Call call, ListOptions options, WatchStart start,
              std::unique_ptr<WatchSlot> slot)
      : core_(core),
        call_(std::move(call)),
        options_(std::move(options)),
        start_(std::move(start)),
        slot_(std::move(slot)),
        bookmarked_(start_.from) {
    const SteadyTime now = core_.clock.steady_now();
    const auto spread = std::chrono::seconds(core_.random.next() % kShortestWatch.count());
    end_ = now + options_.timeout.value_or(kShortestWatch + spread);
    schedule_bookmark(now);
  }

  Task<Result<std::optional<std::string>>> next() override {
    if (ended_) co_return std::nullopt;
    if (start_.watch == nullptr) {
      ended_ = true;
      co_return too_old();
    }
    std::string piece = initial_piece();
    while (piece.empty()) {
      append_pending(piece);
      if (!piece.empty()) break;
      const SteadyTime now = core_.clock.steady_now();
      if (now >= end_) co_return std::nullopt;
      const SteadyTime due = options_.allow_bookmarks ? std::min(end_, bookmark_due_) : end_;
      Result<std::vector<store::Event>> events =
          co_await next_events(*start_.watch, core_.clock, kEventsAtOnce, due - now);
      if (!events) {
        ended_ = true;
        if (events.error().code() != ErrorCode::Expired) co_return std::nullopt;
        co_return too_old();
      }
      if (events->empty()) append_bookmark_if_due(piece);
      pending_ = std::move(*events);
    }
    co_return std::optional<std::string>(std::move(piece));
  }

 private:
  std::string initial_piece() {
    std::string piece;
    while (next_initial_ < start_.initial.size() && piece.size() < kPieceBytes) {
      append(piece, kAdded, *start_.initial[next_initial_++]);
    }
    if (next_initial_ < start_.initial.size()) return piece;
    start_.initial.clear();
    next_initial_ = 0;
    if (std::exchange(start_.mark_initial_end, false)) append_bookmark(piece, start_.from, true);
    return piece;
  }

  // Large objects that change quickly would else make pieces of hundreds of MiB, one for each slow
  // reader.
  void append_pending(std::string& piece) {
    while (next_pending_ < pending_.size() && piece.size() < kPieceBytes) {
      append_event(piece, pending_[next_pending_++]);
    }
    if (next_pending_ < pending_.size()) return;
    pending_.clear();
    next_pending_ = 0;
  }

  void append_event(std::string& piece, const store::Event& event) {
    const store::Document& document = *event.document;
    if (document.revision <= start_.skip_until) return;
    const Target& target = call_.target;
    if (!target.namespace_name.empty() && document.key.namespace_name != target.namespace_name) {
      return;
    }
    const Selection& selection = options_.selection;
    const bool before = event.previous != nullptr && selection.matches(*event.previous);
    const bool after = event.type != store::EventType::Deleted && selection.matches(document);
    if (after) {
      append(piece, before ? kModified : kAdded, document);
    } else if (before && event.type == store::EventType::Deleted) {
      append(piece, kDeleted, document);
    } else if (before) {
      // It left the selection: its last state inside, with the version of the change.
      Json object = read_shown(call_, *event.previous);
      object.member("metadata").set("resourceVersion", std::to_string(document.revision));
      append(piece, kDeleted, to_json(object), document.revision);
    }
  }

  void append(std::string& piece, std::string_view type, const store::Document& document) {
    append(piece, type, document.bytes, document.revision);
  }

  void append(std::string& piece, std::string_view type, std::string_view object,
              store::Revision revision) {
    if (call_.format.form == Form::Table) {
      std::string rows = "[";
      RowWriter(core_, call_).append(rows, object);
      write_table(piece, type, std::to_string(revision), rows + "]");
      return;
    }
    begin_line(piece, type);
    if (call_.format.form == Form::Object) {
      append_shown(piece, call_, object);
    } else {
      append_partial_metadata(piece, call_, object);
    }
    end_line(piece);
  }

  void write_table(std::string& piece, std::string_view type, const std::string& revision,
                   std::string_view rows) {
    Json table = table_head(call_, !std::exchange(columns_written_, true));
    table.set("metadata", Json::object({{"resourceVersion", revision}}));
    std::string text = to_json(table);
    text.pop_back();
    write(piece, type, fmt::format("{},\"rows\":{}}}", text, rows));
  }

  static void write(std::string& piece, std::string_view type, std::string_view object) {
    begin_line(piece, type);
    piece += object;
    end_line(piece);
  }
  static void begin_line(std::string& piece, std::string_view type) {
    piece += R"({"type":")";
    piece += type;
    piece += R"(","object":)";
  }
  static void end_line(std::string& piece) { piece += "}\n"; }

  void append_bookmark_if_due(std::string& piece) {
    const SteadyTime now = core_.clock.steady_now();
    if (!options_.allow_bookmarks || now < bookmark_due_) return;
    schedule_bookmark(now);
    const store::Revision position = start_.watch->position();
    if (position > bookmarked_) append_bookmark(piece, position, false);
  }

  void append_bookmark(std::string& piece, store::Revision revision, bool initial_end) {
    bookmarked_ = revision;
    const std::string text = std::to_string(revision);
    if (call_.format.form == Form::Table) {
      write_table(piece, "BOOKMARK", text, "[]");
      return;
    }
    Json metadata = Json::object({{"resourceVersion", text}});
    if (initial_end) {
      metadata.set("annotations",
                   Json::object({{"k8s.io/initial-events-end", "true"},
                                 {"kubernetes.io/initial-events-list-blueprint", empty_list()}}));
    }
    Json object = Json::object({{"apiVersion", call_.target.info->api_version()},
                                {"kind", call_.target.info->kind},
                                {"metadata", std::move(metadata)}});
    append(piece, "BOOKMARK", to_json(object), revision);
  }

  // From which clients make the list that the events before the bookmark were.
  std::string empty_list() const {
    const api::ResourceInfo& info = *call_.target.info;
    const Json list = Json::object(
        {{"apiVersion", info.api_version()}, {"items", Json::array()}, {"kind", info.list_kind}});
    return base64_encode(to_json(list) + "\n");
  }

  // About once a minute, and a last time shortly before the end.
  void schedule_bookmark(SteadyTime now) {
    bookmark_due_ = now + kBookmarkEvery;
    const SteadyTime last = end_ - kBookmarkBeforeEnd;
    if (now < last) bookmark_due_ = std::min(bookmark_due_, last);
  }

  std::optional<std::string> too_old() const {
    std::string piece;
    const std::unexpected<ApiError> error = expired(fmt::format(
        "too old resource version: {} ({})", start_.from, core_.store.oldest_revision()));
    write(piece, "ERROR", to_json(to_status(error.error())));
    return piece;
  }

  const Core core_;
  const Call call_;
  const ListOptions options_;
  WatchStart start_;
  const std::unique_ptr<WatchSlot> slot_;
  std::size_t next_initial_ = 0;
  std::vector<store::Event> pending_;  // taken from the watch, but not yet written
  std::size_t next_pending_ = 0;
  store::Revision bookmarked_;
  SteadyTime end_{};
  SteadyTime bookmark_due_{};
  bool columns_written_ = false;
  bool ended_ = false;
};

bool wants_initial_events(const ListOptions& options) {
  return options.send_initial_events.value_or(options.resource_version.value_or(0) == 0);
}

WatchStart plan_start(const Core& core, const Call& call, const ListOptions& options) {
  const std::string resource = call.target.info->group_resource();
  const store::Revision asked = options.resource_version.value_or(0);
  WatchStart start;
  if (wants_initial_events(options)) {
    store::ListResult list = list_documents(core, call.target);
    start.from = list.revision;
    start.mark_initial_end = options.allow_bookmarks;
    for (store::DocumentPtr& document : list.documents) {
      if (options.selection.matches(*document)) start.initial.push_back(std::move(document));
    }
  } else {
    const store::Revision newest = core.store.revision();
    start.from = asked == 0 ? newest : std::min(asked, newest);
    start.skip_until = asked + (planted(Bug::WatchTooLate) ? 1 : 0);
    if (planted(Bug::WatchTooEarly)) start.from = start.skip_until = std::max(asked, 1UL) - 1;
  }
  Result<std::unique_ptr<store::Watch>> watch = core.store.watch(resource, start.from);
  if (watch) start.watch = std::move(*watch);
  return start;
}

}  // namespace

Task<Answer<http::Reply>> watch_objects(const Core& core, Call call, ListOptions options) {
  Answer<bool> good = check_table_options(call);
  if (!good) co_return std::unexpected(good.error());
  if (wants_initial_events(options) && options.resource_version.value_or(0) != 0) {
    good = co_await wait_for_revision(core, *options.resource_version);
    if (!good) co_return std::unexpected(good.error());
  }
  std::unique_ptr<WatchSlot> slot = WatchSlot::take(core);
  if (slot == nullptr) co_return too_many_requests();
  WatchStart start = plan_start(core, call, options);

  http::Reply reply;
  reply.response.headers.push_back({"Content-Type", "application/json"});
  reply.stream = std::make_unique<EventStream>(core, std::move(call), std::move(options),
                                               std::move(start), std::move(slot));
  co_return reply;
}

}  // namespace clickdeploy::apiserver
