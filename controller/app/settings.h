// Settings: what a person can choose, from flags, a YAML file and the environment, in that order of
// precedence. docs/reference/settings.md lists them; a test compares.

#pragma once

#include "controller/base/error.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace clickdeploy::app {

struct Settings {
  std::string data = "clickdeploy-data";  // folder of the database; made if missing
  std::string cluster_id;                 // a UUID; "": the remembered one, or a new one
  std::string listen = "127.0.0.1:7180";  // host:port; port 0 is any free one
  std::string tls_certificate;            // PEM files; both or none
  std::string tls_key;
  std::string log_level = "info";
  std::string log_format = "text";  // text | json
  std::string promtool = "promtool";

  // A MetricsBackend default/default is made from these when there is none at all.
  std::string prometheus_url;
  std::string prometheus_targets_dir;
  std::string prometheus_rules_dir;
  bool enable_metrics_collection = true;
  std::int64_t metrics_collection_interval = 5;  // seconds between looks at Prometheus, 1 to 3600
};

// One setting: its flag, its key in the file, its variable, and what it is for.
struct SettingInfo {
  std::string flag;         // "--data"
  std::string file_key;     // "data"
  std::string environment;  // "CLICKDEPLOY_DATA"
  std::string help;
};
const std::vector<SettingInfo>& setting_infos();

using Environment = std::function<std::optional<std::string>(const std::string& name)>;
using FileReader = std::function<Result<std::string>(const std::string& path)>;

struct CommandLine {
  Settings settings;
  bool help = false;  // then `help_text` is to be printed
  bool version = false;
  std::string help_text;
  std::vector<std::string> extra_flags;  // of the sub-command; for dev
};

// InvalidArgument names the flag, file key or variable that is wrong.
Result<CommandLine> read_settings(const std::vector<std::string>& arguments,
                                  const Environment& environment, const FileReader& read_file);

struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;
};
// Only loopback addresses: without authentication nothing else may be served.
Result<ListenAddress> parse_listen(const std::string& text);

}  // namespace clickdeploy::app
