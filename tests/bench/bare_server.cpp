#include "tests/bench/bare_server.h"

#include "tests/http/certificate.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <thread>
#include <type_traits>
#include <utility>

namespace clickdeploy::bench {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

using TlsStream = asio::ssl::stream<tcp::socket>;

template <class Stream>
class BareSession : public std::enable_shared_from_this<BareSession<Stream>> {
 public:
  BareSession(Stream stream, const std::string& body) : stream_(std::move(stream)), body_(body) {
    stream_.lowest_layer().set_option(tcp::no_delay(true));
  }

  void begin() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](error_code error) {
                                if (!error) self->read();
                              });
    } else {
      read();
    }
  }

 private:
  void read() {
    request_ = {};
    beast_http::async_read(stream_, input_, request_,
                           [self = this->shared_from_this()](error_code error, std::size_t) {
                             if (!error) self->answer();
                           });
  }

  void answer() {
    response_ = beast_http::response<beast_http::span_body<const char>>(beast_http::status::ok,
                                                                        request_.version());
    response_.set(beast_http::field::content_type, "application/json");
    response_.body() = boost::beast::span<const char>(body_.data(), body_.size());
    response_.prepare_payload();
    beast_http::async_write(stream_, response_,
                            [self = this->shared_from_this()](error_code error, std::size_t) {
                              if (!error) self->read();
                            });
  }

  Stream stream_;
  const std::string& body_;
  boost::beast::flat_buffer input_;
  beast_http::request<beast_http::string_body> request_;
  beast_http::response<beast_http::span_body<const char>> response_;
};

}  // namespace

struct BareServer::State {
  State(std::string its_body, Scheme its_scheme)
      : body(std::move(its_body)),
        scheme(its_scheme),
        acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    if (scheme == Scheme::Plain) return;
    const http::testing::Certificate certificate = http::testing::make_certificate();
    identity.use_certificate_chain(asio::buffer(certificate.pem));
    identity.use_private_key(asio::buffer(certificate.key_pem.reveal()), asio::ssl::context::pem);
  }

  void accept() {
    acceptor.async_accept([this](error_code error, tcp::socket socket) {
      if (error) return;
      if (scheme == Scheme::Plain) {
        std::make_shared<BareSession<tcp::socket>>(std::move(socket), body)->begin();
      } else {
        std::make_shared<BareSession<TlsStream>>(TlsStream(std::move(socket), identity), body)
            ->begin();
      }
      accept();
    });
  }

  const std::string body;
  const Scheme scheme;
  asio::ssl::context identity{asio::ssl::context::tls_server};
  asio::io_context context{1};
  tcp::acceptor acceptor;
  std::thread thread;
};

BareServer::BareServer(std::string body, Scheme scheme)
    : state_(std::make_unique<State>(std::move(body), scheme)) {
  state_->accept();
  state_->thread = std::thread([state = state_.get()] { state->context.run(); });
}

BareServer::~BareServer() {
  state_->context.stop();
  state_->thread.join();
}

Endpoint BareServer::endpoint() const {
  return {state_->acceptor.local_endpoint().port(), state_->scheme};
}

}  // namespace clickdeploy::bench
