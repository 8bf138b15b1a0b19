// Golden files: expected text beside the tests, compared byte by byte. With ACCEPT_GOLDEN=1 in the
// environment the files are rewritten, and the difference is reviewed like code.

#pragma once

#include "tests/testing/paths.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace clickdeploy::testing {

// `name` is relative to tests/golden: "prometheus/mapping.yml".
inline void expect_golden(const std::string& name, const std::string& actual) {
  const std::filesystem::path path = std::filesystem::path(source_folder()) / "tests/golden" / name;
  if (std::getenv("ACCEPT_GOLDEN") != nullptr) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << actual;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file.good()) << path << " is missing; ACCEPT_GOLDEN=1 writes it";
  const std::string expected((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(actual, expected) << "differs from " << path;
}

}  // namespace clickdeploy::testing
