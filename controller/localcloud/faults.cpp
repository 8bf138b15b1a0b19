#include "controller/localcloud/faults.h"

#include <utility>

namespace clickdeploy::localcloud {

std::optional<RequestFault> Faults::take(std::string_view method, std::string_view path) {
  for (auto fault = requests.begin(); fault != requests.end(); ++fault) {
    if (!fault->method.empty() && fault->method != method) continue;
    if (!path.starts_with(fault->path_prefix)) continue;
    if (fault->skip > 0) {
      --fault->skip;
      continue;
    }
    RequestFault taken = *fault;
    if (--fault->count <= 0) requests.erase(fault);
    return taken;
  }
  return std::nullopt;
}

void Faults::record(CallRecord call) {
  ++calls_total;
  calls.push_back(std::move(call));
  if (calls.size() > calls_max) calls.pop_front();
}

}  // namespace clickdeploy::localcloud
