// Request and Response, for both sides of HTTP. Plain values; no Beast, no curl.

#pragma once

#include "controller/async/task.h"
#include "controller/base/error.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clickdeploy::http {

struct Header {
  std::string name;
  std::string value;
  bool operator==(const Header&) const = default;
};
using Headers = std::vector<Header>;

// The first header of that name (ASCII case folded); nullptr if there is none.
const std::string* find_header(const Headers& headers, std::string_view name);

// Whom a client talks to over https, where that differs from its own settings.
struct PeerTrust {
  bool verify = true;       // false: any certificate will do, and whoever can intercept reads all
  std::string ca_pem;       // trusted instead of the client's, if not empty
  std::string server_name;  // in the certificate; "": the host of the url

  bool operator==(const PeerTrust&) const = default;
};

struct Request {
  std::string method = "GET";
  // As a client: a whole URL (http or https). As a server: path and query, as received.
  std::string url;
  Headers headers;
  std::string body;
  // Client side: the time for the whole exchange (for a stream: until its headers), waiting for a
  // connection included.
  std::chrono::milliseconds deadline{30'000};
  // Client side: a longer body is an error (ResourceExhausted).
  std::size_t response_bytes_max = 64 * 1024 * 1024;
  // Client side.
  std::optional<PeerTrust> trust;
  // Server side: "127.0.0.1:53210".
  std::string peer;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
};

// A body that comes in pieces.
class BodyStream {
 public:
  virtual ~BodyStream() = default;

  // The next piece, in any size but zero; nullopt at the end. An Error if the connection broke.
  virtual Task<Result<std::optional<std::string>>> next() = 0;
};

// What a server's handler gives back: whole, shared, or streamed. Exactly one of the three is used:
// `stream` if set, else `shared` if set, else `response.body`.
struct Reply {
  Response response;
  std::shared_ptr<const std::string> shared;
  std::unique_ptr<BodyStream> stream;
};

struct StreamingResponse {
  int status = 200;
  Headers headers;
  std::unique_ptr<BodyStream> body;  // never null
};

}  // namespace clickdeploy::http
