#include "tests/bench/bare_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <thread>
#include <utility>

namespace clickdeploy::bench {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

class BareSession : public std::enable_shared_from_this<BareSession> {
 public:
  BareSession(tcp::socket socket, const std::string& body)
      : socket_(std::move(socket)), body_(body) {
    socket_.set_option(tcp::no_delay(true));
  }

  void read() {
    request_ = {};
    http::async_read(socket_, input_, request_,
                     [self = shared_from_this()](error_code error, std::size_t) {
                       if (!error) self->answer();
                     });
  }

 private:
  void answer() {
    response_ = http::response<http::span_body<const char>>(http::status::ok, request_.version());
    response_.set(http::field::content_type, "application/json");
    response_.body() = boost::beast::span<const char>(body_.data(), body_.size());
    response_.prepare_payload();
    http::async_write(socket_, response_,
                      [self = shared_from_this()](error_code error, std::size_t) {
                        if (!error) self->read();
                      });
  }

  tcp::socket socket_;
  const std::string& body_;
  boost::beast::flat_buffer input_;
  http::request<http::string_body> request_;
  http::response<http::span_body<const char>> response_;
};

}  // namespace

struct BareServer::State {
  explicit State(std::string its_body)
      : body(std::move(its_body)),
        acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}

  void accept() {
    acceptor.async_accept([this](error_code error, tcp::socket socket) {
      if (error) return;
      std::make_shared<BareSession>(std::move(socket), body)->read();
      accept();
    });
  }

  const std::string body;
  asio::io_context context{1};
  tcp::acceptor acceptor;
  std::thread thread;
};

BareServer::BareServer(std::string body) : state_(std::make_unique<State>(std::move(body))) {
  state_->accept();
  state_->thread = std::thread([state = state_.get()] { state->context.run(); });
}

BareServer::~BareServer() {
  state_->context.stop();
  state_->thread.join();
}

std::uint16_t BareServer::port() const {
  return state_->acceptor.local_endpoint().port();
}

}  // namespace clickdeploy::bench
