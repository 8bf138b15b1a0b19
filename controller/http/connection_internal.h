// Connection: bytes in and out of one accepted socket, in clear or by TLS.
//
// Belongs to its executor's thread. One read and one write may be under way at once. After close()
// both end with an error.

#pragma once

#include "controller/async/task.h"
#include "controller/base/secret.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace clickdeploy::http {

struct IoResult {
  boost::system::error_code error;
  std::size_t bytes = 0;
};

class Connection {
 public:
  virtual ~Connection() = default;

  virtual Task<IoResult> handshake() = 0;
  virtual Task<IoResult> read_some(boost::asio::mutable_buffer buffer) = 0;
  virtual Task<IoResult> write_some(std::span<const boost::asio::const_buffer> buffers) = 0;
  virtual Task<IoResult> end_writes() = 0;  // the peer reads an orderly end
  virtual void cancel() = 0;                // what is under way ends with an error
  virtual void close() = 0;
};

// A server's certificate chain and key, ready for use by any number of connections.
class TlsIdentity;

// InvalidArgument if they cannot be read or do not belong together.
Result<std::shared_ptr<TlsIdentity>> load_tls_identity(const std::string& certificate_pem,
                                                       const SecretString& key_pem);

// TLS (1.2 or later) if there is an identity.
std::unique_ptr<Connection> make_connection(boost::asio::ip::tcp::socket socket,
                                            const std::shared_ptr<TlsIdentity>& identity);

}  // namespace clickdeploy::http
