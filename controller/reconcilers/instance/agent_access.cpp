#include "controller/reconcilers/instance/agent_access.h"

#include "controller/async/run_on.h"
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

Task<Result<AgentLocks::Locks>> AgentLocks::make(Policy policy, std::vector<AgentSpec> specs) {
  Locks locks;
  for (const AgentSpec& spec : specs) {
    if (!agents::is_locked(convert_agent(spec))) continue;
    if (policy == nullptr) {
      co_return fail(ErrorCode::InvalidArgument,
                     "agent " + spec.name + " is locked, and no MonitoringPolicy applies any more");
    }
    Result<agents::AgentLock> lock = co_await lock_of(policy, spec);
    if (!lock) co_return std::unexpected(std::move(lock).error());
    locks[spec.name] = *std::move(lock);
  }
  co_return locks;
}

Task<Result<agents::AgentLock>> AgentLocks::lock_of(Policy policy, AgentSpec spec) {
  Result<void> named = check_named_by_policy(*policy, spec);
  if (!named) co_return std::unexpected(std::move(named).error());
  SecretReader secrets(caches_, policy->metadata.namespace_name);
  const std::string fields = "agents[" + spec.name + "].";
  agents::AgentLock lock;
  SecretReader::Login login;
  if (!spec.basic_secret.empty()) login = secrets.login(fields + "auth.basic", spec.basic_secret);
  if (spec.tls && !spec.tls->certificate_secret.empty()) {
    const std::string field = fields + "tls.certificateSecretRef";
    lock.certificate_pem = secrets.pem(field, {spec.tls->certificate_secret, "tls.crt"});
    lock.key_pem = SecretString(secrets.pem(field, {spec.tls->certificate_secret, "tls.key"}));
  }
  if (secrets.problem) co_return std::unexpected(*secrets.problem);
  if (spec.basic_secret.empty()) co_return lock;
  lock.username = login.username;
  Result<std::string> hash = co_await hash_of(SecretString(std::move(login.password)));
  if (!hash) co_return std::unexpected(std::move(hash).error().with_context(fields + "auth.basic"));
  lock.password_hash = *std::move(hash);
  co_return lock;
}

Task<Result<std::string>> AgentLocks::hash_of(SecretString password) {
  const std::string key = sha256_hex(password.reveal());
  if (const auto known = hashes_.find(key); known != hashes_.end()) co_return known->second;
  auto make_hash = [password = std::move(password), salt = random_.hex(32)] {
    return agents::bcrypt_hash(password, salt);
  };
  Result<std::string> hash = co_await run_on(blocking_, std::move(make_hash));
  if (!hash) co_return hash;
  if (hashes_.size() >= kHashesMax) hashes_.clear();
  // Another server of the same password may have been quicker.
  co_return hashes_.try_emplace(key, *std::move(hash)).first->second;
}

}  // namespace clickdeploy::reconcilers
