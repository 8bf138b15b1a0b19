// Keystone's log-in: its request and its answer, as values.

#pragma once

#include "controller/base/error.h"
#include "controller/base/json.h"
#include "controller/base/secret.h"
#include "controller/http/message.h"
#include "controller/openstack/catalog_internal.h"
#include "controller/openstack/types.h"

#include <chrono>
#include <string>

namespace clickdeploy::openstack {

// What one log-in gave.
struct Login {
  SecretString token;
  Identity identity;
  Catalog catalog;
  std::chrono::nanoseconds life{};  // from the moment it was asked for; at most a day
};

// "…/v3/auth/tokens" of an auth_url with or without its version.
std::string tokens_url(const std::string& auth_url);

// The body of POST /v3/auth/tokens; it holds the secret.
Json login_body(const Credentials& credentials);

// Reads a 2xx answer. Unavailable if it makes no sense; InvalidArgument if the token has no
// project. `now` stands in if the answer does not say when the token was issued.
Result<Login> parse_login(const http::Response& response, const Credentials& credentials,
                          WallTime now);

}  // namespace clickdeploy::openstack
