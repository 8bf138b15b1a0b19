#include "controller/agents/cloud_init.h"
#include "controller/agents/install_internal.h"
#include "controller/agents/shell_words_internal.h"
#include "controller/base/text.h"

#include <fmt/format.h>

namespace clickdeploy::agents {

namespace {

constexpr std::string_view kPackageTextfiles = "/var/lib/prometheus/node-exporter";
constexpr std::string_view kOwnTextfiles = "/var/lib/click-deploy/textfile";
constexpr std::string_view kInstaller = "/var/lib/click-deploy/install-agent.sh";
constexpr std::string_view kAgentUser = "click-deploy-agent";

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

Json command(const std::vector<std::string>& argv) {
  Json list = Json::array();
  for (const std::string& word : argv) list.push_back(word);
  return list;
}

std::uint16_t port_of(const Agent& agent, const CatalogEntry& entry) {
  return agent.port != 0 ? agent.port : entry.default_port;
}

bool is_node_exporter(const CatalogEntry& entry) {
  return entry.name == "node-exporter";
}

// The collector reads it as it reads any other program's file.
Json identity_file(std::string_view folder, const std::string& instance_uid) {
  return file(fmt::format("{}/click_deploy.prom", folder), "0644",
              fmt::format("# HELP {0} The Instance that this server was made for.\n"
                          "# TYPE {0} gauge\n"
                          "{0}{{instance_uid=\"{1}\"}} 1\n",
                          kAgentInfoMetric, instance_uid));
}

// The agent's own arguments, whatever runs it.
std::vector<std::string> agent_arguments(const Agent& agent, const CatalogEntry& entry,
                                         std::string_view textfiles) {
  const std::uint16_t port = port_of(agent, entry);
  std::vector<std::string> arguments;
  if (is_node_exporter(entry)) {
    arguments = {fmt::format("--web.listen-address=:{}", port),
                 fmt::format("--collector.textfile.directory={}", textfiles)};
  } else {
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

// cloud-init writes files before it installs packages, and lets apt keep a configuration file that
// is there. The restart is for images that bring the package along.
void add_package(CloudConfigParts& parts, const Agent& agent, const CatalogEntry& entry) {
  parts.packages.push_back(package(agent, entry));
  parts.write_files.push_back(
      file("/etc/default/" + entry.package, "0644",
           environment_assignment("ARGS", agent_arguments(agent, entry, kPackageTextfiles))));
  parts.runcmd.push_back(command({"systemctl", "restart", entry.package}));
}

std::string image_of(const Agent& agent, const CatalogEntry& entry) {
  if (!agent.install.image.empty()) return agent.install.image;
  const std::string& version = agent.version.empty() ? entry.default_version : agent.version;
  const bool is_bare_number = version.front() >= '0' && version.front() <= '9';
  return fmt::format("{}:{}{}", entry.default_image, is_bare_number ? "v" : "", version);
}

std::vector<std::string> docker_options(const CatalogEntry& entry) {
  if (is_node_exporter(entry)) {
    return {"--memory=64m", "--pid=host", "--volume=/:/host:ro,rslave",
            fmt::format("--volume={0}:{0}:ro", kOwnTextfiles)};
  }
  return {"--memory=256m",
          "--privileged",
          "--device=/dev/kmsg",
          "--volume=/:/rootfs:ro",
          "--volume=/var/run:/var/run:ro",
          "--volume=/sys:/sys:ro",
          "--volume=/var/lib/docker/:/var/lib/docker:ro",
          "--volume=/dev/disk/:/dev/disk:ro"};
}

void add_container(CloudConfigParts& parts, const Agent& agent, const CatalogEntry& entry) {
  std::vector<std::string> argv = {
      "docker",           "run",
      "--detach",         fmt::format("--name=click-deploy-{}", entry.name),
      "--restart=always", "--network=host"};
  const std::vector<std::string> options = docker_options(entry);
  argv.insert(argv.end(), options.begin(), options.end());
  argv.push_back(image_of(agent, entry));
  if (is_node_exporter(entry)) argv.push_back("--path.rootfs=/host");
  const std::vector<std::string> arguments = agent_arguments(agent, entry, kOwnTextfiles);
  argv.insert(argv.end(), arguments.begin(), arguments.end());

  parts.packages.push_back("docker.io");
  parts.runcmd.push_back(command(argv));
}

std::string unit_text(const std::string& program, const Agent& agent, const CatalogEntry& entry) {
  std::vector<std::string> argv = agent_arguments(agent, entry, kOwnTextfiles);
  argv.insert(argv.begin(), program);
  // cAdvisor reads every control group, which only root may.
  const std::string user =
      is_node_exporter(entry) ? fmt::format("User={}\n", kAgentUser) : std::string();
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
      "\n"
      "[Install]\n"
      "WantedBy=multi-user.target\n",
      entry.name, user, exec_start(argv));
}

void add_archive(CloudConfigParts& parts, const Agent& agent, const CatalogEntry& entry) {
  const std::string name = fmt::format("click-deploy-{}", entry.name);
  const std::string program = "/opt/click-deploy/bin/" + entry.binary;
  const std::string unit = name + ".service";
  parts.packages.push_back("curl");
  parts.write_files.push_back(file(kInstaller, "0755", std::string(kInstallerText)));
  parts.write_files.push_back(
      file("/etc/systemd/system/" + unit, "0644", unit_text(program, agent, entry)));
  parts.runcmd.push_back(
      command({"sh", std::string(kInstaller), agent.install.url, to_lower(agent.install.sha256),
               entry.binary, program, std::string(kAgentUser)}));
  parts.runcmd.push_back(command({"systemctl", "daemon-reload"}));
  parts.runcmd.push_back(command({"systemctl", "enable", "--now", unit}));
}

}  // namespace

void add_agent(CloudConfigParts& parts, const Agent& agent, const std::string& instance_uid) {
  const CatalogEntry& entry = *find_catalog_entry(agent.name);
  if (is_node_exporter(entry)) {
    const bool is_package = agent.install.method == InstallMethod::Package;
    parts.write_files.push_back(
        identity_file(is_package ? kPackageTextfiles : kOwnTextfiles, instance_uid));
  }
  switch (agent.install.method) {
    case InstallMethod::Container:
      return add_container(parts, agent, entry);
    case InstallMethod::Package:
      return add_package(parts, agent, entry);
    case InstallMethod::Archive:
      return add_archive(parts, agent, entry);
  }
}

}  // namespace clickdeploy::agents
