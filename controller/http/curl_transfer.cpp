#include "controller/base/text.h"
#include "controller/http/curl_transfer_internal.h"
#include "controller/http/syntax_internal.h"

#include <fmt/format.h>

#include <cstring>
#include <system_error>
#include <utility>

namespace clickdeploy::http {
namespace {

constexpr std::size_t kHeaderBytesMax = 256 * 1024;

// "host:port", for messages: a path or a query may hold more than a log should.
std::string host_of(const std::string& url) {
  const std::size_t scheme_end = url.find("://");
  const std::size_t start = scheme_end == std::string::npos ? 0 : scheme_end + 3;
  return url.substr(start, std::min(url.find_first_of("/?#", start), url.size()) - start);
}

bool has_http_scheme(std::string_view url) {
  const std::size_t end = url.find("://");
  if (end == std::string_view::npos) return false;
  return equals_folded(url.substr(0, end), "http") || equals_folded(url.substr(0, end), "https");
}

curl_blob view_blob(const std::string& bytes) {
  // curl only reads it; the options live as long as the driver, so nothing is copied.
  return {.data = const_cast<char*>(bytes.data()), .len = bytes.size(), .flags = CURL_BLOB_NOCOPY};
}

bool is_tls_error(CURLcode code) {
  switch (code) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
      return true;
    default:
      return false;
  }
}

}  // namespace

CurlTransfer::CurlTransfer(std::shared_ptr<Exchange> of, TimePoint now)
    : exchange(std::move(of)), deadline(now + exchange->request.deadline), last_received(now) {}

Result<void> CurlTransfer::prepare(const CurlOptions& options) {
  const Request& request = exchange->request;
  if (!is_token(request.method)) {
    return fail(ErrorCode::InvalidArgument, "malformed request method");
  }
  // curl itself would guess a scheme where there is none.
  if (!has_http_scheme(request.url)) {
    return fail(ErrorCode::InvalidArgument, "bad URL: its scheme is not http or https");
  }
  easy.reset(curl_easy_init());
  if (easy == nullptr) return fail(ErrorCode::ResourceExhausted, "no memory for a request");
  CURL* handle = easy.get();
  curl_easy_setopt(handle, CURLOPT_PRIVATE, this);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error_text.data());
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  // Only app/ reads the environment; a proxy from there would also catch loopback.
  curl_easy_setopt(handle, CURLOPT_PROXY, "");
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options.connect_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, header_callback);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, body_callback);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
  // A decoder holds back bytes, and a stream wants each at once.
  if (!is_stream()) curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "gzip");
  set_method();
  set_tls(options.tls);
  if (request.trust) set_trust(*request.trust);
  return set_headers();
}

void CurlTransfer::set_trust(const PeerTrust& trust) {
  CURL* handle = easy.get();
  if (!trust.verify) {
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!trust.ca_pem.empty()) {
    curl_blob blob = view_blob(trust.ca_pem);
    curl_easy_setopt(handle, CURLOPT_CAINFO_BLOB, &blob);
    curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
  }
  if (trust.server_name.empty()) return;
  // The name is looked for in the certificate, and the address is connected to.
  const std::string& url = exchange->request.url;
  const std::string host = host_of(url);
  const std::size_t colon = host.rfind(':');
  const bool has_port = colon != std::string::npos && colon > host.rfind(']') + 1;
  const std::string port = has_port ? host.substr(colon) : ":443";
  const std::size_t at = url.find(host);
  const std::string named =
      url.substr(0, at) + trust.server_name + port + url.substr(at + host.size());
  const std::string route = trust.server_name + port + ":" + host + (has_port ? "" : port);
  curl_easy_setopt(handle, CURLOPT_URL, named.c_str());
  connect_to.reset(curl_slist_append(nullptr, route.c_str()));
  curl_easy_setopt(handle, CURLOPT_CONNECT_TO, connect_to.get());
}

void CurlTransfer::set_method() {
  CURL* handle = easy.get();
  const Request& request = exchange->request;
  const bool has_body = !request.body.empty() || request.method == "POST" ||
                        request.method == "PUT" || request.method == "PATCH";
  if (request.method == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    return;
  }
  if (has_body) {
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
  }
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  // curl silently repeats a request if a reused connection breaks before the first byte of the
  // reply. A repeated POST could create a thing twice, so it gets a connection of its own.
  if (request.method == "POST") curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
}

void CurlTransfer::set_tls(const TlsOptions& tls) {
  CURL* handle = easy.get();
  curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!tls.ca_pem.empty()) {
    curl_blob blob = view_blob(tls.ca_pem);
    curl_easy_setopt(handle, CURLOPT_CAINFO_BLOB, &blob);
    // Otherwise the folder that curl was built with would be trusted as well.
    curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
  }
  if (!tls.certificate_pem.empty()) {
    curl_blob certificate = view_blob(tls.certificate_pem);
    curl_blob key = view_blob(tls.key_pem.reveal());
    curl_easy_setopt(handle, CURLOPT_SSLCERT_BLOB, &certificate);
    curl_easy_setopt(handle, CURLOPT_SSLKEY_BLOB, &key);
  }
}

Result<void> CurlTransfer::set_headers() {
  const Headers& headers = exchange->request.headers;
  auto append = [this](const std::string& line) {
    curl_slist* longer = curl_slist_append(header_list.get(), line.c_str());
    if (longer == nullptr) return false;
    (void)header_list.release();
    header_list.reset(longer);
    return true;
  };
  bool appended = append("Expect:");  // never wait for a "100 Continue"
  // Without this curl would call any body a form.
  if (find_header(headers, "Content-Type") == nullptr) appended &= append("Content-Type:");
  for (const Header& header : headers) {
    if (!is_token(header.name) || !is_header_value(header.value)) {
      return fail(ErrorCode::InvalidArgument, "malformed request header");
    }
    // curl's own way to send a header without a value.
    appended &=
        append(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
  }
  if (!appended) return fail(ErrorCode::ResourceExhausted, "no memory for a request");
  curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, header_list.get());
  return {};
}

std::size_t CurlTransfer::header_callback(char* data, std::size_t size, std::size_t count,
                                          void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  transfer.header_bytes += size * count;
  if (transfer.header_bytes > kHeaderBytesMax) {
    transfer.too_large = true;
    return 0;
  }
  transfer.on_header(std::string_view(data, size * count));
  return size * count;
}

void CurlTransfer::on_header(std::string_view line) {
  if (headers_done) return;  // trailers
  if (line.starts_with("HTTP/")) {
    response.headers.clear();  // those before were of a "100 Continue"
    return;
  }
  const std::string_view text = trim(line);
  if (text.empty()) {
    long status = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
    headers_done = status >= 200;
    if (headers_done && !is_stream()) drop_encoding_headers();
    return;
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return;
  response.headers.push_back({.name = std::string(trim(text.substr(0, colon))),
                              .value = std::string(trim(text.substr(colon + 1)))});
}

// The body is given out decoded, so these would lie about it.
void CurlTransfer::drop_encoding_headers() {
  const std::string* encoding = find_header(response.headers, "Content-Encoding");
  if (encoding == nullptr || !equals_folded(*encoding, "gzip")) return;
  std::erase_if(response.headers, [](const Header& header) {
    return equals_folded(header.name, "Content-Encoding") ||
           equals_folded(header.name, "Content-Length");
  });
}

std::size_t CurlTransfer::body_callback(char* data, std::size_t size, std::size_t count,
                                        void* self) {
  return static_cast<CurlTransfer*>(self)->on_body(std::string_view(data, size * count));
}

std::size_t CurlTransfer::on_body(std::string_view piece) {
  if (is_stream()) {
    last_received = std::chrono::steady_clock::now();
    paused = !exchange->pieces.push(piece);
    return paused ? CURL_WRITEFUNC_PAUSE : piece.size();
  }
  if (piece.size() > exchange->request.response_bytes_max - response.body.size()) {
    too_large = true;
    return 0;
  }
  response.body += piece;
  return piece.size();
}

bool CurlTransfer::was_sent() const {
  curl_off_t connected_us = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_PRETRANSFER_TIME_T, &connected_us);
  return connected_us > 0;
}

std::optional<Error> CurlTransfer::error_of(CURLcode code) const {
  if (too_large) {
    return Error(ErrorCode::ResourceExhausted, "response is larger than allowed");
  }
  if (code == CURLE_OK) {
    if (headers_done) return std::nullopt;
    return Error(ErrorCode::Unavailable, "reply without headers");
  }
  const bool sent = was_sent();
  if (code == CURLE_URL_MALFORMAT || code == CURLE_LOGIN_DENIED ||
      (code == CURLE_UNSUPPORTED_PROTOCOL && !sent)) {
    return Error(ErrorCode::InvalidArgument, fmt::format("bad URL: {}", curl_easy_strerror(code)));
  }
  // curl's own text names milliseconds and attempts. Errors end up in conditions, which must stay
  // the same while the trouble does; so it is used where nothing else says what is wrong.
  std::string what = is_tls_error(code) && error_text[0] != '\0'
                         ? std::string(error_text.data())
                         : std::string(curl_easy_strerror(code));
  long os_error = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_OS_ERRNO, &os_error);
  if (code == CURLE_COULDNT_CONNECT && os_error != 0) {
    what = std::generic_category().message(static_cast<int>(os_error));
  }
  const std::string host = host_of(exchange->request.url);
  return Error(ErrorCode::Unavailable, sent ? fmt::format("exchange with {}: {}", host, what)
                                            : fmt::format("connect {}: {}", host, what));
}

}  // namespace clickdeploy::http
