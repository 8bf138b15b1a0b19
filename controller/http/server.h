// HttpServer: serves one Handler over HTTP/1.1 (keep-alive, chunked streams), with or without TLS.
//
// Errors: start() fails if the address cannot be bound (the message names it) or the certificate
// cannot be read. Bad requests are answered by the server itself (400, 408, 413, 431) and the
// connection is closed; ambiguous framing (Content-Length with Transfer-Encoding, two different
// Content-Lengths) is 400. With `loopback_hosts_only`, requests for another host and requests of
// foreign web pages are 403 before their body is read.
//
// Limits: headers 32 KiB, header time-out 10 s, body 3 MiB, idle keep-alive 120 s, connections
// `connections_max` (further ones are answered 503 and closed). A handler that has no reply after
// `request_timeout` is cancelled, and 504 is answered; the body of a stream may take any time.
//
// Threads: the server owns `threads` threads; each connection's coroutines, so each handler call,
// run on one of them. stop() from any thread: no new connections, running requests get
// `drain` to end, streams are ended cleanly at once, then everything is closed, cancelled and
// joined. Requests that do not end within `cancel_max` even so (a handler that cannot be cancelled
// or blocks its thread) are logged and abandoned, and stop() returns: their coroutines never go on,
// a blocked thread is left to itself, and the memory of the server, its copy of the handler
// included, stays allocated until the program ends. What the handler refers to then must be safe to
// use for as long as a blocked thread may need it.

#pragma once

#include "controller/base/error.h"
#include "controller/base/secret.h"
#include "controller/http/http_client.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace clickdeploy::http {

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one
  std::size_t threads = 1;
  std::size_t connections_max = 4096;
  std::size_t body_bytes_max = 3 * 1024 * 1024;
  std::size_t header_bytes_max = 32 * 1024;
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds idle_timeout{120'000};
  std::chrono::milliseconds request_timeout{60'000};
  std::chrono::milliseconds drain{5'000};
  std::chrono::milliseconds cancel_max{3'000};
  std::string certificate_pem;  // not empty: https
  SecretString key_pem;
  // For a server whose only protection is that it listens on loopback: web pages in a browser of
  // this machine can reach it too, and are refused by their Host, Origin and Sec-Fetch-Site.
  bool loopback_hosts_only = false;
};

class HttpServer {
 public:
  static Result<std::unique_ptr<HttpServer>> start(ServerOptions options, Handler handler);
  virtual ~HttpServer() = default;  // stops

  virtual std::uint16_t port() const = 0;
  virtual void stop() = 0;
};

}  // namespace clickdeploy::http
