#include "controller/base/json.h"
#include "controller/base/text.h"
#include "controller/base/yaml.h"
#include "controller/localcloud/shell_words_internal.h"
#include "controller/localcloud/user_data_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace clickdeploy::localcloud {
namespace {

constexpr std::string_view kPackage = "prometheus-node-exporter";
constexpr std::string_view kDefaultsFile = "/etc/default/prometheus-node-exporter";
constexpr std::string_view kCheckStep = "node-exporter: check";
constexpr int kScriptDepthMax = 3;

std::string base_name(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

bool is_exporter_name(std::string_view name) {
  return name == "node_exporter" || name == "node-exporter" || name == kPackage;
}

// "quay.io/prometheus/node-exporter:v1.5.0", "registry.internal:5000/node_exporter@sha256:…"
bool is_exporter_image(std::string_view image) {
  std::string name = base_name(image);
  name.resize(std::min(name.find_first_of(":@"), name.size()));
  return is_exporter_name(name);
}

// ARGS="--a --b" lines of an environment file.
std::map<std::string, std::string> parse_environment(std::string_view text) {
  std::map<std::string, std::string> variables;
  for (const Words& words : split_shell(text)) {
    const std::size_t equals = words[0].find('=');
    if (equals != std::string::npos) {
      variables[words[0].substr(0, equals)] = words[0].substr(equals + 1);
    }
  }
  return variables;
}

// The value of `key` in the unit's [Service] section, with continuation lines joined.
std::vector<std::string> unit_values(std::string_view unit, std::string_view key) {
  std::vector<std::string> values;
  std::string joined(unit);
  for (std::size_t at = joined.find("\\\n"); at != std::string::npos;
       at = joined.find("\\\n", at)) {
    joined.replace(at, 2, " ");
  }
  for (const std::string& line : split(joined, '\n')) {
    const std::string_view text = trim(line);
    if (!text.starts_with(key) || text.substr(key.size(), 1) != "=") continue;
    values.emplace_back(trim(text.substr(key.size() + 1)));
  }
  return values;
}

// Docker's and podman's options of `run` that take no value of their own.
bool is_flag_option(std::string_view option) {
  if (option.find('=') != std::string_view::npos) return true;
  if (option.starts_with("--")) {
    constexpr std::string_view kFlags[] = {"--detach", "--rm",   "--privileged", "--interactive",
                                           "--tty",    "--init", "--read-only",  "--replace"};
    return std::ranges::find(kFlags, option) != std::end(kFlags);
  }
  return option.find_first_not_of("-dit") == std::string_view::npos || option.size() > 2;
}

class Planner {
 public:
  GuestPlan run(std::string_view user_data);

 private:
  void write_files(const Json& list);
  void packages(const Json& list);
  void commands(std::string_view script, int depth);
  void command(const Words& words, int depth);
  void docker_run(const Words& words, std::optional<bool> enabled_unit);
  void systemctl(const Words& words);
  void start_unit(const GuestFile& unit);
  Words expand(const Words& words, const GuestFile& unit) const;
  const GuestFile* find_file(std::string_view path) const;
  void say(std::string line) { plan_.console.push_back(std::move(line)); }

  GuestPlan plan_;
  std::set<std::string> enabled_units_;  // paths
  std::set<std::string> started_units_;
};

GuestPlan Planner::run(std::string_view user_data) {
  if (!user_data.starts_with("#cloud-config")) {
    if (!user_data.empty()) say("cloud-init: the user data is no #cloud-config, it is left out");
    return std::move(plan_);
  }
  Result<Json> config = parse_single_yaml(user_data);
  if (!config) {
    say("cloud-init: failed to load the user data: " + config.error().message());
    return std::move(plan_);
  }
  write_files((*config)["write_files"]);
  packages((*config)["packages"]);
  for (const Json& item : (*config)["runcmd"].as_array()) {
    if (item.is_string()) {
      commands(item.as_string(), 0);
      continue;
    }
    Words words;
    for (const Json& word : item.as_array()) words.push_back(word.as_string());
    if (!words.empty()) command(words, 0);
  }
  return std::move(plan_);
}

void Planner::write_files(const Json& list) {
  for (const Json& item : list.as_array()) {
    GuestFile file{item["path"].as_string(), item["content"].as_string(), 0644};
    const std::vector<std::string> parts = split(file.path, '/');
    if (!file.path.starts_with('/') || file.path.ends_with('/') ||
        std::ranges::find(parts, "..") != parts.end()) {
      say(fmt::format("cloud-init: write_files: bad path '{}'", file.path));
      continue;
    }
    const std::string& encoding = item["encoding"].as_string();
    if (encoding == "b64" || encoding == "base64") {
      file.content = base64_decode(file.content).value_or("");
    } else if (!encoding.empty() && encoding != "text/plain") {
      say(fmt::format("cloud-init: write_files: {}: encoding '{}' is left out", file.path,
                      encoding));
      continue;
    }
    const std::string& mode = item["permissions"].as_string();
    std::from_chars(mode.data(), mode.data() + mode.size(), file.mode, 8);
    file.mode &= 0777;
    if (item["append"].as_bool()) {
      if (const GuestFile* earlier = find_file(file.path))
        file.content = earlier->content + file.content;
    }
    std::erase_if(plan_.files, [&](const GuestFile& other) { return other.path == file.path; });
    say("cloud-init: wrote " + file.path);
    plan_.files.push_back(std::move(file));
  }
}

void Planner::packages(const Json& list) {
  for (const Json& item : list.as_array()) {
    const std::string& name = item.is_array() ? item[0].as_string() : item.as_string();
    if (name != kPackage) {
      say(fmt::format("cloud-init: package '{}' is left out", name));
      continue;
    }
    ExporterPlan exporter;
    if (const GuestFile* defaults = find_file(kDefaultsFile)) {
      for (Words& words : split_shell(parse_environment(defaults->content)["ARGS"])) {
        exporter.arguments.insert(exporter.arguments.end(), words.begin(), words.end());
      }
    }
    say("cloud-init: installed package prometheus-node-exporter");
    plan_.exporter = std::move(exporter);
  }
}

const GuestFile* Planner::find_file(std::string_view path) const {
  auto found = std::ranges::find(plan_.files, path, &GuestFile::path);
  return found == plan_.files.end() ? nullptr : &*found;
}

void Planner::commands(std::string_view script, int depth) {
  for (const Words& words : split_shell(script)) command(words, depth);
}

void Planner::command(const Words& words, int depth) {
  std::size_t first = 0;
  while (first < words.size() &&
         (words[first] == "sudo" || words[first] == "exec" || words[first] == "then" ||
          words[first] == "do" || words[first] == "else" || words[first] == "if")) {
    ++first;
  }
  if (first == words.size()) return;
  const std::string program = base_name(words[first]);
  const Words rest(words.begin() + static_cast<std::ptrdiff_t>(first), words.end());
  if ((program == "docker" || program == "podman") && rest.size() > 1 && rest[1] == "run") {
    return docker_run(rest, std::nullopt);
  }
  if (program == "systemctl") return systemctl(rest);
  if (depth < kScriptDepthMax) {
    const bool shell = program == "sh" || program == "bash";
    // A wrapper of the controller's: NAME and COMMAND follow, and the outcome is told.
    if (shell && rest.size() > 3 && base_name(rest[1]) == "step.sh") {
      if (rest[2] == kCheckStep) {
        plan_.check_step = rest[2];
        return;
      }
      command(Words(rest.begin() + 3, rest.end()), depth + 1);
      say(fmt::format("click-deploy: step \"{}\" succeeded with exit status 0", rest[2]));
      return;
    }
    if (shell && rest.size() > 4 && base_name(rest[1]) == "make-certificate.sh") {
      plan_.certificate = rest[2];
      plan_.key = rest[3];
      return;
    }
    if (shell && rest.size() > 2 && (rest[1] == "-c" || rest[1] == "-ec" || rest[1] == "-exc")) {
      return commands(rest[2], depth + 1);
    }
    const GuestFile* script = find_file(rest[shell && rest.size() > 1 ? rest.size() - 1 : 0]);
    if (shell && script == nullptr && rest.size() > 1) script = find_file(rest[1]);
    if (script != nullptr) return commands(script->content, depth + 1);
  }
  say("cloud-init: runcmd: left out: " + rest[0]);
}

// `words` begin with "docker run". A container that a unit starts comes back if the unit is
// enabled.
void Planner::docker_run(const Words& words, std::optional<bool> enabled_unit) {
  ExporterPlan exporter;
  std::string restart;
  std::size_t at = 2;
  for (; at < words.size() && words[at].starts_with('-'); ++at) {
    std::string option = words[at];
    std::string value;
    if (option.starts_with("--") && option.find('=') != std::string::npos) {
      value = option.substr(option.find('=') + 1);
      option.resize(option.find('='));
    } else if (option.starts_with("-v") && option.size() > 2) {
      value = option.substr(2);
      option.resize(2);
    } else if (!is_flag_option(option) && at + 1 < words.size()) {
      value = words[++at];
    }
    if (option == "--restart") restart = value;
    if (option == "-v" || option == "--volume") {
      const std::vector<std::string> parts = split(value, ':');
      if (parts.size() >= 2) exporter.mounts[parts[1]] = parts[0];
    }
  }
  if (at == words.size()) return;
  if (!is_exporter_image(words[at])) {
    return say(fmt::format("cloud-init: container of '{}' is left out", words[at]));
  }
  exporter.arguments.assign(words.begin() + static_cast<std::ptrdiff_t>(at) + 1, words.end());
  const bool kept = restart == "always" || restart == "unless-stopped";
  exporter.survives_reboot = enabled_unit.value_or(kept);
  say("cloud-init: started container " + words[at]);
  plan_.exporter = std::move(exporter);
}

void Planner::systemctl(const Words& words) {
  const auto has = [&words](std::string_view word) {
    return std::ranges::find(words, word) != words.end();
  };
  const bool now = has("--now");
  const bool enable = has("enable") || has("reenable");
  const bool start = has("start") || has("restart") || (enable && now);
  if ((has("stop") || (has("disable") && now)) && has(kPackage)) plan_.exporter.reset();
  for (std::string name : words) {
    if (name.find('.') == std::string::npos) name += ".service";
    for (const char* folder : {"/etc/systemd/system/", "/lib/systemd/system/",
                               "/usr/lib/systemd/system/", "/usr/local/lib/systemd/system/"}) {
      const GuestFile* unit = find_file(folder + name);
      if (unit == nullptr) continue;
      if (enable) enabled_units_.insert(unit->path);
      if (start) started_units_.insert(unit->path);
      if (started_units_.contains(unit->path)) start_unit(*unit);
    }
  }
}

// $NAME as a word of its own is split, ${NAME} within a word is not, as systemd does.
Words Planner::expand(const Words& words, const GuestFile& unit) const {
  std::map<std::string, std::string> variables;
  for (std::string path : unit_values(unit.content, "EnvironmentFile")) {
    if (path.starts_with('-')) path.erase(0, 1);
    const GuestFile* file = find_file(path);
    if (file != nullptr) variables.merge(parse_environment(file->content));
  }
  for (const std::string& assignment : unit_values(unit.content, "Environment")) {
    variables.merge(parse_environment(assignment));
  }
  Words expanded;
  for (const std::string& word : words) {
    if (!word.starts_with('$')) {
      expanded.push_back(word);
      continue;
    }
    std::string name = word.substr(1);
    if (name.starts_with('{') && name.ends_with('}')) name = name.substr(1, name.size() - 2);
    for (const Words& parts : split_shell(variables[name])) {
      expanded.insert(expanded.end(), parts.begin(), parts.end());
    }
  }
  return expanded;
}

void Planner::start_unit(const GuestFile& unit) {
  const bool enabled = enabled_units_.contains(unit.path);
  for (const std::string& line : unit_values(unit.content, "ExecStart")) {
    const std::vector<Words> parsed = split_shell(line);
    if (parsed.empty()) continue;
    const Words words = expand(parsed[0], unit);
    const std::string program = base_name(words[0]);
    if ((program == "docker" || program == "podman") && words.size() > 1 && words[1] == "run") {
      return docker_run(words, enabled);
    }
    if (!is_exporter_name(program)) continue;
    ExporterPlan exporter;
    exporter.arguments.assign(words.begin() + 1, words.end());
    exporter.survives_reboot = enabled;
    say("cloud-init: started unit " + base_name(unit.path));
    plan_.exporter = std::move(exporter);
    return;
  }
  say(fmt::format("cloud-init: unit {} is left out", base_name(unit.path)));
}

}  // namespace

GuestPlan plan_guest(std::string_view user_data) {
  return Planner().run(user_data);
}

}  // namespace clickdeploy::localcloud
