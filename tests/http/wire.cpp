#include "tests/http/wire.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace clickdeploy::http::testing {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::uint16_t port_of(int descriptor) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  EXPECT_EQ(getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size), 0);
  return ntohs(address.sin_port);
}

int bound_socket() {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  EXPECT_EQ(bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return descriptor;
}

}  // namespace

Wire Wire::connect(std::uint16_t port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(port);
  EXPECT_EQ(::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return Wire(descriptor);
}

Wire::Wire(Wire&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), unread_(std::move(other.unread_)) {}

Wire::~Wire() {
  close();
}

bool Wire::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Wire::end_writes() {
  shutdown(descriptor_, SHUT_WR);
}

void Wire::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void Wire::reset() {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
  close();
}

bool Wire::fill() {
  pollfd waiting{.fd = descriptor_, .events = POLLIN, .revents = 0};
  const auto patience = std::chrono::milliseconds(kPatience).count();
  if (poll(&waiting, 1, static_cast<int>(patience)) <= 0) return false;
  std::array<char, 65536> buffer{};
  const ssize_t got = recv(descriptor_, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  unread_.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

std::string Wire::read_bytes(std::size_t count) {
  while (unread_.size() < count && fill()) {
  }
  const std::size_t have = std::min(count, unread_.size());
  std::string bytes = unread_.substr(0, have);
  unread_.erase(0, have);
  return bytes;
}

std::string Wire::read_until(std::string_view what) {
  std::size_t at = std::string::npos;
  while ((at = unread_.find(what)) == std::string::npos && fill()) {
  }
  return read_bytes(at == std::string::npos ? unread_.size() : at + what.size());
}

std::string Wire::read_all() {
  while (fill()) {
  }
  return std::exchange(unread_, {});
}

std::string Wire::read_response() {
  std::string head = read_until("\r\n\r\n");
  static constexpr std::string_view kLength = "Content-Length: ";
  const std::size_t at = head.find(kLength);
  if (at == std::string::npos) return head;
  std::size_t length = 0;
  std::from_chars(head.data() + at + kLength.size(), head.data() + head.size(), length);
  return head + read_bytes(length);
}

Imposter::Imposter(Script script) : script_(std::move(script)), listener_(bound_socket()) {
  EXPECT_EQ(listen(listener_, 64), 0);
  port_ = port_of(listener_);
  acceptor_ = std::thread([this] { accept_all(); });
}

Imposter::~Imposter() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  for (std::thread& script : scripts_) script.join();
}

void Imposter::accept_all() {
  while (!stopping_) {
    const int accepted = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (accepted < 0) return;
    ++connections_;
    scripts_.emplace_back([this, accepted] { script_(Wire(accepted)); });
  }
}

std::string Imposter::url(std::string_view path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

void Flag::raise() {
  std::lock_guard lock(mutex_);
  raised_ = true;
  changed_.notify_all();
}

bool Flag::wait() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [this] { return raised_; });
}

bool Flag::raised() const {
  std::lock_guard lock(mutex_);
  return raised_;
}

bool eventually(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

std::uint16_t closed_port() {
  const int descriptor = bound_socket();
  const std::uint16_t port = port_of(descriptor);
  close(descriptor);
  return port;
}

std::unique_ptr<HttpServer> serve(ServerOptions options, Handler handler) {
  Result<std::unique_ptr<HttpServer>> server =
      HttpServer::start(std::move(options), std::move(handler));
  EXPECT_TRUE(server) << (server ? "" : server.error().message());
  return server ? std::move(*server) : nullptr;
}

Task<Reply> echo(Request request) {
  co_return text_reply(request.method + " " + request.url + " " + request.body);
}

Reply text_reply(std::string body) {
  Reply reply;
  reply.response.headers = {{.name = "Content-Type", .value = "text/plain"}};
  reply.response.body = std::move(body);
  return reply;
}

Request get(std::string url) {
  Request request;
  request.url = std::move(url);
  return request;
}

}  // namespace clickdeploy::http::testing
