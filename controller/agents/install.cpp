#include "controller/agents/cloud_init.h"
#include "controller/agents/install_internal.h"
#include "controller/agents/shell_words_internal.h"
#include "controller/agents/version.h"
#include "controller/agents/web_config.h"
#include "controller/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace clickdeploy::agents {

namespace {

constexpr std::string_view kPackageTextfiles = "/var/lib/prometheus/node-exporter";
constexpr std::string_view kOwnTextfiles = "/var/lib/click-deploy/textfile";
constexpr std::string_view kInstaller = "/var/lib/click-deploy/install-agent.sh";
constexpr std::string_view kCheck = "/var/lib/click-deploy/check-agent.sh";
constexpr std::string_view kAgentUser = "click-deploy-agent";
constexpr std::string_view kMakeCertificate = "/var/lib/click-deploy/make-certificate.sh";
constexpr std::string_view kPackageUser = "prometheus";  // of Debian's exporters
constexpr std::string_view kContainerUser = "65534";     // "nobody" of the image of node_exporter

// Runs one step and tells its outcome: on the console, for when no agent ever answers, and as a
// metric, which node_exporter shows.
constexpr std::string_view kStepText = R"sh(#!/bin/sh
# Usage: step.sh NAME COMMAND...
name=$1
shift
output=$("$@" 2>&1)
status=$?
[ -z "$output" ] || printf '%s\n' "$output"
outcome=succeeded words=
if [ "$status" -ne 0 ]; then
  outcome=failed
  words=$(printf %s "$output" | tail -n 1 | tr -d '"\\' | tr -cd ' -~' | cut -c 1-160)
fi
echo "click-deploy: step \"$name\" $outcome with exit status $status${words:+: $words}"
for folder in /var/lib/prometheus/node-exporter /var/lib/click-deploy/textfile; do
  [ -d "$folder" ] || continue
  file=$folder/click_deploy_step_$(printf %s "$name" | tr -c 'a-z0-9' _).prom
  {
    echo '# HELP click_deploy_bootstrap_step A step of the first boot, and its outcome.'
    echo '# TYPE click_deploy_bootstrap_step gauge'
    echo "click_deploy_bootstrap_step{step=\"$name\",outcome=\"$outcome\",status=\"$status\",words=\"$words\"} 1"
  } >"$file.new"
  chmod 0644 "$file.new"
  mv -f "$file.new" "$file"
done
exit "$status"
)sh";

// systemd and Docker say that they have started what ends a moment later, as after a bad argument.
constexpr std::string_view kCheckText = R"sh(#!/bin/sh
# Usage: check-agent.sh unit|container NAME
# Does it still run three seconds after its start? If not, its last words are shown.
sleep 3
if [ "$1" = unit ]; then
  systemctl is-active --quiet "$2" && exit 0
  journalctl --quiet --no-pager --output=cat --lines=5 "_SYSTEMD_UNIT=$2"
else
  [ "$(docker inspect --format '{{.State.Running}} {{.RestartCount}}' "$2")" = 'true 0' ] && exit 0
  docker logs --tail 5 "$2"
fi
exit 1
)sh";

// A constant text: everything that differs between agents comes in as an argument.
constexpr std::string_view kInstallerText = R"sh(#!/bin/sh
# Usage: install-agent.sh URL SHA256 BINARY TARGET USER
# Installs BINARY, alone or out of a tar archive, as TARGET, and makes the system user USER.
set -eu
url=$1 sha256=$2 binary=$3 target=$4 user=$5

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

curl --fail --silent --show-error --location --proto '=http,https' \
  --retry 10 --retry-delay 3 --retry-connrefused --connect-timeout 10 --max-time 600 \
  --output "$work/download" -- "$url"
if ! printf '%s  %s\n' "$sha256" "$work/download" | sha256sum --check --status; then
  echo "install-agent: the SHA-256 of $url is not $sha256" >&2
  exit 1
fi

mkdir "$work/unpacked"
if tar -xf "$work/download" -C "$work/unpacked" --no-same-owner 2>/dev/null; then
  found=$(find "$work/unpacked" -type f -name "$binary" | head -n 1)
else
  found=$work/download
fi
if [ -z "$found" ]; then
  echo "install-agent: no $binary in $url" >&2
  exit 1
fi

id -u "$user" >/dev/null 2>&1 ||
  useradd --system --no-create-home --shell /usr/sbin/nologin "$user"
install -D -m 0755 "$found" "$target.new"
mv -f "$target.new" "$target"
)sh";

Json file(std::string_view path, std::string_view permissions, std::string content) {
  return Json::object(
      {{"path", path}, {"permissions", permissions}, {"content", std::move(content)}});
}

// One step of the boot, by the name of the agent and what it does.
void add_step(CloudConfigParts& parts, const Agent& agent, std::string_view does,
              const std::vector<std::string>& argv) {
  const Json step = step_file();
  if (std::ranges::find(parts.write_files.as_array(), step) == parts.write_files.as_array().end()) {
    parts.write_files.push_back(step);
  }
  Json list = Json::array({"sh", std::string(kStep), fmt::format("{}: {}", agent.name, does)});
  for (const std::string& word : argv) list.push_back(word);
  parts.runcmd.push_back(std::move(list));
}

// The files of a locked agent, and the step that makes its certificate and gives them to the user
// that it runs as. cloud-init writes files before that user exists.
void add_lock(CloudConfigParts& parts, const Agent& agent, const AgentLock& lock,
              std::string_view owner) {
  if (!is_locked(agent)) return;
  parts.write_files.push_back(file(web_config_path(agent), "0600", web_config_text(agent, lock)));
  parts.write_files.push_back(file(kMakeCertificate, "0755", std::string(kMakeCertificateText)));
  const bool given = !lock.certificate_pem.empty();
  if (agent.tls && given) {
    parts.write_files.push_back(file(certificate_path(agent), "0644", lock.certificate_pem));
    parts.write_files.push_back(file(key_path(agent), "0600", lock.key_pem.reveal()));
  }
  if (agent.tls && !given) parts.packages.push_back("openssl");
  add_step(parts, agent, "lock",
           {"sh", std::string(kMakeCertificate), agent.tls ? certificate_path(agent) : "",
            agent.tls ? key_path(agent) : "", std::string(owner), web_config_path(agent)});
}

void add_check(CloudConfigParts& parts, const Agent& agent, std::string_view kind,
               const std::string& name) {
  parts.write_files.push_back(file(kCheck, "0755", std::string(kCheckText)));
  add_step(parts, agent, "check", {"sh", std::string(kCheck), std::string(kind), name});
}

std::uint16_t port_of(const Agent& agent, const CatalogEntry& entry) {
  return agent.port != 0 ? agent.port : entry.default_port;
}

bool is_node_exporter(const CatalogEntry& entry) {
  return entry.name == "node-exporter";
}

bool is_caddy(const CatalogEntry& entry) {
  return entry.name == "caddy";
}

// Images of ours are made of packages.
bool uses_package_folder(const Agent& agent) {
  return agent.install.method == InstallMethod::Package ||
         agent.install.method == InstallMethod::Prebuilt;
}

// The collector reads it as it reads any other program's file.
Json identity_file(std::string_view folder, const std::string& identity) {
  return file(fmt::format("{}/click_deploy.prom", folder), "0644", identity);
}

// Metrics on a port of their own: the admin interface, which has them too, can also be told to
// change everything. Sites go to conf.d.
Json caddyfile(std::uint16_t port) {
  return file(kCaddyfile, "0644",
              fmt::format("{{\n\tservers {{\n\t\tmetrics\n\t}}\n\tadmin localhost:2020\n"
                          "}}\n\n:{} {{\n\tmetrics /metrics\n}}\n\nimport /etc/caddy/conf.d/*\n",
                          port));
}

// The agent's own arguments, whatever runs it.
std::vector<std::string> agent_arguments(const Agent& agent, const CatalogEntry& entry,
                                         std::string_view textfiles) {
  const std::uint16_t port = port_of(agent, entry);
  std::vector<std::string> arguments;
  if (is_node_exporter(entry)) {
    arguments = {fmt::format("--web.listen-address=:{}", port),
                 fmt::format("--collector.textfile.directory={}", textfiles)};
    if (is_locked(agent)) arguments.push_back("--web.config.file=" + web_config_path(agent));
  } else if (entry.name == "cadvisor") {
    arguments = {fmt::format("--port={}", port)};
  }
  arguments.insert(arguments.end(), agent.extra_args.begin(), agent.extra_args.end());
  return arguments;
}

// Debian's packages of one version differ in their revision, which nobody asks for by name.
Json package(const Agent& agent, const CatalogEntry& entry) {
  if (agent.version.empty()) return entry.package;
  return Json::array({entry.package, agent.version + "*"});
}

// What systemd lets the agent use; "" is no limit.
std::string unit_limits(const Agent& agent) {
  std::string limits;
  if (agent.memory_mib > 0) limits += fmt::format("MemoryMax={}M\n", agent.memory_mib);
  if (!agent.cpus.empty()) {
    limits +=
        fmt::format("CPUQuota={}%\n", std::lround(std::strtod(agent.cpus.c_str(), nullptr) * 100));
  }
  return limits;
}

void add_limits_of_unit(CloudConfigParts& parts, const Agent& agent, const std::string& unit) {
  const std::string limits = unit_limits(agent);
  if (limits.empty()) return;
  parts.write_files.push_back(
      file(fmt::format("/etc/systemd/system/{}.service.d/click-deploy.conf", unit), "0644",
           "[Service]\n" + limits));
  add_step(parts, agent, "limits", {"systemctl", "daemon-reload"});
}

// cloud-init writes files before it installs packages, and lets apt keep a configuration file that
// is there. The restart is for images that bring the package along.
void add_package(CloudConfigParts& parts, const Agent& agent, const CatalogEntry& entry,
                 const AgentLock& lock) {
  parts.packages.push_back(package(agent, entry));
  if (is_node_exporter(entry)) {
    parts.write_files.push_back(
        file("/etc/default/" + entry.package, "0644",
             environment_assignment("ARGS", agent_arguments(agent, entry, kPackageTextfiles))));
  }
  if (is_caddy(entry)) parts.write_files.push_back(caddyfile(port_of(agent, entry)));
  add_limits_of_unit(parts, agent, entry.package);
  add_lock(parts, agent, lock, kPackageUser);
  add_step(parts, agent, "start", {"systemctl", "restart", entry.package});
  add_check(parts, agent, "unit", entry.package + ".service");
}

std::string image_of(const Agent& agent, const CatalogEntry& entry) {
  if (!agent.install.image.empty()) return agent.install.image;
  const std::string& version = agent.version.empty() ? entry.default_version : agent.version;
  const bool is_bare_number = version.front() >= '0' && version.front() <= '9';
  // Caddy's tags are bare numbers.
  const char* prefix = is_bare_number && !is_caddy(entry) ? "v" : "";
  return fmt::format("{}:{}{}", entry.default_image, prefix, version);
}

std::vector<std::string> docker_options(const Agent& agent, const CatalogEntry& entry) {
  std::int64_t memory_mib = agent.memory_mib;
  std::vector<std::string> options;
  if (is_node_exporter(entry)) {
    if (memory_mib == 0) memory_mib = 64;
    options = {"--pid=host", "--volume=/:/host:ro,rslave",
               fmt::format("--volume={0}:{0}:ro", kOwnTextfiles)};
  } else if (entry.name == "cadvisor") {
    if (memory_mib == 0) memory_mib = 256;
    options = {"--privileged",
               "--device=/dev/kmsg",
               "--volume=/:/rootfs:ro",
               "--volume=/var/run:/var/run:ro",
               "--volume=/sys:/sys:ro",
               "--volume=/var/lib/docker/:/var/lib/docker:ro",
               "--volume=/dev/disk/:/dev/disk:ro"};
  } else if (is_caddy(entry)) {
    options = {"--volume=/etc/caddy:/etc/caddy:ro", "--volume=click-deploy-caddy:/data"};
  }
  if (is_locked(agent)) options.push_back("--volume=/etc/click-deploy:/etc/click-deploy:ro");
  if (memory_mib > 0) options.push_back(fmt::format("--memory={}m", memory_mib));
  if (!agent.cpus.empty()) options.push_back("--cpus=" + agent.cpus);
  return options;
}

void add_container(CloudConfigParts& parts, const Agent& agent, const CatalogEntry& entry,
                   const AgentLock& lock) {
  std::vector<std::string> argv = {
      "docker",           "run",
      "--detach",         fmt::format("--name=click-deploy-{}", entry.name),
      "--restart=always", "--network=host"};
  const std::vector<std::string> options = docker_options(agent, entry);
  argv.insert(argv.end(), options.begin(), options.end());
  argv.push_back(image_of(agent, entry));
  if (is_node_exporter(entry)) argv.push_back("--path.rootfs=/host");
  const std::vector<std::string> arguments = agent_arguments(agent, entry, kOwnTextfiles);
  argv.insert(argv.end(), arguments.begin(), arguments.end());

  if (is_caddy(entry)) parts.write_files.push_back(caddyfile(port_of(agent, entry)));
  parts.packages.push_back("docker.io");
  add_lock(parts, agent, lock, kContainerUser);
  add_step(parts, agent, "start", argv);
  add_check(parts, agent, "container", fmt::format("click-deploy-{}", entry.name));
}

std::string unit_text(const std::string& program, const Agent& agent, const CatalogEntry& entry) {
  std::vector<std::string> argv = agent_arguments(agent, entry, kOwnTextfiles);
  argv.insert(argv.begin(), program);
  // cAdvisor reads every control group, which only root may.
  const std::string user =
      entry.name == "cadvisor" ? std::string() : fmt::format("User={}\n", kAgentUser);
  return fmt::format(
      "[Unit]\n"
      "Description=Click Deploy agent {}\n"
      "After=network-online.target\n"
      "Wants=network-online.target\n"
      "\n"
      "[Service]\n"
      "{}ExecStart={}\n"
      "Restart=always\n"
      "RestartSec=5\n"
      "NoNewPrivileges=yes\n"
      "{}"
      "\n"
      "[Install]\n"
      "WantedBy=multi-user.target\n",
      entry.name, user, exec_start(argv), unit_limits(agent));
}

void add_archive(CloudConfigParts& parts, const Agent& agent, const CatalogEntry& entry,
                 const AgentLock& lock) {
  const std::string name = fmt::format("click-deploy-{}", entry.name);
  const std::string program = "/opt/click-deploy/bin/" + entry.binary;
  const std::string unit = name + ".service";
  parts.packages.push_back("curl");
  parts.write_files.push_back(file(kInstaller, "0755", std::string(kInstallerText)));
  parts.write_files.push_back(
      file("/etc/systemd/system/" + unit, "0644", unit_text(program, agent, entry)));
  add_step(parts, agent, "download",
           {"sh", std::string(kInstaller), agent.install.url, to_lower(agent.install.sha256),
            entry.binary, program, std::string(kAgentUser)});
  add_lock(parts, agent, lock, kAgentUser);
  add_step(parts, agent, "unit", {"systemctl", "daemon-reload"});
  add_step(parts, agent, "start", {"systemctl", "enable", "--now", unit});
  add_check(parts, agent, "unit", unit);
}

void add_prebuilt(CloudConfigParts& parts, const Agent& agent) {
  const std::vector<std::string> restart = restart_command(agent);
  if (restart.empty()) return;
  add_step(parts, agent, "start", restart);
  const std::string& unit = restart.back();
  add_check(parts, agent, "unit", unit.contains('.') ? unit : unit + ".service");
}

}  // namespace

Json step_file() {
  return file(kStep, "0755", std::string(kStepText));
}

std::string identity_text(const std::string& instance_uid, const std::vector<Agent>& agents) {
  std::string text = fmt::format(
      "# HELP {0} The Instance that this server was made for.\n"
      "# TYPE {0} gauge\n"
      "{0}{{instance_uid=\"{1}\"}} 1\n"
      "# HELP {2} The settings that an agent was installed with.\n"
      "# TYPE {2} gauge\n",
      kAgentInfoMetric, instance_uid, kAgentConfigMetric);
  for (const Agent& agent : agents) {
    if (agent.install.method == InstallMethod::None) continue;
    text += fmt::format("{}{{agent=\"{}\",config=\"{}\"}} 1\n", kAgentConfigMetric, agent.name,
                        settings_mark(agent));
  }
  return text;
}

void add_agent(CloudConfigParts& parts, const Agent& agent, const AgentLock& lock,
               const std::string& identity) {
  const CatalogEntry entry = describe(agent);
  if (entry.tells_identity && agent.install.method != InstallMethod::None) {
    parts.write_files.push_back(
        identity_file(uses_package_folder(agent) ? kPackageTextfiles : kOwnTextfiles, identity));
  }
  switch (agent.install.method) {
    case InstallMethod::Container:
      return add_container(parts, agent, entry, lock);
    case InstallMethod::Package:
      return add_package(parts, agent, entry, lock);
    case InstallMethod::Archive:
      return add_archive(parts, agent, entry, lock);
    case InstallMethod::Prebuilt:
      return add_prebuilt(parts, agent);
    case InstallMethod::None:
      return;
  }
}

}  // namespace clickdeploy::agents
