// RequestParser: one request, from the bytes that a server received. Does no I/O.

#pragma once

#include "controller/http/message.h"
#include "controller/http/server.h"

#include <boost/beast/core/flat_buffer.hpp>

#include <expected>
#include <memory>
#include <string>

namespace clickdeploy::http {

// Why a request is answered by the server itself, and its connection closed.
struct BadRequest {
  int status = 400;
  std::string message;
};

class RequestParser {
 public:
  explicit RequestParser(const ServerOptions& options);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Both take what they can from the front of `input`; false: more bytes are needed.
  std::expected<bool, BadRequest> parse_head(boost::beast::flat_buffer& input);
  std::expected<bool, BadRequest> parse_body(boost::beast::flat_buffer& input);

  // True after parse_head().
  bool is_http_1_0() const;
  bool is_head() const;
  bool keep_alive() const;
  bool expects_continue() const;

  Request take();  // after parse_body(); `peer` is not set

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace clickdeploy::http
