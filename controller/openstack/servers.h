// Servers: what the reconcilers ask of whatever has servers: a project of OpenStack
// (ComputeClient), or machines that exist already.
//
// Each call tries once. Absence that the caller handles is nullopt, not an error. Threads and
// lifetime: as what implements it.

#pragma once

#include "controller/async/task.h"
#include "controller/base/error.h"
#include "controller/openstack/types.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::openstack {

enum class RebootType : std::uint8_t { Soft, Hard };

class Servers {
 public:
  virtual ~Servers() = default;

  // Every server, with details but without faults. `tag`: only those that carry it.
  virtual Task<Result<std::vector<Server>>> list_servers(std::string tag = "") = 0;
  virtual Task<Result<std::optional<Server>>> get_server(std::string id) = 0;
  // The new server's id. After an error that is not certainly_not_done() it is open whether a
  // server was made.
  virtual Task<Result<std::string>> create_server(ServerCreate create) = 0;
  virtual Task<Result<void>> delete_server(std::string id) = 0;  // one that is gone is a success
  virtual Task<Result<void>> reboot_server(std::string id, RebootType type) = 0;
  // Its other metadata stays.
  virtual Task<Result<void>> set_server_metadata(std::string id,
                                                 std::map<std::string, std::string> items) = 0;
  virtual Task<Result<void>> delete_server_metadata(std::string id,
                                                    std::string name) = 0;  // gone is a success
  virtual Task<Result<void>> add_server_tag(std::string id, std::string tag) = 0;
  virtual Task<Result<void>> delete_server_tag(std::string id,
                                               std::string tag) = 0;  // gone is a success
  virtual Task<Result<void>> rename_server(std::string id, std::string name) = 0;
  // What it has said since it began, the last lines of it.
  virtual Task<Result<std::string>> console_output(std::string id, int lines) = 0;
};

}  // namespace clickdeploy::openstack
