// Where a server on loopback listens.

#pragma once

#include <cstdint>

namespace clickdeploy::bench {

enum class Scheme : std::uint8_t { Plain, Tls };

struct Endpoint {
  std::uint16_t port = 0;
  Scheme scheme = Scheme::Plain;
};

inline constexpr Scheme kSchemes[] = {Scheme::Plain, Scheme::Tls};

inline const char* name_of(Scheme scheme) {
  return scheme == Scheme::Tls ? "TLS" : "HTTP";
}

}  // namespace clickdeploy::bench
