#include "controller/base/yaml.h"
#include "controller/cli/commands_internal.h"
#include "controller/cli/session_internal.h"

#include <ostream>

namespace clickdeploy::cli {

// The alert is that of spec.alerting.inhibitDuringActions; it is nobody's business by itself.
Task<int> run_alertmanager_config(Session& session) {
  const Json inhibition =
      Json::object({{"source_matchers", Json::array({"alertname = ClickDeployExpectedDown"})},
                    {"target_matchers",
                     Json::array({"alertname != ClickDeployExpectedDown", "instance_id != \"\""})},
                    {"equal", Json::array({"instance_id"})}});
  const Json route =
      Json::object({{"matchers", Json::array({"alertname = ClickDeployExpectedDown"})},
                    {"receiver", "click-deploy-nobody"}});
  const Json config =
      Json::object({{"inhibit_rules", Json::array({inhibition})},
                    {"receivers", Json::array({Json::object({{"name", "click-deploy-nobody"}})})},
                    {"route", Json::object({{"routes", Json::array({route})}})}});
  session.console.out()
      << "# What an Alertmanager needs in its alertmanager.yml for policies with\n"
         "# spec.alerting.inhibitDuringActions. Add each entry to the list that is there: alerts "
         "of\n"
         "# an Instance are held back while the controller takes it down itself, and nobody is "
         "told\n"
         "# of the alert that holds them back.\n"
      << to_yaml(config);
  co_return kDone;
}

}  // namespace clickdeploy::cli
