#include "controller/reconcilers/secret_reader.h"

#include "controller/base/text.h"

#include <algorithm>

namespace clickdeploy::reconcilers {

using api::v1alpha1::SecretKeyRef;

std::string SecretReader::text(const std::string& field, const SecretKeyRef& ref) {
  if (problem) return "";
  Result<SecretString> value = caches_.secret_value(namespace_, ref);
  if (value) return value->reveal();
  problem = Error(ErrorCode::InvalidArgument, value.error().message()).with_context(field);
  return "";
}

std::string SecretReader::line(const std::string& field, const SecretKeyRef& ref) {
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

std::string SecretReader::pem(const std::string& field, const SecretKeyRef& ref) {
  std::string value = text(field, ref);
  if (!problem && value.find("-----BEGIN ") == std::string::npos) {
    problem =
        Error(ErrorCode::InvalidArgument, field + ": key " + go_quote(ref.key) + " of Secret " +
                                              namespace_ + "/" + ref.name + " is not in PEM");
  }
  return value;
}

SecretReader::Login SecretReader::login(const std::string& field, const std::string& secret) {
  Login login{line(field, {secret, "username"}), line(field, {secret, "password"})};
  if (!problem && login.username.find(':') != std::string::npos) {
    problem = Error(ErrorCode::InvalidArgument, field + ": a user name has no colon");
  }
  return login;
}

std::string basic_authorization(const SecretReader::Login& login) {
  return "Basic " + base64_encode(login.username + ":" + login.password);
}

}  // namespace clickdeploy::reconcilers
