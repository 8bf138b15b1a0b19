#include "tests/testing/paths.h"

namespace clickdeploy::testing {

const std::string& source_folder() {
  static const std::string folder = CLICKDEPLOY_SOURCE_DIR;
  return folder;
}

const std::string& build_folder() {
  static const std::string folder = CLICKDEPLOY_BINARY_DIR;
  return folder;
}

}  // namespace clickdeploy::testing
