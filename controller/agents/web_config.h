// How an exporter is locked: TLS, and a password. The files that make it so, as
// --web.config.file of Prometheus's exporters reads them.

#pragma once

#include "controller/agents/agent.h"
#include "controller/base/secret.h"

#include <string>
#include <string_view>

namespace clickdeploy::agents {

// What only a Secret says, for installing an agent. A password is here as its bcrypt hash alone:
// user data can be read by whoever may see the server.
struct AgentLock {
  std::string username;
  std::string password_hash;
  std::string certificate_pem;  // "": the server makes one of its own at its first boot
  SecretString key_pem;

  bool operator==(const AgentLock&) const = default;
};

// "$2b$10$…", as bcrypt has it. `salt` is random: 32 hexadecimal digits. A password of more than 72
// bytes is InvalidArgument: bcrypt would not look at the rest. It takes a tenth of a second.
Result<std::string> bcrypt_hash(const SecretString& password, std::string_view salt);

// Where the files of an agent are on the server.
std::string web_config_path(const Agent& agent);
std::string certificate_path(const Agent& agent);
std::string key_path(const Agent& agent);

// The text of --web.config.file; "" if the agent is not locked.
std::string web_config_text(const Agent& agent, const AgentLock& lock);

// A script: make-certificate.sh CERTIFICATE KEY OWNER FILE… makes a self-signed certificate for the
// server's names and addresses, unless there is a key, and gives key and files to the user OWNER.
// CERTIFICATE may be "": then only files are given.
extern const std::string_view kMakeCertificateText;

}  // namespace clickdeploy::agents
