// HttpClient: the only door from this program to another machine.
//
// Production: CurlHttpClient. Simulation and in-process use: LocalHttpClient, straight to handlers.
//
// Errors
//   A reply with any status code, 500 included, is a success here: the caller knows what a status
//   means for its API. An Error means no (whole) reply was had: Unavailable (connect, TLS, reset;
//   the message begins with "connect" if the request certainly never left), DeadlineExceeded
//   (outcome unknown), ResourceExhausted (body too large), InvalidArgument (bad URL).
//   Redirects are not followed.
//
// Threads and lifetime
//   send() may be called from any coroutine and resumes on its executor. The client outlives every
//   call. At most `in_flight_max` requests run at once; further ones wait, and their wait counts
//   against the deadline. A stream counts until its headers are there. Cancelling the task aborts
//   the request.

#pragma once

#include "controller/async/task.h"
#include "controller/base/secret.h"
#include "controller/http/message.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace clickdeploy::http {

class HttpClient {
 public:
  virtual ~HttpClient() = default;

  virtual Task<Result<Response>> send(Request request) = 0;

  // Returns when the headers are there; the body follows piece by piece. The request's deadline
  // covers the headers; `idle_max` then bounds the silence between two pieces.
  virtual Task<Result<StreamingResponse>> stream(Request request,
                                                 std::chrono::milliseconds idle_max) = 0;
};

// Trust and identity for https. Empty paths: the system's certificates, no client certificate.
struct TlsOptions {
  std::string ca_pem;           // trusted instead of the system's, if not empty
  std::string certificate_pem;  // of the client
  SecretString key_pem;
};

struct CurlOptions {
  std::size_t in_flight_max = 64;
  std::chrono::milliseconds connect_timeout{5'000};
  TlsOptions tls;
  std::string user_agent = "clickdeploy/" CLICKDEPLOY_VERSION;
};

// libcurl's multi interface on one thread of its own.
std::unique_ptr<HttpClient> make_curl_client(CurlOptions options);

// What a server does with one request. It must not throw; a coroutine of any executor may call it.
using Handler = std::function<Task<Reply>(Request)>;

// Calls handlers in this process, chosen by the URL's "scheme://host:port". An unknown one is
// Unavailable ("connect …"). The handler sees path and query as its url.
class LocalHttpClient final : public HttpClient {
 public:
  void route(std::string origin, Handler handler);

  Task<Result<Response>> send(Request request) override;
  Task<Result<StreamingResponse>> stream(Request request,
                                         std::chrono::milliseconds idle_max) override;

 private:
  std::map<std::string, Handler> handlers_;
};

}  // namespace clickdeploy::http
