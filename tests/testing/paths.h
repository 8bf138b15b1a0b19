// The folders of this build. Their paths are compiled into one small file, so that ccache gives
// each clone and work tree the tests that another has compiled.

#pragma once

#include <string>

namespace clickdeploy::testing {

// The project's root, absolute, without a slash at its end.
const std::string& source_folder();

// The folder of the build that this program belongs to, likewise; its programs are in bin/.
const std::string& build_folder();

}  // namespace clickdeploy::testing
