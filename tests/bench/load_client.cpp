#include "tests/bench/load_client.h"

#include "tests/bench/measure.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string_view>

namespace clickdeploy::bench {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;

class Connection {
 public:
  Connection(asio::io_context& context, const Load& load, std::size_t& next)
      : socket_(context), load_(load), next_(next), buffer_(kReadBytes) {
    socket_.connect(tcp::endpoint(asio::ip::address_v4::loopback(), load.port));
    socket_.set_option(tcp::no_delay(true));
  }

  void send_next() {
    if (next_ == load_.requests) return;
    const std::string& request = load_.request(next_++);
    filled_ = 0;
    body_left_ = kUnknown;
    asio::async_write(socket_, asio::buffer(request), [this](error_code error, std::size_t) {
      if (error) give_up("the server does not read: " + error.message());
      read();
    });
  }

 private:
  static constexpr std::size_t kUnknown = SIZE_MAX;

  void read() {
    auto room = asio::buffer(buffer_.data() + filled_, buffer_.size() - filled_);
    socket_.async_read_some(room, [this](error_code error, std::size_t bytes) {
      if (error) give_up("the server does not answer: " + error.message());
      take(bytes);
    });
  }

  void take(std::size_t bytes) {
    if (body_left_ == kUnknown) {
      filled_ += bytes;
      const std::string_view text(buffer_.data(), filled_);
      const std::size_t end = text.find("\r\n\r\n");
      if (end == std::string_view::npos) return read();
      read_head(text.substr(0, end + 2));
      bytes = filled_ - (end + 4);
      filled_ = 0;
    }
    if (bytes > body_left_) give_up("the server sends more than it says");
    body_left_ -= bytes;
    if (body_left_ > 0) return read();
    send_next();
  }

  void read_head(std::string_view head) {
    if (!head.starts_with("HTTP/1.1 2")) give_up("answer: " + std::string(head));
    constexpr std::string_view kName = "content-length:";
    auto folded = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
    const auto found = std::search(head.begin(), head.end(), kName.begin(), kName.end(), folded);
    if (found == head.end()) give_up("no Content-Length: " + std::string(head));
    const char* at = &*found + kName.size();
    while (*at == ' ') ++at;
    std::from_chars(at, head.data() + head.size(), body_left_);
  }

  tcp::socket socket_;
  const Load& load_;
  std::size_t& next_;
  std::vector<char> buffer_;
  std::size_t filled_ = 0;
  std::size_t body_left_ = kUnknown;
};

}  // namespace

double run_load(const Load& load) {
  asio::io_context context(1);
  std::size_t next = 0;
  std::vector<std::unique_ptr<Connection>> connections;
  for (std::size_t i = 0; i < load.connections; ++i) {
    connections.push_back(std::make_unique<Connection>(context, load, next));
  }
  const Stopwatch watch;
  for (auto& connection : connections) connection->send_next();
  context.run();
  return watch.seconds();
}

std::string http_get(const std::string& target) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: bench\r\nAccept: application/json\r\n\r\n", target);
}

std::string http_send(const std::string& method, const std::string& target,
                      const std::string& content_type, const std::string& body) {
  return fmt::format(
      "{} {} HTTP/1.1\r\nHost: bench\r\nAccept: application/json\r\nContent-Type: {}\r\n"
      "Content-Length: {}\r\n\r\n{}",
      method, target, content_type, body.size(), body);
}

}  // namespace clickdeploy::bench
