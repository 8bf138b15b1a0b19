#include "controller/agents/ssh_session_internal.h"
#include "controller/async/clock.h"
#include "controller/base/text.h"
#include "controller/base/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <libssh2.h>
#include <memory>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace clickdeploy::agents {

namespace {

constexpr std::size_t kWordsBytesMax = 512;
constexpr std::size_t kOutputBytesMax = 64 * 1024;

// libssh2 wants to be told once, before any session.
bool is_initialised() {
  static const bool kDone = libssh2_init(0) == 0;
  return kDone;
}

// One line, fit for a status.
std::string clean(std::string_view text) {
  const std::string_view cut =
      text.size() > kWordsBytesMax ? text.substr(text.size() - kWordsBytesMax) : text;
  std::string words = to_valid_utf8(trim(cut));
  std::ranges::replace_if(
      words, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return words;
}

class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds from_now) : end_(clock_.steady_now() + from_now) {}
  int left_ms() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - clock_.steady_now());
    return static_cast<int>(std::max<std::chrono::milliseconds::rep>(0, left.count()));
  }

 private:
  SystemClock clock_;
  SteadyTime end_;
};

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// Zero when `events` happened, ETIMEDOUT after the deadline.
int wait_for(int fd, short events, const Deadline& deadline) {
  pollfd entry{.fd = fd, .events = events, .revents = 0};
  while (true) {
    const int ready = ::poll(&entry, 1, deadline.left_ms());
    if (ready > 0) return 0;
    if (ready == 0) return ETIMEDOUT;
    if (errno != EINTR) return errno;
  }
}

// As above, but for a fifth of a second at most: libssh2 may have read already what we wait for,
// and asking it again is what gets it. ETIMEDOUT only after the deadline.
int pause_for(int fd, short events, const Deadline& deadline) {
  pollfd entry{.fd = fd, .events = events, .revents = 0};
  const int left = deadline.left_ms();
  if (left == 0) return ETIMEDOUT;
  const int ready = ::poll(&entry, 1, std::min(left, 200));
  return ready >= 0 || errno == EINTR ? 0 : errno;
}

std::string words_of(int number) {
  return std::generic_category().message(number);
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// No names: looking one up has no deadline.
Result<SocketAddress> address_of(const SshTarget& target) {
  SocketAddress address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (::inet_pton(AF_INET, target.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(target.port);
    address.size = sizeof(sockaddr_in);
  } else if (::inet_pton(AF_INET6, target.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(target.port);
    address.size = sizeof(sockaddr_in6);
  } else {
    return fail(ErrorCode::InvalidArgument, go_quote(target.host) + " is not an address");
  }
  return address;
}

Result<Socket> connect_to(const SshTarget& target, const Deadline& deadline) {
  Result<SocketAddress> address = address_of(target);
  if (!address) return std::unexpected(std::move(address).error());
  const auto* name = reinterpret_cast<const sockaddr*>(&address->storage);
  Socket socket(
      ::socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return fail(ErrorCode::ResourceExhausted, "connect: " + words_of(errno));
  int error = ::connect(socket.get(), name, address->size) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    error = wait_for(socket.get(), POLLOUT, deadline);
    socklen_t size = sizeof(error);
    if (error == 0) ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error != 0) return fail(ErrorCode::Unavailable, "connect: " + words_of(error));
  return socket;
}

class Session {
 public:
  Session(Socket socket, const Deadline& deadline)
      : socket_(std::move(socket)), deadline_(deadline), session_(libssh2_session_init()) {
    if (session_ != nullptr) libssh2_session_set_blocking(session_, 0);
  }
  ~Session() {
    if (session_ == nullptr) return;
    // Said, but not waited for: the socket is closed in any case.
    if (greeted_) libssh2_session_disconnect(session_, "done");
    libssh2_session_free(session_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Result<std::string> greet(const std::string& known_key);
  Result<void> log_in(const std::string& user, const SecretString& key);
  Result<ShellOutcome> run(const std::string& command, const std::string& input);

 private:
  // Repeats `call` until it is done or the time is over.
  template <class Call>
  int finish(Call call) {
    while (true) {
      const int code = static_cast<int>(call());
      if (code != LIBSSH2_ERROR_EAGAIN) return code;
      const int ways = libssh2_session_block_directions(session_);
      const int in = (ways & LIBSSH2_SESSION_BLOCK_INBOUND) != 0 ? POLLIN : 0;
      const int out = (ways & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0 ? POLLOUT : 0;
      const auto events = static_cast<short>(in | out);
      if (pause_for(socket_.get(), events, deadline_) != 0) return LIBSSH2_ERROR_TIMEOUT;
    }
  }
  Error error_of(ErrorCode code, int number, std::string_view what) const;
  std::string shown_key() const;
  Result<std::string> read_to_end(LIBSSH2_CHANNEL* channel);
  int write_all(LIBSSH2_CHANNEL* channel, const std::string& input);

  Socket socket_;
  const Deadline& deadline_;
  LIBSSH2_SESSION* session_;
  bool greeted_ = false;
};

Error Session::error_of(ErrorCode code, int number, std::string_view what) const {
  if (number == LIBSSH2_ERROR_TIMEOUT) {
    return Error(ErrorCode::DeadlineExceeded, fmt::format("{}: no answer in time", what));
  }
  char* text = nullptr;
  libssh2_session_last_error(session_, &text, nullptr, 0);
  return Error(code, fmt::format("{}: {}", what, clean(text == nullptr ? "" : text)));
}

std::string name_of_key(int type) {
  switch (type) {
    case LIBSSH2_HOSTKEY_TYPE_ED25519:
      return "ssh-ed25519";
    case LIBSSH2_HOSTKEY_TYPE_ECDSA_256:
      return "ecdsa-sha2-nistp256";
    case LIBSSH2_HOSTKEY_TYPE_ECDSA_384:
      return "ecdsa-sha2-nistp384";
    case LIBSSH2_HOSTKEY_TYPE_ECDSA_521:
      return "ecdsa-sha2-nistp521";
    case LIBSSH2_HOSTKEY_TYPE_RSA:
      return "ssh-rsa";
    default:
      return "unknown";
  }
}

std::string Session::shown_key() const {
  std::size_t size = 0;
  int type = LIBSSH2_HOSTKEY_TYPE_UNKNOWN;
  const char* key = libssh2_session_hostkey(session_, &size, &type);
  if (key == nullptr) return "";
  return name_of_key(type) + " " + base64_encode(std::string_view(key, size));
}

// Exchanges keys; gives the server's.
Result<std::string> Session::greet(const std::string& known_key) {
  if (session_ == nullptr) return fail(ErrorCode::ResourceExhausted, "no memory for a session");
  // A server has keys of several kinds: the known kind is asked for.
  const std::string kinds = known_key.empty()
                                ? "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,"
                                  "ecdsa-sha2-nistp521,ssh-rsa"
                                : known_key.substr(0, known_key.find(' '));
  libssh2_session_method_pref(session_, LIBSSH2_METHOD_HOSTKEY, kinds.c_str());
  const int code = finish([this] { return libssh2_session_handshake(session_, socket_.get()); });
  if (code != 0) return std::unexpected(error_of(ErrorCode::Unavailable, code, "SSH handshake"));
  greeted_ = true;
  std::string key = shown_key();
  if (key.empty()) return fail(ErrorCode::Unavailable, "SSH handshake: no host key");
  if (!known_key.empty() && key != known_key) {
    return fail(ErrorCode::PermissionDenied,
                "the server's host key is not the one that it showed first; it may be another "
                "server. Nothing was said to it");
  }
  return key;
}

Result<void> Session::log_in(const std::string& user, const SecretString& key) {
  const std::string& pem = key.reveal();
  const int code = finish([&] {
    return libssh2_userauth_publickey_frommemory(session_, user.c_str(), user.size(), nullptr, 0,
                                                 pem.c_str(), pem.size(), nullptr);
  });
  if (code == 0) return {};
  if (code == LIBSSH2_ERROR_FILE || code == LIBSSH2_ERROR_PUBLICKEY_PROTOCOL) {
    return std::unexpected(error_of(ErrorCode::InvalidArgument, code, "the private key"));
  }
  const bool refused = code == LIBSSH2_ERROR_AUTHENTICATION_FAILED ||
                       code == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED ||
                       code == LIBSSH2_ERROR_METHOD_NOT_SUPPORTED;
  return std::unexpected(error_of(refused ? ErrorCode::Unauthenticated : ErrorCode::Unavailable,
                                  code, "SSH log-in as " + user));
}

Result<std::string> Session::read_to_end(LIBSSH2_CHANNEL* channel) {
  std::string said;
  char piece[4096];
  while (true) {
    ssize_t got = 0;
    const int code = finish([&] {
      got = libssh2_channel_read_ex(channel, 0, piece, sizeof(piece));
      return got < 0 ? static_cast<int>(got) : 0;
    });
    if (code != 0) {
      return std::unexpected(error_of(ErrorCode::Unavailable, code, "the command's output"));
    }
    said.append(piece, static_cast<std::size_t>(got));
    if (said.size() > kOutputBytesMax) said.erase(0, said.size() - kWordsBytesMax);
    if (got == 0 && libssh2_channel_eof(channel) != 0) return said;
    if (got == 0 && pause_for(socket_.get(), POLLIN, deadline_) != 0) {
      return fail(ErrorCode::DeadlineExceeded, "the command did not end in time");
    }
  }
}

// Zero, or libssh2's number.
int Session::write_all(LIBSSH2_CHANNEL* channel, const std::string& input) {
  std::size_t done = 0;
  while (done < input.size()) {
    ssize_t written = 0;
    const int code = finish([&] {
      written = libssh2_channel_write(channel, input.data() + done, input.size() - done);
      return written < 0 ? static_cast<int>(written) : 0;
    });
    if (code != 0) return code;
    done += static_cast<std::size_t>(written);
  }
  return finish([&] { return libssh2_channel_send_eof(channel); });
}

Result<ShellOutcome> Session::run(const std::string& command, const std::string& input) {
  LIBSSH2_CHANNEL* channel = nullptr;
  int code = finish([&] {
    channel = libssh2_channel_open_session(session_);
    return channel != nullptr ? 0 : libssh2_session_last_errno(session_);
  });
  if (code != 0) return std::unexpected(error_of(ErrorCode::Unavailable, code, "SSH channel"));
  const std::unique_ptr<LIBSSH2_CHANNEL, decltype(&libssh2_channel_free)> owner(
      channel, libssh2_channel_free);
  // What it says on the error stream tells most.
  finish([&] {
    return libssh2_channel_handle_extended_data2(channel, LIBSSH2_CHANNEL_EXTENDED_DATA_MERGE);
  });
  code = finish([&] { return libssh2_channel_exec(channel, command.c_str()); });
  if (code != 0) return std::unexpected(error_of(ErrorCode::Unavailable, code, "SSH command"));
  if (!input.empty()) code = write_all(channel, input);
  if (code != 0) return std::unexpected(error_of(ErrorCode::Unavailable, code, "SSH command"));
  Result<std::string> said = read_to_end(channel);
  if (!said) return std::unexpected(std::move(said).error());
  code = finish([&] { return libssh2_channel_close(channel); });
  if (code == 0) code = finish([&] { return libssh2_channel_wait_closed(channel); });
  if (code != 0) return std::unexpected(error_of(ErrorCode::Unavailable, code, "SSH command"));
  return ShellOutcome{.exit_status = libssh2_channel_get_exit_status(channel),
                      .words = clean(*said),
                      .output = *std::move(said),
                      .host_key = ""};
}

}  // namespace

Result<ShellOutcome> run_over_ssh(const SshTarget& target, const std::string& command,
                                  const std::string& input, std::chrono::milliseconds time) {
  if (!is_initialised()) return fail(ErrorCode::Internal, "libssh2 could not be initialised");
  // libssh2 tells a text that is no key from a broken connection by words only.
  const std::string& key = target.private_key.reveal();
  if (key.find("-----BEGIN ") == std::string::npos ||
      key.find("PRIVATE KEY-----") == std::string::npos) {
    return fail(ErrorCode::InvalidArgument, "the private key is not one in PEM");
  }
  const Deadline deadline(time);
  Result<Socket> socket = connect_to(target, deadline);
  if (!socket) return std::unexpected(std::move(socket).error());
  Session session(*std::move(socket), deadline);
  Result<std::string> host_key = session.greet(target.host_key);
  if (!host_key) return std::unexpected(std::move(host_key).error());
  Result<void> in = session.log_in(target.user, target.private_key);
  if (!in) return std::unexpected(std::move(in).error());
  Result<ShellOutcome> outcome = session.run(command, input);
  if (outcome) outcome->host_key = *std::move(host_key);
  return outcome;
}

}  // namespace clickdeploy::agents
