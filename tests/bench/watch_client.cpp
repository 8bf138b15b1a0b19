#include "tests/bench/watch_client.h"

#include "controller/base/text.h"
#include "tests/bench/client_socket.h"
#include "tests/bench/measure.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <string_view>
#include <thread>
#include <utility>

namespace clickdeploy::bench {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kNumbersMax = 1 << 16;

std::optional<std::size_t> read_number(std::string_view digits) {
  std::size_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, number);
  return read.ptr == end ? std::optional(number) : std::nullopt;
}

std::optional<std::size_t> read_base64_number(std::string_view text) {
  const auto digits = base64_decode(text);
  return digits ? read_number(std::string_view(*digits).substr(0, 8)) : std::nullopt;
}

}  // namespace

const Mark kPlainMark{.prefix = "bench-", .size = 8, .read = read_number};
const Mark kBase64Mark{.prefix = "YmVuY2gt", .size = 12, .read = read_base64_number};

struct WatchClient::State {
  struct Watch {
    Watch(asio::io_context& context, const Endpoint& to, State& its_state)
        : state(its_state), socket(context, to), buffer(kReadBytes) {}

    void begin() {
      socket.async_write(asio::buffer(state.request), [](error_code, std::size_t) {});
      read();
    }

    void read() {
      const auto room = asio::buffer(buffer.data() + kept, buffer.size() - kept);
      socket.async_read_some(room, [this](error_code error, std::size_t bytes) {
        if (error) return;
        const std::string_view text(buffer.data() + kept, bytes);
        if (!std::exchange(begun, true)) {
          if (!text.starts_with("HTTP/1.1 200")) give_up("watch: " + std::string(text));
          state.raise(state.begun, 1);
        }
        state.raise(state.events, state.mark != nullptr ? time(kept + bytes) : count(text));
        read();
      });
    }

    // An event is a JSON object and a line feed; chunk headers end in CR and LF.
    std::size_t count(std::string_view bytes) {
      std::size_t found = 0;
      for (std::size_t at = bytes.find('\n'); at != bytes.npos; at = bytes.find('\n', at + 1)) {
        const char before = at == 0 ? last : bytes[at - 1];
        if (before == '}') ++found;
      }
      if (!bytes.empty()) last = bytes.back();
      return found;
    }

    // Finds the marks in the front of the buffer, one an event; keeps what may be the begin of one.
    std::size_t time(std::size_t bytes) {
      const Mark& wanted = *state.mark;
      const std::size_t whole = wanted.prefix.size() + wanted.size;
      const std::string_view text(buffer.data(), bytes);
      const auto now = steady_clock::now();
      std::size_t found = 0;
      std::size_t at = 0;
      while ((at = text.find(wanted.prefix, at)) != text.npos && at + whole <= bytes) {
        const auto number = wanted.read(text.substr(at + wanted.prefix.size(), wanted.size));
        if (number && *number < kNumbersMax) state.note(*number, now);
        ++found;
        at += whole;
      }
      kept = at == text.npos ? std::min(bytes, wanted.prefix.size() - 1) : bytes - at;
      std::copy(text.end() - static_cast<std::ptrdiff_t>(kept), text.end(), buffer.begin());
      return found;
    }

    State& state;
    ClientSocket socket;
    std::vector<char> buffer;
    std::size_t kept = 0;
    char last = 0;
    bool begun = false;
  };

  void note(std::size_t number, steady_clock::time_point now) {
    const steady_clock::duration since(began[number].load());
    latencies.push_back(std::chrono::duration<double>(now.time_since_epoch() - since).count());
  }
  void raise(std::atomic<std::size_t>& value, std::size_t by) {
    if (by == 0) return;
    value += by;
    value.notify_all();
  }
  static void wait(const std::atomic<std::size_t>& value, std::size_t wanted) {
    for (std::size_t seen = value; seen < wanted; seen = value) value.wait(seen);
  }

  asio::io_context context{1};
  std::string request;
  const Mark* mark = nullptr;
  std::vector<std::unique_ptr<Watch>> watches;
  std::vector<std::atomic<steady_clock::rep>> began =
      std::vector<std::atomic<steady_clock::rep>>(kNumbersMax);
  std::vector<double> latencies;
  std::atomic<std::size_t> begun = 0;
  std::atomic<std::size_t> events = 0;
  std::thread thread;
};

WatchClient::WatchClient(const Endpoint& to, std::string request, std::size_t watchers,
                         const Mark* mark)
    : state_(std::make_unique<State>()) {
  state_->request = std::move(request);
  state_->mark = mark;
  for (std::size_t i = 0; i < watchers; ++i) {
    state_->watches.push_back(std::make_unique<State::Watch>(state_->context, to, *state_));
    state_->watches.back()->begin();
  }
  state_->thread = std::thread([state = state_.get()] { state->context.run(); });
  State::wait(state_->begun, watchers);
}

WatchClient::~WatchClient() {
  state_->context.stop();
  state_->thread.join();
}

void WatchClient::begin(std::size_t number) {
  state_->began[number] = steady_clock::now().time_since_epoch().count();
}

void WatchClient::wait_for(std::size_t events) {
  State::wait(state_->events, events);
}

std::vector<double> WatchClient::latencies() const {
  return state_->latencies;
}

}  // namespace clickdeploy::bench
