#include "controller/http/server_origin_internal.h"
#include "controller/http/syntax_internal.h"

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>

#include <algorithm>

namespace clickdeploy::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

bool is_port(std::string_view text) {
  return text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The host without its port; empty if what follows it is none.
std::string_view without_port(std::string_view host) {
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon == std::string_view::npos) return host;
  return is_port(host.substr(colon + 1)) ? host.substr(0, colon) : std::string_view();
}

// "http://localhost:7180" against "localhost:7180".
bool is_own_origin(std::string_view origin, std::string_view host) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme) && !host.empty()) {
      return equals_folded(origin.substr(scheme.size()), host);
    }
  }
  return false;
}

}  // namespace

bool is_loopback_host(std::string_view host) {
  const std::string_view name = without_port(host);
  if (equals_folded(name, "localhost")) return true;
  error_code error;
  if (name.starts_with('[') && name.ends_with(']')) {
    const auto address =
        asio::ip::make_address_v6(std::string(name.substr(1, name.size() - 2)), error);
    return !error && address.is_loopback();
  }
  const auto address = asio::ip::make_address_v4(std::string(name), error);
  return !error && address.is_loopback();
}

// The messages do not repeat what was sent: a page could read its own words back from them.
std::optional<std::string> why_foreign(const RequestOrigin& request) {
  if (!request.host.empty() && !is_loopback_host(request.host)) {
    return "forbidden: the Host header names neither localhost nor a loopback address";
  }
  if (request.origin && !is_own_origin(*request.origin, request.host)) {
    return "forbidden: the request comes from a web page of another origin";
  }
  if (equals_folded(request.fetch_site, "cross-site")) {
    return "forbidden: the request comes from a web page of another site";
  }
  return std::nullopt;
}

}  // namespace clickdeploy::http
