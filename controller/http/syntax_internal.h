// The few rules of HTTP's text form that client and server both keep.

#pragma once

#include <string_view>

namespace clickdeploy::http {

// ASCII case folded, whatever the locale.
bool equals_folded(std::string_view a, std::string_view b);

// RFC 9110 "token": methods and header names.
bool is_token(std::string_view text);

// No control character but tab: nothing that could end the line or start another header.
bool is_header_value(std::string_view text);

}  // namespace clickdeploy::http
