#include "controller/reconcilers/metrics_backend/backend_access.h"

#include "controller/base/text.h"

#include <algorithm>
#include <array>

namespace clickdeploy::reconcilers {

using api::v1alpha1::AccessSpec;
using api::v1alpha1::SecretKeyRef;

namespace {

constexpr std::chrono::seconds kAlertmanagerDeadline{5};

// Reads values of Secrets; after the first failure, nothing.
class SecretReader {
 public:
  SecretReader(const Caches& caches, const std::string& namespace_name)
      : caches_(caches), namespace_(namespace_name) {}

  std::string text(const std::string& field, const SecretKeyRef& ref) {
    if (problem) return "";
    Result<SecretString> value = caches_.secret_value(namespace_, ref);
    if (value) return value->reveal();
    problem = Error(ErrorCode::InvalidArgument, value.error().message()).with_context(field);
    return "";
  }

  // One line: files that Secrets are made from end with a line break that nobody means.
  std::string line(const std::string& field, const SecretKeyRef& ref) {
    std::string value = text(field, ref);
    while (value.ends_with('\n') || value.ends_with('\r')) value.pop_back();
    const bool clean = std::ranges::none_of(
        value, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    if (!problem && (value.empty() || !clean)) {
      problem = Error(ErrorCode::InvalidArgument,
                      field + ": key " + go_quote(ref.key) + " of Secret " + namespace_ + "/" +
                          ref.name + (clean ? " is empty" : " has control characters"));
    }
    return value;
  }

  std::string pem(const std::string& field, const SecretKeyRef& ref) {
    std::string value = text(field, ref);
    if (!problem && value.find("-----BEGIN ") == std::string::npos) {
      problem =
          Error(ErrorCode::InvalidArgument, field + ": key " + go_quote(ref.key) + " of Secret " +
                                                namespace_ + "/" + ref.name + " is not in PEM");
    }
    return value;
  }

  std::optional<Error> problem;

 private:
  const Caches& caches_;
  const std::string& namespace_;
};

std::string basic_credentials(SecretReader& secrets, const std::string& fields,
                              const std::string& secret) {
  const std::string field = fields + "auth.basic";
  const std::string user = secrets.line(field, {secret, "username"});
  const std::string password = secrets.line(field, {secret, "password"});
  if (!secrets.problem && user.find(':') != std::string::npos) {
    secrets.problem = Error(ErrorCode::InvalidArgument, field + ": a user name has no colon");
  }
  return "Basic " + base64_encode(user + ":" + password);
}

// `fields` is what stands before auth and tls: "" or "alertmanager.".
prometheus::Access access_to(const Caches& caches, const std::string& namespace_name,
                             const std::string& url, const AccessSpec& asked,
                             const std::string& fields) {
  SecretReader secrets(caches, namespace_name);
  prometheus::Access access;
  access.url = url;
  if (!asked.basic_secret.empty()) {
    access.authorization = SecretString(basic_credentials(secrets, fields, asked.basic_secret));
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
  return names(spec.access, secret.name) ||
         (spec.alertmanager && names(spec.alertmanager->access, secret.name));
}

}  // namespace clickdeploy::reconcilers
