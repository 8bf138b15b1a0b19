// Which addresses may be published as targets.

#pragma once

#include <string>

namespace clickdeploy::reconcilers {

// Is it an address that the Internet does not route: RFC 1918, 6598, 3927, 4193, 4291, loopback?
bool is_private_address(const std::string& address);

// Why a target at `address` may not be published under scrape.addressPolicy; "" if it may.
std::string address_refusal(const std::string& address_policy, const std::string& address);

}  // namespace clickdeploy::reconcilers
