#include "controller/base/text.h"
#include "controller/cli/confirm_internal.h"

#include <istream>
#include <ostream>

namespace clickdeploy::cli {

bool confirm(Session& session, const std::string& question, bool yes) {
  if (yes) return true;
  session.console.out() << question << " Type \"yes\" to go on: " << std::flush;
  std::string answer;
  std::getline(session.in, answer);
  if (to_lower(std::string(trim(answer))) == "yes") return true;
  session.console.error("not confirmed; nothing was done. Without a question: --yes");
  return false;
}

}  // namespace clickdeploy::cli
