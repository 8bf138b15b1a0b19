// ClientSocket: a connection to a server on loopback, in clear or by TLS. Only .cpp files include
// it.

#pragma once

#include "tests/bench/endpoint.h"
#include "tests/bench/measure.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <optional>
#include <utility>

namespace clickdeploy::bench {

class ClientSocket {
 public:
  // Connects, and blocks until it is done. The server's certificate is made by the bench itself and
  // not looked at.
  ClientSocket(boost::asio::io_context& context, const Endpoint& to) : socket_(context) {
    namespace asio = boost::asio;
    boost::system::error_code error;
    socket_.connect({asio::ip::address_v4::loopback(), to.port}, error);
    if (error) give_up("connect: " + error.message());
    socket_.set_option(asio::ip::tcp::no_delay(true));
    if (to.scheme == Scheme::Plain) return;
    static asio::ssl::context identity(asio::ssl::context::tls_client);
    secured_.emplace(std::move(socket_), identity);
    secured_->handshake(asio::ssl::stream_base::client, error);
    if (error) give_up("TLS: " + error.message());
  }

  template <class Handler>
  void async_read_some(boost::asio::mutable_buffer buffer, Handler handler) {
    if (secured_) {
      secured_->async_read_some(buffer, std::move(handler));
    } else {
      socket_.async_read_some(buffer, std::move(handler));
    }
  }

  template <class Handler>
  void async_write(boost::asio::const_buffer bytes, Handler handler) {
    if (secured_) {
      boost::asio::async_write(*secured_, bytes, std::move(handler));
    } else {
      boost::asio::async_write(socket_, bytes, std::move(handler));
    }
  }

 private:
  boost::asio::ip::tcp::socket socket_;  // of no use if `secured_` is set
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket>> secured_;
};

}  // namespace clickdeploy::bench
