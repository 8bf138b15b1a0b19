// Catalog: the service endpoints that a log-in gave us.

#pragma once

#include "controller/base/error.h"
#include "controller/base/json.h"

#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::openstack {

struct Endpoint {
  std::string service;    // catalog type
  std::string interface;  // public | internal | admin
  std::string region;
  std::string url;
};

class Catalog {
 public:
  // Reads "catalog" of a token's body. Entries that make no sense are left out: one bad service of
  // a cloud must not cost us the others.
  static Catalog parse(const Json& catalog);

  // The base of the service's requests: no slash at the end; for network and image with their
  // version ("/v2.0", "/v2"), whatever the catalog has. `region` may be "" if only one offers the
  // service. NotFound says what is missing and what there is.
  Result<std::string> endpoint(const std::string& service, const std::string& region,
                               const std::string& interface) const;

  // One hash of the endpoints in use: equal as long as requests go to the same places.
  std::string hash(const std::string& region, const std::string& interface) const;

 private:
  std::vector<Endpoint> endpoints_;  // in the catalog's order
};

// "http://host:8774/v2.1/" → "host:8774", lower case; "" if it is not an http URL with a plain
// host.
std::string authority_of(std::string_view url);

}  // namespace clickdeploy::openstack
