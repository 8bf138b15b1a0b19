// A volume as it is kept in the state file.

#pragma once

#include "controller/localcloud/state.h"

namespace clickdeploy::localcloud {

Json encode_volume(const Volume& volume);
Volume decode_volume(const Json& json);

}  // namespace clickdeploy::localcloud
