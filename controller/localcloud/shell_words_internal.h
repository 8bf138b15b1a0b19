// Shell text as simple commands: enough of sh to see which programs a user-data script starts.
//
// Quotes, backslashes, comments and line continuations are understood; commands end at newlines and
// at ; & && | ||. Nothing is expanded: "$X" stays as it is.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace clickdeploy::localcloud {

using Words = std::vector<std::string>;

std::vector<Words> split_shell(std::string_view script);

}  // namespace clickdeploy::localcloud
