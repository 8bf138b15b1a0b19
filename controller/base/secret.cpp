#include "controller/base/secret.h"

#include <openssl/crypto.h>

#include <utility>

namespace clickdeploy {

namespace {

// The whole capacity: small strings live inside the object, and moving from one leaves the bytes
// there.
void wipe(std::string& value) {
  value.resize(value.capacity());
  OPENSSL_cleanse(value.data(), value.size());
  value.clear();
}

}  // namespace

SecretString::SecretString(std::string value) : value_(std::move(value)) {
  wipe(value);
}

SecretString::SecretString(SecretString&& other) noexcept : value_(std::move(other.value_)) {
  wipe(other.value_);
}

SecretString& SecretString::operator=(const SecretString& other) {
  if (this != &other) {
    wipe(value_);
    value_ = other.value_;
  }
  return *this;
}

SecretString& SecretString::operator=(SecretString&& other) noexcept {
  if (this != &other) {
    wipe(value_);
    value_ = std::move(other.value_);
    wipe(other.value_);
  }
  return *this;
}

SecretString::~SecretString() {
  wipe(value_);
}

}  // namespace clickdeploy
