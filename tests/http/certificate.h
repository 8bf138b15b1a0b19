// A self-signed certificate, made anew for each test that wants one.

#pragma once

#include "controller/base/secret.h"

#include <string>

namespace clickdeploy::http::testing {

struct Certificate {
  std::string pem;
  SecretString key_pem;
};

// For an IP address, or a name as "DNS:name", valid for an hour. It is its own authority, and
// serves clients, too.
Certificate make_certificate(const std::string& address = "127.0.0.1");

}  // namespace clickdeploy::http::testing
