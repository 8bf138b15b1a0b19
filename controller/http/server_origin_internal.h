// Who may have made a request that reached a loopback address: a program of this machine, or a web
// page that a browser of this machine shows. The API has no authentication, so pages are kept out.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace clickdeploy::http {

// What a browser says by itself and a page cannot change.
struct RequestOrigin {
  std::string_view host;                   // Host; "" if there is none, as HTTP/1.0 may have it
  std::optional<std::string_view> origin;  // Origin
  std::string_view fetch_site;             // Sec-Fetch-Site
};

// True for "localhost", 127.0.0.0/8 and [::1], each with any port or none.
bool is_loopback_host(std::string_view host);

// Why the request is refused; nullopt if it is welcome. The Host must be a loopback one: a page
// whose name was pointed at this machine (DNS rebinding) still sends its own name. An Origin must
// be this very server's, port included, and the browser must not call the request cross-site.
// Programs (kubectl, client libraries, curl) send neither.
std::optional<std::string> why_foreign(const RequestOrigin& request);

}  // namespace clickdeploy::http
