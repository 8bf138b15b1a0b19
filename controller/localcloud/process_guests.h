// ProcessGuests: servers whose agents are real processes on the server's loopback address.
//
// A guest is a folder (`folder`/<server id>) with the files that its user data writes, a console
// log, and, only if the user data asks for it, a real node_exporter that listens on the guest's
// address. A process that dies stays dead until a reboot: repair is for others to do.
//
// Threads: the cloud's. All guests end with the process that owns this object.

#pragma once

#include "controller/async/process.h"
#include "controller/localcloud/guest_driver.h"

#include <memory>
#include <string>

namespace clickdeploy::localcloud {

struct ProcessGuestOptions {
  std::string folder;  // absolute; made if it is not there
  std::string exporter = "/usr/bin/prometheus-node-exporter";
};

// NotFound if there is no node_exporter, Unavailable if the folder cannot be made. The runner is
// used during the call only.
Result<std::unique_ptr<GuestDriver>> make_process_guests(ProcessGuestOptions options,
                                                         ProcessRunner& runner);

}  // namespace clickdeploy::localcloud
