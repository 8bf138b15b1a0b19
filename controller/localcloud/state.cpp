#include "controller/localcloud/state.h"

namespace clickdeploy::localcloud {

std::string status_of(const Server& server) {
  if (server.vm_state == VmState::Deleted) return "DELETED";
  if (server.vm_state == VmState::Building) return "BUILD";
  if (server.task == TaskState::Rebuilding) return "REBUILD";
  if (server.task == TaskState::Rebooting) return "REBOOT";
  if (server.task == TaskState::RebootingHard) return "HARD_REBOOT";
  if (server.vm_state == VmState::Active) return "ACTIVE";
  return server.vm_state == VmState::Stopped ? "SHUTOFF" : "ERROR";
}

std::string vm_state_name(VmState state) {
  switch (state) {
    case VmState::Building:
      return "building";
    case VmState::Active:
      return "active";
    case VmState::Stopped:
      return "stopped";
    case VmState::Error:
      return "error";
    case VmState::Deleted:
      return "deleted";
  }
  return "error";
}

std::string task_state_name(TaskState task) {
  switch (task) {
    case TaskState::None:
      return "";
    case TaskState::Scheduling:
      return "scheduling";
    case TaskState::Networking:
      return "networking";
    case TaskState::Spawning:
      return "spawning";
    case TaskState::Rebooting:
      return "rebooting";
    case TaskState::RebootingHard:
      return "rebooting_hard";
    case TaskState::PoweringOff:
      return "powering-off";
    case TaskState::PoweringOn:
      return "powering-on";
    case TaskState::Rebuilding:
      return "rebuilding";
    case TaskState::Deleting:
      return "deleting";
  }
  return "";
}

}  // namespace clickdeploy::localcloud
