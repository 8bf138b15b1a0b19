#include "tests/bench/bare_fan_out.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <deque>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace clickdeploy::bench {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\n\r\n";

using Piece = std::shared_ptr<const std::string>;

}  // namespace

struct BareFanOut::State {
  struct Session {
    explicit Session(tcp::socket accepted) : socket(std::move(accepted)) {
      socket.set_option(tcp::no_delay(true));
    }
    void begin() {
      socket.async_read_some(asio::buffer(request), [this](error_code error, std::size_t) {
        if (error) return;
        asio::async_write(socket, asio::buffer(kHead), [](error_code, std::size_t) {});
      });
    }
    void push(const Piece& piece, std::size_t times) {
      const bool idle = pieces.empty();
      pieces.insert(pieces.end(), times, piece);
      if (idle && times > 0) write();
    }
    void write() {
      asio::async_write(socket, asio::buffer(*pieces.front()),
                        [this](error_code error, std::size_t) {
                          if (error) return;
                          pieces.pop_front();
                          if (!pieces.empty()) write();
                        });
    }
    std::deque<Piece> pieces;
    tcp::socket socket;
    std::array<char, 4096> request{};
  };

  void accept() {
    acceptor.async_accept([this](error_code error, tcp::socket socket) {
      if (error) return;
      sessions.push_back(std::make_unique<Session>(std::move(socket)));
      sessions.back()->begin();
      accept();
    });
  }

  asio::io_context context{1};
  tcp::acceptor acceptor{context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  std::vector<std::unique_ptr<Session>> sessions;
  std::thread thread;
};

BareFanOut::BareFanOut() : state_(std::make_unique<State>()) {
  state_->accept();
  state_->thread = std::thread([state = state_.get()] { state->context.run(); });
}

BareFanOut::~BareFanOut() {
  state_->context.stop();
  state_->thread.join();
}

Endpoint BareFanOut::endpoint() const {
  return {.port = state_->acceptor.local_endpoint().port()};
}

void BareFanOut::send(std::string piece, std::size_t times) {
  asio::post(state_->context, [state = state_.get(), times,
                               piece = std::make_shared<const std::string>(std::move(piece))] {
    for (auto& session : state->sessions) session->push(piece, times);
  });
}

}  // namespace clickdeploy::bench
