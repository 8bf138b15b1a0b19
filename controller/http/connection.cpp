#include "controller/http/connection_internal.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <openssl/ssl.h>

#include <algorithm>
#include <string>
#include <utility>

namespace clickdeploy::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

class TlsIdentity {
 public:
  asio::ssl::context context{asio::ssl::context::tls_server};
};

namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kRecordBytes = 16 * 1024;  // TLS has none longer

template <class Stream>
Task<IoResult> read_from(Stream& stream, asio::mutable_buffer buffer) {
  auto [error, bytes] = co_await stream.async_read_some(buffer, kTuple);
  co_return IoResult{.error = error, .bytes = bytes};
}

template <class Stream>
Task<IoResult> write_to(Stream& stream, std::span<const asio::const_buffer> buffers) {
  auto [error, bytes] = co_await stream.async_write_some(buffers, kTuple);
  co_return IoResult{.error = error, .bytes = bytes};
}

class PlainConnection final : public Connection {
 public:
  explicit PlainConnection(tcp::socket socket) : socket_(std::move(socket)) {}

  Task<IoResult> handshake() override { co_return IoResult{}; }
  Task<IoResult> read_some(asio::mutable_buffer buffer) override {
    return read_from(socket_, buffer);
  }
  Task<IoResult> write_some(std::span<const asio::const_buffer> buffers) override {
    return write_to(socket_, buffers);
  }
  Task<IoResult> end_writes() override {
    IoResult result;
    socket_.shutdown(tcp::socket::shutdown_send, result.error);
    co_return result;
  }
  void cancel() override {
    error_code ignored;
    socket_.cancel(ignored);
  }
  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  tcp::socket socket_;
};

class TlsConnection final : public Connection {
 public:
  TlsConnection(tcp::socket socket, std::shared_ptr<TlsIdentity> identity)
      : identity_(std::move(identity)), stream_(std::move(socket), identity_->context) {}

  Task<IoResult> handshake() override {
    auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, kTuple);
    co_return IoResult{.error = error};
  }
  Task<IoResult> read_some(asio::mutable_buffer buffer) override {
    return read_from(stream_, buffer);
  }
  // Asio makes a record, and a system call, of the first buffer alone.
  Task<IoResult> write_some(std::span<const asio::const_buffer> buffers) override {
    const std::size_t bytes = std::min(asio::buffer_size(buffers), kRecordBytes);
    if (buffers.front().size() >= bytes) {
      IoResult result = co_await write_to(stream_, buffers.first(1));
      co_return result;
    }
    std::string record(bytes, '\0');
    asio::buffer_copy(asio::buffer(record), buffers);
    const asio::const_buffer whole = asio::buffer(record);
    IoResult result = co_await write_to(stream_, std::span(&whole, 1));
    co_return result;
  }
  Task<IoResult> end_writes() override {
    auto [error] = co_await stream_.async_shutdown(kTuple);
    co_return IoResult{.error = error};
  }
  void cancel() override {
    error_code ignored;
    stream_.lowest_layer().cancel(ignored);
  }
  void close() override {
    error_code ignored;
    stream_.lowest_layer().close(ignored);
  }

 private:
  std::shared_ptr<TlsIdentity> identity_;
  asio::ssl::stream<tcp::socket> stream_;
};

}  // namespace

Result<std::shared_ptr<TlsIdentity>> load_tls_identity(const std::string& certificate_pem,
                                                       const SecretString& key_pem) {
  auto identity = std::make_shared<TlsIdentity>();
  asio::ssl::context& context = identity->context;
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  error_code error;
  context.use_certificate_chain(asio::buffer(certificate_pem), error);
  if (error) return fail(ErrorCode::InvalidArgument, "certificate: " + error.message());
  context.use_private_key(asio::buffer(key_pem.reveal()), asio::ssl::context::pem, error);
  if (error) return fail(ErrorCode::InvalidArgument, "private key: " + error.message());
  return identity;
}

std::unique_ptr<Connection> make_connection(tcp::socket socket,
                                            const std::shared_ptr<TlsIdentity>& identity) {
  if (identity == nullptr) return std::make_unique<PlainConnection>(std::move(socket));
  return std::make_unique<TlsConnection>(std::move(socket), identity);
}

}  // namespace clickdeploy::http
