// Raw sockets for both sides of a conversation, so that tests can say exactly which bytes travel.
//
// All waits end after kPatience; a test that hits it fails by what it then reads.

#pragma once

#include "controller/http/http_client.h"
#include "controller/http/server.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace clickdeploy::http::testing {

inline constexpr std::chrono::seconds kPatience{20};

// One connected TCP socket.
class Wire {
 public:
  static Wire connect(std::uint16_t port);
  explicit Wire(int descriptor) : descriptor_(descriptor) {}
  Wire(Wire&& other) noexcept;
  Wire& operator=(Wire&&) = delete;
  ~Wire();

  bool send(std::string_view bytes);  // false if the peer has closed
  void end_writes();
  void close();
  void reset();  // closes so that the peer sees ECONNRESET

  // Reads until `what` has been seen and gives all up to its end; what came before the peer's end
  // or the end of patience if that is earlier.
  std::string read_until(std::string_view what);
  std::string read_bytes(std::size_t count);
  std::string read_all();  // until the peer closes

  // One response with its head and its Content-Length body.
  std::string read_response();

  int descriptor() const { return descriptor_; }

 private:
  bool fill();

  int descriptor_ = -1;
  std::string unread_;
};

// An imposter server: each accepted connection is given to a script, on a thread of its own.
class Imposter {
 public:
  using Script = std::function<void(Wire)>;
  explicit Imposter(Script script);
  ~Imposter();
  std::string url(std::string_view path = "/") const;
  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }

 private:
  void accept_all();

  Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connections_ = 0;
  std::vector<std::thread> scripts_;
  std::thread acceptor_;
};

// A flag that one thread raises and another waits for.
class Flag {
 public:
  void raise();
  bool wait();  // false when out of patience
  bool raised() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool raised_ = false;
};

// True as soon as `condition` is, false when out of patience.
bool eventually(const std::function<bool()>& condition);

std::uint16_t closed_port();  // nobody listens there

// A server that must start.
std::unique_ptr<HttpServer> serve(ServerOptions options, Handler handler);

// Answers "<method> <url> <body>".
Task<Reply> echo(Request request);

Reply text_reply(std::string body);
Request get(std::string url);

}  // namespace clickdeploy::http::testing
