// A self-signed certificate, made anew for each test that wants one.

#pragma once

#include "controller/base/secret.h"

#include <string>

namespace clickdeploy::http::testing {

struct Certificate {
  std::string pem;
  SecretString key_pem;
};

// For 127.0.0.1, valid for an hour.
Certificate make_certificate();

}  // namespace clickdeploy::http::testing
