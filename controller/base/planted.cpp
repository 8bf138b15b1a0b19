#include "controller/base/planted.h"

namespace clickdeploy {

namespace {
Bug the_bug = Bug::None;
}

bool planted(Bug bug) {
  return bug == the_bug;
}

void plant(Bug bug) {
  the_bug = bug;
}

}  // namespace clickdeploy
