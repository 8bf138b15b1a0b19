#include "controller/base/check.h"
#include "controller/http/curl_driver_internal.h"
#include "controller/http/curl_transfer_internal.h"

#include <boost/asio/error.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <pthread.h>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace clickdeploy::http {
namespace {

using TimePoint = CurlTransfer::TimePoint;

constexpr std::size_t kQueuedMax = 16'384;
constexpr std::chrono::milliseconds kPollMax{60'000};

// curl_global_init is not safe to call twice at once; nobody ever needs the opposite call.
void init_curl_once() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  CHECK(code == CURLE_OK, "libcurl does not start");
}

// OpenSSL writes to sockets without MSG_NOSIGNAL, and a peer may be gone. The signal goes to the
// thread that wrote, so it is blocked on this one only.
void block_sigpipe() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

struct CurlDriver::Impl {
  enum class Verb { Start, Abort, Resume };
  struct Command {
    Verb verb;
    std::shared_ptr<Exchange> exchange;
  };

  explicit Impl(CurlOptions of) : options(std::move(of)) {
    init_curl_once();
    multi = curl_multi_init();
    CHECK(multi != nullptr, "no memory for libcurl");
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(options.in_flight_max));
    thread = std::thread([this] { run(); });
  }

  ~Impl() {
    {
      std::lock_guard lock(mutex);
      stopping = true;
      curl_multi_wakeup(multi);
    }
    thread.join();
  }

  void post(Verb verb, std::shared_ptr<Exchange> exchange) {
    // The lock also keeps the multi handle from being cleaned up under the call to it.
    std::lock_guard lock(mutex);
    commands.push_back({verb, std::move(exchange)});
    curl_multi_wakeup(multi);
  }

  // Everything below runs on the driver's thread.

  void run() {
    block_sigpipe();
    while (!stopping) {
      obey_commands();
      start_queued();
      int running_handles = 0;
      curl_multi_perform(multi, &running_handles);
      announce_streams();
      finish_done();
      expire(std::chrono::steady_clock::now());
      if (!queue.empty() && running < options.in_flight_max) continue;
      curl_multi_poll(multi, nullptr, 0, poll_timeout(), nullptr);
    }
    obey_commands();
    while (!transfers.empty()) end(*transfers.begin()->second, nullptr, Ending::Aborted);
    curl_multi_cleanup(multi);  // says goodbye to TLS peers, so it belongs here as well
  }

  void obey_commands() {
    std::vector<Command> taken;
    {
      std::lock_guard lock(mutex);
      taken.swap(commands);
    }
    for (Command& command : taken) {
      if (command.verb == Verb::Start) {
        enqueue(std::move(command.exchange));
        continue;
      }
      auto found = transfers.find(command.exchange.get());
      if (found == transfers.end()) continue;
      if (command.verb == Verb::Abort) {
        end(*found->second, nullptr, Ending::Aborted);
      } else {
        resume(*found->second);
      }
    }
  }

  void enqueue(std::shared_ptr<Exchange> exchange) {
    const TimePoint now = std::chrono::steady_clock::now();
    Exchange* const key = exchange.get();
    auto owned = std::make_unique<CurlTransfer>(std::move(exchange), now);
    CurlTransfer& transfer = *owned;
    transfers.emplace(key, std::move(owned));
    deadlines.emplace(transfer.deadline, &transfer);
    queue.push_back(&transfer);
    if (queue.size() > kQueuedMax) {
      Error error(ErrorCode::ResourceExhausted, "too many requests wait for a connection");
      end(transfer, &error, Ending::Failed);
    }
  }

  void start_queued() {
    while (!queue.empty() && running < options.in_flight_max) {
      CurlTransfer& transfer = *queue.front();
      queue.pop_front();
      transfer.state = CurlTransfer::State::Running;
      ++running;
      Result<void> prepared = transfer.prepare(options);
      if (prepared && curl_multi_add_handle(multi, transfer.easy.get()) != CURLM_OK) {
        prepared = fail(ErrorCode::ResourceExhausted, "no memory for a request");
      }
      if (!prepared) {
        end(transfer, &prepared.error(), Ending::Failed);
      } else if (transfer.is_stream()) {
        opening.push_back(&transfer);
      }
    }
  }

  // The headers of a stream are there: its caller goes on, and its place is free. This cannot
  // happen in curl's callback, from which the multi handle must not be touched.
  void announce_streams() {
    std::vector<CurlTransfer*> ready;
    std::ranges::copy_if(opening, std::back_inserter(ready), &CurlTransfer::headers_done);
    for (CurlTransfer* transfer : ready) {
      std::erase(opening, transfer);
      transfer->state = CurlTransfer::State::Streaming;
      transfer->last_received = std::chrono::steady_clock::now();
      --running;
      move_deadline(*transfer, transfer->last_received + *transfer->exchange->idle_max);
      Completion completion = std::exchange(transfer->exchange->completion, nullptr);
      completion({}, std::move(transfer->response));
    }
  }

  void finish_done() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      CurlTransfer* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      std::optional<Error> error = transfer->error_of(code);
      end(*transfer, error ? &*error : nullptr, error ? Ending::Failed : Ending::Whole);
    }
  }

  void expire(TimePoint now) {
    while (!deadlines.empty() && deadlines.begin()->first <= now) {
      CurlTransfer& transfer = *deadlines.begin()->second;
      if (transfer.state == CurlTransfer::State::Streaming) {
        // Silence that the reader causes is not the peer's.
        const TimePoint since = transfer.paused ? now : transfer.last_received;
        const TimePoint until = since + *transfer.exchange->idle_max;
        if (until > now) {
          move_deadline(transfer, until);
          continue;
        }
      }
      Error error(ErrorCode::DeadlineExceeded, expiry_text(transfer));
      end(transfer, &error, Ending::Failed);
    }
  }

  static std::string expiry_text(const CurlTransfer& transfer) {
    switch (transfer.state) {
      case CurlTransfer::State::Queued:
        return "no connection was free in time";
      case CurlTransfer::State::Streaming:
        return fmt::format("stream was silent for {} ms", transfer.exchange->idle_max->count());
      case CurlTransfer::State::Running:
        break;
    }
    return fmt::format("no reply within {} ms", transfer.exchange->request.deadline.count());
  }

  void move_deadline(CurlTransfer& transfer, TimePoint deadline) {
    deadlines.erase({transfer.deadline, &transfer});
    transfer.deadline = deadline;
    deadlines.emplace(deadline, &transfer);
  }

  void resume(CurlTransfer& transfer) {
    if (!transfer.paused) return;
    transfer.paused = false;
    transfer.last_received = std::chrono::steady_clock::now();
    curl_easy_pause(transfer.easy.get(), CURLPAUSE_CONT);
  }

  enum class Ending { Whole, Failed, Aborted };

  // Takes the transfer out of everything, then tells whoever waits for it.
  void end(CurlTransfer& transfer, const Error* error, Ending ending) {
    std::unique_ptr<CurlTransfer> owned =
        std::move(transfers.extract(transfer.exchange.get()).mapped());
    deadlines.erase({owned->deadline, owned.get()});
    if (owned->state == CurlTransfer::State::Queued) std::erase(queue, owned.get());
    if (owned->state == CurlTransfer::State::Running) {
      --running;
      std::erase(opening, owned.get());
    }
    if (owned->easy != nullptr) curl_multi_remove_handle(multi, owned->easy.get());

    Exchange& exchange = *owned->exchange;
    Completion completion = std::exchange(exchange.completion, nullptr);
    if (completion) {
      if (ending == Ending::Whole) {
        completion({}, std::move(owned->response));
      } else if (ending == Ending::Failed) {
        completion({}, std::unexpected(*error));
      } else {
        completion(boost::asio::error::operation_aborted,
                   fail(ErrorCode::Cancelled, "request was aborted"));
      }
      return;
    }
    if (ending == Ending::Aborted) {
      exchange.pieces.finish(Error(ErrorCode::Cancelled, "stream was aborted"));
    } else {
      exchange.pieces.finish(error != nullptr ? std::optional<Error>(*error) : std::nullopt);
    }
  }

  int poll_timeout() const {
    if (deadlines.empty()) return static_cast<int>(kPollMax.count());
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        deadlines.begin()->first - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp(left, std::chrono::milliseconds(0), kPollMax).count());
  }

  const CurlOptions options;
  CURLM* multi = nullptr;
  std::atomic<bool> stopping = false;

  std::mutex mutex;
  std::vector<Command> commands;  // of any thread

  std::map<Exchange*, std::unique_ptr<CurlTransfer>> transfers;
  std::set<std::pair<TimePoint, CurlTransfer*>> deadlines;
  std::deque<CurlTransfer*> queue;
  std::vector<CurlTransfer*> opening;  // streams without headers yet
  std::size_t running = 0;

  std::thread thread;  // last: it sees all of the above
};

CurlDriver::CurlDriver(CurlOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
CurlDriver::~CurlDriver() = default;

void CurlDriver::start(std::shared_ptr<Exchange> exchange) {
  impl_->post(Impl::Verb::Start, std::move(exchange));
}
void CurlDriver::abort(std::shared_ptr<Exchange> exchange) {
  impl_->post(Impl::Verb::Abort, std::move(exchange));
}
void CurlDriver::resume(std::shared_ptr<Exchange> exchange) {
  impl_->post(Impl::Verb::Resume, std::move(exchange));
}

}  // namespace clickdeploy::http
