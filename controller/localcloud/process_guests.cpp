#include "controller/localcloud/process_guests.h"

#include "controller/base/json.h"
#include "controller/base/text.h"
#include "controller/base/yaml.h"
#include "controller/localcloud/child_process_internal.h"
#include "controller/localcloud/exporter_flags_internal.h"
#include "controller/localcloud/user_data_internal.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace clickdeploy::localcloud {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kConsoleMax = 256 * 1024;
constexpr std::string_view kDefaultTextfiles = "/var/lib/prometheus/node-exporter";

struct Guest {
  GuestFacts facts;
  GuestPlan plan;
  std::string folder;
  std::unique_ptr<ChildProcess> exporter;

  std::string root() const { return folder + "/root"; }
  std::string console() const { return folder + "/console.log"; }
  void say(std::string_view line) const { std::ofstream(console(), std::ios::app) << line << '\n'; }
};

Result<void> write_file(const std::string& path, std::string_view content, unsigned mode) {
  std::error_code problem;
  fs::create_directories(fs::path(path).parent_path(), problem);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  if (!file) return fail(ErrorCode::Unavailable, "cannot write " + path);
  fs::permissions(path, static_cast<fs::perms>(mode), problem);
  return {};
}

// A web configuration names files of the guest; the real program needs them as they are here.
std::string with_guest_paths(const std::string& content, const std::string& root) {
  Result<Json> config = parse_single_yaml(content);
  if (!config || !config->is_object()) return content;
  if (Json* tls = config->find("tls_server_config")) {
    for (const char* key : {"cert_file", "key_file", "client_ca_file"}) {
      const std::string path = (*tls)[key].as_string();
      if (path.starts_with('/')) tls->set(key, root + path);
    }
  }
  return to_yaml(*config);
}

class ProcessGuests final : public GuestDriver {
 public:
  ProcessGuests(ProcessGuestOptions options, std::set<std::string> known_flags)
      : options_(std::move(options)), known_flags_(std::move(known_flags)) {}

  Result<void> start(const GuestFacts& facts, Boot boot) override;
  void stop(const std::string& id) override;
  void destroy(const std::string& id) override;
  std::string console_output(const std::string& id) override;
  std::vector<RunningGuest> running() override;
  void poll() override;

 private:
  Result<void> make_disk(const Guest& guest) const;
  void make_certificate(const Guest& guest) const;
  void start_exporter(Guest& guest) const;
  void tell_check(Guest& guest, const std::string& ended);

  ProcessGuestOptions options_;
  std::set<std::string> known_flags_;
  std::map<std::string, Guest> guests_;
};

Result<void> ProcessGuests::start(const GuestFacts& facts, Boot boot) {
  Guest& guest = guests_[facts.id];
  guest.exporter.reset();
  guest.facts = facts;
  guest.folder = options_.folder + "/" + facts.id;
  guest.plan = plan_guest(facts.user_data);
  std::error_code problem;
  if (!fs::exists(guest.root(), problem)) boot = Boot::First;  // its disk was lost
  if (boot == Boot::First) {
    Result<void> made = make_disk(guest);
    if (!made) return made;
  }
  if (boot == Boot::Again) guest.plan.check_step.clear();
  guest.say(fmt::format("{} boots at {}", facts.name, facts.address));
  if (boot == Boot::First) {
    for (const std::string& line : guest.plan.console) guest.say(line);
  }
  if (guest.plan.exporter && (boot == Boot::First || guest.plan.exporter->survives_reboot)) {
    start_exporter(guest);
  }
  return {};
}

Result<void> ProcessGuests::make_disk(const Guest& guest) const {
  std::error_code problem;
  fs::remove_all(guest.folder, problem);
  fs::create_directories(guest.root(), problem);
  if (problem) return fail(ErrorCode::Unavailable, "cannot make the disk: " + problem.message());
  for (const GuestFile& file : guest.plan.files) {
    Result<void> written = write_file(guest.root() + file.path, file.content, file.mode);
    if (!written) return written;
  }
  make_certificate(guest);
  return {};
}

// As the controller's script does. The script itself is not run: it is the user's.
void ProcessGuests::make_certificate(const Guest& guest) const {
  const GuestPlan& plan = guest.plan;
  std::error_code problem;
  const bool sound = plan.certificate.starts_with("/etc/") && plan.key.starts_with("/etc/") &&
                     (plan.certificate + plan.key).find("..") == std::string::npos;
  if (!sound || fs::exists(guest.root() + plan.key, problem)) return;
  const std::string certificate = guest.root() + plan.certificate;
  fs::create_directories(fs::path(certificate).parent_path(), problem);
  ChildOptions child;
  child.argv = {"/usr/bin/openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-sha256",
                "-days",
                "3650",
                "-subj",
                "/CN=guest",
                "-addext",
                "subjectAltName=IP:" + guest.facts.address,
                "-keyout",
                guest.root() + plan.key,
                "-out",
                certificate};
  child.environment = {"PATH=/usr/bin:/bin"};
  child.folder = guest.root();
  child.log_file = guest.console();
  Result<std::unique_ptr<ChildProcess>> started = ChildProcess::start(child);
  if (!started) return guest.say("openssl: " + started.error().message());
  (*started)->wait();
}

// An exporter that cannot be started says so on the console only, as a real one would.
void ProcessGuests::start_exporter(Guest& guest) const {
  if (guest.facts.address.empty()) return guest.say("node_exporter: the server has no address");
  ExporterPlan plan = *guest.plan.exporter;
  const auto names_folder = [](const std::string& argument) {
    return argument.starts_with("--collector.textfile.directory");
  };
  if (std::ranges::none_of(plan.arguments, names_folder)) {
    plan.arguments.push_back("--collector.textfile.directory=" + std::string(kDefaultTextfiles));
  }
  const ExporterSetting setting{guest.facts.address, guest.root(), &known_flags_};
  ExporterCommand command = exporter_command(plan, setting);
  for (const std::string& flag : command.left_out) {
    guest.say("node_exporter: this version does not know " + flag);
  }
  for (std::string& argument : command.arguments) {
    constexpr std::string_view kWebConfig = "--web.config.file=";
    if (!argument.starts_with(kWebConfig) || argument.size() == kWebConfig.size()) continue;
    std::ifstream file(argument.substr(kWebConfig.size()));
    std::stringstream content;
    content << file.rdbuf();
    const std::string mapped = guest.folder + "/web-config.yml";
    Result<void> written = write_file(mapped, with_guest_paths(content.str(), guest.root()), 0600);
    if (!written) guest.say("node_exporter: " + written.error().message());
    argument = std::string(kWebConfig) + mapped;
  }

  ChildOptions child;
  child.argv = {options_.exporter};
  child.argv.insert(child.argv.end(), command.arguments.begin(), command.arguments.end());
  child.environment = {"PATH=/usr/bin:/bin", "GOMAXPROCS=1"};
  child.folder = guest.root();
  child.log_file = guest.console();
  Result<std::unique_ptr<ChildProcess>> started = ChildProcess::start(child);
  if (!started) return guest.say("node_exporter: " + started.error().message());
  guest.exporter = std::move(*started);
  spdlog::info("Started node_exporter of server {} at {}, pid {}", guest.facts.name,
               guest.facts.address, guest.exporter->pid());
}

void ProcessGuests::stop(const std::string& id) {
  auto guest = guests_.find(id);
  if (guest == guests_.end()) return;
  guest->second.exporter.reset();
  guest->second.say(guest->second.facts.name + " is powered off");
}

void ProcessGuests::destroy(const std::string& id) {
  auto guest = guests_.find(id);
  if (guest == guests_.end()) return;
  guest->second.exporter.reset();
  std::error_code problem;
  fs::remove_all(guest->second.folder, problem);
  guests_.erase(guest);
}

std::string ProcessGuests::console_output(const std::string& id) {
  auto guest = guests_.find(id);
  if (guest == guests_.end()) return "";
  std::ifstream file(guest->second.console(), std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  std::string text = content.str();
  if (text.size() > kConsoleMax) text.erase(0, text.size() - kConsoleMax);
  return text;
}

std::vector<RunningGuest> ProcessGuests::running() {
  poll();
  std::vector<RunningGuest> list;
  for (const auto& [id, guest] : guests_) {
    if (guest.exporter && guest.exporter->running()) list.push_back({id, {guest.exporter->pid()}});
  }
  return list;
}

// As the controller's step does, with the last line that the program has written.
void ProcessGuests::tell_check(Guest& guest, const std::string& ended) {
  const bool by_itself = ended.starts_with("ended with exit code ");
  if (guest.plan.check_step.empty() || !by_itself) return;
  std::string words = console_output(guest.facts.id);
  while (!words.empty() && words.back() == '\n') words.pop_back();
  words.erase(0, words.rfind('\n') + 1);
  std::erase_if(words, [](char c) { return c == '"' || c == '\\' || c < ' ' || c > '~'; });
  guest.say(fmt::format("click-deploy: step \"{}\" failed with exit status 1: {}",
                        guest.plan.check_step, words.substr(0, 160)));
  guest.plan.check_step.clear();
}

void ProcessGuests::poll() {
  for (auto& [id, guest] : guests_) {
    if (!guest.exporter) continue;
    const std::string ended = guest.exporter->poll();
    if (ended.empty()) continue;
    tell_check(guest, ended);
    guest.say("node_exporter: " + ended);
    spdlog::info("node_exporter of server {} {}", guest.facts.name, ended);
    guest.exporter.reset();
  }
}

}  // namespace

Result<std::unique_ptr<GuestDriver>> make_process_guests(ProcessGuestOptions options,
                                                         ProcessRunner& runner) {
  Result<ProcessResult> help =
      runner.run({options.exporter, "--help"}, std::chrono::milliseconds(10'000));
  if (!help) {
    return std::unexpected(std::move(help).error().with_context("node_exporter for the guests"));
  }
  std::error_code problem;
  fs::create_directories(options.folder, problem);
  if (problem) {
    return fail(ErrorCode::Unavailable,
                fmt::format("make the folder {}: {}", options.folder, problem.message()));
  }
  std::set<std::string> known = parse_known_flags(help->out + help->err);
  std::unique_ptr<GuestDriver> guests =
      std::make_unique<ProcessGuests>(std::move(options), std::move(known));
  return guests;
}

}  // namespace clickdeploy::localcloud
