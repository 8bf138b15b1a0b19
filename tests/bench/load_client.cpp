#include "tests/bench/load_client.h"

#include "tests/bench/client_socket.h"
#include "tests/bench/measure.h"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>

namespace clickdeploy::bench {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::string_view kLastChunk = "0\r\n\r\n";

// Sends one request at a time and reads its answer to the end.
class Connection {
 public:
  Connection(asio::io_context& context, const Endpoint& to)
      : socket_(context, to), buffer_(kReadBytes) {}

  void send(const std::string& request, std::function<void(Connection&)> answered) {
    answered_ = std::move(answered);
    filled_ = 0;
    body_ = Body::Unknown;
    began_ = steady_clock::now();
    socket_.async_write(asio::buffer(request), [this](error_code error, std::size_t) {
      if (error) give_up("the server does not read: " + error.message());
      read();
    });
  }

  // Of the last request.
  double seconds() const {
    return std::chrono::duration<double>(steady_clock::now() - began_).count();
  }

 private:
  enum class Body : std::uint8_t { Unknown, Length, Chunked };

  void read() {
    auto room = asio::buffer(buffer_.data() + filled_, buffer_.size() - filled_);
    socket_.async_read_some(room, [this](error_code error, std::size_t bytes) {
      if (error) give_up("the server does not answer: " + error.message());
      take(bytes);
    });
  }

  void take(std::size_t bytes) {
    if (body_ == Body::Unknown) {
      filled_ += bytes;
      const std::string_view text(buffer_.data(), filled_);
      const std::size_t end = text.find("\r\n\r\n");
      if (end == std::string_view::npos) return read();
      read_head(text.substr(0, end + 2));
      take_body(text.substr(end + 4));
    } else {
      take_body({buffer_.data(), bytes});
    }
  }

  void take_body(std::string_view bytes) {
    filled_ = 0;
    bool whole = false;
    if (body_ == Body::Chunked) {
      tail_.append(bytes.substr(bytes.size() - std::min(bytes.size(), kLastChunk.size())));
      if (tail_.size() > kLastChunk.size()) tail_.erase(0, tail_.size() - kLastChunk.size());
      whole = tail_ == kLastChunk;
    } else {
      if (bytes.size() > left_) give_up("the server sends more than it says");
      left_ -= bytes.size();
      whole = left_ == 0;
    }
    if (!whole) return read();
    std::exchange(answered_, nullptr)(*this);
  }

  void read_head(std::string_view head) {
    if (!head.starts_with("HTTP/1.1 2")) give_up("answer: " + std::string(head));
    const char* length = find(head, "content-length:");
    if (length == nullptr && find(head, "transfer-encoding:") == nullptr) {
      give_up("neither a length nor chunks: " + std::string(head));
    }
    tail_.clear();
    body_ = length != nullptr ? Body::Length : Body::Chunked;
    if (length != nullptr) std::from_chars(length, head.data() + head.size(), left_);
  }

  // The value of the header, which is written in whatever case.
  static const char* find(std::string_view head, std::string_view name) {
    auto folded = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
    const auto found = std::search(head.begin(), head.end(), name.begin(), name.end(), folded);
    if (found == head.end()) return nullptr;
    const char* at = &*found + name.size();
    while (*at == ' ') ++at;
    return at;
  }

  ClientSocket socket_;
  std::function<void(Connection&)> answered_;
  std::vector<char> buffer_;
  std::size_t filled_ = 0;  // of the head, as long as that is not whole
  Body body_ = Body::Unknown;
  std::size_t left_ = 0;
  std::string tail_;
  steady_clock::time_point began_;
};

using Connections = std::vector<std::unique_ptr<Connection>>;

Connections connect(asio::io_context& context, const Load& load) {
  Connections connections;
  for (std::size_t i = 0; i < load.connections; ++i) {
    connections.push_back(std::make_unique<Connection>(context, load.to));
  }
  return connections;
}

// Tells when the next of `per_second` is due.
class Pace {
 public:
  explicit Pace(double per_second) : step_(1 / per_second) {}
  steady_clock::time_point due(std::size_t index) const {
    const auto after = step_ * static_cast<double>(index);
    return began_ + std::chrono::duration_cast<steady_clock::duration>(after);
  }

 private:
  std::chrono::duration<double> step_;
  steady_clock::time_point began_ = steady_clock::now();
};

// One run of run_paced().
class PacedRun {
 public:
  PacedRun(const Load& load, double per_second, const std::function<void(std::size_t)>& begun)
      : load_(load),
        begun_(begun),
        connections_(connect(context_, load)),
        timer_(context_),
        pace_(per_second) {
    for (auto& connection : connections_) idle_.push_back(connection.get());
  }

  void run() {
    wait();
    context_.run();
  }

 private:
  void wait() {
    if (next_ == load_.requests) return;
    timer_.expires_at(pace_.due(next_));
    timer_.async_wait([this](error_code) {
      begun_(next_);
      waiting_.push_back(next_++);
      send_waiting();
      wait();
    });
  }

  void send_waiting() {
    while (!idle_.empty() && !waiting_.empty()) {
      Connection* connection = idle_.front();
      idle_.pop_front();
      const std::size_t index = waiting_.front();
      waiting_.pop_front();
      connection->send(load_.request(index), [this](Connection& free) {
        idle_.push_back(&free);
        send_waiting();
      });
    }
  }

  asio::io_context context_{1};
  const Load& load_;
  const std::function<void(std::size_t)>& begun_;
  Connections connections_;
  std::deque<Connection*> idle_;
  std::deque<std::size_t> waiting_;
  std::size_t next_ = 0;
  asio::steady_timer timer_;
  Pace pace_;
};

}  // namespace

LoadTimes run_load(const Load& load) {
  asio::io_context context(1);
  const Connections connections = connect(context, load);
  LoadTimes times;
  times.latencies.reserve(load.requests);
  std::size_t next = 0;
  std::function<void(Connection&)> send_next = [&](Connection& connection) {
    if (next == load.requests) return;
    connection.send(load.request(next++), [&](Connection& answered) {
      times.latencies.push_back(answered.seconds());
      send_next(answered);
    });
  };
  const Stopwatch watch;
  for (const auto& connection : connections) send_next(*connection);
  context.run();
  times.seconds = watch.seconds();
  return times;
}

void run_paced(const Load& load, double per_second,
               const std::function<void(std::size_t index)>& begun) {
  PacedRun(load, per_second, begun).run();
}

void keep_pace(std::size_t times, double per_second,
               const std::function<void(std::size_t index)>& work) {
  const Pace pace(per_second);
  for (std::size_t i = 0; i < times; ++i) {
    std::this_thread::sleep_until(pace.due(i));
    work(i);
  }
}

std::string http_get(const std::string& target, const std::string& accept) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\nAccept: {}\r\n\r\n", target, accept);
}

std::string http_send(const std::string& method, const std::string& target,
                      const std::string& content_type, const std::string& body) {
  return fmt::format(
      "{} {} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nContent-Type: {}\r\n"
      "Content-Length: {}\r\n\r\n{}",
      method, target, content_type, body.size(), body);
}

}  // namespace clickdeploy::bench
