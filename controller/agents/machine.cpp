#include "controller/agents/machine.h"

#include "controller/agents/bootstrap.h"
#include "controller/agents/install_internal.h"
#include "controller/agents/machine_script_internal.h"
#include "controller/base/text.h"
#include "controller/base/utf8.h"

#include <fmt/format.h>

#include <algorithm>

namespace clickdeploy::agents {

// A script that was cut off on its way does nothing: it is one function, called at its end.
MachineScript make_machine_script(std::string body) {
  return MachineScript("main() {\n" + std::move(body) + "}\nmain </dev/null\n");
}

namespace {

constexpr std::string_view kBegin = "click-deploy-begin";
constexpr std::string_view kEnd = "click-deploy-end";
// Another one when what a script leaves on a machine changes, so that it is installed again.
constexpr std::string_view kScriptVersion = "1";

// Of what a machine says: nothing in it may break a line or a terminal.
std::string as_line(std::string_view text) {
  constexpr std::size_t kLineMax = 512;
  std::string line = to_valid_utf8(trim(text).substr(0, kLineMax));
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return line;
}

std::string mark_text(const MachineMark& mark) {
  std::string text;
  for (const auto& [name, value] : mark) text += name + "=" + value + "\n";
  return text;
}

Result<void> check_mark(const MachineMark& mark) {
  const auto is_line = [](std::string_view text) {
    return !text.empty() && std::ranges::none_of(text, [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    });
  };
  for (const auto& [name, value] : mark) {
    if (!is_line(name) || !is_line(value) || name.contains('=')) {
      return fail(ErrorCode::InvalidArgument, "the mark " + go_quote(name) + " is not one line");
    }
  }
  if (mark.empty()) return fail(ErrorCode::InvalidArgument, "the mark is empty");
  return {};
}

// The script goes on only where the machine has this mark.
std::string only_with(const MachineMark& mark) {
  return fmt::format(
      "[ \"$(cat \"$folder/owner\" 2>/dev/null)\" = \"$(printf %s {})\" ] || exit {}\n",
      sh_quote(mark_text(mark)), kTakenByAnother);
}

// What goes on when the session has ended. Of two only one runs. It lets go of the lock's file, or
// an agent that it starts would hold it.
std::string run_detached(std::string_view what, const std::string& script) {
  return fmt::format(R"sh(mkdir -p "$machine"
chmod 0700 "$machine"
printf %s {1} | base64 -d >"$machine/{0}.new" && chmod 0700 "$machine/{0}.new" || exit 1
mv -f "$machine/{0}.new" "$machine/{0}.sh"
rm -f "$machine/{0}.log"
set -- flock -n -o "$machine/lock" sh -c 'echo {0} >"$1/doing"; exec sh "$1/{0}.sh" >"$1/{0}.log" 2>&1' sh "$machine"
if [ -d /run/systemd/system ]; then
  systemd-run --quiet --collect "$@" || exit 1
else
  setsid "$@" </dev/null >/dev/null 2>&1 &
fi
)sh",
                     what, sh_quote(base64_encode(script)));
}

std::string put_lines(const Json& file) {
  // Long enough for any content: a here document is not an argument.
  return fmt::format("put {} {} <<'click-deploy-content'\n{}\nclick-deploy-content\n",
                     file["permissions"].as_string(), sh_quote(file["path"].as_string()),
                     base64_encode(file["content"].as_string()));
}

std::string package_word(const Json& package) {
  if (!package.is_array()) return package.as_string();
  return package[0].as_string() + "=" + package[1].as_string();
}

std::string command_line(const Json& argv) {
  std::string line;
  for (const Json& word : argv.as_array()) {
    line += (line.empty() ? "" : " ") + sh_quote(word.as_string());
  }
  return line + "\n";
}

// What an agent brings besides its files, in the order in which it comes.
std::string notes_of(const Agent& agent) {
  const CatalogEntry entry = describe(agent);
  const std::string name = "click-deploy-" + entry.name;
  std::string notes;
  if (agent.tls && agent.certificate_secret.empty()) {
    notes += "note 'file " + certificate_path(agent) + "'\nnote 'file " + key_path(agent) + "'\n";
  }
  switch (agent.install.method) {
    case InstallMethod::Package:
      return "note_package " + sh_quote(entry.package) + "\n" + notes;
    case InstallMethod::Container:
      return notes + "note " + sh_quote("container " + name) + "\n";
    case InstallMethod::Archive:
      return notes + "note_user click-deploy-agent\nnote " +
             sh_quote("file /opt/click-deploy/bin/" + entry.binary) + "\nnote " +
             sh_quote("unit " + name + ".service") + "\n";
    case InstallMethod::Prebuilt:
    case InstallMethod::None:
      break;
  }
  return notes;
}

std::string install_text(const CloudConfigParts& parts, const UserDataInput& input) {
  std::string text = "#!/bin/sh\nmain() {\n" + std::string(kMachineFunctions);
  text += ": >\"$wanted\"\n";
  // What runs is started anew below, with its new settings.
  text += R"sh(if [ -f "$undo" ]; then
  grep -E '^(container|unit) ' "$undo" >"$machine/running"
  while read -r kind name; do take_back "$kind" "$name" </dev/null; done <"$machine/running"
  rm -f "$machine/running"
fi
forget_steps
)sh";
  // Taken back last, so that what ran before runs again with the file that it had.
  for (const Agent& agent : input.agents) {
    if (agent.install.method == InstallMethod::Package) text += notes_of(agent);
  }
  text += put_lines(step_file());
  text += put_lines(Json::object(
      {{"path", kInstallPackages}, {"permissions", "0755"}, {"content", kInstallPackagesText}}));
  text += "mkdir -p \"$folder/textfile\"\n";
  for (const Json& file : parts.write_files.as_array()) text += put_lines(file);
  for (const Agent& agent : input.agents) {
    if (agent.install.method != InstallMethod::Package) text += notes_of(agent);
  }
  // What an earlier input asked for, before it is in the way of what this one does.
  text += "take_back_all \"$wanted\"\n";
  if (!parts.packages.empty()) {
    text += fmt::format("sh {} packages sh {}", kStep, kInstallPackages);
    for (const Json& package : parts.packages.as_array()) {
      text += " " + sh_quote(package_word(package));
    }
    text += "\n";
  }
  for (const Json& command : parts.runcmd.as_array()) text += command_line(command);
  text += fmt::format(R"sh(mv -f "$wanted" "$undo"
systemctl daemon-reload >/dev/null 2>&1
echo {} >"$machine/installed.new"
mv -f "$machine/installed.new" "$machine/installed"
sync
exit 0
}}
main
)sh",
                      machine_settings(input.instance_uid, input.agents));
  return text;
}

// The mark goes last: as long as anything of ours is left the machine is ours.
std::string remove_text() {
  return "#!/bin/sh\nmain() {\n" + std::string(kMachineFunctions) + R"sh(take_back_all
if [ -n "$failed" ]; then
  echo "could not be removed:$failed" >"$machine/failed"
  exit 1
fi
forget_steps
systemctl daemon-reload >/dev/null 2>&1
cd /
rm -rf "$machine"
for each in "$folder/textfile" /opt/click-deploy/bin /opt/click-deploy /etc/click-deploy; do
  rmdir "$each" 2>/dev/null
done
rm -f "$folder/owner"
rmdir "$folder" 2>/dev/null
sync
exit 0
}
main
)sh";
}

std::string begin() {
  return "[ \"$(id -u)\" = 0 ] || { echo 'this needs root: let sudo run sh without a password'; "
         "exit 9; }\n" +
         std::string(kMachineFunctions);
}

}  // namespace

MachineScript look_script() {
  return make_machine_script(begin() + R"sh(echo click-deploy-begin
[ ! -f "$folder/owner" ] || sed 's/^/mark /' "$folder/owner" || exit 1
[ ! -f "$machine/installed" ] || sed 's/^/installed /' "$machine/installed"
if [ -e "$machine/lock" ] && ! flock -n "$machine/lock" true; then
  echo "doing $(cat "$machine/doing" 2>/dev/null)"
fi
[ ! -f "$machine/failed" ] || sed 's/^/failed /' "$machine/failed"
[ ! -f "$machine/install.log" ] ||
  sed -n 's/^click-deploy: step .* failed with /said &/p' "$machine/install.log" | head -n 1
echo click-deploy-end
)sh");
}

Result<MachineView> read_look(std::string_view output) {
  const std::size_t from = output.find(kBegin);
  const std::size_t to = output.rfind(kEnd);
  if (from == std::string_view::npos || to == std::string_view::npos || to < from) {
    return fail(ErrorCode::Unavailable, "the answer of the machine makes no sense");
  }
  MachineView view;
  for (const std::string& line : split(output.substr(from, to - from), '\n')) {
    const std::size_t space = line.find(' ');
    if (space == std::string::npos) continue;
    const std::string kind = line.substr(0, space);
    const std::string rest = as_line(line.substr(space + 1));
    if (kind == "installed") view.installed = rest;
    if (kind == "doing") view.doing = rest == "remove" ? "remove" : "install";
    if (kind == "failed") view.failed = rest;
    if (kind == "said") view.failed_step = failed_step_in_console(rest);
    const std::size_t equals = rest.find('=');
    if (kind == "mark" && equals != std::string::npos) {
      view.mark[rest.substr(0, equals)] = rest.substr(equals + 1);
    } else if (kind == "mark") {
      view.mark[rest];  // nobody else's business, but not free either
    }
  }
  return view;
}

Result<MachineScript> take_script(const MachineMark& mark) {
  Result<void> good = check_mark(mark);
  if (!good) return std::unexpected(std::move(good).error());
  // A link to a whole file: it is there as a whole, or not, and never in place of another.
  return make_machine_script(begin() + fmt::format(R"sh(mkdir -p "$folder" || exit 1
new=$folder/owner.$$
printf %s {0} >"$new" && sync "$new" || exit 1
ln "$new" "$folder/owner" 2>/dev/null
rm -f "$new"
sync "$folder"
{1}exit 0
)sh",
                                                   sh_quote(mark_text(mark)), only_with(mark)));
}

Result<MachineScript> install_script(const MachineMark& mark, const UserDataInput& input) {
  Result<void> good = check_mark(mark);
  if (!good) return std::unexpected(std::move(good).error());
  Result<CloudConfigParts> parts = agent_parts(input);
  if (!parts) return std::unexpected(std::move(parts).error());
  return make_machine_script(begin() + only_with(mark) +
                             run_detached("install", install_text(*parts, input)));
}

Result<MachineScript> release_script(const MachineMark& mark, bool keep_agents) {
  Result<void> good = check_mark(mark);
  if (!good) return std::unexpected(std::move(good).error());
  // One that has no mark any more has been released.
  std::string text = begin() + "[ -e \"$folder/owner\" ] || exit 0\n" + only_with(mark);
  if (keep_agents) {
    text += "rm -f \"$folder/owner\"\nsync \"$folder\"\nexit 0\n";
  } else {
    text += "rm -f \"$machine/failed\"\n" + run_detached("remove", remove_text());
  }
  return make_machine_script(std::move(text));
}

MachineScript log_script() {
  return make_machine_script(begin() + "tail -n 500 \"$machine/install.log\" 2>/dev/null\n");
}

std::string machine_settings(const std::string& instance_uid, const std::vector<Agent>& agents) {
  return sha256_hex(std::string(kScriptVersion) + "\n" + identity_text(instance_uid, agents))
      .substr(0, 8);
}

}  // namespace clickdeploy::agents
