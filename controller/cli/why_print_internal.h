// A chain as text.

#pragma once

#include "controller/base/text.h"
#include "controller/cli/why_chain.h"

#include <iosfwd>

namespace clickdeploy::cli {

struct ChainStyle {
  bool utf8 = false;
  bool color = false;
};

// The first broken link and what to do about it, then every link in order.
void print_chain(std::ostream& out, const Chain& chain, const ChainStyle& style, WallTime now);

}  // namespace clickdeploy::cli
