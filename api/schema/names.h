// The character rules of Kubernetes names, without messages.

#pragma once

#include <algorithm>
#include <string_view>

namespace clickdeploy::api {

constexpr bool is_lower_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

constexpr bool is_alphanumeric(char c) {
  return is_lower_alphanumeric(c) || (c >= 'A' && c <= 'Z');
}

// [a-z0-9]([-a-z0-9]*[a-z0-9])?, of any length.
constexpr bool has_dns_label_form(std::string_view name) {
  return !name.empty() && is_lower_alphanumeric(name.front()) &&
         is_lower_alphanumeric(name.back()) && std::all_of(name.begin(), name.end(), [](char c) {
           return is_lower_alphanumeric(c) || c == '-';
         });
}

// DNS labels joined by dots.
constexpr bool has_dns_subdomain_form(std::string_view name) {
  while (true) {
    const std::size_t dot = name.find('.');
    if (!has_dns_label_form(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

// ([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]
constexpr bool has_label_form(std::string_view text) {
  return !text.empty() && is_alphanumeric(text.front()) && is_alphanumeric(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

}  // namespace clickdeploy::api
