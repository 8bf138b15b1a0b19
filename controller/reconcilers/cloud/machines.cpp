#include "controller/reconcilers/cloud/machines.h"

#include "controller/async/signal.h"
#include "controller/base/planted.h"
#include "controller/base/utf8.h"
#include "controller/reconcilers/instance/instance_plan.h"
#include "controller/reconcilers/instance/marks.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using agents::MachineScript;
using agents::ShellOutcome;
using api::v1alpha1::HostStatus;
using openstack::Server;
using std::chrono::seconds;

namespace {

constexpr seconds kLookDeadline{10};
constexpr seconds kChangeDeadline{20};
constexpr seconds kLeaveAlone{30};  // after it has not answered
constexpr seconds kReserved{120};
constexpr seconds kRemoveAgain{60};
constexpr std::size_t kLooksAtOnce = 4;
constexpr std::size_t kTokenShown = 8;
constexpr std::size_t kProjectMax = 64;
constexpr std::size_t kInstanceMax = 320;
constexpr std::size_t kMessageMax = 1024;

const std::string kNotPossible =
    "a machine of a Cloud of type Hosts is not changed but for its agents and its mark";

std::string cut_token(const std::string& token) {
  return token.substr(0, kTokenShown);
}

std::string claim_in(const agents::MachineMark& mark) {
  const auto claim = mark.find(std::string(kClaimMetadata));
  return claim == mark.end() ? "" : claim->second;
}

bool is_of(const std::optional<api::LabelSelector>& selector,
           const std::map<std::string, std::string>& labels) {
  return !selector || selector->matches(labels);
}

}  // namespace

struct Machines::Machine {
  api::v1alpha1::HostSpec spec;
  bool retired = false;                          // no longer in the spec
  std::string host_key;                          // that it showed first
  std::string known_id;                          // recorded, until it is seen
  std::string known_instance;                    // likewise
  std::optional<agents::MachineView> view = {};  // as last seen
  std::optional<Error> error = {};               // of the last look
  SteadyTime failed_at{};
  std::string reserved_for = {};  // a token
  SteadyTime reserved_until{};
  std::optional<SteadyTime> removed_at = {};  // when its removal was last begun
};

struct Machines::Round {
  std::vector<MachinePtr> due;
  std::size_t next = 0;
  std::size_t running = 0;
  Signal done{};
};

std::string MachineCount::text() const {
  std::string text =
      "of " + std::to_string(all) + " machines that match " + std::to_string(taken) + " are taken";
  if (foreign > 0) text += ", " + std::to_string(foreign) + " belong to another Click Deploy";
  if (unreachable > 0) text += ", " + std::to_string(unreachable) + " cannot be reached";
  return text + ", " + std::to_string(free) + " are free";
}

Machines::Machines(agents::RemoteShell& shell, Clock& clock, TaskGroup& tasks, std::string cloud,
                   std::string cluster_id)
    : shell_(shell),
      clock_(clock),
      tasks_(tasks),
      cloud_(std::move(cloud)),
      cluster_id_(std::move(cluster_id)) {}

void Machines::follow(const api::v1alpha1::CloudSpec& spec, SecretString key,
                      const std::vector<HostStatus>& known) {
  key_ = std::move(key);
  if (spec.ssh) ssh_ = *spec.ssh;
  for (auto& [name, machine] : machines_) machine->retired = true;
  for (const HostStatus& host : known) {
    MachinePtr& machine = machines_[host.name];
    if (machine != nullptr) continue;
    machine = std::make_shared<Machine>();
    machine->spec.name = host.name;
    machine->spec.address = host.address;
    machine->spec.port = host.port;
    machine->retired = true;
    machine->host_key = host.host_key;
    machine->known_id = host.server_id;
    machine->known_instance = host.instance;
  }
  for (const api::v1alpha1::HostSpec& host : spec.hosts) {
    MachinePtr& machine = machines_[host.name];
    if (machine == nullptr) machine = std::make_shared<Machine>();
    const bool moved = machine->spec.address != host.address || machine->spec.port != host.port;
    if (moved || machine->spec.host_key != host.host_key) machine->failed_at = {};
    machine->spec = host;
    machine->retired = false;
  }
}

agents::SshTarget Machines::target_of(const Machine& machine) const {
  const std::int64_t port = machine.spec.port != 0 ? machine.spec.port : ssh_.port;
  return {.host = machine.spec.address,
          .port = static_cast<std::uint16_t>(port),
          .user = ssh_.user,
          .private_key = key_,
          .host_key = machine.spec.host_key.empty() ? machine.host_key : machine.spec.host_key};
}

std::string Machines::id_of(const Machine& machine, const std::string& token) const {
  return cloud_ + "/" + machine.spec.name + "/" + cut_token(token);
}

std::string Machines::id_of(const Machine& machine) const {
  if (!machine.view) return machine.known_id;
  return machine.view->mark.empty() ? "" : id_of(machine, claim_in(machine.view->mark));
}

Machines::MachinePtr Machines::machine_of(const std::string& server_id) const {
  if (!server_id.starts_with(cloud_ + "/")) return nullptr;
  const std::string rest = server_id.substr(cloud_.size() + 1);
  const auto found = machines_.find(rest.substr(0, rest.find('/')));
  return found == machines_.end() ? nullptr : found->second;
}

std::string Machines::state_of(const Machine& machine) const {
  if (machine.error || !machine.view) return "Unreachable";
  if (machine.view->mark.empty()) return "Free";
  const auto cluster = machine.view->mark.find(std::string(kClusterMetadata));
  const bool ours = cluster != machine.view->mark.end() && cluster->second == cluster_id_;
  return ours ? "Taken" : "Foreign";
}

Server Machines::server_of(const Machine& machine) const {
  Server server;
  server.id = id_of(machine);
  server.name = machine.spec.name;
  server.status = machine.error || !machine.view ? "UNKNOWN" : "ACTIVE";
  if (machine.error) {
    server.fault = openstack::Fault{.code = 0, .message = machine.error->message()};
  }
  server.addresses = {{.network = "machine", .address = machine.spec.address, .type = "fixed"}};
  if (!machine.view) return server;
  server.metadata = machine.view->mark;
  server.agents_mark = machine.view->installed;
  if (machine.view->doing.empty()) server.failed_step = machine.view->failed_step;
  if (machine.view->doing == "remove") server.task_state = "deleting";
  if (machine.view->doing == "install") server.task_state = "installing";
  if (const std::string token = claim_in(machine.view->mark); !token.empty()) {
    server.tags.push_back(claim_tag(token));
  }
  if (state_of(machine) == "Taken") server.tags.push_back(cluster_tag(cluster_id_));
  return server;
}

std::string Machines::stranger() const {
  for (const auto& [name, machine] : machines_) {
    if (!machine->error || machine->error->code() != ErrorCode::PermissionDenied) continue;
    return machine->error->message() + ". If it was set up anew, write its key into hostKey of " +
           name + " in spec.hosts";
  }
  return "";
}

std::vector<HostStatus> Machines::statuses() const {
  std::vector<HostStatus> all;
  for (const auto& [name, machine] : machines_) {
    const agents::SshTarget target = target_of(*machine);
    HostStatus status{.name = name,
                      .address = machine->spec.address,
                      .port = target.port,
                      .state = state_of(*machine),
                      .server_id = id_of(*machine),
                      .instance = machine->known_instance,
                      .host_key = machine->host_key,
                      .message = ""};
    if (machine->view) {
      const auto instance = machine->view->mark.find(std::string(kInstanceMetadata));
      status.instance = instance == machine->view->mark.end() ? "" : instance->second;
    }
    if (machine->retired) {
      status.message =
          "it is no longer in spec.hosts; its Instance moves to another machine by the rules of "
          "its Service's rollout, and gives it back";
    }
    if (machine->view && !machine->view->failed.empty()) status.message = machine->view->failed;
    if (machine->error) status.message = machine->error->message();
    // As long as the schema allows: what another one wrote must not keep us from telling.
    status.instance = to_valid_utf8(status.instance.substr(0, kInstanceMax));
    status.message = to_valid_utf8(status.message.substr(0, kMessageMax));
    all.push_back(std::move(status));
  }
  return all;
}

MachineCount Machines::count(const std::optional<api::LabelSelector>& selector) const {
  MachineCount count;
  for (const auto& [name, machine] : machines_) {
    if (machine->retired || !is_of(selector, machine->spec.labels)) continue;
    ++count.all;
    const std::string state = state_of(*machine);
    const bool reserved =
        !machine->reserved_for.empty() && clock_.steady_now() < machine->reserved_until;
    if (state == "Free") ++(reserved ? count.taken : count.free);
    if (state == "Taken") ++count.taken;
    if (state == "Foreign") ++count.foreign;
    if (state == "Unreachable") ++count.unreachable;
  }
  return count;
}

Result<std::string> Machines::choose(const std::string& token,
                                     const std::optional<api::LabelSelector>& selector,
                                     const std::string& avoid) {
  const SteadyTime now = clock_.steady_now();
  const MachinePtr avoided = machine_of(avoid);
  MachinePtr chosen;
  for (const auto& [name, machine] : machines_) {
    const bool reserved = machine->reserved_for != token && !machine->reserved_for.empty() &&
                          now < machine->reserved_until;
    if (machine->retired || reserved || state_of(*machine) != "Free" ||
        !is_of(selector, machine->spec.labels)) {
      continue;
    }
    chosen = machine;
    if (chosen != avoided) break;
  }
  if (chosen == nullptr) {
    return fail(ErrorCode::ResourceExhausted,
                "no machine of Cloud " + cloud_ + " is free: " + count(selector).text() +
                    ". Add machines to its spec.hosts, or lower spec.replicas of a Service");
  }
  chosen->reserved_for = token;
  chosen->reserved_until = now + kReserved;
  return id_of(*chosen, token);
}

bool Machines::is_retired(const std::string& server_id) const {
  const MachinePtr machine = machine_of(server_id);
  return machine != nullptr && machine->retired;
}

Task<Result<ShellOutcome>> Machines::script(MachinePtr machine, MachineScript text,
                                            std::chrono::milliseconds deadline) {
  Result<ShellOutcome> outcome =
      co_await shell_.run_script(target_of(*machine), std::move(text), deadline);
  if (outcome) {
    machine->host_key = outcome->host_key;
    co_return outcome;
  }
  const std::string name = "machine " + machine->spec.name + " at " + machine->spec.address + ": ";
  constexpr std::string_view kConnect = "connect: ";
  // These first words say that nothing was sent: certainly_not_done().
  std::string words = outcome.error().message();
  const bool unsent = words.starts_with(kConnect);
  words = (unsent ? "connect to " : "SSH to ") + name + words.substr(unsent ? kConnect.size() : 0);
  co_return std::unexpected(Error(outcome.error().code(), words));
}

Task<Result<void>> Machines::look(MachinePtr machine) {
  Result<ShellOutcome> outcome = co_await script(machine, agents::look_script(), kLookDeadline);
  Result<agents::MachineView> view;
  if (!outcome) {
    view = std::unexpected(std::move(outcome).error());
  } else if (outcome->exit_status != 0) {
    view = fail(ErrorCode::Unavailable, "machine " + machine->spec.name + " at " +
                                            machine->spec.address + " says: " + outcome->words);
  } else {
    view = agents::read_look(outcome->output);
  }
  if (!view) {
    machine->error = view.error();
    machine->failed_at = clock_.steady_now();
    co_return std::unexpected(std::move(view).error());
  }
  machine->error.reset();
  machine->view = *std::move(view);
  machine->known_id.clear();
  co_return Result<void>{};
}

Task<void> Machines::look_at_some(std::shared_ptr<Round> round) {
  while (round->next < round->due.size()) {
    MachinePtr machine = round->due[round->next++];
    [[maybe_unused]] Result<void> looked = co_await look(std::move(machine));
  }
  --round->running;
  round->done.notify();
}

Task<Result<openstack::CloudSnapshot>> Machines::sweep() {
  const SteadyTime now = clock_.steady_now();
  auto round = std::make_shared<Round>();
  for (const auto& [name, machine] : machines_) {
    const bool failed = machine->failed_at != SteadyTime{};
    if (machine->error && failed && now - machine->failed_at < kLeaveAlone) continue;
    round->due.push_back(machine);
  }
  for (std::size_t i = 0; i < std::min(kLooksAtOnce, round->due.size()); ++i) {
    ++round->running;
    tasks_.start("look at machines of " + cloud_, look_at_some(round));
  }
  while (true) {
    const std::uint64_t seen = round->done.version();
    if (round->running == 0) break;
    co_await round->done.wait(seen);
  }
  // One that is neither wanted nor taken is nobody's business.
  std::erase_if(machines_, [&](const auto& each) {
    const Machine& machine = *each.second;
    return machine.retired &&
           (id_of(machine).empty() || (!machine.error && state_of(machine) != "Taken"));
  });
  co_return snapshot();
}

openstack::CloudSnapshot Machines::snapshot() const {
  openstack::CloudSnapshot next;
  next.identity.project_id = cloud_.substr(cloud_.find('/') + 1).substr(0, kProjectMax);
  const MachineCount all = count(std::nullopt);
  next.quota.instances = {.limit = all.all, .used = all.all - all.free};
  std::set<std::string> counted;
  for (const auto& [name, machine] : machines_) {
    Server server = server_of(*machine);
    if (server.id.empty() || (machine->error && planted(Bug::UnreachableMeansGone))) continue;
    counted.insert(server.id);
    std::string id = server.id;
    next.servers.emplace(std::move(id), std::move(server));
  }
  next.counted = std::make_shared<const std::set<std::string>>(std::move(counted));
  return next;
}

Task<Result<std::vector<Server>>> Machines::list_servers(std::string tag) {
  std::vector<MachinePtr> suspects;
  for (const auto& [name, machine] : machines_) {
    const bool marked =
        machine->view && (tag.empty() ? !machine->view->mark.empty()
                                      : claim_tag(claim_in(machine->view->mark)) == tag);
    const bool asked = !machine->reserved_for.empty() && claim_tag(machine->reserved_for) == tag;
    if (marked || asked) suspects.push_back(machine);
  }
  std::vector<Server> servers;
  for (const MachinePtr& machine : suspects) {
    Result<void> looked = co_await look(machine);
    if (!looked) co_return std::unexpected(std::move(looked).error());
    Server server = server_of(*machine);
    const bool has_tag = std::ranges::find(server.tags, tag) != server.tags.end();
    if (!server.id.empty() && (tag.empty() || has_tag)) servers.push_back(std::move(server));
  }
  co_return servers;
}

Task<Result<std::optional<Server>>> Machines::get_server(std::string id) {
  MachinePtr machine = machine_of(id);
  if (machine == nullptr || (planted(Bug::MachineNotAwaited) && machine->removed_at)) {
    co_return std::optional<Server>();
  }
  Result<void> looked = co_await look(machine);
  if (!looked && planted(Bug::UnreachableMeansGone)) co_return std::optional<Server>();
  if (!looked) co_return std::unexpected(std::move(looked).error());
  Server server = server_of(*machine);
  if (server.id != id) co_return std::optional<Server>();
  co_return std::optional<Server>(std::move(server));
}

Task<Result<std::string>> Machines::create_server(openstack::ServerCreate create) {
  MachinePtr machine = machine_of(create.host);
  if (machine == nullptr || machine->retired) {
    co_return fail(ErrorCode::NotFound,
                   "the machine of " + create.host + " is no longer in the Cloud's spec.hosts");
  }
  Result<MachineScript> text = agents::take_script(create.metadata);
  if (!text) co_return std::unexpected(std::move(text).error());
  Result<ShellOutcome> outcome = co_await script(machine, *std::move(text), kChangeDeadline);
  if (!outcome) co_return std::unexpected(std::move(outcome).error());
  machine->reserved_for.clear();
  if (outcome->exit_status != 0) {
    std::string words = std::move(outcome->words);
    const bool lost = outcome->exit_status == agents::kTakenByAnother;
    // What is on it now decides who asks for it next.
    [[maybe_unused]] Result<void> looked = co_await look(machine);
    if (lost) {
      co_return fail(ErrorCode::ResourceExhausted,
                     "machine " + machine->spec.name + " was taken by another Click Deploy first");
    }
    co_return fail(ErrorCode::InvalidArgument, "machine " + machine->spec.name + " at " +
                                                   machine->spec.address +
                                                   " could not be marked: " + words);
  }
  machine->view = agents::MachineView{.mark = std::move(create.metadata)};
  co_return id_of(*machine);
}

// The mark that the machine has; the script looks whether it still has it.
Task<Result<void>> Machines::change(MachinePtr machine, Result<MachineScript> text,
                                    std::string what) {
  if (!text) co_return std::unexpected(std::move(text).error().with_context(what));
  Result<ShellOutcome> outcome = co_await script(machine, *std::move(text), kChangeDeadline);
  if (!outcome) co_return std::unexpected(std::move(outcome).error().with_context(what));
  if (outcome->exit_status != 0 && outcome->exit_status != agents::kTakenByAnother) {
    co_return fail(ErrorCode::Unavailable, what + ": machine " + machine->spec.name + " at " +
                                               machine->spec.address + " says: " + outcome->words);
  }
  [[maybe_unused]] Result<void> looked = co_await look(machine);
  co_return Result<void>{};
}

Task<Result<void>> Machines::install(std::string id, agents::UserDataInput input) {
  MachinePtr machine = machine_of(id);
  if (machine == nullptr || !machine->view || id_of(*machine) != id) {
    co_return fail(ErrorCode::Unavailable, "machine of " + id + " has not been seen yet");
  }
  Result<MachineScript> text = agents::install_script(machine->view->mark, input);
  Result<void> done = co_await change(std::move(machine), std::move(text), "install agents");
  co_return done;
}

Task<Result<void>> Machines::delete_server(std::string id) {
  MachinePtr machine = machine_of(id);
  if (machine == nullptr || !machine->view || id_of(*machine) != id) co_return Result<void>{};
  const SteadyTime now = clock_.steady_now();
  const bool again = machine->removed_at && now - *machine->removed_at < kRemoveAgain;
  if (!machine->view->failed.empty() && again) {
    co_return fail(ErrorCode::Unavailable, "machine " + machine->spec.name + ": " +
                                               machine->view->failed +
                                               "; it is tried again every minute. See "
                                               "/var/lib/click-deploy/machine/remove.log there");
  }
  machine->removed_at = now;
  Result<MachineScript> text = agents::release_script(machine->view->mark, false);
  Result<void> done = co_await change(std::move(machine), std::move(text), "give machine back");
  co_return done;
}

Task<Result<void>> Machines::let_go(std::string id) {
  MachinePtr machine = machine_of(id);
  if (machine == nullptr || !machine->view || id_of(*machine) != id) co_return Result<void>{};
  Result<MachineScript> text = agents::release_script(machine->view->mark, true);
  Result<void> done = co_await change(std::move(machine), std::move(text), "let machine go");
  co_return done;
}

Task<Result<ShellOutcome>> Machines::run(std::string id, std::vector<std::string> argv,
                                         std::chrono::milliseconds deadline) {
  MachinePtr machine = machine_of(id);
  if (machine == nullptr) co_return fail(ErrorCode::NotFound, "there is no machine of " + id);
  auto outcome = co_await shell_.run(target_of(*machine), std::move(argv), deadline);
  if (outcome) machine->host_key = outcome->host_key;
  co_return outcome;
}

Task<Result<std::string>> Machines::console_output(std::string id, int) {
  MachinePtr machine = machine_of(id);
  if (machine == nullptr) co_return std::string();
  Result<ShellOutcome> outcome = co_await script(machine, agents::log_script(), kLookDeadline);
  if (!outcome) co_return std::unexpected(std::move(outcome).error());
  co_return std::move(outcome->output);
}

Task<Result<void>> Machines::reboot_server(std::string, openstack::RebootType) {
  co_return fail(ErrorCode::InvalidArgument, kNotPossible);
}

Task<Result<void>> Machines::set_server_metadata(std::string, std::map<std::string, std::string>) {
  co_return fail(ErrorCode::InvalidArgument, kNotPossible);
}

Task<Result<void>> Machines::delete_server_metadata(std::string, std::string) {
  co_return fail(ErrorCode::InvalidArgument, kNotPossible);
}

Task<Result<void>> Machines::add_server_tag(std::string, std::string) {
  co_return fail(ErrorCode::InvalidArgument, kNotPossible);
}

Task<Result<void>> Machines::delete_server_tag(std::string, std::string) {
  co_return fail(ErrorCode::InvalidArgument, kNotPossible);
}

Task<Result<void>> Machines::rename_server(std::string, std::string) {
  co_return fail(ErrorCode::InvalidArgument, kNotPossible);
}

}  // namespace clickdeploy::reconcilers
