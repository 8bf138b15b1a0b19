// Nova's microversion: which one we speak with a compute endpoint.
//
// 2.90 at most, so that a newer Nova does not change its answers under us; 2.52 at least, because
// older ones cannot give a server its tags when it is created.

#pragma once

#include "controller/base/error.h"
#include "controller/base/json.h"

#include <string>
#include <string_view>

namespace clickdeploy::openstack {

// How to speak with one compute endpoint.
struct ComputeDialect {
  std::string base;          // of requests, with "/v2.1"
  std::string microversion;  // "2.90"
};

// Where the endpoint's version document is: up to and with its "/v2.1", or its root.
std::string version_document_url(std::string_view endpoint);

// Reads the version document (one version or a list). Unavailable if it makes no sense;
// InvalidArgument if this Nova is too old or too new.
Result<ComputeDialect> choose_dialect(const std::string& endpoint, const Json& document);

}  // namespace clickdeploy::openstack
