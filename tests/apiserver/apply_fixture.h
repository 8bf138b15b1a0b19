// A server with one kind whose schema has every sort of field that server-side apply tells apart.

#pragma once

#include "tests/apiserver/server_fixture.h"

#include <string>

namespace clickdeploy::apiserver {

// The kind Service of the tests of apply: scalars, defaults, and
//   env       a list of type map by name     args      an atomic list
//   zones     a list of type set             settings  a map
//   placement an atomic map                  flavors   a map of objects
//   extra     preserve-unknown-fields        ports     a list of type map by number and protocol
const api::Scheme& apply_scheme();

class ApplyTest : public ServerTest {
 protected:
  ApplyTest();

  // `body` is JSON or YAML; apiVersion, kind and metadata.name are put in if it is a JSON object
  // without them. `query` comes after "fieldManager=…&".
  Answered apply(const std::string& manager, const Json& body, const std::string& query = {},
                 const std::string& subresource = {});
  Answered apply_spec(const std::string& manager, const std::string& spec,
                      const std::string& query = {});
  Answered apply_text(const std::string& path_and_query, const std::string& text);
  Answered update(const std::string& manager, const Json& merge_patch,
                  const std::string& subresource = {});
  Json read();

  // "other Apply {…fieldsV1…}" for each entry, with " status" and the like after the operation.
  static std::vector<std::string> owners(const Json& object);
};

}  // namespace clickdeploy::apiserver
