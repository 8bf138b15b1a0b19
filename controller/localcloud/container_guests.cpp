#include "controller/localcloud/container_guests.h"

#include "controller/base/json.h"
#include "controller/base/text.h"
#include "controller/localcloud/child_process_internal.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <unistd.h>

namespace clickdeploy::localcloud {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kConsoleMax = 256 * 1024;
constexpr std::string_view kCgroups = "/sys/fs/cgroup";

// Process 1 of the guest's namespaces: sets the machine up around nspawn. Mounts and the network
// namespace are private to it, so nothing is left of them when it is killed. Exit code 133 of
// nspawn is a reboot from within.
constexpr const char* kKeeper = R"(
set -e
name=$1 folder=$2 rootfs=$3 address=$4 host=$5 id=$6
mkdir -p "$folder/upper" "$folder/work" "$folder/disk" "$folder/docker" "$folder/containerd"
rm -rf "$folder/work/work/incompat"
mount -t overlay localcloud \
  -o "volatile,lowerdir=$rootfs,upperdir=$folder/upper,workdir=$folder/work" "$folder/disk"

for own in /run/netns /run/systemd/nspawn; do
  mkdir -p "$own"
  mount -t tmpfs localcloud "$own"
done
ip link delete "$name" 2> /dev/null || true
ip netns add "$name"
ip -n "$name" link set lo up
ip link add "$name" type veth peer name eth0 netns "$name"
echo 1 > "/proc/sys/net/ipv4/conf/$name/route_localnet"
nsenter --net="/run/netns/$name" sh -c 'echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet'
ip link set "$name" up
ip -n "$name" link set eth0 up
ip -n "$name" address add "$address/32" dev eth0
ip -n "$name" route add "$host/32" dev eth0 src "$address" table local
ip route add "$address/32" dev "$name" src "$host" table local

join_cgroups() {
  for top in /sys/fs/cgroup /sys/fs/cgroup/*; do
    [ -f "$top/cgroup.procs" ] && [ ! -L "$top" ] || continue
    mkdir -p "$top/localcloud-$name"
    for kind in cpus mems; do
      [ ! -f "$top/localcloud-$name/cpuset.$kind" ] ||
        cat "$top/cpuset.$kind" > "$top/localcloud-$name/cpuset.$kind" || true
    done
    echo 0 > "$top/localcloud-$name/cgroup.procs" || true
    [ ! -f /sys/fs/cgroup/cgroup.procs ] || break
  done
}
while :; do
  code=0
  (join_cgroups
   exec systemd-nspawn --quiet --register=no --keep-unit --machine="$name" --uuid="$id" \
     --directory="$folder/disk" --network-namespace-path="/run/netns/$name" \
     --link-journal=no --timezone=off --resolv-conf=off --console=read-only --boot \
     --capability=all --system-call-filter='@keyring bpf' \
     --bind="$folder/docker:/var/lib/docker" \
     --bind="$folder/containerd:/var/lib/containerd") || code=$?
  [ "$code" = 133 ] || exit "$code"
done
)";

struct Guest {
  GuestFacts facts;
  std::string name;  // of its link, namespace and machine: at most 15 characters
  std::string folder;
  std::unique_ptr<ChildProcess> keeper;

  std::string console() const { return folder + "/console.log"; }
  void say(std::string_view line) const { std::ofstream(console(), std::ios::app) << line << '\n'; }
};

Result<void> write_file(const std::string& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  if (!file) return fail(ErrorCode::Unavailable, "cannot write " + path);
  return {};
}

// The config drive where cloud-init looks for it in a container.
Result<void> make_disk(const Guest& guest) {
  std::error_code problem;
  fs::remove_all(guest.folder, problem);
  const std::string drive =
      guest.folder + "/upper/var/lib/cloud/seed/config_drive/openstack/latest";
  fs::create_directories(drive, problem);
  if (problem) return fail(ErrorCode::Unavailable, "cannot make the disk: " + problem.message());
  const Json metadata = Json::object({{"uuid", guest.facts.id},
                                      {"name", guest.facts.name},
                                      {"hostname", guest.facts.name},
                                      {"availability_zone", "nova"},
                                      {"launch_index", 0}});
  Result<void> written = write_file(drive + "/meta_data.json", to_json(metadata));
  if (!written || guest.facts.user_data.empty()) return written;
  return write_file(drive + "/user_data", guest.facts.user_data);
}

// Kills process 1 of the guest's PID namespace: the keeper's parent, unshare, ends only when the
// kernel has done away with every process in there.
void power_off(Guest& guest) {
  if (!guest.keeper) return;
  std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", guest.keeper->pid()));
  pid_t first = 0;
  if (children >> first && ::kill(first, SIGKILL) == 0) guest.keeper->wait();
  guest.keeper.reset();
}

class ContainerGuests final : public GuestDriver {
 public:
  explicit ContainerGuests(ContainerGuestOptions options) : options_(std::move(options)) {}
  ~ContainerGuests() override;

  Result<void> start(const GuestFacts& facts, Boot boot) override;
  void stop(const std::string& id) override;
  void destroy(const std::string& id) override;
  std::string console_output(const std::string& id) override;
  std::vector<RunningGuest> running() override;
  void poll() override;

 private:
  ContainerGuestOptions options_;
  std::map<std::string, Guest> guests_;
  std::set<std::string> leaving_;  // names whose cgroups are to be removed
};

Result<void> ContainerGuests::start(const GuestFacts& facts, Boot boot) {
  if (facts.address.empty()) return {};  // nothing could reach it
  Guest& guest = guests_[facts.id];
  power_off(guest);
  guest.facts = facts;
  guest.name = "lc" + sha256_hex(facts.id).substr(0, 12);
  guest.folder = options_.folder + "/" + facts.id;
  leaving_.erase(guest.name);
  std::error_code problem;
  if (boot == Boot::First || !fs::exists(guest.folder, problem)) {
    Result<void> made = make_disk(guest);
    if (!made) return made;
  }
  ChildOptions child;
  child.argv = {"/usr/bin/unshare",
                "--mount",
                "--propagation=private",
                "--pid",
                "--fork",
                "--kill-child=KILL",
                "--mount-proc",
                "/bin/sh",
                "-c",
                kKeeper,
                "keeper",
                guest.name,
                guest.folder,
                options_.rootfs,
                facts.address,
                options_.host_address,
                facts.id};
  child.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                       "SYSTEMD_NSPAWN_API_VFS_WRITABLE=network"};
  child.folder = guest.folder;
  child.log_file = guest.console();
  Result<std::unique_ptr<ChildProcess>> started = ChildProcess::start(child);
  if (!started) return std::unexpected(std::move(started).error());
  guest.keeper = std::move(*started);
  spdlog::info("Booted container of server {} at {}, pid {}", facts.name, facts.address,
               guest.keeper->pid());
  return {};
}

void ContainerGuests::stop(const std::string& id) {
  auto guest = guests_.find(id);
  if (guest != guests_.end()) power_off(guest->second);
}

void ContainerGuests::destroy(const std::string& id) {
  auto guest = guests_.find(id);
  if (guest == guests_.end()) return;
  power_off(guest->second);
  leaving_.insert(guest->second.name);
  std::error_code problem;
  fs::remove_all(guest->second.folder, problem);
  guests_.erase(guest);
}

std::string ContainerGuests::console_output(const std::string& id) {
  auto guest = guests_.find(id);
  if (guest == guests_.end()) return "";
  std::stringstream content;
  content << std::ifstream(guest->second.console(), std::ios::binary).rdbuf();
  std::string text = content.str();
  if (text.size() > kConsoleMax) text.erase(0, text.size() - kConsoleMax);
  return text;
}

std::vector<RunningGuest> ContainerGuests::running() {
  poll();
  std::vector<RunningGuest> list;
  for (const auto& [id, guest] : guests_) {
    if (guest.keeper && guest.keeper->running()) list.push_back({id, {guest.keeper->pid()}});
  }
  return list;
}

// A cgroup can be removed only when the last process in it is gone.
bool remove_cgroups(const std::string& name) {
  bool gone = true;
  std::error_code problem;
  std::vector<fs::path> found{fs::path(kCgroups) / ("localcloud-" + name)};
  for (const fs::directory_entry& top : fs::directory_iterator(kCgroups, problem)) {
    found.push_back(top.path() / ("localcloud-" + name));
  }
  for (const fs::path& group : found) {
    if (!fs::is_directory(group, problem)) continue;
    std::vector<fs::path> folders{group};
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(group, problem)) {
      if (entry.is_directory(problem)) folders.push_back(entry.path());
    }
    // Children have longer paths than their parents.
    std::ranges::sort(folders, std::ranges::greater(),
                      [](const fs::path& path) { return path.native().size(); });
    for (const fs::path& folder : folders) gone = ::rmdir(folder.c_str()) == 0 && gone;
  }
  return gone;
}

ContainerGuests::~ContainerGuests() {
  for (auto& [id, guest] : guests_) {
    power_off(guest);
    leaving_.insert(guest.name);
  }
  poll();
}

void ContainerGuests::poll() {
  for (auto& [id, guest] : guests_) {
    if (!guest.keeper) continue;
    const std::string ended = guest.keeper->poll();
    if (ended.empty()) continue;
    guest.say("the container " + ended);
    spdlog::info("Container of server {} {}", guest.facts.name, ended);
    guest.keeper.reset();
  }
  std::erase_if(leaving_, remove_cgroups);
}

}  // namespace

Result<std::unique_ptr<GuestDriver>> make_container_guests(ContainerGuestOptions options,
                                                           ProcessRunner& runner) {
  if (::geteuid() != 0) {
    return fail(ErrorCode::PermissionDenied, "container guests need root");
  }
  std::error_code problem;
  if (!fs::exists(options.rootfs + "/usr/lib/systemd/systemd", problem)) {
    return fail(ErrorCode::NotFound,
                fmt::format("'{}' is no root file system with systemd; scripts/build-guest-rootfs "
                            "makes one",
                            options.rootfs));
  }
  for (const char* program : {"systemd-nspawn", "ip", "nsenter", "unshare"}) {
    const char* flag = std::string_view(program) == "ip" ? "-Version" : "--version";
    Result<ProcessResult> found = runner.run({program, flag}, std::chrono::milliseconds(10'000));
    if (!found) {
      return std::unexpected(std::move(found).error().with_context("container guests"));
    }
  }
  fs::create_directories(options.folder, problem);
  if (problem) {
    return fail(ErrorCode::Unavailable,
                fmt::format("make the folder {}: {}", options.folder, problem.message()));
  }
  std::unique_ptr<GuestDriver> guests = std::make_unique<ContainerGuests>(std::move(options));
  return guests;
}

}  // namespace clickdeploy::localcloud
