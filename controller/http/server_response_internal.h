// What a server writes before a body, and the replies that it makes itself.

#pragma once

#include "controller/http/message.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace clickdeploy::http {

enum class Framing : std::uint8_t {
  Length,      // Content-Length
  Chunked,     // a stream
  UntilClose,  // a stream to a client of HTTP/1.0
};

enum class AfterReply : std::uint8_t { KeepAlive, Close };

// The status line and all headers, the empty line included. The framing's own headers are the
// server's: those of the handler are left out.
std::string response_head(const Response& response, Framing framing, std::size_t body_bytes,
                          AfterReply after);

// False if a header of the handler's would break the head apart.
bool has_valid_headers(const Response& response);

// A Kubernetes Status.
Response error_response(int status, std::string_view message);

}  // namespace clickdeploy::http
