#include "controller/base/secret.h"

#include <gtest/gtest.h>

#include <concepts>
#include <cstring>
#include <new>
#include <ostream>

namespace clickdeploy {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

static_assert(!Printable<SecretString>);
static_assert(!std::convertible_to<SecretString, std::string>);
static_assert(!std::convertible_to<std::string, SecretString>);

TEST(SecretString, CopiesAndMovesLikeAString) {
  SecretString secret(std::string("canary"));
  SecretString copy = secret;
  EXPECT_EQ(copy, secret);
  SecretString moved = std::move(secret);
  EXPECT_EQ(moved.reveal(), "canary");
  EXPECT_TRUE(secret.empty());  // NOLINT: promised
  secret = moved;
  moved = SecretString(std::string(100, 'x'));
  EXPECT_EQ(secret.reveal(), "canary");
  EXPECT_EQ(moved.reveal().size(), 100U);
}

TEST(SecretString, LeavesNoBytesBehind) {
  alignas(SecretString) unsigned char place[sizeof(SecretString)];
  auto* secret = new (place) SecretString(std::string("canary"));  // short: inside the object
  const SecretString moved = std::move(*secret);
  EXPECT_EQ(memmem(place, sizeof(place), "canary", 6), nullptr);
  secret->~SecretString();
  EXPECT_EQ(moved.reveal(), "canary");
}

}  // namespace
}  // namespace clickdeploy
