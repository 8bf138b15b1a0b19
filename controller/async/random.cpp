#include "controller/async/random.h"

#include "controller/base/check.h"

#include <cerrno>
#include <sys/random.h>

namespace clickdeploy {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

}  // namespace

std::string Random::hex(std::size_t bytes) {
  std::string text;
  text.reserve(bytes * 2 + 16);
  while (text.size() < bytes * 2) {
    std::uint64_t bits = next();
    for (int i = 0; i < 16; ++i, bits >>= 4) text += kHexDigits[bits & 15U];
  }
  text.resize(bytes * 2);
  return text;
}

std::string Random::uuid() {
  std::string text = hex(16);
  text[12] = '4';                                              // the version
  text[16] = kHexDigits[8U + kHexDigits.find(text[16]) % 4U];  // the variant: 8, 9, a or b
  for (const std::size_t at : {8U, 13U, 18U, 23U}) text.insert(at, 1, '-');
  return text;
}

std::string Random::name_suffix(std::size_t n) {
  constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
  std::string text;
  for (std::size_t i = 0; i < n; ++i) text += kLetters[next() % kLetters.size()];
  return text;
}

std::uint64_t SystemRandom::next() {
  std::uint64_t value = 0;
  ssize_t got = -1;
  do {
    got = ::getrandom(&value, sizeof(value), 0);
  } while (got < 0 && errno == EINTR);
  CHECK(got == sizeof(value), "the kernel gives up to 256 bytes whole");
  return value;
}

std::uint64_t SeededRandom::next() {
  state_ += 0x9E3779B97F4A7C15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

}  // namespace clickdeploy
