// SecretString: a credential that cannot be printed by accident.
//
// It has no conversion, no operator<< and no fmt formatter; reveal() is the one way out and easy
// to search for. The bytes are wiped when the value dies.

#pragma once

#include <string>
#include <string_view>

namespace clickdeploy {

class SecretString {
 public:
  SecretString() = default;
  explicit SecretString(std::string value);
  SecretString(const SecretString&) = default;
  SecretString(SecretString&&) noexcept;
  SecretString& operator=(const SecretString&);
  SecretString& operator=(SecretString&&) noexcept;
  ~SecretString();

  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

  bool operator==(const SecretString&) const = default;

 private:
  std::string value_;
};

}  // namespace clickdeploy
