#include "tests/fakes/fake_machines.h"

#include "controller/base/text.h"

namespace clickdeploy::fakes {

using agents::ShellOutcome;

namespace {

// What stands between the two, the first time.
std::string between(const std::string& text, const std::string& left, const std::string& right) {
  const std::size_t begin = text.find(left);
  if (begin == std::string::npos) return "";
  const std::size_t from = begin + left.size();
  return text.substr(from, text.find(right, from) - from);
}

std::string kind_of(const std::string& script) {
  if (script.contains("echo click-deploy-begin")) return "look";
  if (script.contains("ln \"$new\"")) return "take";
  if (script.contains("\"$machine/install.new\"")) return "install";
  if (script.contains("\"$machine/remove.new\"")) return "remove";
  if (script.contains("rm -f \"$folder/owner\"")) return "release";
  return "log";
}

std::string look_text(const FakeMachine& machine) {
  std::string text = "click-deploy-begin\n";
  for (const std::string& line : split(machine.mark, '\n')) {
    if (!line.empty()) text += "mark " + line + "\n";
  }
  if (!machine.installed.empty()) text += "installed " + machine.installed + "\n";
  if (!machine.doing.empty()) text += "doing " + machine.doing + "\n";
  return text + "click-deploy-end\n";
}

// What the text of an installation puts in place, by path.
std::map<std::string, std::string> files_in(const std::string& text) {
  std::map<std::string, std::string> files;
  const std::string put = "\nput ";
  const std::string open = " <<'click-deploy-content'\n";
  for (std::size_t at = text.find(put); at != std::string::npos; at = text.find(put, at + 1)) {
    const std::size_t end = text.find(open, at);
    if (end == std::string::npos) break;
    const std::string path = between(text.substr(at, end - at + 1), "'", "'");
    const std::size_t from = end + open.size();
    files[path] = base64_decode(text.substr(from, text.find('\n', from) - from)).value_or("");
  }
  return files;
}

// The outcome of what needs the mark in the script; the effect is made.
int carry_out(FakeMachine& machine, const std::string& kind, const std::string& script) {
  const std::string mark = between(script, "= \"$(printf %s '", "')\" ]");
  if (kind == "take" && machine.mark.empty()) machine.mark = mark;
  const bool released = machine.mark.empty() && (kind == "remove" || kind == "release");
  if (released) return 0;
  if (machine.mark != mark) return agents::kTakenByAnother;
  if (kind == "install") {
    const std::size_t end = script.find("' | base64 -d >\"$machine/install.new\"");
    const std::size_t begin = script.rfind('\'', end - 1) + 1;
    const std::string text = base64_decode(script.substr(begin, end - begin)).value_or("");
    machine.installed = between(text, "\necho ", " >\"$machine/installed.new\"");
    machine.files = files_in(text);
  }
  if (kind == "remove") {
    machine.installed.clear();
    machine.files.clear();
  }
  if (kind == "remove" || kind == "release") machine.mark.clear();
  return 0;
}

}  // namespace

Result<FakeMachine*> FakeMachines::reach(const agents::SshTarget& target) {
  const auto found = machines.find(target.host);
  if (found == machines.end() || !found->second.reachable) {
    return fail(ErrorCode::Unavailable, "connect: No route to host");
  }
  if (!target.host_key.empty() && target.host_key != found->second.host_key) {
    return fail(ErrorCode::PermissionDenied, "the server's host key is not the one that it showed");
  }
  return &found->second;
}

Task<Result<ShellOutcome>> FakeMachines::run(agents::SshTarget target,
                                             std::vector<std::string> argv,
                                             std::chrono::milliseconds) {
  Result<FakeMachine*> machine = reach(target);
  if (!machine) co_return std::unexpected(std::move(machine).error());
  (*machine)->commands.push_back(join(argv, " "));
  ++changes;
  if (done) done(target.host, "run");
  co_return ShellOutcome{
      .exit_status = 0, .words = "", .output = "", .host_key = (*machine)->host_key};
}

Task<Result<ShellOutcome>> FakeMachines::run_script(agents::SshTarget target,
                                                    agents::MachineScript script,
                                                    std::chrono::milliseconds) {
  const std::string kind = kind_of(script.text());
  if (kind == "look") ++looks;
  Result<FakeMachine*> machine = reach(target);
  if (!machine) co_return std::unexpected(std::move(machine).error());
  Result<void> good = before ? before(target.host, kind) : Result<void>{};
  if (!good) co_return std::unexpected(std::move(good).error());
  if (sent) sent(target.host, script.text());
  ShellOutcome outcome;
  outcome.host_key = (*machine)->host_key;
  if (kind == "look") {
    outcome.output = look_text(**machine);
  } else if (kind != "log") {
    outcome.exit_status = carry_out(**machine, kind, script.text());
    ++changes;
    if (done && outcome.exit_status == 0) done(target.host, kind);
  }
  good = after ? after(target.host, kind) : Result<void>{};
  if (!good) co_return std::unexpected(std::move(good).error());
  co_return outcome;
}

}  // namespace clickdeploy::fakes
