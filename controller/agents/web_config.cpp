#include "controller/agents/web_config.h"

#include "controller/base/json.h"
#include "controller/base/yaml.h"

#include <fmt/format.h>

#include <crypt.h>
#include <memory>

namespace clickdeploy::agents {

namespace {

constexpr std::size_t kPasswordBytesMax = 72;
constexpr std::string_view kFolder = "/etc/click-deploy";

}  // namespace

const std::string_view kMakeCertificateText = R"sh(#!/bin/sh
# Usage: make-certificate.sh CERTIFICATE KEY OWNER FILE...
# Makes a self-signed certificate for this server unless there is a key, and gives key and files to
# the user OWNER. With an empty CERTIFICATE only the files.
set -eu
certificate=$1 key=$2 owner=$3
shift 3
umask 077
if [ -n "$certificate" ]; then
  if [ ! -s "$key" ]; then
    names=DNS:$(hostname)
    for address in $(hostname -I); do names=$names,IP:$address; done
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -days 3650 \
      -subj "/CN=$(hostname)" -addext "subjectAltName=$names" -keyout "$key.new" -out "$certificate"
    mv "$key.new" "$key"
  fi
  chmod 0644 "$certificate"
  set -- "$key" "$@"
fi
chown "$owner" "$@"
chmod 0400 "$@"
)sh";

Result<std::string> bcrypt_hash(const SecretString& password, std::string_view salt) {
  if (password.reveal().empty()) return fail(ErrorCode::InvalidArgument, "the password is empty");
  if (password.reveal().size() > kPasswordBytesMax) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("the password has more than {} bytes, and bcrypt sees no more",
                            kPasswordBytesMax));
  }
  // Sixteen bytes, as crypt_gensalt wants them.
  std::string bytes;
  for (std::size_t i = 0; i + 1 < salt.size() && bytes.size() < 16; i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(salt.substr(i, 2)), nullptr, 16));
  }
  auto scratch = std::make_unique<crypt_data>();
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  const char* made = crypt_gensalt_rn("$2b$", 10, bytes.data(), static_cast<int>(bytes.size()),
                                      setting, sizeof setting);
  const char* hash =
      made == nullptr ? nullptr : crypt_r(password.reveal().c_str(), made, scratch.get());
  if (hash == nullptr || std::string_view(hash).size() != 60) {
    return fail(ErrorCode::Internal, "libcrypt cannot make a bcrypt hash");
  }
  return std::string(hash);
}

std::string web_config_path(const Agent& agent) {
  return fmt::format("{}/{}-web.yml", kFolder, agent.name);
}

std::string certificate_path(const Agent& agent) {
  return fmt::format("{}/{}.crt", kFolder, agent.name);
}

std::string key_path(const Agent& agent) {
  return fmt::format("{}/{}.key", kFolder, agent.name);
}

std::string web_config_text(const Agent& agent, const AgentLock& lock) {
  Json config = Json::object();
  if (agent.tls) {
    config.set("tls_server_config", Json::object({{"cert_file", certificate_path(agent)},
                                                  {"key_file", key_path(agent)}}));
  }
  if (!lock.username.empty()) {
    config.set("basic_auth_users", Json::object({{lock.username, lock.password_hash}}));
  }
  return config.empty() ? "" : to_yaml(config);
}

}  // namespace clickdeploy::agents
