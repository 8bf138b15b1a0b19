#include "controller/reconcilers/instance/agent_access.h"

#include "controller/base/text.h"
#include "controller/reconcilers/instance/agent_convert_internal.h"
#include "controller/reconcilers/secret_reader.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::v1alpha1::AgentSpec;
using api::v1alpha1::MonitoringPolicy;

namespace {

constexpr std::size_t kHashesMax = 1'000;

}  // namespace

Result<void> check_named_by_policy(const MonitoringPolicy& policy, const AgentSpec& spec) {
  const auto own = std::ranges::find(policy.spec.agents, spec.name, &AgentSpec::name);
  const bool same = own != policy.spec.agents.end() && own->basic_secret == spec.basic_secret &&
                    own->tls == spec.tls;
  if (same) return {};
  return fail(ErrorCode::InvalidArgument,
              "agent " + spec.name +
                  " was installed with other tls or auth than MonitoringPolicy " +
                  policy.metadata.key().text() +
                  " has now; it is asked for again once its server "
                  "is replaced");
}

Result<agents::AgentAccess> access_to_agent(const Caches& caches, const MonitoringPolicy& policy,
                                            const AgentSpec& spec) {
  agents::AgentAccess access;
  if (!agents::is_locked(convert_agent(spec))) return access;
  Result<void> named = check_named_by_policy(policy, spec);
  if (!named) return std::unexpected(std::move(named).error());
  SecretReader secrets(caches, policy.metadata.namespace_name);
  const std::string fields = "agents[" + spec.name + "].";
  if (!spec.basic_secret.empty()) {
    access.authorization =
        SecretString(basic_authorization(secrets.login(fields + "auth.basic", spec.basic_secret)));
  }
  if (spec.tls) {
    access.trust.verify = !spec.tls->ca.empty();
    access.trust.server_name = spec.tls->server_name;
    if (access.trust.verify) access.trust.ca_pem = secrets.pem(fields + "tls", spec.tls->ca);
  }
  if (secrets.problem) return std::unexpected(*secrets.problem);
  return access;
}

Result<std::map<std::string, agents::AgentLock>> AgentLocks::make(
    const Caches& caches, Random& random, const MonitoringPolicy* policy,
    const std::vector<AgentSpec>& specs) {
  std::map<std::string, agents::AgentLock> locks;
  for (const AgentSpec& spec : specs) {
    const agents::Agent agent = convert_agent(spec);
    if (!agents::is_locked(agent)) continue;
    if (policy == nullptr) {
      return fail(ErrorCode::InvalidArgument,
                  "agent " + spec.name + " is locked, and no MonitoringPolicy applies any more");
    }
    Result<void> named = check_named_by_policy(*policy, spec);
    if (!named) return std::unexpected(std::move(named).error());
    SecretReader secrets(caches, policy->metadata.namespace_name);
    const std::string fields = "agents[" + spec.name + "].";
    agents::AgentLock& lock = locks[spec.name];
    if (!spec.basic_secret.empty()) {
      const SecretReader::Login login = secrets.login(fields + "auth.basic", spec.basic_secret);
      lock.username = login.username;
      if (!secrets.problem) {
        const std::string key = sha256_hex(login.password);
        if (hashes_.size() >= kHashesMax) hashes_.clear();
        if (!hashes_.contains(key)) {
          Result<std::string> hash =
              agents::bcrypt_hash(SecretString(login.password), random.hex(32));
          if (!hash) {
            return std::unexpected(std::move(hash).error().with_context(fields + "auth.basic"));
          }
          hashes_[key] = *std::move(hash);
        }
        lock.password_hash = hashes_[key];
      }
    }
    if (agent.tls && !agent.certificate_secret.empty()) {
      const std::string field = fields + "tls.certificateSecretRef";
      lock.certificate_pem = secrets.pem(field, {agent.certificate_secret, "tls.crt"});
      lock.key_pem = SecretString(secrets.pem(field, {agent.certificate_secret, "tls.key"}));
    }
    if (secrets.problem) return std::unexpected(*secrets.problem);
  }
  return locks;
}

}  // namespace clickdeploy::reconcilers
