#include "api/scheme.h"
#include "controller/base/text.h"
#include "controller/cli/commands_internal.h"
#include "controller/cli/text_table_internal.h"

#include <ostream>

namespace clickdeploy::cli {

Task<int> run_api_resources(Session& session) {
  TextTable table;
  table.add({"NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"});
  for (const api::ResourceInfo& info : api::builtin_scheme().resources()) {
    table.add({info.plural, join(info.short_names, ","), info.api_version(),
               info.namespaced ? "true" : "false", info.kind});
  }
  table.write(session.console.out());
  co_return kDone;
}

}  // namespace clickdeploy::cli
