// SecretReader: reads values of Secrets for one purpose. After the first failure it reads nothing,
// and the failure says which field of the spec wanted what.

#pragma once

#include "controller/reconcilers/caches.h"

#include <optional>
#include <string>

namespace clickdeploy::reconcilers {

class SecretReader {
 public:
  // Both outlive the reader.
  SecretReader(const Caches& caches, const std::string& namespace_name)
      : caches_(caches), namespace_(namespace_name) {}

  std::string text(const std::string& field, const api::v1alpha1::SecretKeyRef& ref);
  // One line, without the line break that files end with.
  std::string line(const std::string& field, const api::v1alpha1::SecretKeyRef& ref);
  std::string pem(const std::string& field, const api::v1alpha1::SecretKeyRef& ref);

  struct Login {
    std::string username;  // without a colon
    std::string password;
  };
  // Of a Secret with the keys username and password.
  Login login(const std::string& field, const std::string& secret);

  std::optional<Error> problem;

 private:
  const Caches& caches_;
  const std::string& namespace_;
};

// The value of the header Authorization.
std::string basic_authorization(const SecretReader::Login& login);

}  // namespace clickdeploy::reconcilers
