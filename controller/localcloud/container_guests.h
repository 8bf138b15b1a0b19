// ContainerGuests: servers that boot a real Debian with the real cloud-init, in systemd-nspawn.
//
// Each guest has a disk of its own over a shared file system (`scripts/build-guest-rootfs` makes
// it), a network namespace with the server's address as its only one, and an OpenStack config drive
// with the server's user data. This machine's processes reach it at that address. All of a guest
// lives in a PID and a mount namespace of one process, and ends with it.
//
// A reboot by the cloud is a power cycle; one from within the guest is a clean one.
//
// Threads: the cloud's. Needs root, systemd-nspawn and iproute2.

#pragma once

#include "controller/async/process.h"
#include "controller/localcloud/guest_driver.h"

#include <memory>
#include <string>

namespace clickdeploy::localcloud {

struct ContainerGuestOptions {
  std::string folder;        // absolute, not on an overlay file system; made if it is not there
  std::string rootfs;        // absolute
  std::string host_address;  // how guests see this machine; no guest's own
};

// PermissionDenied without root; NotFound if a program or the root file system is missing. The
// runner is used during the call only.
Result<std::unique_ptr<GuestDriver>> make_container_guests(ContainerGuestOptions options,
                                                           ProcessRunner& runner);

}  // namespace clickdeploy::localcloud
