#include "tests/bench/watch_client.h"

#include "tests/bench/measure.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <atomic>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace clickdeploy::bench {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;

// An event is a JSON object and a line feed; chunk headers end in CR and LF.
class Counter {
 public:
  std::size_t count(std::string_view bytes) {
    std::size_t events = 0;
    for (std::size_t at = bytes.find('\n'); at != bytes.npos; at = bytes.find('\n', at + 1)) {
      const char before = at == 0 ? last_ : bytes[at - 1];
      if (before == '}') ++events;
    }
    if (!bytes.empty()) last_ = bytes.back();
    return events;
  }

 private:
  char last_ = 0;
};

}  // namespace

struct WatchClient::State {
  struct Watch {
    Watch(asio::io_context& context, State& its_state)
        : state(its_state), socket(context), buffer(kReadBytes) {}

    void read() {
      socket.async_read_some(asio::buffer(buffer), [this](error_code error, std::size_t bytes) {
        if (error) return;
        const std::string_view text(buffer.data(), bytes);
        if (!std::exchange(begun, true)) {
          if (!text.starts_with("HTTP/1.1 200")) give_up("watch: " + std::string(text));
          state.raise(state.begun, 1);
        }
        state.raise(state.events, counter.count(text));
        read();
      });
    }

    State& state;
    tcp::socket socket;
    std::vector<char> buffer;
    Counter counter;
    bool begun = false;
  };

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
  std::vector<std::unique_ptr<Watch>> watches;
  std::atomic<std::size_t> begun = 0;
  std::atomic<std::size_t> events = 0;
  std::thread thread;
};

WatchClient::WatchClient(std::uint16_t port, std::string request, std::size_t watchers)
    : state_(std::make_unique<State>()) {
  state_->request = std::move(request);
  for (std::size_t i = 0; i < watchers; ++i) {
    state_->watches.push_back(std::make_unique<State::Watch>(state_->context, *state_));
    State::Watch& watch = *state_->watches.back();
    watch.socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
    asio::write(watch.socket, asio::buffer(state_->request));
    watch.read();
  }
  state_->thread = std::thread([state = state_.get()] { state->context.run(); });
  State::wait(state_->begun, watchers);
}

WatchClient::~WatchClient() {
  state_->context.stop();
  state_->thread.join();
}

void WatchClient::wait_for(std::size_t events) {
  State::wait(state_->events, events);
}

}  // namespace clickdeploy::bench
