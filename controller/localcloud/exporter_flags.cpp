#include "controller/base/text.h"
#include "controller/localcloud/exporter_flags_internal.h"

#include <algorithm>

namespace clickdeploy::localcloud {
namespace {

constexpr std::string_view kCheapCollectors[] = {"cpu",     "diskstats", "filesystem", "loadavg",
                                                 "meminfo", "netdev",    "stat",       "textfile",
                                                 "time",    "uname",     "vmstat"};

struct Flag {
  std::string name;  // without "--" and "no-"
  bool negated = false;
  std::string value;
  bool has_value = false;
};

// "--a=b", "--a b" and "--no-a".
std::vector<Flag> parse_flags(const std::vector<std::string>& arguments,
                              const std::set<std::string>& known) {
  std::vector<Flag> flags;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view text = arguments[i];
    if (!text.starts_with("--")) continue;
    text.remove_prefix(2);
    Flag flag;
    const std::size_t equals = text.find('=');
    flag.name = std::string(text.substr(0, equals));
    if (equals != std::string_view::npos) {
      flag.value = std::string(text.substr(equals + 1));
      flag.has_value = true;
    } else if (i + 1 < arguments.size() && !arguments[i + 1].starts_with("-")) {
      flag.value = arguments[++i];
      flag.has_value = true;
    }
    if (flag.name.starts_with("no-") && !known.contains(flag.name)) {
      flag.negated = true;
      flag.name.erase(0, 3);
    }
    flags.push_back(std::move(flag));
  }
  return flags;
}

// --collector.cpu, not --collector.cpu.info.
bool names_collector(const Flag& flag) {
  return flag.name.starts_with("collector.") && std::ranges::count(flag.name, '.') == 1;
}

// A program that is told which collectors to run gets those; one that is only told what to leave
// out gets the cheap ones without it.
void choose_collectors(const std::vector<Flag>& flags, std::vector<std::string>& arguments) {
  const bool chosen = std::ranges::any_of(
      flags, [](const Flag& flag) { return names_collector(flag) && !flag.negated; });
  if (chosen) return;
  arguments.emplace_back("--collector.disable-defaults");
  for (std::string_view collector : kCheapCollectors) {
    const std::string name = "collector." + std::string(collector);
    const bool refused =
        std::ranges::any_of(flags, [&name](const Flag& flag) { return flag.name == name; });
    if (!refused) arguments.push_back("--" + name);
  }
}

// A path inside a container as a path of the guest.
std::string unmounted(std::string path, const std::map<std::string, std::string>& mounts) {
  std::string best;
  for (const auto& [inside, outside] : mounts) {
    const bool below = path == inside || inside == "/" || path.starts_with(inside + "/");
    if (below && inside.size() > best.size()) best = inside;
  }
  if (best.empty()) return path;
  std::string rest = path.substr(best == "/" ? 0 : best.size());
  const std::string& outside = mounts.at(best);
  std::string whole = outside == "/" ? rest : outside + rest;
  return whole.empty() ? "/" : whole;
}

std::string port_of(std::string_view listen) {
  return std::string(listen.substr(listen.rfind(':') + 1));
}

std::string mapped_value(const Flag& flag, const ExporterPlan& plan,
                         const ExporterSetting& setting) {
  const bool path = flag.value.starts_with('/');
  if (flag.name == "web.listen-address") return setting.address + ":" + port_of(flag.value);
  if (!path || flag.name == "web.telemetry-path") return flag.value;
  const std::string guest_path = unmounted(flag.value, plan.mounts);
  if (flag.name.starts_with("path.")) return guest_path;  // the machine's own /proc, /sys, /
  if (flag.name == "web.config.file" || flag.name.starts_with("collector.textfile.")) {
    return setting.root + guest_path;
  }
  return flag.value;
}

}  // namespace

std::set<std::string> parse_known_flags(std::string_view help) {
  std::set<std::string> flags;
  for (std::size_t at = help.find("--"); at != std::string_view::npos; at = help.find("--", at)) {
    at += 2;
    std::string_view name = help.substr(at);
    if (name.starts_with("[no-]")) name.remove_prefix(5);
    const std::size_t end =
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
    flags.emplace(name.substr(0, end));
  }
  return flags;
}

ExporterCommand exporter_command(const ExporterPlan& plan, const ExporterSetting& setting) {
  ExporterCommand command;
  const std::vector<Flag> flags = parse_flags(plan.arguments, *setting.known_flags);
  choose_collectors(flags, command.arguments);
  bool listens = false;
  for (const Flag& flag : flags) {
    if (!setting.known_flags->contains(flag.name)) {
      command.left_out.push_back("--" + flag.name);
      continue;
    }
    std::string argument = (flag.negated ? "--no-" : "--") + flag.name;
    if (flag.has_value) argument += "=" + mapped_value(flag, plan, setting);
    listens = listens || flag.name == "web.listen-address";
    command.arguments.push_back(std::move(argument));
  }
  if (!listens) command.arguments.push_back("--web.listen-address=" + setting.address + ":9100");
  return command;
}

}  // namespace clickdeploy::localcloud
