#include "controller/reconcilers/metrics_backend/backend_access.h"

#include "controller/reconcilers/secret_reader.h"

#include <algorithm>
#include <array>

namespace clickdeploy::reconcilers {

using api::v1alpha1::AccessSpec;

namespace {

constexpr std::chrono::seconds kAlertmanagerDeadline{5};

// `fields` is what stands before auth and tls: "" or "alertmanager.".
prometheus::Access access_to(const Caches& caches, const std::string& namespace_name,
                             const std::string& url, const AccessSpec& asked,
                             const std::string& fields) {
  SecretReader secrets(caches, namespace_name);
  prometheus::Access access;
  access.url = url;
  if (!asked.basic_secret.empty()) {
    const auto login = secrets.login(fields + "auth.basic", asked.basic_secret);
    access.authorization = SecretString(basic_authorization(login));
  } else if (!asked.bearer.empty()) {
    access.authorization =
        SecretString("Bearer " + secrets.line(fields + "auth.bearer", asked.bearer));
  }
  if (!asked.mtls_secret.empty()) {
    const std::string field = fields + "auth.mtls";
    access.tls.certificate_pem = secrets.pem(field, {asked.mtls_secret, "tls.crt"});
    access.tls.key_pem = SecretString(secrets.pem(field, {asked.mtls_secret, "tls.key"}));
  }
  if (!asked.ca.empty()) access.tls.ca_pem = secrets.pem(fields + "tls", asked.ca);
  access.problem = secrets.problem;
  return access;
}

bool names(const AccessSpec& asked, const std::string& secret) {
  const std::array<std::string, 4> all = {asked.basic_secret, asked.bearer.name, asked.mtls_secret,
                                          asked.ca.name};
  return std::ranges::find(all, secret) != all.end();
}

}  // namespace

BackendAccess access_of(const Caches& caches, const std::string& namespace_name,
                        const api::v1alpha1::MetricsBackendSpec& spec) {
  BackendAccess access;
  const auto deadline = std::chrono::seconds(spec.query_timeout_seconds);
  access.prometheus = access_to(caches, namespace_name, spec.url, spec.access, "");
  access.prometheus.deadline = deadline;
  if (spec.alertmanager) {
    access.alertmanager = access_to(caches, namespace_name, spec.alertmanager->url,
                                    spec.alertmanager->access, "alertmanager.");
    // Its answers are small, and what waits for them should not wait long.
    access.alertmanager->deadline = std::min(deadline, kAlertmanagerDeadline);
  }
  return access;
}

bool uses_secret(const api::v1alpha1::MetricsBackend& backend, const api::ObjectKey& secret) {
  if (backend.metadata.namespace_name != secret.namespace_name) return false;
  const auto& spec = backend.spec;
  return names(spec.access, secret.name) || spec.targets_token.name == secret.name ||
         (spec.alertmanager && names(spec.alertmanager->access, secret.name));
}

}  // namespace clickdeploy::reconcilers
