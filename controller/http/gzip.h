// gzip (RFC 1952), for answers that are large.

#pragma once

#include <string>
#include <string_view>

namespace clickdeploy::http {

// Fast rather than small. Takes about 10 ms for each MiB, on the thread that calls.
std::string gzip(std::string_view bytes);

// Whether an Accept-Encoding header lets the answer be in gzip ("gzip;q=0" does not).
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace clickdeploy::http
